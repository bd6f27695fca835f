import { sliceSegments, totalLength } from '../../../bytes/segments.ts';
import type { Request } from '../../backend.ts';
import { type AnyBody, type Codec, codecOf, decodeMessage } from '../../codec.ts';
import { READ_OVERHEAD } from '../../constants.ts';
import { ERRNO, Errno, errnoOf } from '../../errno.ts';
import type { Segments } from '../../frame-handler.ts';
import type { MessageName, ReplyBody, RequestBody, RequestName } from '../../messages.ts';
import { type FidNumber, fidNumber, NOTAG, type Tag, tagNumber } from '../../wire-types.ts';
import type { Link } from './link.ts';
import { NumberPool } from './number-pool.ts';
import { ProtocolError } from './protocol-error.ts';
import { Pulse, type PulseOptions } from './pulse.ts';
import { type FrameHeader, ReplyReader, type ReplySink } from './reply-reader.ts';
import { framesOf } from './request-frames.ts';

/** Beyond these a request waits for its turn, so that the helper never has to refuse one. */
const MOST_UNDER_WAY = 512;

/** The longest reply that carries no data: Rgetlock with a client id of 64 KiB. */
const LONGEST_PLAIN_REPLY = 70_000;

const LOST = errnoOf(ERRNO.EIO);
const TFLUSH = codecOf('Tflush');
const RFLUSH = codecOf('Rflush');
const RLERROR = codecOf('Rlerror');

/** What belongs to a request besides its message. */
export interface CallOptions {
  /** Where the data of the reply goes; no more is accepted. */
  readonly into?: Segments;
  /** The request of the client's that this one serves: its Tflush becomes ours. */
  readonly request?: Request | undefined;
}

/** A request that waits for its turn or its answer. */
interface Pending {
  readonly request: Codec;
  readonly reply: Codec;
  readonly body: AnyBody;
  readonly into: Segments | undefined;
  /** Undefined until it is sent. */
  tag: Tag | undefined;
  readonly resolve: (body: AnyBody) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One conversation with a helper, from the side that does not trust it. Requests are typed; each settles exactly once: with
 * its reply, with the Errno the helper answers, with EINTR after a Tflush, or with EIO when the conversation ends. A
 * reply that is malformed, or that nobody asked for, or larger than what was asked for, ends the conversation.
 */
export class Channel implements ReplySink {
  /** Fids of this conversation. */
  readonly fids = new NumberPool(0xffff_fffe);
  /** Why the conversation ended, in one phrase; undefined while it lasts. */
  ended: string | undefined = undefined;
  /** Largest message in bytes. */
  readonly msize: number;
  private readonly link: Link;
  private readonly onEnd: (reason: string) => void;
  private readonly reader: ReplyReader;
  private readonly pulse: Pulse;
  private readonly tags = new NumberPool(NOTAG - 1);
  private readonly sent = new Map<number, Pending>();
  private readonly waiting = new Set<Pending>();

  /**
   * Takes over a link that listens to `receive` and `lost`.
   *
   * @param onEnd is told once why the conversation ended, unless `close` ended it.
   */
  constructor(link: Link, msize: number, onEnd: (reason: string) => void, pulse: PulseOptions) {
    this.link = link;
    this.msize = msize;
    this.onEnd = onEnd;
    this.reader = new ReplyReader(this, msize);
    this.pulse = new Pulse(pulse, { probe: () => this.probe(), dead: () => this.lose('it does not answer any more') });
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.sent.size + this.waiting.size;
  }

  newFid(): FidNumber {
    return fidNumber(this.fids.take());
  }

  /** Sends a request and waits for its reply. Data in the reply is in `into`, and its length in the body. */
  call<N extends RequestName>(name: N, body: RequestBody<N>, options: CallOptions = {}): Promise<ReplyBody<N>> {
    return this.exchange(name, body, options) as Promise<ReplyBody<N>>;
  }

  /** Lets go of a fid, without waiting for the helper to have done so. */
  async clunk(fid: FidNumber): Promise<void> {
    try {
      await this.call('Tclunk', { fid });
      this.fids.give(fid);
    } catch (error) {
      // A number the helper would not give back is not used again; the fid itself is gone either way.
      if (!(error instanceof Errno)) throw error;
    }
  }

  /** Bytes came from the helper. */
  receive(chunk: Uint8Array): void {
    if (this.ended !== undefined) return;
    this.pulse.beat();
    try {
      this.reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.lose(error.message);
    }
  }

  /** The conversation is over: everything under way fails with EIO. */
  lose(reason: string): void {
    if (this.ended !== undefined) return;
    this.shut(reason);
    this.onEnd(reason);
  }

  /** Ends the conversation for a reply that cannot be, and fails with EIO. */
  broken(reason: string): never {
    this.lose(reason);
    throw LOST;
  }

  /** Ends it for us. */
  close(): void {
    if (this.ended === undefined) this.shut('it was closed');
  }

  begin({ size, type, tag }: FrameHeader): number {
    const pending = this.sent.get(tag) ?? unasked(tag);
    if (type === RLERROR.type) {
      if (size !== RLERROR.minimum || pending.request === TFLUSH) throw new ProtocolError('an error is no answer here');
      return size;
    }
    if (type !== pending.reply.type) {
      throw new ProtocolError(`the reply to ${pending.request.name} has type ${type}`);
    }
    if (pending.into !== undefined) return READ_OVERHEAD;
    if (size > LONGEST_PLAIN_REPLY) throw new ProtocolError(`${pending.reply.name} claims to have ${size} bytes`);
    return size;
  }

  target({ size, tag }: FrameHeader, head: Uint8Array): Segments {
    const { into } = this.sent.get(tag) ?? unasked(tag);
    const length = dataLength(head, size);
    if (into === undefined || length > totalLength(into)) {
      throw new ProtocolError(`${length} bytes of data came where less was asked for`);
    }
    return sliceSegments(into, 0, length);
  }

  end(header: FrameHeader, head: Uint8Array): void {
    const pending = this.sent.get(header.tag) ?? unasked(header.tag);
    const answer = decode(pending, header, head);
    this.forget(header.tag);
    if (answer instanceof Errno) pending.reject(answer);
    else pending.resolve(answer);
    this.next();
  }

  private forget(tag: number): void {
    this.sent.delete(tag);
    if (tag !== NOTAG) this.tags.give(tag);
  }

  private exchange(name: RequestName, body: AnyBody, { into, request }: CallOptions): Promise<AnyBody> {
    if (this.ended !== undefined) return Promise.reject(LOST);
    return new Promise((resolve, reject) => {
      const codec = codecOf(name);
      const reply = codecOf(`R${name.slice(1)}` as MessageName);
      const pending: Pending = { request: codec, reply, body, into, tag: undefined, resolve, reject };
      if (this.sent.size >= MOST_UNDER_WAY) this.waiting.add(pending);
      else this.dispatch(pending);
      request?.onFlush(() => this.flush(pending));
    });
  }

  private dispatch(pending: Pending): void {
    const tag = pending.request.name === 'Tversion' ? NOTAG : tagNumber(this.tags.take());
    pending.tag = tag;
    this.sent.set(tag, pending);
    this.pulse.start();
    this.link.send(framesOf(pending, tag));
  }

  /** The client does not wait any more: neither does the helper need to go on. */
  private flush(target: Pending): void {
    if (this.waiting.delete(target)) {
      target.reject(errnoOf(ERRNO.EINTR));
      return;
    }
    const { tag } = target;
    if (tag === undefined || this.sent.get(tag) !== target) return;
    const done = (): void => {
      // Whatever the helper answers, the tag it was asked about is free now.
      if (this.sent.get(tag) !== target) return;
      this.forget(tag);
      target.reject(errnoOf(ERRNO.EINTR));
      this.next();
    };
    this.sendFlush(tag, done);
  }

  /** Something every helper answers at once, whatever else it is doing. */
  private probe(): void {
    this.sendFlush(NOTAG, () => {});
  }

  private sendFlush(oldtag: Tag, done: () => void): void {
    this.dispatch({
      request: TFLUSH,
      reply: RFLUSH,
      body: { oldtag },
      into: undefined,
      tag: undefined,
      resolve: done,
      reject: () => {},
    });
  }

  private next(): void {
    for (const pending of this.waiting) {
      if (this.sent.size >= MOST_UNDER_WAY) return;
      this.waiting.delete(pending);
      this.dispatch(pending);
    }
    if (this.sent.size === 0) this.pulse.rest();
  }

  private shut(reason: string): void {
    this.ended = reason;
    this.pulse.rest();
    this.link.close();
    const lost = [...this.sent.values(), ...this.waiting];
    this.sent.clear();
    this.waiting.clear();
    for (const { reject } of lost) reject(LOST);
  }
}

/** What a whole reply says. Throws ProtocolError where it says nothing. */
function decode(pending: Pending, { type, size }: FrameHeader, head: Uint8Array): AnyBody | Errno {
  if (pending.into !== undefined && type !== RLERROR.type) {
    return { data: { segments: pending.into, length: dataLength(head, size) } };
  }
  const decoded = decodeMessage(head);
  if (!decoded.ok) throw new ProtocolError(`a reply to ${pending.request.name} is malformed (${decoded.reason})`);
  if (type !== RLERROR.type) return decoded.body;
  const { ecode } = decoded.body;
  if (typeof ecode !== 'number' || ecode < 1 || ecode > 4095) throw new ProtocolError(`error ${ecode} does not exist`);
  return errnoOf(ecode);
}

/** The length of the data that follows count[4]; throws where that is not all of the frame. */
function dataLength(head: Uint8Array, size: number): number {
  const count = new DataView(head.buffer, head.byteOffset, READ_OVERHEAD).getUint32(7, true);
  if (count !== size - READ_OVERHEAD) throw new ProtocolError(`${count} bytes of data in a frame of ${size}`);
  return count;
}

function unasked(tag: number): never {
  throw new ProtocolError(`a reply has tag ${tag}, which no request has`);
}
