/** One counter of an 8254: what was programmed, and what follows of it at any time. */

/** Ticks of the counters in one millisecond. @spec Intel 8254 Programmable Interval Timer; IBM PC/AT Technical Reference, System Timers: 1.193182 MHz */
export const TICKS_PER_MS = 1193.182;

/** How the counter behaves. @spec Intel 8254 Mode Definitions */
export type PitMode = 0 | 1 | 2 | 3 | 4 | 5;

/** Which bytes of the count a read or write of the port carries. @spec Intel 8254 Control Word Format */
export type PitAccess = 'low' | 'high' | 'both';

/** @spec Intel 8254 Read-Back Command, Status Byte */
const STATUS = { output: 0x80, nullCount: 0x40, access: { low: 0x10, high: 0x20, both: 0x30 }, bcd: 0x01 } as const;

/** A count of 0 is the largest. */
const LARGEST = { binary: 0x1_0000, bcd: 10_000 } as const;

/** Modes whose counting begins with a rise of the gate. */
const TRIGGERED: readonly PitMode[] = [1, 5];
/** Modes that begin again by themselves. */
const PERIODIC: readonly PitMode[] = [2, 3];

/** One of three. Times are in milliseconds of the machine's monotonic clock. */
export class PitCounter {
  #mode: PitMode = 0;
  #access: PitAccess = 'both';
  #bcd = false;
  #gate: boolean;
  /** Ticks of a whole count; undefined until one was written. */
  #count: number | undefined;
  /** When the count was loaded or triggered; undefined while a triggered mode waits for its gate. */
  #startedMs: number | undefined;
  /** Ticks counted before the gate last stopped counting. */
  #heldTicks = 0;
  #lowWritten: number | undefined;
  #readHigh = false;
  #latchedCount: number | undefined;
  #latchedStatus: number | undefined;

  /** `gate` is the level of the gate at first. */
  constructor(gate: boolean) {
    this.#gate = gate;
  }

  /** Takes a control word: forgets the count and waits for a new one. */
  program(mode: PitMode, access: PitAccess, bcd: boolean): void {
    this.#mode = mode;
    this.#access = access;
    this.#bcd = bcd;
    this.#count = undefined;
    this.#startedMs = undefined;
    this.#heldTicks = 0;
    this.#lowWritten = undefined;
    this.#readHigh = false;
    this.#latchedCount = undefined;
    this.#latchedStatus = undefined;
  }

  /** Takes a byte of the count; with `both` it counts from the second one on. */
  write(value: number, nowMs: number): void {
    if (this.#access === 'low') this.#load(value, nowMs);
    else if (this.#access === 'high') this.#load(value << 8, nowMs);
    else if (this.#lowWritten === undefined) this.#lowWritten = value;
    else {
      const word = this.#lowWritten | (value << 8);
      this.#lowWritten = undefined;
      this.#load(word, nowMs);
    }
  }

  /** A byte: of the latched status, the latched count, or the count as it is. */
  read(nowMs: number): number {
    const status = this.#latchedStatus;
    if (status !== undefined) {
      this.#latchedStatus = undefined;
      return status;
    }
    const count = this.#latchedCount ?? this.#encode(this.#remaining(nowMs));
    const high = this.#access === 'high' || (this.#access === 'both' && this.#readHigh);
    if (this.#access === 'both') this.#readHigh = !this.#readHigh;
    if (high || this.#access === 'low') this.#latchedCount = undefined;
    return high ? count >>> 8 : count & 0xff;
  }

  /** Keeps the count for the next reads; a count latched before is kept instead. */
  latchCount(nowMs: number): void {
    this.#latchedCount ??= this.#encode(this.#remaining(nowMs));
  }

  /** Keeps the status for the next read. */
  latchStatus(nowMs: number): void {
    this.#latchedStatus ??=
      (this.output(nowMs) ? STATUS.output : 0) |
      (this.#count === undefined ? STATUS.nullCount : 0) |
      STATUS.access[this.#access] |
      (this.#mode << 1) |
      (this.#bcd ? STATUS.bcd : 0);
  }

  /** Sets the gate: a rise triggers or begins again, a low level holds the count. */
  setGate(gate: boolean, nowMs: number): void {
    if (gate === this.#gate) return;
    const triggers = TRIGGERED.includes(this.#mode);
    if (!gate && !triggers) this.#heldTicks = this.#elapsed(nowMs);
    this.#gate = gate;
    if (this.#count === undefined) return;
    if (gate && (triggers || PERIODIC.includes(this.#mode))) this.#heldTicks = 0;
    if (gate) this.#startedMs = nowMs;
    else if (!triggers) this.#startedMs = undefined;
  }

  /** Level of the output. */
  output(nowMs: number): boolean {
    const count = this.#count;
    if (count === undefined) return this.#mode !== 0;
    const ticks = this.#elapsed(nowMs);
    if (this.#mode === 0) return ticks >= count;
    if (this.#mode === 1) return this.#startedMs === undefined || ticks >= count;
    if (this.#mode === 2) return !this.#gate || ticks % count !== count - 1;
    if (this.#mode === 3) return !this.#gate || ticks % count < Math.ceil(count / 2);
    return ticks !== count;
  }

  /** How often the output has risen since the count was loaded or triggered. */
  rises(nowMs: number): number {
    const count = this.#count;
    if (count === undefined) return 0;
    const ticks = this.#elapsed(nowMs);
    if (PERIODIC.includes(this.#mode)) return Math.floor(ticks / count);
    if (this.#mode === 0 || this.#mode === 1) return ticks >= count ? 1 : 0;
    return ticks > count ? 1 : 0;
  }

  /** Milliseconds to the next rise of the output; Infinity where none will come by itself. */
  msToRise(nowMs: number): number {
    const count = this.#count;
    if (count === undefined || this.#startedMs === undefined) return Number.POSITIVE_INFINITY;
    const due = PERIODIC.includes(this.#mode)
      ? (this.rises(nowMs) + 1) * count
      : count + (this.#mode === 4 || this.#mode === 5 ? 1 : 0);
    if (this.#elapsed(nowMs) >= due) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#startedMs + (due - this.#heldTicks) / TICKS_PER_MS - nowMs);
  }

  #load(word: number, nowMs: number): void {
    const value = this.#bcd ? fromBcd(word) : word;
    this.#count = value === 0 ? LARGEST[this.#bcd ? 'bcd' : 'binary'] : value;
    this.#heldTicks = 0;
    this.#startedMs = this.#gate && !TRIGGERED.includes(this.#mode) ? nowMs : undefined;
  }

  /** Ticks counted since the count was loaded or triggered. */
  #elapsed(nowMs: number): number {
    if (this.#startedMs === undefined) return this.#heldTicks;
    return this.#heldTicks + Math.max(0, Math.floor((nowMs - this.#startedMs) * TICKS_PER_MS));
  }

  /** What the counting element holds: it counts down, in mode 3 by two. */
  #remaining(nowMs: number): number {
    const count = this.#count ?? 0;
    const ticks = this.#elapsed(nowMs);
    if (count === 0) return 0;
    if (this.#mode === 2) return count - (ticks % count);
    if (this.#mode === 3) {
      const half = Math.ceil(count / 2);
      const into = ticks % count;
      return Math.max(0, (count & ~1) - 2 * (into < half ? into : into - half));
    }
    const all = LARGEST[this.#bcd ? 'bcd' : 'binary'];
    return (((count - ticks) % all) + all) % all;
  }

  #encode(count: number): number {
    return this.#bcd ? toBcd(count % LARGEST.bcd) : count & 0xffff;
  }
}

function fromBcd(word: number): number {
  const digits = [word >>> 12, (word >>> 8) & 15, (word >>> 4) & 15, word & 15];
  return digits.reduce((value, digit) => value * 10 + digit, 0);
}

function toBcd(value: number): number {
  return [1000, 100, 10, 1].reduce((word, unit) => (word << 4) | (Math.floor(value / unit) % 10), 0);
}
