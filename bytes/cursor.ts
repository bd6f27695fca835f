/**
 * Little-endian cursors over a flat buffer. Running past the end is not thrown field by field: it sets a sticky flag,
 * which the caller looks at once when it is done, so decoders have no branches of their own.
 */

/** Reads from a buffer that nobody else writes to. */
export class ByteReader {
  /** A read went past the end; that read and all later ones gave zeros or empty bytes. */
  overrun = false;
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private at: number;
  private end: number;
  private tail: readonly Uint8Array[] | undefined;
  private tailLength = 0;

  /** Reads all of `buffer`, from its start. The reader keeps the buffer; `bytes` hands out views of it. */
  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.at = 0;
    this.end = buffer.length;
  }

  /**
   * Starts again at byte `start` and ends before byte `end`.
   *
   * @param tail bytes that follow the message part in this buffer but were left where they are; only `payload` sees
   *   them.
   */
  rewind(start: number, end: number, tail?: readonly Uint8Array[], tailLength = 0): void {
    this.at = start;
    this.end = Math.min(end, this.buffer.length);
    this.overrun = start > this.end;
    this.tail = tail;
    this.tailLength = tailLength;
  }

  /** Bytes not read yet, in the buffer and in the tail. */
  get remaining(): number {
    return this.end - this.at + this.tailLength;
  }

  u8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : this.view.getUint8(at);
  }

  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.view.getUint16(at, true);
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.view.getUint32(at, true);
  }

  u64(): bigint {
    const at = this.take(8);
    return at < 0 ? 0n : this.view.getBigUint64(at, true);
  }

  /** A view of the next `length` bytes, valid as long as the buffer is. */
  bytes(length: number): Uint8Array {
    const at = this.take(length);
    return at < 0 ? EMPTY : this.buffer.subarray(at, at + length);
  }

  /** The next `length` bytes in pieces: the tail if there is one, which must then be exactly that long. */
  payload(length: number): readonly Uint8Array[] {
    if (this.tail === undefined) return [this.bytes(length)];
    if (this.at !== this.end || length !== this.tailLength) {
      this.overrun ||= length > this.tailLength || this.at !== this.end;
      return [];
    }
    this.tailLength = 0;
    return this.tail;
  }

  private take(length: number): number {
    const at = this.at;
    if (length > this.end - at) {
      this.overrun = true;
      this.at = this.end;
      return -1;
    }
    this.at = at + length;
    return at;
  }
}

const EMPTY = new Uint8Array(0);

/** Writes into a buffer of the caller's. */
export class ByteWriter {
  /** A write did not fit; it and all later ones changed nothing. */
  overrun = false;
  /** Bytes written so far, counted from the buffer's start. */
  length = 0;
  private readonly buffer: Uint8Array;
  private readonly view: DataView;

  constructor(buffer: Uint8Array) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  /** Starts again at byte `start`. */
  rewind(start: number): void {
    this.length = start;
    this.overrun = start > this.buffer.length;
  }

  u8(value: number): void {
    const at = this.take(1);
    if (at >= 0) this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.take(2);
    if (at >= 0) this.view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.take(4);
    if (at >= 0) this.view.setUint32(at, value, true);
  }

  /** Writes the low 64 bits of `value`. */
  u64(value: bigint): void {
    const at = this.take(8);
    if (at >= 0) this.view.setBigUint64(at, value, true);
  }

  /** Overwrites four bytes written before, from byte `at` on. */
  patchU32(at: number, value: number): void {
    if (at + 4 <= this.length) this.view.setUint32(at, value, true);
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    if (at >= 0) this.buffer.set(bytes, at);
  }

  private take(length: number): number {
    const at = this.length;
    if (this.overrun || length > this.buffer.length - at) {
      this.overrun = true;
      return -1;
    }
    this.length = at + length;
    return at;
  }
}
