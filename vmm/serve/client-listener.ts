import { E, errnoName, loadSockets, READY, type SocketListener, type SocketStream } from 'node-hostfs';
import { type ListenAddress, showListenAddress } from './listen-address.ts';
import type { Listen } from './listening.ts';
import { listenTcp } from './tcp-listener.ts';
import { listenUnix } from './unix-listener.ts';

/** Clients that may wait to be let in. */
const BACKLOG = 511;
/** Clients let in within one turn, so that those inside are served meanwhile. */
const CLIENTS_PER_TURN = 64;
/** How long nobody is let in after this host could not. */
const PAUSE_MS = 100;

/** How clients are listened for. */
export interface ListenRules {
  /** Whether other machines may be able to connect. */
  readonly allowRemote: boolean;
  /** Longest time in microseconds to look for a client's next request before sleeping; 0 for none. */
  readonly pollUs: number;
}

/** What to do with those who come. */
export interface Door {
  welcome(client: SocketStream, origin: string): void;
  /** A client could not be let in: the name of the error. */
  failed(code: string): void;
}

/** A place where clients connect. */
export interface ClientListener {
  /** With the port in use where 0 was asked for. */
  readonly address: string;
  /** Lets nobody in any more. */
  close(): void;
  /** Removes the socket file, where there is one and it is still this listener's. */
  removeFile(): void;
}

/** Listens at an address, and lets clients in from now on. Throws UsageError and HostError. */
export async function listenForClients(
  address: ListenAddress,
  { allowRemote, pollUs }: ListenRules,
  door: Door,
): Promise<ClientListener> {
  const sockets = loadSockets();
  let listener: SocketListener | undefined;
  const listen = (open: () => SocketListener | number): void => {
    const opened = open();
    if (typeof opened === 'number') throw Object.assign(new Error('listen'), { code: errnoName(opened) });
    listener = opened;
  };
  let removeFile = (): void => {};
  let bound = address;
  if (address.kind === 'unix') {
    const byPath: Listen<{ readonly path: string }> = async ({ path }) =>
      listen(() => sockets.listenUnix(new TextEncoder().encode(path), BACKLOG, pollUs));
    removeFile = await listenUnix(byPath, address.path);
  } else {
    const byPort: Listen<{ readonly host: string; readonly port: number }> = async ({ host, port }) =>
      listen(() => sockets.listenTcp(host, port, BACKLOG, pollUs));
    bound = await listenTcp(byPort, address, allowRemote);
  }
  if (listener === undefined) throw new Error('it listens without a listener');
  const opened = listener;
  if (bound.kind === 'tcp') bound = { ...bound, port: opened.port };
  const written = showListenAddress(bound);
  letIn(opened, {
    welcome: (client) => door.welcome(client, client.host === '' ? written : `${client.host}:${client.port}`),
    failed: (code) => door.failed(`${written}: a client could not be let in (${code})`),
  });
  return { address: written, close: () => opened.close(), removeFile };
}

function letIn(
  listener: SocketListener,
  door: { welcome(client: SocketStream): void; failed(code: string): void },
): void {
  listener.onReady(() => {
    for (let left = CLIENTS_PER_TURN; left > 0; left--) {
      const client = listener.accept();
      if (typeof client !== 'number') door.welcome(client);
      else if (client === -E.AGAIN || client === -E.BADF) return;
      // One that has left again while it waited is nobody's loss.
      else if (client !== -E.CONNABORTED) {
        door.failed(errnoName(client));
        if (client === -E.MFILE || client === -E.NFILE) continue;
        listener.watch(0);
        setTimeout(() => listener.watch(READY.READABLE), PAUSE_MS).unref();
        return;
      }
    }
  });
  listener.watch(READY.READABLE);
}
