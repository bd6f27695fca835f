import { E, READY, type SocketStream } from 'node-hostfs';
import { SilenceLimit } from './silence-limit.ts';

/** Receives in one turn, so that a client that sends without pause does not keep the others waiting. */
const RECEIVES_PER_TURN = 8;
/** Most buffers in one system call. @spec Linux writev(2) IOV_MAX */
const MOST_BUFFERS = 1024;
/** Silence after which TCP asks whether a client still exists. */
const KEEPALIVE_S = 60;

/** Who has the other side of the socket. */
export interface SocketUser {
  /** Memory for the next bytes: those of `bytes` from `from` to `to`. */
  room(): { readonly bytes: Uint8Array; readonly from: number; readonly to: number };
  /** So many bytes have come into it; 0 if none have after all. */
  received(count: number): void;
  /** Whether nothing but what is being sent is under way. */
  isAtRest(): boolean;
  /** The client sends no more. */
  inputEnded(): void;
  /** Nothing has moved for so long as was said, in either direction. */
  quiet(): void;
  /** The socket is closed, whoever did it, and every `sent` has been called. */
  closed(): void;
}

/**
 * A client's socket: bytes come straight into its user's memory and go straight out of it, and what is sent within one
 * turn leaves in one system call.
 */
export class ClientSocket {
  private readonly stream: SocketStream;
  private readonly user: SocketUser;
  private readonly silence: SilenceLimit;
  private unsent: Uint8Array[] = [];
  private callbacks: (() => void)[] = [];
  private reading = true;
  private inputOver = false;
  private watched = 0;
  private together = false;
  private ending = false;
  private isClosed = false;

  /** Begins to receive. `silenceMs`: time after which `quiet` is called. */
  constructor(stream: SocketStream, user: SocketUser, silenceMs: number) {
    this.stream = stream;
    this.user = user;
    this.silence = new SilenceLimit(silenceMs, () => user.quiet());
    stream.keepAlive(KEEPALIVE_S);
    stream.onReady((events) => this.ready(events));
    this.watch(READY.READABLE);
  }

  /** Sends bytes in the order of the calls. They may change once `sent` is called, which happens even if sending fails. */
  send(bytes: Uint8Array, sent: () => void): void {
    if (this.isClosed) {
      sent();
      return;
    }
    this.unsent.push(bytes);
    this.callbacks.push(sent);
    if (!this.together) this.flush();
  }

  /** Sends what `work` sends in one system call. */
  corked(work: () => void): void {
    if (this.together) {
      work();
      return;
    }
    this.together = true;
    try {
      work();
    } finally {
      this.together = false;
      this.flush();
    }
  }

  /** Receives no more until `release`. */
  hold(): void {
    // It stays watched: most who are held are released before anything is noticed.
    this.reading = false;
  }

  release(): void {
    this.reading = true;
    if (!this.inputOver) this.watch(this.watched | READY.READABLE);
  }

  /** Closes the socket once all is sent. */
  end(): void {
    this.ending = true;
    if (!this.together) this.flush();
  }

  /** Closes the socket at once. */
  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.silence.end();
    this.stream.close();
    const { callbacks } = this;
    this.callbacks = [];
    this.unsent = [];
    for (const sent of callbacks) sent();
    process.nextTick(() => this.user.closed());
  }

  private ready(events: number): void {
    this.together = true;
    try {
      if ((events & READY.READABLE) !== 0) this.receive();
    } finally {
      this.together = false;
      this.flush();
    }
  }

  private receive(): void {
    let answered = false;
    for (let left = RECEIVES_PER_TURN; left > 0 && !this.isClosed; left--) {
      if (!this.reading || this.inputOver) {
        this.watch(this.watched & ~READY.READABLE);
        return;
      }
      const { bytes, from, to } = this.user.room();
      const got: number = answered ? this.stream.receiveSoon(bytes, from, to) : this.stream.receive(bytes, from, to);
      if (got <= 0) {
        this.user.received(0);
        if (got === 0) this.endInput();
        // A connection that breaks is how clients leave.
        else if (got !== -E.AGAIN) this.destroy();
        return;
      }
      this.silence.refresh();
      this.user.received(got);
      // Where all that came is answered, the next request is likely to come soon.
      answered = this.unsent.length > 0 && got < to - from && this.user.isAtRest();
      if (answered) this.flush();
      else if (got < to - from) return;
    }
  }

  private endInput(): void {
    this.inputOver = true;
    this.watch(this.watched & ~READY.READABLE);
    this.user.inputEnded();
  }

  private flush(): void {
    if (this.isClosed) return;
    const { unsent } = this;
    if (unsent.length > 0) {
      const sent = this.stream.send(unsent.length > MOST_BUFFERS ? unsent.slice(0, MOST_BUFFERS) : unsent);
      if (sent > 0) this.sent(sent);
      else if (sent < 0 && sent !== -E.AGAIN) {
        this.destroy();
        return;
      }
      this.watch(this.unsent.length > 0 ? this.watched | READY.WRITABLE : this.watched & ~READY.WRITABLE);
    }
    if (this.ending && this.unsent.length === 0 && !this.isClosed) {
      this.stream.shutdown();
      this.destroy();
    }
  }

  /** So many bytes are the kernel's. */
  private sent(count: number): void {
    this.silence.refresh();
    const { unsent } = this;
    let left = count;
    let whole = 0;
    for (let bytes = unsent[whole]; bytes !== undefined && bytes.length <= left; bytes = unsent[whole]) {
      left -= bytes.length;
      whole++;
    }
    const rest = unsent[whole];
    if (rest !== undefined && left > 0) unsent[whole] = rest.subarray(left);
    unsent.splice(0, whole);
    // The callbacks may send more, or close the socket.
    for (const sent of this.callbacks.splice(0, whole)) sent();
  }

  private watch(events: number): void {
    if (events === this.watched) return;
    this.watched = events;
    this.stream.watch(events);
  }
}
