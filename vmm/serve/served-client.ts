import type { SocketStream } from 'node-hostfs';
import type { AreaPool } from '../../ninep/stream/area-pool.ts';
import type { Inlet } from '../../ninep/stream/inlet.ts';
import { type BytePipe, StreamConnection, type StreamHandler } from '../../ninep/stream/stream-connection.ts';
import { ClientSocket, type SocketUser } from './client-socket.ts';
import { SilenceLimit } from './silence-limit.ts';

/** A client that has said nothing sensible by then is sent away, so that strangers cannot take all places. */
const HELLO_LIMIT_MS = 10_000;
/** A client that leaves a message or its replies half way for so long is gone, or as good as gone. */
const STALL_LIMIT_MS = 60_000;
/** Longest that a connection at its end waits for the last replies to be ready and taken. */
const FAREWELL_LIMIT_MS = 2000;

/** The limits of time, in milliseconds; tests shorten them. */
export interface ClientLimits {
  readonly helloMs?: number;
  readonly stallMs?: number;
}

/** One client: its socket and its 9P connection. */
export class ServedClient implements BytePipe, SocketUser {
  /** Resolves when the socket is closed and nothing is left of the session; says why, if the client broke a rule. */
  readonly gone: Promise<string | undefined>;
  private readonly socket: ClientSocket;
  private readonly connection: StreamConnection;
  private readonly pool: AreaPool;
  private readonly hello: SilenceLimit;
  private readonly left: () => void;
  private reason: string | undefined = undefined;
  private farewell: NodeJS.Timeout | undefined = undefined;

  /** @param pool memory for requests, which clients share */
  constructor(stream: SocketStream, handler: StreamHandler, pool: AreaPool, { helloMs, stallMs }: ClientLimits = {}) {
    this.connection = new StreamConnection(handler, this, pool);
    this.pool = pool;
    this.hello = new SilenceLimit(helloMs ?? HELLO_LIMIT_MS, () => {
      if (handler.msize === 0) this.abandon('it did not begin with Tversion in time');
    });
    let left: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      left = resolve;
    });
    this.left = left;
    this.gone = closed.then(() => this.connection.close()).then(() => this.reason);
    this.socket = new ClientSocket(stream, this, stallMs ?? STALL_LIMIT_MS);
  }

  /** Answers what is under way, but no longer than two seconds, and closes the connection. */
  leave(): void {
    this.sayFarewell();
    this.connection.drain();
  }

  send(bytes: Uint8Array, sent: () => void): void {
    this.socket.send(bytes, sent);
  }

  hold(): void {
    this.socket.hold();
  }

  release(): void {
    this.socket.release();
  }

  defer(work: () => void): void {
    setImmediate(() => this.socket.corked(work));
  }

  end(reason: string | undefined): void {
    this.reason ??= reason;
    this.sayFarewell();
    this.socket.end();
  }

  room(): Inlet {
    const { inlet } = this.connection;
    inlet.prepare();
    return inlet;
  }

  received(count: number): void {
    this.connection.received(count);
  }

  isAtRest(): boolean {
    return this.connection.isAnswered;
  }

  inputEnded(): void {
    // Most clients that end their half are gone, and what they waited for may never come.
    this.sayFarewell();
    this.connection.finish();
  }

  quiet(): void {
    if (this.connection.waitsForClient) {
      this.abandon('it left a message or its replies half way');
      return;
    }
    this.connection.trim();
    this.pool.trim();
  }

  closed(): void {
    this.hello.end();
    clearTimeout(this.farewell);
    this.left();
  }

  private abandon(reason: string): void {
    this.reason ??= reason;
    this.socket.destroy();
  }

  private sayFarewell(): void {
    this.farewell ??= setTimeout(() => this.socket.destroy(), FAREWELL_LIMIT_MS);
  }
}
