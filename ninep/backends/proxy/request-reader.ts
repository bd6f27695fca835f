import { copyOut } from '../../../bytes/segments.ts';
import { HEADER_SIZE } from '../../constants.ts';
import type { Segments } from '../../frame-handler.ts';
import { ProtocolError } from './protocol-error.ts';
import { type FrameHeader, headerOf } from './reply-reader.ts';

/** Takes a stream of requests apart: each is handed on as the pieces of the chunks it came in, without a copy. */
export class RequestReader {
  private readonly largest: number;
  private readonly take: (header: FrameHeader, frame: Segments) => void;
  private pieces: Uint8Array[] = [];
  private gathered = 0;
  private header: FrameHeader | undefined = undefined;

  /**
   * @param largest the largest frame in bytes.
   * @param take is given each frame; the memory is its own.
   */
  constructor(largest: number, take: (header: FrameHeader, frame: Segments) => void) {
    this.largest = largest;
    this.take = take;
  }

  /** Takes the next bytes. Throws ProtocolError for a size that cannot be, after which this reader must not be used. */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      const wanted = (this.header?.size ?? HEADER_SIZE) - this.gathered;
      const piece = rest.length > wanted ? rest.subarray(0, wanted) : rest;
      this.pieces.push(piece);
      this.gathered += piece.length;
      rest = rest.subarray(piece.length);
      if (piece.length === wanted) this.advance();
    }
  }

  private advance(): void {
    if (this.header === undefined) {
      this.header = this.readHeader();
      if (this.header.size > HEADER_SIZE) return;
    }
    const { header, pieces } = this;
    this.header = undefined;
    this.pieces = [];
    this.gathered = 0;
    this.take(header, pieces);
  }

  private readHeader(): FrameHeader {
    const bytes = new Uint8Array(HEADER_SIZE);
    copyOut(this.pieces, 0, bytes, HEADER_SIZE);
    const header = headerOf(bytes);
    if (header.size < HEADER_SIZE || header.size > this.largest) {
      throw new ProtocolError(`a message claims to have ${header.size} bytes`);
    }
    return header;
  }
}
