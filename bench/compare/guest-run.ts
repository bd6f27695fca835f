/** One life of a machine with the bench guest in it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ramOf } from './driver.ts';
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

/** A process, and its end. */
interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its exit status once its streams have ended too. */
  readonly closed: Promise<number | null>;
}

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
  const timeout = AbortSignal.timeout(timeoutMs);
  const until = AbortSignal.any(signal === undefined ? [timeout] : [timeout, signal]);
  const written: string[] = [];
  const fail = (why: string): never => {
    throw new RunError(`${command.program}: ${why}\n${written.join('').trimEnd()}`);
  };
  const running: Running[] = [];
  const start = (program: string, args: readonly string[]): Running => {
    const one = startProcess(program, args, until, (text) => written.push(text));
    running.push(one);
    return one;
  };
  try {
    const machine = start(command.program, command.args);
    const pid = machine.child.pid;
    if (pid === undefined) await machine.closed;
    const guest = command.driven === undefined ? machine : await drive(command.driven, pid ?? 0, until, start);
    if (guest === undefined) return fail(`ended with status ${await machine.closed} before it could be driven`);
    const look = { times: () => threadTimes(pid ?? 0), resident: () => residentBeyondRam(pid ?? 0, ramBytes) };
    const said = await listen(guest.child, look, command.isVcpu, (line) => written.push(`${line}\n`));
    if (said.error !== undefined) fail(`the guest: ${said.error}`);
    const status = await guest.closed;
    const { introduction, measurements, resident } = said;
    if (introduction === undefined || !said.ended) return fail(`ended with status ${status} before the guest was done`);
    return { introduction, measurements, resident };
  } catch (error) {
    signal?.throwIfAborted();
    if (timeout.aborted) fail(`not done after ${timeoutMs / 1000} s`);
    throw error;
  } finally {
    for (const { child } of running) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
    await Promise.allSettled(running.map(({ closed }) => closed));
  }
}

function startProcess(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  onError: (text: string) => void,
): Running {
  const child = spawn(program, args, { stdio: 'pipe', killSignal: 'SIGKILL', signal });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  closed.catch(() => undefined);
  child.stderr.setEncoding('utf8').on('data', onError);
  // It may have ended before it was answered.
  child.stdin.on('error', () => undefined);
  return { child, closed };
}

/** Starts what plays the CPU of a machine that has none, once there is a machine; undefined where that ends before. */
async function drive(
  { driver, socket, words }: NonNullable<Command['driven']>,
  pid: number,
  signal: AbortSignal,
  start: (program: string, args: readonly string[]) => Running,
): Promise<Running | undefined> {
  const ram = await ramOf(pid, socket, signal);
  return ram === undefined ? undefined : start(driver, [socket, ram, words]);
}

/** What a guest said until it was done. */
interface Said {
  introduction?: Introduction;
  readonly measurements: Seen[];
  resident: number;
  ended: boolean;
  error?: string;
}

async function listen(
  guest: ChildProcessWithoutNullStreams,
  look: { times(): ThreadTimes; resident(): number },
  isVcpu: Command['isVcpu'],
  onLine: (line: string) => void,
): Promise<Said> {
  const result: Said = { measurements: [], resident: 0, ended: false };
  let before: ThreadTimes | undefined;
  let spent = 0;
  for await (const line of createInterface({ input: guest.stdout })) {
    onLine(line);
    const said = readLine(line);
    if (said.kind === 'ask') {
      const times = look.times();
      if (before !== undefined) {
        spent = deviceNs(before, times, isVcpu);
        result.resident = look.resident();
      }
      // The guest asks in turn before and after; what is looked at beside the clock comes between two measurements.
      before = before === undefined ? times : undefined;
      guest.stdin.write(ANSWER);
    } else if (said.kind === 'introduction') result.introduction = said.introduction;
    else if (said.kind === 'measurement') {
      result.measurements.push({ ...said.measurement, cpuNs: spent / said.measurement.done });
    } else if (said.kind === 'error') result.error ??= said.text;
    else if (said.kind === 'end') result.ended = true;
  }
  return result;
}
