import type { Socket } from 'node:net';
import { type BytePipe, StreamConnection, type StreamHandler } from '../../ninep/stream/stream-connection.ts';

/** A client that has said nothing sensible by then is sent away, so that strangers cannot take all places. */
const HELLO_LIMIT_MS = 10_000;
/** A client that leaves a message or its replies half way for so long is gone, or as good as gone. */
const STALL_LIMIT_MS = 60_000;
/** Silence after which TCP asks whether a client still exists. */
const KEEPALIVE_MS = 60_000;
/** Longest that a connection at its end waits for the last replies to be ready and taken. */
const FAREWELL_LIMIT_MS = 2000;

/** The limits of time, in milliseconds; tests shorten them. */
export interface ClientLimits {
  readonly helloMs?: number;
  readonly stallMs?: number;
}

/** One client: its socket and its 9P connection. */
export class ServedClient implements BytePipe {
  /** Resolves when the socket is closed and nothing is left of the session; says why, if the client broke a rule. */
  readonly gone: Promise<string | undefined>;
  private readonly socket: Socket;
  private readonly connection: StreamConnection;
  private reason: string | undefined = undefined;
  private farewell: NodeJS.Timeout | undefined = undefined;

  constructor(socket: Socket, handler: StreamHandler, { helloMs, stallMs }: ClientLimits = {}) {
    this.socket = socket;
    this.connection = new StreamConnection(handler, this);
    const hello = setTimeout(() => {
      if (handler.msize === 0) this.abandon('it did not begin with Tversion in time');
    }, helloMs ?? HELLO_LIMIT_MS);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_MS);
    socket.setTimeout(stallMs ?? STALL_LIMIT_MS, () => this.quiet());
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => {
      // Most clients that end their half are gone, and what they waited for may never come.
      this.sayFarewell();
      this.connection.finish();
    });
    // A connection that breaks is how clients leave; `close` follows.
    socket.on('error', () => {});
    this.gone = new Promise((resolve, reject) => {
      socket.on('close', () => {
        clearTimeout(hello);
        clearTimeout(this.farewell);
        this.connection.close().then(() => resolve(this.reason), reject);
      });
    });
  }

  /** Answers what is under way, but no longer than two seconds, and closes the connection. */
  leave(): void {
    this.sayFarewell();
    this.connection.drain();
  }

  send(bytes: Uint8Array, sent: () => void): void {
    this.socket.write(bytes, sent);
  }

  hold(): void {
    this.socket.pause();
  }

  release(): void {
    this.socket.resume();
  }

  defer(work: () => void): void {
    setImmediate(() => this.together(work));
  }

  end(reason: string | undefined): void {
    this.reason ??= reason;
    this.sayFarewell();
    this.socket.end(() => this.socket.destroy());
  }

  private receive(chunk: Uint8Array): void {
    this.together(() => this.connection.receive(chunk));
  }

  /** Sends the replies that `work` makes in one system call. */
  private together(work: () => void): void {
    this.socket.cork();
    work();
    this.socket.uncork();
  }

  private quiet(): void {
    if (this.connection.waitsForClient) this.abandon('it left a message or its replies half way');
    else this.connection.trim();
  }

  private abandon(reason: string): void {
    this.reason ??= reason;
    this.socket.destroy();
  }

  private sayFarewell(): void {
    this.farewell ??= setTimeout(() => this.socket.destroy(), FAREWELL_LIMIT_MS);
  }
}
