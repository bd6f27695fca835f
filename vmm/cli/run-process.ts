import type { Writable } from 'node:stream';
import { PROCESS_STATUS } from '../exit-status.ts';
import type { ProcessIo } from './process-io.ts';
import { reportFailure } from './report.ts';
import { type CommandLineParts, runCommand } from './run-command.ts';

/** Longest to wait for a slow reader of the last output. */
const FLUSH_LIMIT_MS = 5000;

/** Is this process: does what its command line asks and ends with the status. Never returns to its caller. */
export async function runProcess(parts: CommandLineParts): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('uncaughtException', (error) => {
    reportFailure(process.stderr, error);
    process.exit(PROCESS_STATUS.host);
  });
  const status = await runCommand(process.argv.slice(2), thisProcess(), parts);
  setTimeout(() => process.exit(status), FLUSH_LIMIT_MS).unref();
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(status);
}

function thisProcess(): ProcessIo {
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    events: {
      on: (event, listener) => process.on(event, listener),
      off: (event, listener) => process.off(event, listener),
    },
    suspend: () => void process.kill(process.pid, 'SIGSTOP'),
    exit: (status) => process.exit(status),
  };
}

/** Settles once everything written to a stream is on its way, or cannot be any more. */
function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
