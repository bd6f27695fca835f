import type { Gpa, GuestMemory } from '../../../devices/ports.ts';
import type { Core } from './core.ts';

/** Never RAM for this core, whatever the memory size: the window of the display adapter. */
const VIDEO = { base: 0xa_0000, end: 0xc_0000 } as const;

/**
 * Guest RAM in the core's own memory, seen in place.
 *
 * The core keeps translations of guest code and notices when the guest writes to it, not when somebody else does. So every
 * range that was handed out is reported to it before the guest runs again. A view kept while the guest runs is
 * reported once, with the time it was handed out: what is written through it later must not be code that was executed
 * meanwhile, which is what a guest has to see to with DMA anyway.
 */
export class SoftwareRam implements GuestMemory {
  #core: Core;
  readonly #length: number;
  /** First address and address after the last one, in turn. */
  #handedOut: number[] = [];
  #handedOutBytes = 0;
  #closed = false;

  constructor(core: Core, length: number) {
    this.#core = core;
    this.#length = length;
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    const end = address + length;
    if (this.#closed || !(address >= 0 && length >= 0 && address < this.#length && end <= this.#length))
      return undefined;
    if (address < VIDEO.end && end > VIDEO.base) return undefined;
    if (length > 0) {
      this.#handedOut.push(address, end);
      this.#handedOutBytes += length;
    }
    return new Uint8Array(this.#core.memory.buffer, this.#core.ramBase + address, length);
  }

  /** RAM is that of another core of the same size from now on; views of the one before reach it no more. */
  moveTo(core: Core): void {
    this.#core = core;
    this.#handedOut = [];
    this.#handedOutBytes = 0;
  }

  /** Whether something was handed out since `settle`. */
  get unsettled(): boolean {
    return this.#handedOut.length > 0;
  }

  /** Has the core forget its translations of what was handed out. Called before the guest runs again. */
  settle(): void {
    const ranges = this.#handedOut;
    if (ranges.length === 0) return;
    // A guest can have the same memory handed out over and over; once is enough.
    const all = this.#handedOutBytes >= this.#length;
    this.#handedOut = [];
    this.#handedOutBytes = 0;
    if (all) {
      this.#core.functions.jit_dirty_cache(0, this.#length);
      return;
    }
    for (let i = 0; i < ranges.length; i += 2) {
      this.#core.functions.jit_dirty_cache(ranges[i] ?? 0, ranges[i + 1] ?? 0);
    }
  }

  /** No more views from now on. */
  close(): void {
    this.#closed = true;
    this.#handedOut = [];
  }
}
