import { SegmentWriter } from '../../../bytes/segments.ts';
import { HEADER_SIZE } from '../../constants.ts';
import type { Segments } from '../../frame-handler.ts';
import { ProtocolError } from './protocol-error.ts';

/** The start of a frame. */
export interface FrameHeader {
  readonly size: number;
  readonly type: number;
  readonly tag: number;
}

/** Judges replies while they come in. Each method may throw ProtocolError. */
export interface ReplySink {
  /** How many bytes of this frame, header included, are to be collected; the rest goes where `target` says. */
  begin(header: FrameHeader): number;
  /** Where the rest goes, given what was collected; it must have exactly the room. */
  target(header: FrameHeader, head: Uint8Array): Segments;
  /** The frame is there. */
  end(header: FrameHeader, head: Uint8Array): void;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Takes a stream of replies apart. What is to be collected is, in memory of its own unless one chunk holds it all; data
 * that has a place to go is copied there from the chunk it came in, once.
 */
export class ReplyReader {
  private readonly sink: ReplySink;
  private readonly largest: number;
  private head: Uint8Array = NO_BYTES;
  private filled = 0;
  private header: FrameHeader | undefined = undefined;
  private body: SegmentWriter | undefined = undefined;
  private bodyLeft = 0;

  /** @param largest the largest frame in bytes; a larger one throws. */
  constructor(sink: ReplySink, largest: number) {
    this.sink = sink;
    this.largest = largest;
  }

  /** Takes the next bytes. Throws ProtocolError, after which this reader must not be used. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) at = this.take(chunk, at);
  }

  private take(chunk: Uint8Array, at: number): number {
    if (this.body !== undefined) return this.takeBody(chunk, at, this.body);
    const wanted = this.head === NO_BYTES ? HEADER_SIZE : this.head.length;
    const piece = chunk.subarray(at, at + wanted - this.filled);
    if (this.filled === 0 && piece.length === wanted) this.head = piece;
    else this.collect(piece, wanted);
    this.filled += piece.length;
    if (this.filled === wanted) this.advance();
    return at + piece.length;
  }

  private collect(piece: Uint8Array, wanted: number): void {
    if (this.head === NO_BYTES) this.head = new Uint8Array(wanted);
    this.head.set(piece, this.filled);
  }

  private advance(): void {
    const { header } = this;
    if (header === undefined) this.start(headerOf(this.head));
    else if (header.size > this.head.length) this.openBody(header);
    else this.finish(header);
  }

  private start(header: FrameHeader): void {
    const { size } = header;
    if (size < HEADER_SIZE || size > this.largest) throw new ProtocolError(`a frame claims to have ${size} bytes`);
    const wanted = this.sink.begin(header);
    if (wanted < HEADER_SIZE || wanted > size) throw new ProtocolError(`a frame of ${size} bytes is too short`);
    this.header = header;
    if (wanted === HEADER_SIZE) {
      this.advance();
      return;
    }
    const head = new Uint8Array(wanted);
    head.set(this.head);
    this.head = head;
  }

  private openBody(header: FrameHeader): void {
    this.bodyLeft = header.size - this.head.length;
    this.body = new SegmentWriter(this.sink.target(header, this.head), 0, this.bodyLeft);
    if (this.body.room !== this.bodyLeft) throw new Error('a reply was given less room than it has data');
  }

  private takeBody(chunk: Uint8Array, at: number, body: SegmentWriter): number {
    const piece = chunk.subarray(at, at + this.bodyLeft);
    body.write(piece, piece.length);
    this.bodyLeft -= piece.length;
    if (this.bodyLeft === 0 && this.header !== undefined) this.finish(this.header);
    return at + piece.length;
  }

  private finish(header: FrameHeader): void {
    const { head } = this;
    this.head = NO_BYTES;
    this.filled = 0;
    this.header = undefined;
    this.body = undefined;
    this.sink.end(header, head);
  }
}

/** The header at the start of a frame; there must be 7 bytes. */
export function headerOf(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_SIZE);
  return { size: view.getUint32(0, true), type: view.getUint8(4), tag: view.getUint16(5, true) };
}
