/**
 * Plain memory that plays guest RAM, and the allocator of a driver that lives in it. No accelerator, no host calls: it
 * loads wherever JavaScript runs.
 */
import type { Gpa, GuestMemory } from '../../ports.ts';

/** One piece of RAM: guest physical address and length in bytes. */
export interface RamRegion {
  readonly base: number;
  readonly length: number;
}

/** Guest RAM in one or more regions with holes between them, all zero at first. Owns its buffers. */
export class GuestRam implements GuestMemory {
  readonly regions: readonly RamRegion[];
  readonly #buffers: readonly (ArrayBuffer | SharedArrayBuffer)[];

  /**
   * @param regions ascending, not overlapping, each base and length a multiple of 4096.
   * @param buffers where the bytes live, one for each region; made here when absent. Shared ones let another thread play
   *   the driver.
   */
  constructor(regions: readonly RamRegion[], buffers?: readonly (ArrayBuffer | SharedArrayBuffer)[]) {
    this.regions = regions;
    this.#buffers = buffers ?? regions.map(({ length }) => new ArrayBuffer(length));
  }

  /** RAM from address 0 on. */
  static ofLength(length: number): GuestRam {
    return new GuestRam([{ base: 0, length }]);
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    for (let i = 0; i < this.regions.length; i += 1) {
      const region = this.regions[i];
      const buffer = this.#buffers[i];
      if (region === undefined || buffer === undefined) return undefined;
      const offset = address - region.base;
      if (offset >= 0 && offset + length <= region.length) return new Uint8Array(buffer, offset, length);
    }
    return undefined;
  }
}

/** A stretch of guest RAM from which a driver takes what it needs, front to back; nothing is given back. */
export class Arena {
  readonly memory: GuestMemory;
  readonly #end: number;
  #next: number;

  /** [base, base + length) is RAM and belongs to this arena alone. */
  constructor(memory: GuestMemory, base: number, length: number) {
    this.memory = memory;
    this.#next = base;
    this.#end = base + length;
  }

  /**
   * Takes `length` bytes at a multiple of `alignment`, a power of two.
   *
   * @throws RangeError when the arena is used up.
   */
  allocate(length: number, alignment = 16): Gpa {
    const address = Math.ceil(this.#next / alignment) * alignment;
    if (address + length > this.#end) throw new RangeError(`the driver's arena has no ${length} bytes left`);
    this.#next = address + length;
    return address as Gpa;
  }

  /** The bytes at an address of RAM. @throws RangeError when it is not RAM. */
  bytes(address: Gpa, length: number): Uint8Array {
    const view = this.memory.view(address, length);
    if (view === undefined) throw new RangeError(`no RAM: ${length} bytes at 0x${address.toString(16)}`);
    return view;
  }
}
