import type { MachineEnd } from '../exit-status.ts';
import { errorCode } from '../host/error-code.ts';
import type { Machine, RunningCommand } from './machine-port.ts';
import type { InputStream, ProcessIo } from './process-io.ts';
import { say } from './report.ts';
import type { GuestCommand } from './run-request.ts';
import { END_SIGNALS, type SignalWatch } from './signals.ts';
import { Stopping } from './stopping.ts';
import { written } from './written.ts';

/** Signals the command gets before they end the machine. */
const FORWARDED: readonly string[] = ['SIGINT', 'SIGTERM'];

/** Longest to wait for the end of a machine whose command failed because it ended. */
const END_LIMIT_MS = 5000;

/**
 * Runs one command in a machine with stdin, stdout and stderr of this process. The first SIGINT and SIGTERM go to the
 * command, the second ends the machine. Returns the command's status, or that of the machine's end if it came first.
 */
export async function runInGuest(
  machine: Machine,
  command: GuestCommand,
  io: ProcessIo,
  signals: SignalWatch,
  verbose: boolean,
): Promise<number> {
  const stopping = new Stopping(machine, io);
  let running: RunningCommand | undefined;
  const forwarded = new Set<string>();
  signals.handle((signal) => {
    if (running === undefined || forwarded.has(signal.name) || !FORWARDED.includes(signal.name)) {
      stopping.bySignal(signal);
    } else {
      forwarded.add(signal.name);
      running.signal(END_SIGNALS[signal.name]);
    }
  });
  for (const stream of [io.stdout, io.stderr]) stopping.whenUnread(stream);
  if (verbose) machine.onConsole((bytes) => written(io.stderr, bytes));
  try {
    await machine.start();
    running = machine.exec(command.argv, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: command.env,
      stdin: bytesOf(io.stdin, io),
      onStdout: (bytes) => written(io.stdout, bytes),
      onStderr: (bytes) => written(io.stderr, bytes),
    });
    const { status, end } = await firstOf(running, machine);
    return end === undefined ? status : stopping.report(end);
  } finally {
    stopping.close();
  }
}

/** Whatever came first: the command's status, or the machine's end. */
type Outcome =
  | { readonly status: number; readonly end?: undefined }
  | { readonly status: number; readonly end: MachineEnd };

async function firstOf(running: RunningCommand, machine: Machine): Promise<Outcome> {
  const ended = machine.ended.then((end) => ({ status: end.status, end }));
  const settled = running.then(
    ({ status }) => ({ status }),
    (error: unknown) => ({ error }),
  );
  const outcome = await Promise.race([settled, ended]);
  if (!('error' in outcome)) return outcome;
  let limit: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(outcome.error), END_LIMIT_MS);
  });
  try {
    return await Promise.race([ended, tooLate]);
  } finally {
    clearTimeout(limit);
  }
}

/** The bytes of stdin; one that cannot be read counts as ended. */
async function* bytesOf(stdin: InputStream, io: ProcessIo): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of stdin) yield bytes;
  } catch (error) {
    say(io.stderr, `stdin cannot be read and counts as ended: ${errorCode(error)}`);
  }
}
