import { lstatSync, rmSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { errorCode } from '../host/error-code.ts';
import { HostError, UsageError } from '../usage-error.ts';
import type { Listen } from './listening.ts';

/** What others may not do with the socket: nothing is left to them. */
const OWNER_ONLY = 0o177;

/**
 * Starts listening on a socket file of mode 0600, in place of one that a server left behind. Returns how to remove the
 * file, which does nothing where another server has put its own there.
 *
 * @throws UsageError where the path belongs to a server that runs, or to something else, or cannot be made.
 */
export async function listenUnix(listen: Listen<{ readonly path: string }>, path: string): Promise<() => void> {
  await clearPath(path);
  // The file gets its mode when it is made, so there is no moment at which others could connect. bind(2) happens
  // within the call, before anything else of this process can run.
  const before = process.umask(OWNER_ONLY);
  const started = listen({ path });
  process.umask(before);
  try {
    await started;
  } catch (error) {
    throw refusal(path, error);
  }
  const ours = lstatSync(path);
  return () => {
    if (isSame(lstatOf(path), ours)) rmSync(path, { force: true });
  };
}

async function clearPath(path: string): Promise<void> {
  const directory = attempt(path, () => statSync(dirname(path)));
  if (!directory.isDirectory()) throw refusal(path, { code: 'ENOTDIR' });
  const found = lstatOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new UsageError(`listen: ${path} exists and is no socket; choose another path, or remove it`);
  }
  const answer = await knock(path);
  if (answer === 'ENOENT') return;
  if (answer === undefined || answer === 'EAGAIN') {
    throw new UsageError(`listen: ${path} is in use by a server that runs; choose another path, or end that server`);
  }
  if (answer !== 'ECONNREFUSED') throw refusal(path, { code: answer });
  if (isSame(lstatOf(path), found)) attempt(path, () => unlinkSync(path));
}

/** Connects and hangs up: undefined if somebody listens, else the code of the error. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(errorCode(error)));
  });
}

function lstatOf(path: string): Stats | undefined {
  return attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw refusal(path, error);
  }
}

function isSame(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}

function refusal(path: string, error: unknown): Error {
  const code = errorCode(error);
  const cause = CAUSES[code];
  if (cause === undefined) return new HostError(`listen: ${path} cannot be listened on (${code})`);
  return new UsageError(`listen: ${path} ${cause}`);
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'lies in a directory that does not exist; make it with mkdir -p, or correct the path',
  ENOTDIR: 'lies in something that is no directory; correct the path',
  EACCES: 'may not be made by this user; choose a directory that can be written',
  EPERM: 'may not be made by this user; choose a directory that can be written',
  EROFS: 'lies on a read-only file system; choose another directory',
  EADDRINUSE: 'is in use by a server that runs; choose another path, or end that server',
  ELOOP: 'leads through a symbolic link that goes in a circle; correct the path',
};
