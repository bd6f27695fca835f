import { copyOut, totalLength } from '../../../bytes/segments.ts';
import { FrameError, type FrameHandler, type Segments } from '../../frame-handler.ts';
import { FrameReader } from '../../stream/frame-reader.ts';
import { replyRoom } from '../../stream/reply-room.ts';
import { decodeHello, encodeHello, HELLO_SIZE, type Hello, PROTOCOL_VERSION } from './hello.ts';
import type { Link } from './link.ts';
import { ProtocolError } from './protocol-error.ts';

/** What a helper serves and says of itself. */
export interface ServeOptions {
  readonly handler: FrameHandler;
  readonly hello: Omit<Hello, 'protocol'>;
  /** Largest message in bytes that is taken. */
  readonly msize: number;
}

/** With so many bytes of replies unsent, requests unanswered, or bytes set aside for answers, nothing more is read. */
const MOST_BACKLOG = 16 << 20;
const MOST_UNDER_WAY = 1000;
const MOST_SET_ASIDE = 64 << 20;

/**
 * Serves one conversation from the helper's side until the link ends. Resolves then, with everything given back.
 *
 * @returns why it ended, in one phrase.
 */
export function serveLink(link: Link, options: ServeOptions): Promise<string> {
  return new Promise((resolve) => new Served(link, options, resolve));
}

class Served {
  private readonly link: Link;
  private readonly options: ServeOptions;
  private readonly done: (reason: string) => void;
  private readonly reader = new FrameReader();
  private introduced = false;
  private ended = false;
  private underWay = 0;
  private setAside = 0;
  private held = false;

  constructor(link: Link, options: ServeOptions, done: (reason: string) => void) {
    this.link = link;
    this.options = options;
    this.done = done;
    link.listen({ data: (chunk) => this.receive(chunk), closed: (reason) => this.end(reason) });
  }

  private receive(chunk: Uint8Array): void {
    if (this.ended) return;
    this.reader.feed(chunk);
    try {
      while (!this.ended) {
        const frame = this.reader.next(this.options.msize);
        if (frame === undefined) return;
        if (this.introduced) this.serve(frame);
        else this.introduce(frame);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FrameError)) throw error;
      this.end(error.message);
    }
  }

  private introduce(frame: Segments): void {
    const bytes = new Uint8Array(HELLO_SIZE);
    copyOut(frame, 0, bytes, HELLO_SIZE);
    const { protocol } = decodeHello('ask', bytes.subarray(0, Math.min(HELLO_SIZE, totalLength(frame))));
    this.introduced = true;
    this.link.send([encodeHello('answer', { protocol: PROTOCOL_VERSION, ...this.options.hello })]);
    if (protocol !== PROTOCOL_VERSION) throw new ProtocolError(`version ${protocol} of the protocol was asked for`);
  }

  private serve(frame: Segments): void {
    const room = replyRoom(frame, this.options.msize);
    const area = [new Uint8Array(room)];
    const length = this.options.handler.handle(frame, area);
    if (typeof length === 'number') {
      this.answer(area, length);
      return;
    }
    this.underWay++;
    this.setAside += room;
    length.then((later) => {
      this.underWay--;
      this.setAside -= room;
      this.answer(area, later);
    });
    this.throttle();
  }

  private answer(area: readonly Uint8Array[], length: number): void {
    if (!this.ended && length > 0) this.link.send(area.map((piece) => piece.subarray(0, length)));
    this.throttle();
  }

  /** Reads on only while the other side takes its answers. */
  private throttle(): void {
    const full = this.link.backlog > MOST_BACKLOG;
    const held = full || this.underWay >= MOST_UNDER_WAY || this.setAside > MOST_SET_ASIDE;
    if (full && !this.held) this.link.drained(() => this.throttle());
    if (held === this.held || this.ended) return;
    this.held = held;
    this.link.hold(held);
  }

  private end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.link.close();
    void this.options.handler.reset().then(() => this.done(reason));
  }
}
