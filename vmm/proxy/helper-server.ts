import { chmodSync, chownSync, lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { UsageError } from '../usage-error.ts';
import { checkDirectory, type HelperConfig, type HelperProcess, startHelper } from './helper-process.ts';

/** What `tsvmm proxy-helper` is asked for. */
export interface HelperRequest extends HelperConfig {
  /** Where to listen; otherwise `fd` is a connected socket this process was given. */
  readonly socket?: string;
  readonly fd?: number;
  /** Who may connect besides the user who started it; numbers. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Clients served at once by one listening helper; each has a process. */
const MOST_CLIENTS = 64;

/** A helper in service. */
export interface HelperService {
  /** Resolves when it has ended by itself: only one on a descriptor does, and that with its one conversation. */
  readonly ended: Promise<string>;
  /** Ends it with all its processes. */
  close(): Promise<void>;
}

/**
 * Serves a directory to proxy drivers. This process only listens: each connection is handed to a confined process of its own,
 * without a byte of it being read here.
 *
 * @param say is given what happens, one line each.
 * @throws UsageError, one line, where it cannot be.
 */
export async function serveHelper(request: HelperRequest, say: (line: string) => void): Promise<HelperService> {
  checkDirectory(request.path);
  const living = new Set<HelperProcess>();
  const start = (socket: Socket | number): HelperProcess => {
    const helper = startHelper(request, socket, say);
    living.add(helper);
    void helper.ended.then(() => living.delete(helper));
    return helper;
  };
  const endAll = async () => {
    for (const { child } of living) child.kill('SIGKILL');
    await Promise.all([...living].map(({ ended }) => ended));
  };
  if (request.socket === undefined) {
    const { ended } = start(request.fd ?? 0);
    return { ended, close: endAll };
  }
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    const { ended } = start(socket);
    void ended.then((how) => say(`a client is gone: ${how}`));
    // The helper has a descriptor of its own for it.
    socket.destroy();
  });
  server.maxConnections = MOST_CLIENTS;
  await listen(server, request.socket, request);
  return {
    ended: new Promise(() => {}),
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await endAll();
    },
  };
}

async function listen(server: Server, path: string, { uid, gid }: HelperRequest): Promise<void> {
  await removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new UsageError(`--socket: cannot listen at ${path}: ${error.code ?? error.message}`));
    });
    // Nobody may connect before it is known who may.
    const before = process.umask(0o177);
    server.listen(path, resolve);
    process.umask(before);
  });
  try {
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? -1, gid ?? -1);
    chmodSync(path, gid === undefined ? 0o600 : 0o660);
  } catch (error) {
    server.close();
    throw new UsageError(`--socket: cannot give ${path} away: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Takes away a socket that nobody listens at any more; anything else at that path is left alone. */
async function removeStale(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) throw new UsageError(`--socket: ${path} exists and is no socket; choose another path`);
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect({ path });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
  if (answered) throw new UsageError(`--socket: somebody listens at ${path} already; choose another path`);
  rmSync(path);
}
