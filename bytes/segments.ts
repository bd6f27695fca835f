/**
 * Bytes in one or more pieces, in order, split anywhere: what a scatter-gather list becomes in JavaScript.
 */

/** The number of bytes in all pieces together. */
export function totalLength(segments: readonly Uint8Array[]): number {
  let total = 0;
  for (let i = 0; i < segments.length; i++) total += segments[i]?.length ?? 0;
  return total;
}

/**
 * Copies `length` bytes that begin at byte `at` of the segments into `into`, from its start. Each byte is read once.
 *
 * @returns the bytes copied: fewer than `length` only if the segments or `into` end before.
 */
export function copyOut(segments: readonly Uint8Array[], at: number, into: Uint8Array, length: number): number {
  const wanted = Math.min(length, into.length);
  let skip = at;
  let done = 0;
  for (let i = 0; i < segments.length && done < wanted; i++) {
    const segment = segments[i];
    if (segment === undefined) break;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const take = Math.min(segment.length - skip, wanted - done);
    if (take <= FEW) for (let k = 0; k < take; k++) into[done + k] = segment[skip + k] ?? 0;
    else into.set(segment.subarray(skip, skip + take), done);
    done += take;
    skip = 0;
  }
  return done;
}

/** Below this many bytes a loop is cheaper than making a view. */
const FEW = 64;

/**
 * Copies the first `length` bytes of `from` into the segments, beginning at their byte `at`.
 *
 * @returns the bytes copied: fewer than `length` only if the segments end before.
 */
export function copyIn(segments: readonly Uint8Array[], at: number, from: Uint8Array, length: number): number {
  const first = segments[0];
  const end = at + length;
  if (first !== undefined && end <= first.length && length <= from.length) {
    if (length <= FEW) for (let k = 0; k < length; k++) first[at + k] = from[k] ?? 0;
    else first.set(length === from.length ? from : from.subarray(0, length), at);
    return length;
  }
  const writer = new SegmentWriter(segments, at, length);
  const before = writer.room;
  writer.write(from, length);
  return before - writer.room;
}

/**
 * The part of the segments that begins at byte `at` and is `length` bytes long, as views of the same memory. Pieces
 * that lie wholly inside are handed on as they are, empty ones are left out; the result is shorter than `length` only
 * if the segments end before.
 */
export function sliceSegments(segments: readonly Uint8Array[], at: number, length: number): Uint8Array[] {
  let slices: Uint8Array[] | undefined;
  let skip = at;
  let left = length;
  for (let i = 0; i < segments.length && left > 0; i++) {
    const segment = segments[i];
    if (segment === undefined) break;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const take = Math.min(segment.length - skip, left);
    const slice = take === segment.length ? segment : segment.subarray(skip, skip + take);
    // Most results are of one piece, and a list grown from nothing has room for seventeen.
    if (slices === undefined) slices = [slice];
    else slices.push(slice);
    left -= take;
    skip = 0;
  }
  return slices ?? [];
}

/** Writes into segments piece by piece, within a window of them; what does not fit is cut off and `room` becomes 0. */
export class SegmentWriter {
  /** Bytes that can still be written. */
  room: number;
  private readonly segments: readonly Uint8Array[];
  private index = 0;
  private offset: number;

  /**
   * @param segments the caller's memory, written in place.
   * @param at first byte of the window.
   * @param length size of the window in bytes, cut to what the segments hold.
   */
  constructor(segments: readonly Uint8Array[], at: number, length: number) {
    this.segments = segments;
    this.offset = at;
    this.room = Math.max(0, Math.min(length, totalLength(segments) - at));
  }

  /** Appends the first `length` bytes of `bytes`, or as many as there is room for. */
  write(bytes: Uint8Array, length: number): void {
    let done = 0;
    const wanted = Math.min(length, bytes.length, this.room);
    while (done < wanted) {
      const segment = this.segments[this.index];
      if (segment === undefined) break;
      const free = segment.length - this.offset;
      if (free <= 0) {
        this.index++;
        this.offset -= segment.length;
        continue;
      }
      const take = Math.min(free, wanted - done);
      if (take <= FEW) for (let k = 0; k < take; k++) segment[this.offset + k] = bytes[done + k] ?? 0;
      else segment.set(done === 0 && take === bytes.length ? bytes : bytes.subarray(done, done + take), this.offset);
      this.offset += take;
      done += take;
    }
    this.room -= done;
  }
}
