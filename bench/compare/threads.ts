/** Processor time of a process by its threads. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of one thread, in nanoseconds. */
interface ThreadTime {
  readonly name: string;
  readonly ns: bigint;
}

/** Of all threads of a process, by number. */
export type ThreadTimes = ReadonlyMap<string, ThreadTime>;

/** Ticks of `stat` are hundredths of a second on Linux. */
const TICK_NS = 10_000_000n;

/** What the threads of process `pid` have spent so far; those that end meanwhile are left out. `proc` is where proc is mounted. */
export function threadTimes(pid: number, proc = '/proc'): ThreadTimes {
  const tasks = join(proc, String(pid), 'task');
  const times = new Map<string, ThreadTime>();
  for (const thread of readdirSync(tasks)) {
    try {
      times.set(thread, threadTime(join(tasks, thread)));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
    }
  }
  return times;
}

/** `schedstat` counts nanoseconds, where the kernel keeps it; `stat` counts ticks. */
function threadTime(folder: string): ThreadTime {
  const stat = readFileSync(join(folder, 'stat'), 'latin1');
  const end = stat.lastIndexOf(')');
  const name = stat.slice(stat.indexOf('(') + 1, end);
  // The fields behind the name begin with the third, `state`; utime and stime are the 14th and 15th.
  const fields = stat.slice(end + 2).split(' ');
  const ticks = BigInt(fields[11] ?? 0) + BigInt(fields[12] ?? 0);
  return { name, ns: spentNs(folder) ?? ticks * TICK_NS };
}

function spentNs(folder: string): bigint | undefined {
  try {
    const [spent] = readFileSync(join(folder, 'schedstat'), 'latin1').split(' ');
    return spent === undefined ? undefined : BigInt(spent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Nanoseconds that all threads but the vCPUs' spent between two looks; of one that ended in between, nothing. */
export function deviceNs(before: ThreadTimes, after: ThreadTimes, isVcpu: (name: string) => boolean): number {
  let spent = 0n;
  for (const [thread, { name, ns }] of after) {
    if (!isVcpu(name)) spent += ns - (before.get(thread)?.ns ?? 0n);
  }
  return Number(spent);
}
