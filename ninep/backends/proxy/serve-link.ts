import { copyOut, totalLength } from '../../../bytes/segments.ts';
import { codecOf } from '../../codec.ts';
import { READ_OVERHEAD } from '../../constants.ts';
import type { FrameHandler, Segments } from '../../frame-handler.ts';
import { decodeHello, encodeHello, HELLO_SIZE, type Hello, PROTOCOL_VERSION } from './hello.ts';
import type { Link } from './link.ts';
import { ProtocolError } from './protocol-error.ts';
import type { FrameHeader } from './reply-reader.ts';
import { RequestReader } from './request-reader.ts';

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

/** Room for every reply without data, but for those of Tgetlock, which hold a client id. */
const USUAL_REPLY = 8192;
const LONGEST_REPLY = 70_000;

const TREAD = codecOf('Tread').type;
const TREADDIR = codecOf('Treaddir').type;
const TGETLOCK = codecOf('Tgetlock').type;

/** Where count[4] stands in Tread and Treaddir: after header, fid[4] and offset[8]. */
const COUNT_AT = 19;

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
  private readonly reader: RequestReader;
  private introduced = false;
  private ended = false;
  private underWay = 0;
  private setAside = 0;
  private held = false;

  constructor(link: Link, options: ServeOptions, done: (reason: string) => void) {
    this.link = link;
    this.options = options;
    this.done = done;
    this.reader = new RequestReader(options.msize, (header, frame) => this.take(header, frame));
    link.listen({ data: (chunk) => this.receive(chunk), closed: (reason) => this.end(reason) });
  }

  private receive(chunk: Uint8Array): void {
    if (this.ended) return;
    try {
      this.reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error.message);
    }
  }

  private take(header: FrameHeader, frame: Segments): void {
    if (this.ended) return;
    if (this.introduced) this.serve(header, frame);
    else this.introduce(frame);
  }

  private introduce(frame: Segments): void {
    const bytes = new Uint8Array(HELLO_SIZE);
    copyOut(frame, 0, bytes, HELLO_SIZE);
    const { protocol } = decodeHello('ask', bytes.subarray(0, Math.min(HELLO_SIZE, totalLength(frame))));
    this.introduced = true;
    this.link.send([encodeHello('answer', { protocol: PROTOCOL_VERSION, ...this.options.hello })]);
    if (protocol !== PROTOCOL_VERSION) throw new ProtocolError(`version ${protocol} of the protocol was asked for`);
  }

  private serve(header: FrameHeader, frame: Segments): void {
    const room = Math.min(replySize(header, frame), this.options.msize);
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

/** The largest reply a request can have. */
function replySize({ type }: FrameHeader, frame: Segments): number {
  if (type === TGETLOCK) return LONGEST_REPLY;
  if (type !== TREAD && type !== TREADDIR) return USUAL_REPLY;
  const bytes = new Uint8Array(4);
  if (copyOut(frame, COUNT_AT, bytes, 4) < 4) return USUAL_REPLY;
  const count = new DataView(bytes.buffer).getUint32(0, true);
  return Math.max(READ_OVERHEAD + count, READ_OVERHEAD);
}
