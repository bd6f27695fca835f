/** One life of a machine with the bench guest in it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Command } from './machines.ts';
import { type Introduction, type Measurement, readLine } from './report.ts';
import { residentBeyondRam } from './resident.ts';
import { deviceNs, type ThreadTimes, threadTimes } from './threads.ts';

/** A measurement, and what the host saw meanwhile. */
export interface Seen extends Measurement {
  /** Processor time of all threads but the vCPUs', for one operation, in nanoseconds. */
  readonly cpuNs: number;
}

/** What came out of one machine. */
export interface GuestRun {
  readonly introduction: Introduction;
  readonly measurements: readonly Seen[];
  /** Bytes resident beyond guest RAM after the last measurement. */
  readonly resident: number;
}

/** The machine did not do what it should; the message has what it wrote. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** What is written to the guest when it asks whether it may go on; any byte would do. */
const ANSWER = 'g';

/**
 * Runs a machine whose guest asks before and after each measurement, to its end. Rejects with RunError where it ends otherwise, or
 * takes longer than `timeoutMs`, and with an AbortError where `signal` says so; the process is gone then.
 */
export async function runGuest(
  command: Command,
  ramBytes: number,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<GuestRun> {
  const child = spawn(command.program, command.args, {
    stdio: 'pipe',
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  });
  const pid = child.pid;
  const written: string[] = [];
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closed.catch(() => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => written.push(text));
  // It may have ended before it was answered.
  child.stdin.on('error', () => undefined);
  const fail = (why: string): never => {
    throw new RunError(`${command.program}: ${why}\n${written.join('').trimEnd()}`);
  };
  try {
    if (pid === undefined) await closed;
    let introduction: Introduction | undefined;
    let before: ThreadTimes | undefined;
    let [spent, resident, ended] = [0, 0, false];
    const measurements: Seen[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      written.push(`${line}\n`);
      const said = readLine(line);
      if (said.kind === 'ask') {
        const now = threadTimes(pid ?? 0);
        if (before !== undefined) {
          spent = deviceNs(before, now, command.isVcpu);
          resident = residentBeyondRam(pid ?? 0, ramBytes);
        }
        // The guest asks in turn before and after; what is looked at beside the clock comes between two measurements.
        before = before === undefined ? now : undefined;
        child.stdin.write(ANSWER);
      } else if (said.kind === 'introduction') introduction = said.introduction;
      else if (said.kind === 'measurement') {
        measurements.push({ ...said.measurement, cpuNs: spent / said.measurement.done });
      } else if (said.kind === 'error') fail(`the guest: ${said.text}`);
      else if (said.kind === 'end') ended = true;
    }
    const status = await closed;
    signal?.throwIfAborted();
    if (late) fail(`not done after ${timeoutMs / 1000} s`);
    if (introduction === undefined || !ended) return fail(`ended with status ${status} before the guest was done`);
    return { introduction, measurements, resident };
  } finally {
    clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed.catch(() => undefined);
  }
}
