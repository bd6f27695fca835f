import type { Gpa, GuestMemory } from '../../../devices/ports.ts';
import type { Verdict } from './verdict.ts';

/** Guest RAM with a hole in it that knows which bytes the device may write. */

/** Bytes before and after each region that nobody may touch; a page, so that views are aligned as addresses are. */
const GUARD = 4096;
const LARGEST_VIEW = 2 ** 30;

/** RAM below the PCI hole and above 4 GiB, small enough to be looked at as a whole every few steps. */
export const LOW_RAM = { base: 0, length: 0x2_0000 } as const;
export const HIGH_RAM = { base: 0x1_0000_0000, length: 0x1_0000 } as const;

interface Region {
  readonly base: number;
  readonly length: number;
  /** Guard, RAM, guard. */
  readonly bytes: Buffer;
  readonly data: DataView;
  /** The same as it has to be, but for bytes the device has been given. */
  readonly shadow: Buffer;
  readonly shadowData: DataView;
  /** Where the device may have written since the last audit: pairs of offsets in `bytes`. */
  permits: [start: number, end: number][];
}

/**
 * Guest RAM as the device sees it (`view`), and as its driver does (`write`, `read`). The device may write what it was
 * permitted to; `audit` finds any other byte that has changed, guards around the regions included.
 */
export class HostileRam implements GuestMemory {
  readonly #regions: readonly Region[];
  /** Views the device has asked for since `beginStep`: how much work it did. */
  views = 0;
  /** The same, in order, as the areas of queues that come to life in this step. */
  readonly asked: Uint8Array[] = [];
  /** Called within `view`, in the middle of whatever the device is doing: a driver on another CPU. */
  interfere: (() => void) | undefined;
  #verdict: Verdict;

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
    this.#regions = [LOW_RAM, HIGH_RAM].map(({ base, length }) => {
      const [bytes, shadow] = [Buffer.alloc(length + 2 * GUARD), Buffer.alloc(length + 2 * GUARD)];
      const view = ({ buffer, byteOffset, byteLength }: Buffer) => new DataView(buffer, byteOffset, byteLength);
      return { base, length, bytes, shadow, data: view(bytes), shadowData: view(shadow), permits: [] };
    });
    this.clear(verdict);
  }

  /** Everything as it was at first, for another session. */
  clear(verdict: Verdict): void {
    this.#verdict = verdict;
    for (const region of this.#regions) {
      region.bytes.fill(0xc5);
      region.bytes.fill(0, GUARD, GUARD + region.length);
      region.shadow.set(region.bytes);
      region.permits = [];
    }
    this.interfere = undefined;
    this.beginStep();
  }

  beginStep(): void {
    this.views = 0;
    this.asked.length = 0;
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    if (!Number.isSafeInteger(address) || address < 0 || !Number.isInteger(length) || length < 0)
      this.#verdict.fail(`the device asks for ${length} bytes at ${address}`);
    if (length > LARGEST_VIEW) this.#verdict.fail(`the device asks for ${length} bytes at once`);
    this.views += 1;
    this.interfere?.();
    const region = this.#find(address, length);
    if (region === undefined) return undefined;
    const view = new Uint8Array(region.bytes.buffer, region.bytes.byteOffset + GUARD + address - region.base, length);
    this.asked.push(view);
    return view;
  }

  /** Bytes as the driver sees them: a copy of nothing, so not to be written to. */
  read(address: number, length: number): Uint8Array | undefined {
    const region = this.#find(address, length);
    const at = address - (region?.base ?? 0) + GUARD;
    return region?.bytes.subarray(at, at + length);
  }

  read16(address: number): number {
    const region = this.#find(address, 2);
    return region === undefined ? 0 : region.data.getUint16(GUARD + address - region.base, true);
  }

  /** The driver writes; without effect where there is no RAM. */
  write(address: number, bytes: Uint8Array): void {
    const region = this.#find(address, bytes.length);
    if (region === undefined) return;
    const at = GUARD + address - region.base;
    region.bytes.set(bytes, at);
    region.shadow.set(bytes, at);
  }

  fill(address: number, length: number, value: number): void {
    const region = this.#find(address, length);
    if (region === undefined) return;
    const at = GUARD + address - region.base;
    region.bytes.fill(value, at, at + length);
    region.shadow.fill(value, at, at + length);
  }

  write16(address: number, value: number): void {
    const region = this.#find(address, 2);
    if (region === undefined) return;
    region.data.setUint16(GUARD + address - region.base, value, true);
    region.shadowData.setUint16(GUARD + address - region.base, value, true);
  }

  write32(address: number, value: number): void {
    const region = this.#find(address, 4);
    if (region === undefined) return;
    region.data.setUint32(GUARD + address - region.base, value, true);
    region.shadowData.setUint32(GUARD + address - region.base, value, true);
  }

  /** The address of a view the device was given. @throws Broken when it is not RAM. */
  addressOf({ buffer, byteOffset, length }: Uint8Array): number {
    const region = this.#holding(buffer, byteOffset, length);
    return byteOffset - region.bytes.byteOffset - GUARD + region.base;
  }

  /** The device may write here until the next audit, and after it if it is then still permitted to. */
  permit({ buffer, byteOffset, length }: Uint8Array): void {
    const region = this.#holding(buffer, byteOffset, length);
    const start = byteOffset - region.bytes.byteOffset;
    region.permits.push([start, start + length]);
  }

  /**
   * Compares every byte that the device was not permitted to write; from now on it is permitted what is `live`.
   *
   * @throws Broken when it has written any other.
   */
  audit(live: Iterable<Uint8Array>): void {
    for (const region of this.#regions) {
      const { bytes, shadow } = region;
      let from = 0;
      for (const [start, end] of region.permits.sort(([a], [b]) => a - b)) {
        if (start > from) this.#requireEqual(region, from, start);
        if (end <= from) continue;
        const begin = Math.max(start, from);
        shadow.set(bytes.subarray(begin, end), begin);
        from = end;
      }
      this.#requireEqual(region, from, bytes.length);
      region.permits = [];
    }
    for (const view of live) this.permit(view);
  }

  #find(address: number, length: number): Region | undefined {
    for (const region of this.#regions)
      if (address >= region.base && address + length <= region.base + region.length) return region;
    return undefined;
  }

  #holding(buffer: ArrayBufferLike, byteOffset: number, length: number): Region {
    for (const region of this.#regions) {
      const at = byteOffset - region.bytes.byteOffset - GUARD;
      if (buffer === region.bytes.buffer && at >= 0 && at + length <= region.length) return region;
    }
    return this.#verdict.fail('the device was given bytes that are not RAM');
  }

  #requireEqual({ base, bytes, shadow }: Region, from: number, to: number): void {
    if (bytes.compare(shadow, from, to, from, to) === 0) return;
    let at = from;
    while (bytes[at] === shadow[at]) at += 1;
    const address = `0x${(at - GUARD + base).toString(16)}`;
    this.#verdict.fail(`the device wrote ${bytes[at]} over ${shadow[at]} at ${address}, which it was not given`);
  }
}
