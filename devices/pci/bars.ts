/** Base address registers: sizing, relocation, and the mapping that follows them. */
import type { EventPort } from '../events.ts';
import { asGpa, type BusTarget, type Gpa, type RangePort } from '../ports.ts';
import { watchedBar } from './watched-bar.ts';

/** A range a function decodes. */
export interface Bar {
  /** Register, 0 to 5. A 64-bit BAR takes the next one as well. */
  readonly index: number;
  readonly kind: 'io' | 'memory-32' | 'memory-64';
  /** Says that reads may be merged and repeated; only for memory. */
  readonly prefetchable?: boolean;
  /** Bytes: a power of two, at least 16 for memory, 4 for I/O. */
  readonly length: number;
  readonly target: BusTarget;
  /** Told where the range answers now, or undefined where it no longer does. */
  readonly moved?: (address: Gpa | undefined) => void;
}

/** The two buses a BAR can answer on. */
export interface BarBuses {
  readonly ports: RangePort;
  readonly memory: RangePort;
}

interface Slot {
  readonly bar: Bar;
  /** Address as written, without type bits. */
  address: bigint;
  mapped: { readonly at: Gpa; readonly unmap: () => void } | undefined;
}

/** Type bits a register reads below its address. @spec PCI Local Bus 3.0 §6.2.5.1 Address Maps */
function typeBits({ kind, prefetchable }: Bar): number {
  if (kind === 'io') return 0x1;
  return (kind === 'memory-64' ? 0x4 : 0x0) | (prefetchable ? 0x8 : 0x0);
}

function check(bars: readonly Bar[]): void {
  const used = new Set<number>();
  for (const { index, kind, length } of bars) {
    const registers = kind === 'memory-64' ? [index, index + 1] : [index];
    if (registers.some((register) => register < 0 || register > 5 || used.has(register))) {
      throw new Error(`BAR ${index} does not exist or is used twice`);
    }
    for (const register of registers) used.add(register);
    const least = kind === 'io' ? 4 : 16;
    if (length < least || length > 2 ** 31 || !Number.isInteger(Math.log2(length))) {
      throw new Error(`BAR ${index}: length ${length} is not a power of two of at least ${least}`);
    }
  }
}

/**
 * The base address registers of one function. A range answers while decoding is enabled for its kind, its address is not
 * 0, and nothing else answers there; an overlap leaves it unmapped until `retry` finds the place free.
 */
export class BarSet {
  readonly #slots: readonly Slot[];
  readonly #events: EventPort | undefined;
  /** The slot behind each register and whether it is its high half. */
  readonly #registers: (readonly [slot: Slot, high: boolean] | undefined)[] = [];
  #buses: BarBuses | undefined;
  #enabled = { io: false, memory: false };

  /** @throws Error when a register is used twice or a length is not allowed: our bug. */
  constructor(bars: readonly Bar[], events?: EventPort) {
    check(bars);
    this.#events = events;
    this.#slots = bars.map((bar) => ({ bar, address: 0n, mapped: undefined }));
    for (const slot of this.#slots) {
      this.#registers[slot.bar.index] = [slot, false];
      if (slot.bar.kind === 'memory-64') this.#registers[slot.bar.index + 1] = [slot, true];
    }
  }

  get bars(): readonly Bar[] {
    return this.#slots.map(({ bar }) => bar);
  }

  /** Connects the ranges to the buses. */
  attach(buses: BarBuses): void {
    this.#buses = buses;
    this.retry();
  }

  /** Value of register `index`; 0 where there is no BAR. */
  read(index: number): number {
    const register = this.#registers[index];
    if (register === undefined) return 0;
    const [{ bar, address }, high] = register;
    return high ? Number(address >> 32n) : Number(address & 0xffff_ffffn) + typeBits(bar);
  }

  /** Writes register `index`; bits below the length stay 0. True if a range stopped answering where it was. */
  write(index: number, value: number): boolean {
    const register = this.#registers[index];
    if (register === undefined) return false;
    const [slot, high] = register;
    const half = BigInt(value >>> 0);
    const whole = high ? (half << 32n) | (slot.address & 0xffff_ffffn) : (slot.address & 0xffff_ffff_0000_0000n) | half;
    slot.address = whole & ~BigInt(slot.bar.length - 1);
    return this.#place(slot);
  }

  /** Enables or disables decoding. True if a range stopped answering where it was. */
  decode(io: boolean, memory: boolean): boolean {
    this.#enabled = { io, memory };
    return this.retry();
  }

  /** Maps what should answer and does not; true if a range stopped answering where it was. */
  retry(): boolean {
    return this.#slots.map((slot) => this.#place(slot)).some((freed) => freed);
  }

  /** Addresses back to 0, decoding off. */
  reset(): void {
    for (const slot of this.#slots) slot.address = 0n;
    this.decode(false, false);
  }

  #place(slot: Slot): boolean {
    const { bar, mapped } = slot;
    const enabled = bar.kind === 'io' ? this.#enabled.io : this.#enabled.memory;
    const wanted = enabled && slot.address !== 0n ? asGpa(slot.address) : undefined;
    if (mapped?.at === wanted) return false;
    if (mapped !== undefined) {
      slot.mapped = undefined;
      mapped.unmap();
      bar.moved?.(undefined);
    }
    const bus = bar.kind === 'io' ? this.#buses?.ports : this.#buses?.memory;
    const target = this.#events === undefined ? bar.target : watchedBar(bar, this.#events);
    const unmap = wanted === undefined ? undefined : bus?.map(wanted, bar.length, target);
    if (wanted !== undefined && unmap !== undefined) {
      slot.mapped = { at: wanted, unmap };
      bar.moved?.(wanted);
    }
    return mapped !== undefined;
  }
}
