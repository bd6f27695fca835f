import { copyOut, sliceSegments } from '../../bytes/segments.ts';
import { HEADER_SIZE } from '../constants.ts';
import { FrameError, type Segments } from '../frame-handler.ts';

/** Bytes of the size field that begins each message. */
const SIZE_FIELD = 4;
/** Pieces below this many bytes are copied together. */
const SMALL = 1024;
/** What small pieces are copied into. */
const BLOCK = 4096;

/**
 * Cuts a stream of bytes into 9P messages. Messages come out as views of what went in, however it was split; only small
 * pieces are copied, once, so that a client that drips bytes holds no more memory than a small multiple of them.
 *
 * @spec Plan 9 intro(5): size[4] includes itself
 */
export class FrameReader {
  private pieces: Uint8Array[] = [];
  /** Bytes of the first piece that are cut off already. */
  private done = 0;
  private waiting = 0;
  /** Memory of the last piece, where small pieces are added to it; its first `used` bytes are in the piece. */
  private block: Uint8Array | undefined = undefined;
  private used = 0;
  private readonly sizeField = new Uint8Array(SIZE_FIELD);
  private readonly size = new DataView(this.sizeField.buffer);

  /** Bytes taken in and not given out: 0 between two messages. */
  get pending(): number {
    return this.waiting;
  }

  /** Takes in what has come. The bytes are the reader's, and later those messages', from now on. */
  feed(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (chunk.length < SMALL && this.waiting > 0) this.append(chunk);
    else {
      this.pieces.push(chunk);
      this.block = undefined;
    }
    this.waiting += chunk.length;
  }

  /**
   * The next whole message, or undefined until more has come.
   *
   * @param limit the longest message in bytes that is acceptable now.
   * @throws FrameError for a size below 7 or above `limit`; nothing after it can be understood.
   */
  next(limit: number): Segments | undefined {
    if (this.waiting < SIZE_FIELD) return undefined;
    copyOut(this.pieces, this.done, this.sizeField, SIZE_FIELD);
    const length = this.size.getUint32(0, true);
    if (length < HEADER_SIZE) throw new FrameError(`a message of ${length} bytes is shorter than its header`);
    if (length > limit) throw new FrameError(`a message of ${length} bytes is longer than the ${limit} allowed`);
    return length <= this.waiting ? this.take(length) : undefined;
  }

  private take(length: number): Segments {
    const frame = sliceSegments(this.pieces, this.done, length);
    this.waiting -= length;
    this.done += length;
    let whole = 0;
    for (let piece = this.pieces[whole]; piece !== undefined && piece.length <= this.done; piece = this.pieces[whole]) {
      this.done -= piece.length;
      whole++;
    }
    if (whole > 0) this.pieces.splice(0, whole);
    if (this.pieces.length === 0) this.block = undefined;
    return frame;
  }

  private append(chunk: Uint8Array): void {
    if (this.block === undefined || this.used + chunk.length > this.block.length) {
      this.block = new Uint8Array(BLOCK);
      this.used = 0;
    } else this.pieces.pop();
    this.block.set(chunk, this.used);
    this.used += chunk.length;
    this.pieces.push(this.block.subarray(0, this.used));
  }
}
