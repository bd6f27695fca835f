import { ByteReader } from '../bytes/cursor.ts';
import { copyOut, sliceSegments, totalLength } from '../bytes/segments.ts';
import type { Request } from './backend.ts';
import type { AnyBody, Codec } from './codec.ts';
import type { Connection } from './connection.ts';
import { HEADER_SIZE, READ_OVERHEAD } from './constants.ts';
import type { ErrnoName } from './errno.ts';
import type { Fid } from './fids.ts';
import { FrameError, type Segments } from './frame-handler.ts';
import type { MessageName } from './messages.ts';
import type { Exchange } from './observer.ts';
import { type FidNumber, type Tag, tagNumber } from './wire-types.ts';

/** Room for the fields of all usual requests; larger ones get memory of their own for as long as they last. */
const USUAL_BODY = 4096;

const NO_SEGMENTS: Segments = [];

/**
 * One request from its arrival to its answer: its private copy of the fields, the reply area, the fids it holds and
 * whether it was flushed. A session uses calls again once they are done.
 */
export class Call implements Request, Exchange {
  readonly connection: Connection;
  id = 0;
  tag: Tag = tagNumber(0);
  type = 0;
  /** The size the client claims for its message. */
  size = 0;
  codec: Codec | undefined = undefined;
  body: AnyBody | undefined = undefined;
  /** The request as the transport gave it. */
  request: Segments = NO_SEGMENTS;
  /** The reply area as the transport gave it. */
  reply: Segments = NO_SEGMENTS;
  /** The longest reply that can be sent: the smaller of msize and the reply area. */
  replyLimit = 0;
  /** A Tflush asks for this request. */
  flushed = false;
  /** The conversation this request belongs to has ended: nothing may be written any more. */
  dropped = false;

  private active = false;
  /** A backend has this object and may keep it. */
  private shared = false;
  private available = 0;
  private readonly header = new Uint8Array(HEADER_SIZE);
  private readonly headerReader = new ByteReader(this.header);
  private readonly usual = new Uint8Array(USUAL_BODY);
  private readonly usualReader = new ByteReader(this.usual);
  /** The fields that were copied, and their length; undefined if they were not. */
  private fields: Uint8Array | undefined = undefined;
  private fieldsLength = 0;
  private first: Fid | undefined = undefined;
  private second: Fid | undefined = undefined;
  private callbacks: (() => void)[] | undefined = undefined;
  private waiters: (() => void)[] | undefined = undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get name(): MessageName | undefined {
    return this.codec?.name;
  }

  /**
   * Takes up a request: copies its header. Throws FrameError if one of the two areas is too short for 9P.
   *
   * @param smallest the bytes an error reply takes at least.
   */
  receive(id: number, request: Segments, reply: Segments, smallest: number): void {
    const available = totalLength(request);
    if (available < HEADER_SIZE) {
      throw new FrameError(`a 9P request of ${available} bytes is shorter than its header of ${HEADER_SIZE}`);
    }
    const room = totalLength(reply);
    if (room < smallest) {
      throw new FrameError(`a reply area of ${room} bytes cannot hold an error reply of ${smallest}`);
    }
    copyOut(request, 0, this.header, HEADER_SIZE);
    this.headerReader.rewind(0, HEADER_SIZE);
    this.active = true;
    this.id = id;
    this.size = this.headerReader.u32();
    this.type = this.headerReader.u8();
    this.tag = tagNumber(this.headerReader.u16());
    this.request = request;
    this.available = available;
    this.reply = reply;
    this.replyLimit = room;
  }

  /** Copies the fields, each byte once; a payload stays in the request's segments. Not if the message is shorter than its fields. */
  copyFields(codec: Codec): void {
    const { size } = this;
    this.fields = undefined;
    if (size < codec.minimum || size > this.available) return;
    const length = (codec.payloadField === undefined ? size : codec.minimum) - HEADER_SIZE;
    this.fields = length <= USUAL_BODY ? this.usual : new Uint8Array(length);
    this.fieldsLength = length;
    copyOut(this.request, HEADER_SIZE, this.fields, length);
  }

  /**
   * Takes apart the fields that were copied.
   *
   * @returns undefined if the message is shorter or longer than its fields, or than its own size.
   */
  decode(codec: Codec): AnyBody | undefined {
    const { size, request, fields, fieldsLength: length } = this;
    if (fields === undefined) return undefined;
    const reader = fields === this.usual ? this.usualReader : new ByteReader(fields);
    const end = HEADER_SIZE + length;
    if (codec.payloadField !== undefined) {
      reader.rewind(0, length, sliceSegments(request, end, size - end), size - end);
    } else reader.rewind(0, length);
    const body = codec.decode(reader);
    if (reader.overrun || reader.remaining !== 0) return undefined;
    return body;
  }

  /** Bytes of the fields that were copied, with the header; 0 if they were not. */
  get copied(): number {
    return this.fields === undefined ? 0 : HEADER_SIZE + this.fieldsLength;
  }

  /** Four of those bytes, from byte `at` of the message. */
  u32(at: number): number {
    const { fields } = this;
    if (fields === undefined) return 0;
    const first = at - HEADER_SIZE;
    const low = (fields[first] ?? 0) | ((fields[first + 1] ?? 0) << 8) | ((fields[first + 2] ?? 0) << 16);
    return low + (fields[first + 3] ?? 0) * 2 ** 24;
  }

  /** The fid of that number, kept until this request has ended; at most two. `unknown`, EBADF unless given, if there is none. */
  hold(number: FidNumber, unknown?: ErrnoName): Fid {
    const fid = this.connection.fids.get(number, unknown);
    if (this.first === undefined) this.first = fid;
    else if (this.second === undefined) this.second = fid;
    else throw new Error('no 9P message names three fids');
    fid.users++;
    return fid;
  }

  /** Where `length` bytes of data go in the reply of a read, in place. */
  dataArea(length: number): Uint8Array[] {
    return sliceSegments(this.reply, READ_OVERHEAD, length);
  }

  /** The most data a read may answer: what the client asked for, cut to what the reply can hold. */
  dataRoom(count: number): number {
    return Math.min(count, this.replyLimit - READ_OVERHEAD);
  }

  onFlush(callback: () => void): void {
    this.shared = true;
    if (this.flushed) {
      queueMicrotask(() => this.tell(callback));
      return;
    }
    this.callbacks ??= [];
    this.callbacks.push(callback);
  }

  /** Tells the operation that its client no longer waits for it. */
  flush(): void {
    if (this.flushed) return;
    this.flushed = true;
    const { callbacks } = this;
    this.callbacks = undefined;
    if (callbacks === undefined) return;
    for (const callback of callbacks) this.tell(callback);
  }

  private tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.connection.report(error);
    }
  }

  /** Resolves when this request has ended. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.waiters ??= [];
      this.waiters.push(resolve);
    });
  }

  /**
   * Lets go of everything and wakes those who wait for the end. Each request is ended exactly once, after its one
   * answer; a second end is our bug and throws.
   *
   * @returns whether this object may serve another request.
   */
  end(): boolean {
    if (!this.active) throw new Error(`request ${this.id} with tag ${this.tag} was answered twice`);
    this.active = false;
    const { first, second, waiters } = this;
    this.first = undefined;
    this.second = undefined;
    this.waiters = undefined;
    this.callbacks = undefined;
    this.request = NO_SEGMENTS;
    this.reply = NO_SEGMENTS;
    this.codec = undefined;
    this.body = undefined;
    this.fields = undefined;
    this.flushed = false;
    this.dropped = false;
    if (first !== undefined) this.letGo(first);
    if (second !== undefined) this.letGo(second);
    if (waiters !== undefined) for (const wake of waiters) wake();
    return !this.shared;
  }

  private letGo(fid: Fid): void {
    fid.users--;
    if (fid.state === 'gone') this.connection.settle(fid);
  }
}
