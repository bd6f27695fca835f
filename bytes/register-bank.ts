/** The values of one register block in one device: splits and joins accesses so that handlers see whole values. */
import type { RegisterRow } from './register-row.ts';
import { explainAccess } from './register-text.ts';

/** What became of a write: taken by a register, dropped by read-only ones or a hole, or not an access of this block. */
export type RegisterOutcome = 'ok' | 'ignored' | 'bad-access';

/** The layout of a block as its banks use it; made once for each table. */
export interface RegisterLayout<Owner> {
  readonly name: string;
  readonly length: number;
  readonly rows: readonly RegisterRow<Owner>[];
  /** For each byte of the block the index of the row that holds it, or -1. */
  readonly rowAt: Int16Array;
  readonly indexOf: ReadonlyMap<string, number>;
}

/** Mask of the lowest `bytes` bytes of a dword, 0 to 4. */
function lanes(bytes: number): number {
  return bytes >= 4 ? 0xffff_ffff : 2 ** (8 * Math.max(bytes, 0)) - 1;
}

const low = (value: number | bigint) => (typeof value === 'bigint' ? Number(value & 0xffff_ffffn) : value >>> 0);
const high = (value: number | bigint) => (typeof value === 'bigint' ? Number((value >> 32n) & 0xffff_ffffn) : 0);
const join = (lowHalf: number, highHalf: number) => (BigInt(highHalf) << 32n) | BigInt(lowHalf);

/**
 * One instance of a register block. Accesses are 1, 2 or 4 bytes wide at any offset: narrower than a register, straddling
 * two, or one half of a register of 8 bytes. Bytes without a register read 0.
 */
export class RegisterBank<Owner> {
  readonly #layout: RegisterLayout<Owner>;
  readonly #owner: Owner;
  readonly #presets: ReadonlyMap<number, number | bigint>;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  /** High half of the value `#load` returned last. */
  #loadedHigh = 0;

  /** Made by `RegisterBlock.instance`. */
  constructor(layout: RegisterLayout<Owner>, owner: Owner, presets: Readonly<Record<string, number | bigint>>) {
    this.#layout = layout;
    this.#owner = owner;
    this.#low = new Uint32Array(layout.rows.length);
    this.#high = new Uint32Array(layout.rows.length);
    this.#presets = new Map(Object.entries(presets).map(([name, value]) => [this.#index(name), value]));
    this.reset();
  }

  /** Length of the block in bytes. */
  get length(): number {
    return this.#layout.length;
  }

  /** Puts every kept value back to what it was at first; calls no handler. */
  reset(): void {
    this.#layout.rows.forEach((row, index) => {
      const value = this.#presets.get(index) ?? row.reset;
      this.#low[index] = low(value);
      this.#high[index] = high(value);
    });
  }

  /** The value of `width` bytes at `offset`, unsigned, little-endian; undefined for an access this block does not have. */
  read(offset: number, width: number): number | undefined {
    if (this.#isBad(offset, width)) return undefined;
    const { rows, rowAt } = this.#layout;
    let value = 0;
    for (let done = 0; done < width; ) {
      const index = rowAt[offset + done] ?? -1;
      const row = rows[index];
      if (row === undefined) {
        done++;
        continue;
      }
      const skip = offset + done - row.at;
      const take = Math.min(row.width - skip, width - done);
      const lowHalf = this.#load(row, index);
      const part = bytesOf(lowHalf, this.#loadedHigh, skip, take);
      value += part * 2 ** (8 * done);
      done += take;
    }
    return value;
  }

  /** Writes the low `width` bytes of `value` at `offset`. */
  write(offset: number, width: number, value: number): RegisterOutcome {
    if (this.#isBad(offset, width)) return 'bad-access';
    const { rows, rowAt } = this.#layout;
    let outcome: RegisterOutcome = 'ignored';
    for (let done = 0; done < width; ) {
      const index = rowAt[offset + done] ?? -1;
      const row = rows[index];
      if (row === undefined) {
        done++;
        continue;
      }
      const skip = offset + done - row.at;
      const take = Math.min(row.width - skip, width - done);
      const part = bytesOf(value >>> 0, 0, done, take);
      if (this.#store(row, index, part, skip, take)) outcome = 'ok';
      done += take;
    }
    return outcome;
  }

  /** What an access touches, for a trace; calls no handler. */
  explain(offset: number, width: number, value: number): string {
    return explainAccess(this.#layout, offset, width, value);
  }

  /** The kept value of a register of at most 4 bytes. @throws Error when there is no such register: our bug. */
  get(name: string): number {
    return this.#low[this.#kept(name, false)] ?? 0;
  }

  /** The kept value of a register of 8 bytes. @throws Error when there is no such register: our bug. */
  getWide(name: string): bigint {
    const index = this.#kept(name, true);
    return join(this.#low[index] ?? 0, this.#high[index] ?? 0);
  }

  /** Sets the kept value of a register from the device's side: no mask, no handler. @throws Error when there is no such register: our bug. */
  set(name: string, value: number | bigint): void {
    const index = this.#kept(name, typeof value === 'bigint');
    this.#low[index] = low(value);
    this.#high[index] = high(value);
  }

  #isBad(offset: number, width: number): boolean {
    return (
      (width !== 1 && width !== 2 && width !== 4) ||
      !Number.isInteger(offset) ||
      offset < 0 ||
      offset + width > this.#layout.length
    );
  }

  #index(name: string): number {
    const index = this.#layout.indexOf.get(name);
    if (index === undefined) throw new Error(`register block ${this.#layout.name} has no register ${name}`);
    return index;
  }

  #kept(name: string, wide: boolean): number {
    const index = this.#index(name);
    const row = this.#layout.rows[index];
    if (row?.read !== undefined || (row?.width === 8) !== wide) {
      throw new Error(`register ${this.#layout.name}.${name} is not kept by the block as a value of that width`);
    }
    return index;
  }

  #load(row: RegisterRow<Owner>, index: number): number {
    if (row.read !== undefined) {
      const value = row.read(this.#owner);
      const lowHalf = low(value);
      if (row.latched) {
        this.#low[index] = lowHalf;
        this.#high[index] = high(value);
      }
      this.#loadedHigh = high(value);
      return lowHalf;
    }
    const lowHalf = this.#low[index] ?? 0;
    this.#loadedHigh = this.#high[index] ?? 0;
    if (row.access === 'rc') {
      this.#low[index] = 0;
      this.#high[index] = 0;
    }
    return lowHalf;
  }

  /** Writes bytes [skip, skip + take) of a register; false if it does not take writes. */
  #store(row: RegisterRow<Owner>, index: number, part: number, skip: number, take: number): boolean {
    if (row.access === 'ro' || row.access === 'rc') return false;
    // The bytes written, and which they are, at their places in the low and the high half of the register.
    const before = 2 ** (8 * Math.min(skip, 4));
    const writtenLow = skip < 4 ? ((part & lanes(4 - skip)) >>> 0) * before : 0;
    const writtenHigh = skip < 4 ? bytesOf(part, 0, 4 - skip, take) : part * 2 ** (8 * (skip - 4));
    const laneLow = ((lanes(skip + take) ^ lanes(skip)) & 0xffff_ffff) >>> 0;
    const laneHigh = (lanes(skip + take - 4) ^ lanes(skip - 4)) >>> 0;

    if (row.read !== undefined) {
      const whole = take === row.width;
      const oldLow = whole ? 0 : row.latched ? (this.#low[index] ?? 0) : this.#load(row, index);
      const oldHigh = whole ? 0 : row.latched ? (this.#high[index] ?? 0) : this.#loadedHigh;
      const newLow = ((oldLow & ~laneLow) | writtenLow) >>> 0;
      const newHigh = ((oldHigh & ~laneHigh) | writtenHigh) >>> 0;
      if (row.latched) {
        this.#low[index] = newLow;
        this.#high[index] = newHigh;
      }
      this.#tell(row, newLow, newHigh);
      return true;
    }

    const mask = row.mask ?? (row.width === 8 ? 0xffff_ffff_ffff_ffffn : 0xffff_ffff);
    const [maskLow, maskHigh] = [laneLow & low(mask), laneHigh & high(mask)];
    const [oldLow, oldHigh] = [this.#low[index] ?? 0, this.#high[index] ?? 0];
    const clearing = row.access === 'w1c';
    const newLow = clearing ? oldLow & ~(writtenLow & maskLow) : (oldLow & ~maskLow) | (writtenLow & maskLow);
    const newHigh = clearing ? oldHigh & ~(writtenHigh & maskHigh) : (oldHigh & ~maskHigh) | (writtenHigh & maskHigh);
    this.#low[index] = newLow;
    this.#high[index] = newHigh;
    this.#tell(row, newLow >>> 0, newHigh >>> 0);
    return true;
  }

  #tell(row: RegisterRow<Owner>, lowHalf: number, highHalf: number): void {
    if (row.width === 8) row.write?.(this.#owner, join(lowHalf, highHalf));
    else row.write?.(this.#owner, lowHalf);
  }
}

/** Bytes [skip, skip + take) of a value given in two halves, as an unsigned number; at most 4 bytes. */
function bytesOf(lowHalf: number, highHalf: number, skip: number, take: number): number {
  if (skip >= 4) return ((highHalf >>> (8 * (skip - 4))) & lanes(take)) >>> 0;
  if (skip === 0) return (lowHalf & lanes(take)) >>> 0;
  return (((lowHalf >>> (8 * skip)) | (highHalf << (32 - 8 * skip))) & lanes(take)) >>> 0;
}
