import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { errorCode } from '../host/error-code.ts';
import { showListenAddress } from '../serve/listen-address.ts';
import { listening } from '../serve/listening.ts';
import { listenTcp } from '../serve/tcp-listener.ts';
import { listenUnix } from '../serve/unix-listener.ts';
import { HostError, UsageError } from '../usage-error.ts';
import type { SocketEndpoint } from './socket-endpoint.ts';

/** One client at the other end of a socket. */
export interface EndpointClient {
  /** Takes what the client sent; no more comes until it settles. */
  receive(bytes: Uint8Array): Promise<void>;
  /** The client is gone. */
  close(): void;
}

/** Begins with a client; `send` takes bytes for it and resolves when it may have more. */
export type WelcomeClient = (send: (text: string) => Promise<void>) => EndpointClient;

/** What is told of an endpoint. */
export interface EndpointEvents {
  /** The one client of an endpoint that connected to it is gone: none will follow. */
  readonly onEnd?: () => void;
  /** Our own fault while a client was served. */
  readonly onFailure: (error: unknown) => void;
}

/** An endpoint in use. */
export interface OpenEndpoint {
  /** Hangs up, and listens no more. Idempotent. */
  close(): void;
}

/**
 * Connects, or listens and, where that is asked for, waits for the first client. There is one client at a time: a second one is
 * hung up on.
 *
 * @throws UsageError where nobody listens at the address, or it cannot be listened at.
 */
export async function openEndpoint(
  endpoint: SocketEndpoint,
  welcome: WelcomeClient,
  events: EndpointEvents,
): Promise<OpenEndpoint> {
  return endpoint.server ? listenForClients(endpoint, welcome, events) : connectToClient(endpoint, welcome, events);
}

async function connectToClient(
  { option, address }: SocketEndpoint,
  welcome: WelcomeClient,
  events: EndpointEvents,
): Promise<OpenEndpoint> {
  const socket = createConnection(address.kind === 'unix' ? { path: address.path } : address);
  try {
    await once(socket, 'connect');
  } catch (error) {
    const code = errorCode(error);
    const cause = CAUSES[code];
    const written = showListenAddress(address);
    if (cause === undefined) throw new HostError(`${option}: ${written} cannot be connected to (${code})`);
    throw new UsageError(`${option}: ${written} ${cause}; start what listens there first, or add server=on,wait=off`);
  }
  void serveClient(socket, welcome, events.onFailure).then(() => events.onEnd?.());
  return { close: () => hangUp(socket) };
}

async function listenForClients(
  { address, wait }: SocketEndpoint,
  welcome: WelcomeClient,
  events: EndpointEvents,
): Promise<OpenEndpoint> {
  let current: Socket | undefined;
  const server = createServer((socket) => {
    if (current !== undefined) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    current = socket;
    void serveClient(socket, welcome, events.onFailure).then(() => {
      current = undefined;
    });
  });
  const firstClient = wait ? once(server, 'connection') : undefined;
  let removeFile: (() => void) | undefined;
  if (address.kind === 'unix') removeFile = await listenUnix(listening(server), address.path);
  else await listenTcp(listening(server), address, false);
  server.on('error', () => {});
  await firstClient;
  return {
    close() {
      server.close();
      if (current !== undefined) hangUp(current);
      removeFile?.();
    },
  };
}

/** Serves one client until it is gone. Never rejects. */
async function serveClient(socket: Socket, welcome: WelcomeClient, onFailure: (error: unknown) => void): Promise<void> {
  // A client that breaks off is gone like any other.
  socket.on('error', () => {});
  let client: EndpointClient | undefined;
  try {
    client = welcome((text) => sent(socket, text));
    for await (const bytes of socket) await client.receive(bytes as Uint8Array);
  } catch (error) {
    if (!socket.destroyed) onFailure(error);
  } finally {
    client?.close();
    socket.destroy();
  }
}

/** Longest that a client may take for what was sent to it before, in milliseconds. */
const FAREWELL_MS = 500;

/** Ends the connection once the client has what was sent to it. */
function hangUp(socket: Socket): void {
  socket.destroySoon();
  const late = setTimeout(() => socket.destroy(), FAREWELL_MS);
  socket.once('close', () => clearTimeout(late));
}

/** Sends text; resolves when the socket has room, or is no more. */
function sent(socket: Socket, text: string): Promise<void> {
  if (socket.destroyed || socket.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ECONNREFUSED: 'has nobody listening',
  EACCES: 'may not be connected to by this user',
  ENOTSOCK: 'is no socket',
  ENOTDIR: 'lies in something that is no directory',
  ENOTFOUND: 'names a host that is not known',
};
