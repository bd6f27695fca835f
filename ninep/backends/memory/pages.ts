import { SegmentWriter, totalLength } from '../../../bytes/segments.ts';
import { OFFSET_MAX } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { PAGE_SIZE, type Volume } from './volume.ts';

const SHIFT = 12n;
const WITHIN = BigInt(PAGE_SIZE - 1);
const ZEROS = new Uint8Array(PAGE_SIZE);

/**
 * The content of a regular file, as pages that come into being when they are written. What was never written reads as
 * zeros and takes no memory. Bytes of a page beyond the file's end are always zero.
 */
export class Pages {
  private readonly volume: Volume;
  /** By number: an offset below 2^63 has a page number below 2^51, which a number holds exactly. */
  private readonly byNumber = new Map<number, Uint8Array>();
  private length = 0n;

  constructor(volume: Volume) {
    this.volume = volume;
  }

  /** The file's size in bytes. */
  get size(): bigint {
    return this.length;
  }

  /** Bytes of memory its pages take. */
  get allocated(): number {
    return this.byNumber.size * PAGE_SIZE;
  }

  /** Fills `into` from `offset` on; returns the number of bytes, 0 at the end. */
  read(offset: bigint, into: readonly Uint8Array[]): number {
    const rest = this.length - offset;
    if (rest <= 0n) return 0;
    const room = totalLength(into);
    const count = rest < BigInt(room) ? Number(rest) : room;
    const writer = new SegmentWriter(into, 0, count);
    let number = Number(offset >> SHIFT);
    let within = Number(offset & WITHIN);
    while (writer.room > 0) {
      const page = this.byNumber.get(number++) ?? ZEROS;
      writer.write(within === 0 ? page : page.subarray(within), PAGE_SIZE - within);
      within = 0;
    }
    return count;
  }

  /**
   * Copies `from` to `offset` and returns how much of it there was room for. Fails with EFBIG beyond the largest offset
   * and with ENOSPC if there is no room at all.
   */
  write(offset: bigint, from: readonly Uint8Array[]): number {
    const room = OFFSET_MAX - offset;
    if (room <= 0n) fail('EFBIG');
    const wanted = totalLength(from);
    const most = room < BigInt(wanted) ? Number(room) : wanted;
    const done = this.copy(offset, from, most);
    if (done === 0 && most > 0) fail('ENOSPC');
    const end = offset + BigInt(done);
    if (end > this.length) this.length = end;
    return done;
  }

  /** Sets the size: what is cut off gives its memory back, what is added is a hole. */
  resize(size: bigint): void {
    if (size < this.length) this.cut(size);
    this.length = size;
  }

  private copy(offset: bigint, from: readonly Uint8Array[], most: number): number {
    let number = Number(offset >> SHIFT);
    let within = Number(offset & WITHIN);
    let done = 0;
    for (const segment of from) {
      for (let at = 0; at < segment.length && done < most; ) {
        const page = this.pageToWrite(number);
        if (page === undefined) return done;
        const take = Math.min(segment.length - at, PAGE_SIZE - within, most - done);
        page.set(segment.subarray(at, at + take), within);
        at += take;
        done += take;
        within += take;
        if (within === PAGE_SIZE) {
          within = 0;
          number++;
        }
      }
    }
    return done;
  }

  private pageToWrite(number: number): Uint8Array | undefined {
    const known = this.byNumber.get(number);
    if (known !== undefined) return known;
    if (!this.volume.tryTake(PAGE_SIZE)) return undefined;
    const page = new Uint8Array(PAGE_SIZE);
    this.byNumber.set(number, page);
    return page;
  }

  private cut(size: bigint): void {
    const within = Number(size & WITHIN);
    const last = Number(size >> SHIFT);
    const first = within === 0 ? last : last + 1;
    if (within !== 0) this.byNumber.get(last)?.fill(0, within);
    const end = Number((this.length + WITHIN) >> SHIFT);
    // Whichever is fewer: the pages there are, or those there could be.
    if (end - first < this.byNumber.size) for (let number = first; number < end; number++) this.drop(number);
    else for (const number of this.byNumber.keys()) if (number >= first) this.drop(number);
  }

  private drop(number: number): void {
    if (this.byNumber.delete(number)) this.volume.give(PAGE_SIZE);
  }
}
