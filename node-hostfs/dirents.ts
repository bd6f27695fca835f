/**
 * The entries in a buffer that `getdents64` filled, one at a time and without copying.
 *
 * @spec Linux getdents64(2): struct linux_dirent64
 */
const RECLEN_AT = 16;
const TYPE_AT = 18;
const NAME_AT = 19;
/** Entries begin and end at multiples of this: what follows a name's NUL is shorter. */
const ALIGNMENT = 8;

/** Walks the entries of one buffer: `while (dirents.next())`, then read the fields of the current entry. */
export class Dirents {
  /** What to hand to `getdents64`. */
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  #at = 0;
  #next = 0;
  #end = 0;

  /** `size` in bytes, at least 280, so that an entry with a name of 255 bytes fits. */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 280) throw new RangeError(`Dirents: size must be 280 or more, not ${size}`);
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Starts over with the number of bytes that `getdents64` returned; nothing is left with a number below 1. */
  fill(length: number): void {
    this.#at = 0;
    this.#next = 0;
    this.#end = Math.max(0, Math.min(length, this.bytes.length));
  }

  /** Steps to the next entry; false when the buffer holds no more. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    this.#at = this.#next;
    this.#next += this.view.getUint16(this.#at + RECLEN_AT, true);
    return true;
  }

  get ino(): bigint {
    return this.view.getBigUint64(this.#at, true);
  }
  /** The cookie for `seekdir` that continues after this entry. */
  get offset(): bigint {
    return this.view.getBigInt64(this.#at + 8, true);
  }
  /** A value of `DT`. */
  get type(): number {
    return this.view.getUint8(this.#at + TYPE_AT);
  }
  /** Where the current entry begins in `bytes`. */
  get at(): number {
    return this.#at;
  }
  /** Where the current entry's name begins in `bytes`. */
  get nameAt(): number {
    return this.#at + NAME_AT;
  }
  /** Where the current entry's name ends in `bytes`. */
  get nameEnd(): number {
    const { bytes } = this;
    let end = Math.max(this.#at + NAME_AT, this.#next - ALIGNMENT);
    while (end < this.#next && bytes[end] !== 0) end++;
    return end;
  }
  /** A view of the name in `bytes`, valid until the buffer is filled again. */
  get name(): Uint8Array {
    return this.bytes.subarray(this.nameAt, this.nameEnd);
  }
}
