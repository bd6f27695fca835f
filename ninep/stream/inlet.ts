import { HEADER_SIZE } from '../constants.ts';
import { FrameError } from '../frame-handler.ts';
import type { AreaPool } from './area-pool.ts';

/** Bytes of the size field that begins each message. */
const SIZE_FIELD = 4;
/** Memory that messages land in one after the other; longer ones get an area of their own. */
const BLOCK = 128 << 10;
/** With less room than this in a block, what comes next goes to another. */
const LEAST_ROOM = 4096;
/** A long message gets so many times the memory of what has come of it. */
const GROWTH = 4;
/** Where long messages come one after the other, so much of the next is received before its length is known. */
const HEAD = 4096;
const NOTHING = new Uint8Array(0);

/** A block, and the messages in it that somebody still needs. */
interface Block {
  readonly bytes: Uint8Array;
  kept: number;
  /** Their length in bytes. */
  keptBytes: number;
  /** Nothing more goes into it; it is given back with the last of them. */
  left: boolean;
}

/**
 * The memory that the bytes of a stream land in, and are cut into 9P messages in, without being copied. Between two
 * messages it holds none, so that a connection that rests costs nothing; of a message that has begun it holds a block, or
 * for a long one at most four times what has come.
 *
 * Before bytes are received comes `prepare`; they go to `bytes` from `from` to `to`, then comes `took`, and `next` until
 * there is no further message.
 *
 * @spec Plan 9 intro(5): size[4] includes itself
 */
export class Inlet {
  /** Where the next bytes go. */
  bytes: Uint8Array = NOTHING;
  /** The first byte that is free. */
  from = 0;
  /** The first byte that may not be filled. */
  to = 0;
  private readonly pool: AreaPool;
  private start = 0;
  /** Length of the message begun; 0 while it is not known. */
  private length = 0;
  /** What `bytes` is; undefined for the area of a long message, and for none. */
  private block: Block | undefined = undefined;
  /** The long message that was given out last, unless it is kept. */
  private lent: Uint8Array | undefined = undefined;
  private lastLength = 0;
  private lastWasLong = false;
  private wasted = 0;

  /** @param pool where memory comes from; connections may share one. */
  constructor(pool: AreaPool) {
    this.pool = pool;
  }

  /** Bytes taken in and not given out: 0 between two messages. */
  get pending(): number {
    return this.from - this.start;
  }

  /** Bytes of memory that kept messages hold beyond their own. */
  get waste(): number {
    return this.wasted;
  }

  /** Sees to it that there is room, of one byte or more. */
  prepare(): void {
    if (this.block === undefined) {
      if (this.length > 0) this.growLong();
      else this.beginBlock(NOTHING);
    } else if (this.length > BLOCK) this.beginLong();
    else if (this.start + Math.max(this.length, LEAST_ROOM) > BLOCK) this.moveOn(this.block);
    if (this.block !== undefined) this.to = this.lastWasLong ? Math.min(this.from + HEAD, BLOCK) : BLOCK;
  }

  /** So many bytes have come. */
  took(count: number): void {
    this.from += count;
  }

  /**
   * The next whole message, or undefined until more has come. It stays as it is until the next call, or, if `keep` is
   * called, until what that returns is.
   *
   * @param limit the longest message in bytes that is acceptable now.
   * @throws FrameError for a size below 7 or above `limit`; nothing after it can be understood.
   */
  next(limit: number): Uint8Array | undefined {
    if (this.lent !== undefined) {
      this.pool.give(this.lent);
      this.lent = undefined;
    }
    const { bytes, start } = this;
    const pending = this.from - start;
    if (pending < SIZE_FIELD) {
      if (pending === 0) this.rest();
      return undefined;
    }
    const length =
      ((bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8) | ((bytes[start + 2] ?? 0) << 16)) +
      (bytes[start + 3] ?? 0) * 2 ** 24;
    if (length < HEADER_SIZE) throw new FrameError(`a message of ${length} bytes is shorter than its header`);
    if (length > limit) throw new FrameError(`a message of ${length} bytes is longer than the ${limit} allowed`);
    if (pending < length) {
      this.length = length;
      return undefined;
    }
    this.length = 0;
    this.lastLength = length;
    this.start = start + length;
    if (this.block === undefined) {
      this.lent = bytes;
      this.empty();
    }
    this.lastWasLong = this.lent !== undefined;
    return bytes.subarray(start, start + length);
  }

  /** Keeps the message that `next` gave; the result, to be called once, lets go of it. */
  keep(): () => void {
    const { block, lent, lastLength } = this;
    if (lent !== undefined) {
      this.lent = undefined;
      return () => this.pool.give(lent);
    }
    if (block === undefined) throw new Error('there is no message to keep');
    block.kept++;
    block.keptBytes += lastLength;
    return () => this.letGo(block, lastLength);
  }

  /** Gives back what a message that will never be whole has taken. */
  drop(): void {
    if (this.block !== undefined) this.leave(this.block);
    this.empty();
    this.length = 0;
  }

  /** Between two messages, and nobody needs those before: the block may serve another connection. */
  private rest(): void {
    const { block } = this;
    if (block === undefined || block.kept > 0) return;
    this.pool.give(block.bytes);
    this.empty();
  }

  private empty(): void {
    this.bytes = NOTHING;
    this.block = undefined;
    this.start = 0;
    this.from = 0;
    this.to = 0;
  }

  /** A fresh block that begins with what there is of a message. */
  private beginBlock(begun: Uint8Array): void {
    const bytes = this.pool.take(BLOCK);
    bytes.set(begun);
    this.block = { bytes, kept: 0, keptBytes: 0, left: false };
    this.bytes = bytes;
    this.start = 0;
    this.from = begun.length;
  }

  /** Makes room in a block whose end is near. */
  private moveOn(block: Block): void {
    const begun = this.bytes.subarray(this.start, this.from);
    if (block.kept > 0) {
      this.leave(block);
      this.beginBlock(begun);
    } else {
      this.bytes.copyWithin(0, this.start, this.from);
      this.start = 0;
      this.from = begun.length;
    }
  }

  /** The message begun is longer than a block. */
  private beginLong(): void {
    const { block } = this;
    this.toArea(GROWTH * BLOCK);
    if (block !== undefined) this.leave(block);
    this.block = undefined;
  }

  private growLong(): void {
    if (this.from < this.to) return;
    const before = this.bytes;
    this.toArea(GROWTH * this.from);
    this.pool.give(before);
  }

  /** Goes on in an area for the whole message where one lies ready, or one of `least` bytes: a size is only a promise. */
  private toArea(least: number): void {
    const { bytes, start, from, length } = this;
    const area = this.pool.ready(length) ?? this.pool.take(Math.min(length, least));
    area.set(bytes.subarray(start, from));
    this.bytes = area;
    this.start = 0;
    this.from = from - start;
    this.to = Math.min(length, area.length);
  }

  private leave(block: Block): void {
    block.left = true;
    if (block.kept === 0) this.pool.give(block.bytes);
    else this.wasted += BLOCK - block.keptBytes;
  }

  private letGo(block: Block, length: number): void {
    block.kept--;
    block.keptBytes -= length;
    if (!block.left) {
      if (block === this.block && this.start === this.from) this.rest();
      return;
    }
    this.wasted += length;
    if (block.kept > 0) return;
    this.wasted -= BLOCK;
    this.pool.give(block.bytes);
  }
}
