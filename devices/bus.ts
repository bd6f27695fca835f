/** A bus: which target answers which range of port or memory addresses, and what becomes of accesses nobody answers. */
import type { AccessWidth, BusTarget, Gpa, RangePort } from './ports.ts';

/** Told of accesses that no target answers; once for each address and direction. */
export type UnclaimedTrace = (bus: string, access: 'read' | 'write', address: number, width: AccessWidth) => void;

/** Addresses remembered as traced: what a guest pokes at must not grow without bound. */
const TRACED_ADDRESSES = 1024;

interface Range {
  readonly base: number;
  /** First address after the range. */
  readonly end: number;
  readonly target: BusTarget;
}

/**
 * Routes accesses to targets by address. Ranges never overlap. An access that lies in one range reaches its target whole;
 * one that leaves the range is split into halves until every piece has a single place. Unclaimed reads give all ones,
 * unclaimed writes are dropped; both are counted.
 */
export class Bus implements RangePort {
  readonly name: string;
  /** Number of addresses, 1 to 2^53. */
  readonly size: number;
  readonly #unclaimed: UnclaimedTrace | undefined;
  readonly #traced = new Set<string>();
  /** Sorted by base. */
  #ranges: Range[] = [];
  #last: Range | undefined;
  #unclaimedReads = 0;
  #unclaimedWrites = 0;

  constructor(name: string, size: number, { unclaimed }: { readonly unclaimed?: UnclaimedTrace } = {}) {
    this.name = name;
    this.size = size;
    this.#unclaimed = unclaimed;
  }

  /** Reads that no target answered, counted in pieces. */
  get unclaimedReads(): number {
    return this.#unclaimedReads;
  }

  /** Writes that no target took, counted in pieces. */
  get unclaimedWrites(): number {
    return this.#unclaimedWrites;
  }

  /** The ranges in order of addresses, for reports. */
  get ranges(): readonly { readonly base: number; readonly length: number; readonly name: string }[] {
    return this.#ranges.map(({ base, end, target }) => ({ base, length: end - base, name: target.name }));
  }

  /** Maps [base, base + length) to `target`; returns what unmaps it, or undefined if the range overlaps another or the bus's end. */
  map(base: Gpa | number, length: number, target: BusTarget): (() => void) | undefined {
    const end = base + length;
    if (!Number.isSafeInteger(base) || !(length > 0) || base < 0 || end > this.size) return undefined;
    const place = this.#firstAfter(base);
    const [before, after] = [this.#ranges[place - 1], this.#ranges[place]];
    if ((before !== undefined && before.end > base) || (after !== undefined && after.base < end)) return undefined;
    const range: Range = { base, end, target };
    this.#ranges.splice(place, 0, range);
    return () => {
      this.#ranges = this.#ranges.filter((other) => other !== range);
      if (this.#last === range) this.#last = undefined;
    };
  }

  /** Reads `width` bytes, unsigned and little-endian. `address` is a safe integer from 0. */
  read(address: number, width: AccessWidth): number {
    const range = this.#find(address);
    if (range !== undefined && address + width <= range.end) return range.target.read(address - range.base, width);
    if (width === 1 || !this.#touches(address, width)) {
      this.#unclaimedReads++;
      this.#trace('read', address, width);
      return 2 ** (8 * width) - 1;
    }
    const half = width === 4 ? 2 : 1;
    return this.read(address, half) + this.read(address + half, half) * 2 ** (8 * half);
  }

  /** Writes the low `width` bytes of `value`. */
  write(address: number, width: AccessWidth, value: number): void {
    const range = this.#find(address);
    if (range !== undefined && address + width <= range.end) {
      range.target.write(address - range.base, width, value);
      return;
    }
    if (width === 1 || !this.#touches(address, width)) {
      this.#unclaimedWrites++;
      this.#trace('write', address, width);
      return;
    }
    const half = width === 4 ? 2 : 1;
    this.write(address, half, value % 2 ** (8 * half));
    this.write(address + half, half, Math.floor(value / 2 ** (8 * half)));
  }

  /** Reads an access of any length into `bytes`, lowest address first, in pieces of at most 4 bytes. */
  readBytes(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const width = pieceWidth(bytes.length - done);
      const value = this.read(address + done, width);
      for (let i = 0; i < width; i++) bytes[done + i] = Math.floor(value / 2 ** (8 * i));
      done += width;
    }
  }

  /** Writes an access of any length from `bytes`, lowest address first, in pieces of at most 4 bytes. */
  writeBytes(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const width = pieceWidth(bytes.length - done);
      let value = 0;
      for (let i = 0; i < width; i++) value += (bytes[done + i] ?? 0) * 2 ** (8 * i);
      this.write(address + done, width, value);
      done += width;
    }
  }

  /** Place of the first range whose base is above `address`. */
  #firstAfter(address: number): number {
    let [from, to] = [0, this.#ranges.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#ranges[middle]?.base ?? 0) > address) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #find(address: number): Range | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.base && address < last.end) return last;
    const range = this.#ranges[this.#firstAfter(address) - 1];
    if (range === undefined || address >= range.end) return undefined;
    this.#last = range;
    return range;
  }

  #touches(address: number, width: AccessWidth): boolean {
    const before = this.#ranges[this.#firstAfter(address + width - 1) - 1];
    return before !== undefined && before.end > address;
  }

  #trace(access: 'read' | 'write', address: number, width: AccessWidth): void {
    if (this.#unclaimed === undefined || this.#traced.size >= TRACED_ADDRESSES) return;
    const key = `${access} ${address}`;
    if (this.#traced.has(key)) return;
    this.#traced.add(key);
    this.#unclaimed(this.name, access, address, width);
  }
}

/** Width of the next piece of an access with `left` bytes to go. */
function pieceWidth(left: number): AccessWidth {
  if (left >= 4) return 4;
  return left >= 2 ? 2 : 1;
}
