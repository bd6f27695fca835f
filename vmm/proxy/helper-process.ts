import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { SecurityModel } from '../export-config.ts';
import { UsageError } from '../usage-error.ts';
import { launcherArguments } from './confinement.ts';
import { HELPER_FD, type HelperArguments } from './helper-arguments.ts';
import { helperFiles } from './helper-files.ts';

/** What a helper serves. */
export interface HelperConfig {
  readonly path: string;
  readonly securityModel: SecurityModel;
  readonly readonly: boolean;
}

/** A helper under way. */
export interface HelperProcess {
  readonly child: ChildProcess;
  /** How it ended, in one phrase. */
  readonly ended: Promise<string>;
}

/** Megabytes its JavaScript may take; the kernel's own memory for its files is not in there. */
const MOST_HEAP_MB = 512;

/** Lines of a helper's own that are passed on. */
const MOST_LINES = 50;
const LONGEST_LINE = 300;

/**
 * Starts a confined helper, which ends with this process.
 *
 * @param socket what it is spoken to by: a connected socket or a descriptor of one; `pipe` makes a pair, whose other end
 *   is `child.stdio[HELPER_FD]`.
 * @param say is given what the helper writes, line by line.
 */
export function startHelper(
  config: HelperConfig,
  socket: Socket | number | 'pipe',
  say: (line: string) => void,
): HelperProcess {
  const { confine, node, program, readable } = helperFiles();
  const told: HelperArguments = { ...config, path: realpathSync(config.path) };
  const command = [node, `--max-old-space-size=${MOST_HEAP_MB}`, program, JSON.stringify(told)];
  const child = spawn(confine, launcherArguments(told, readable, command), {
    stdio: ['ignore', 'ignore', 'pipe', socket],
    env: environment(),
    cwd: '/',
  });
  const last = listenTo(child, say);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`it cannot be started: ${error.code ?? error.message}`),
    );
    child.on('close', (status, signal) => {
      const how = signal === null ? `it ended with status ${status}` : `it was ended by ${signal}`;
      resolve(last.line === '' || signal !== null ? how : `${how}: ${last.line}`);
    });
  });
  return { child, ended };
}

/** Checks that a directory can be named to a helper. Throws UsageError, one line. */
export function checkDirectory(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new UsageError(`${path}: no such directory; create it, or correct the path`);
  if (!status.isDirectory()) {
    throw new UsageError(`${path}: it is not a directory; share the directory that holds it`);
  }
}

/** Nothing of this process's environment is a helper's business, but for where its libraries are. */
function environment(): Record<string, string> {
  const { LD_LIBRARY_PATH } = process.env;
  // A configuration that does not exist: the host's own would be out of reach, which Node takes for an error.
  const env = { OPENSSL_CONF: '/tsvmm-none', UV_THREADPOOL_SIZE: '4' };
  return LD_LIBRARY_PATH === undefined ? env : { ...env, LD_LIBRARY_PATH };
}

/** Passes on what a helper writes, within limits; what was last is kept. */
function listenTo(child: ChildProcess, say: (line: string) => void): { line: string } {
  const last = { line: '' };
  let rest = '';
  let lines = 0;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(0, LONGEST_LINE);
    for (const part of parts) {
      if (part === '') continue;
      last.line = part.slice(0, LONGEST_LINE);
      if (lines++ < MOST_LINES) say(last.line);
    }
  });
  return last;
}

/** The near end of the pair made by `pipe`. */
export function nearEnd(child: ChildProcess): Socket {
  return child.stdio[HELPER_FD] as Socket;
}
