import type { NameBytes } from './calls.ts';

/** What a socket may be ready for, as bits. */
export const READY = {
  /** Bytes, the end of them or an error can be received; a listener has a client. */
  READABLE: 1,
  /** Bytes can be sent, or sending them fails at once. */
  WRITABLE: 2,
} as const;

/**
 * Stream sockets without buffers of their own: bytes go straight from the kernel to the caller's memory and back, each
 * method being one system call that never waits. Results are 0 or more, or a negative errno; wrong arguments throw.
 * Everything belongs to the event loop of the thread that made it, and is closed with it.
 */
export interface Sockets {
  /**
   * Listens on a new socket file, with at most `backlog` clients waiting. `path` has 1 to 107 bytes. `pollUs`, microseconds, is how
   * long the event loop may look for the next bytes after some were sent, instead of sleeping; it does where the bytes
   * before came that soon. 0: never. @spec Linux unix(7), listen(2)
   */
  listenUnix(path: NameBytes, backlog: number, pollUs: number): SocketListener | number;
  /** Listens on an IPv4 or IPv6 address; port 0 finds a free one. @spec Linux tcp(7), listen(2) */
  listenTcp(host: string, port: number, backlog: number, pollUs: number): SocketListener | number;
}

/** What can be ready. Nothing is watched at first; what is ready is told of in every turn of the event loop, until it no longer is. */
interface Readiness {
  /** Whom to call when something that is watched is ready, with those bits of `READY`. There is one; the next takes its place. */
  onReady(ready: (events: number) => void): void;
  /** Watches for these bits of `READY` alone. An open socket that watches for something keeps the process alive. */
  watch(events: number): void;
  /** Gives up the descriptor at once; nothing is told any more, and every other call is -EBADF. Idempotent. */
  close(): void;
}

/** A socket that listens. */
export interface SocketListener extends Readiness {
  /** The TCP port; 0 otherwise. */
  readonly port: number;
  /**
   * The next client. -EAGAIN if there is none. -EMFILE or -ENFILE: no descriptor is left, and one client was turned
   * away; -ENOBUFS: not even that was possible. @spec Linux accept(2)
   */
  accept(): SocketStream | number;
}

/** A connection that was accepted. */
export interface SocketStream extends Readiness {
  /** The peer's IP address; empty over a socket file. */
  readonly host: string;
  /** The peer's port; 0 over a socket file. */
  readonly port: number;
  /** Receives into the bytes `from` to `to` (exclusive). @returns how many came, 0 at the end of the stream; -EAGAIN for none yet. @spec Linux recv(2) */
  receive(into: Uint8Array, from: number, to: number): number;
  /**
   * The same again and again for a moment, where the event loop would now look for what follows the bytes that were sent, and
   * no other client of the listener is connected. At most 50 microseconds. @returns -EAGAIN where nothing came, or it was not tried.
   */
  receiveSoon(into: Uint8Array, from: number, to: number): number;
  /** Sends the buffers, one or at most 1,024 of them. @returns bytes sent, which may be fewer; -EAGAIN for none now. @spec Linux sendmsg(2) */
  send(buffers: Uint8Array | readonly Uint8Array[]): number;
  /** Ends what is sent, not what is received. @spec Linux shutdown(2) */
  shutdown(): number;
  /** Over TCP, has the kernel ask a client that is silent for so many seconds whether it exists. @spec Linux tcp(7) TCP_KEEPIDLE */
  keepAlive(idleSeconds: number): number;
}
