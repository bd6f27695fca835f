/**
 * The shared words of a packed virtqueue; with `ring-memory.ts` the place that knows memory ordering, by the same rules:
 * words through which driver and device talk at the same time go through `Atomics`, each naming the access it pairs with.
 */
import type { GuestMemory } from '../ports.ts';
import { PACKED_DESCRIPTOR } from './packed-layout.ts';
import { areaLength, DESCRIPTOR_LENGTH } from './queue-layout.ts';
import type { QueueAddresses } from './ring-memory.ts';

interface RingViews {
  readonly desc: DataView;
  /** The descriptor ring as 16-bit words, for flags. */
  readonly words: Uint16Array;
  /** What the driver wants to hear: `desc` in the low half, `flags` in the high one. */
  readonly driver: Uint32Array;
  /** What the device wants to hear, in the same form. */
  readonly device: Uint32Array;
}

const FLAGS_WORD = PACKED_DESCRIPTOR.flags / 2;
const WORDS = DESCRIPTOR_LENGTH / 2;

function ringViews(memory: GuestMemory, at: QueueAddresses, size: number): RingViews | undefined {
  const desc = memory.view(at.desc, areaLength('packed', 'desc', size));
  const driver = memory.view(at.driver, areaLength('packed', 'driver', size));
  const device = memory.view(at.device, areaLength('packed', 'device', size));
  if (desc === undefined || driver === undefined || device === undefined) return undefined;
  return {
    desc: new DataView(desc.buffer, desc.byteOffset, desc.length),
    words: new Uint16Array(desc.buffer, desc.byteOffset, desc.length / 2),
    driver: new Uint32Array(driver.buffer, driver.byteOffset, 1),
    device: new Uint32Array(device.buffer, device.byteOffset, 1),
  };
}

/** The three areas of one packed queue in guest memory. Slots are subscripts, 0 to size - 1. */
export class PackedRingMemory {
  readonly #memory: GuestMemory;
  readonly #at: QueueAddresses;
  readonly #size: number;
  #views: RingViews;

  private constructor(memory: GuestMemory, at: QueueAddresses, size: number, views: RingViews) {
    this.#memory = memory;
    this.#at = at;
    this.#size = size;
    this.#views = views;
  }

  /** Maps the areas of a queue of `size` entries; undefined when one of them is not wholly in RAM. */
  static map(memory: GuestMemory, at: QueueAddresses, size: number): PackedRingMemory | undefined {
    const views = ringViews(memory, at, size);
    return views && new PackedRingMemory(memory, at, size, views);
  }

  /**
   * Makes the views good again where growing memory has detached them. Called before each use of the ring; false when
   * the areas are no longer in RAM.
   */
  attached(): boolean {
    if (this.#views.words.length !== 0) return true;
    const views = ringViews(this.#memory, this.#at, this.#size);
    if (views === undefined) return false;
    this.#views = views;
    return true;
  }

  /** The descriptor ring. An entry is the device's to read once `flags` has shown the head of its chain available. */
  get descriptors(): DataView {
    return this.#views.desc;
  }

  /**
   * Flags of the descriptor in `slot`. Acquires: pairs with the driver's barrier before it stores the flags of a head, so
   * the rest of the chain is seen. In `allowKicks` it also follows the store of `setDeviceEvent`, which pairs with the
   * driver's barrier between storing flags and reading that.
   */
  flags(slot: number): number {
    return Atomics.load(this.#views.words, slot * WORDS + FLAGS_WORD);
  }

  /** Writes a used descriptor over `slot`. The flags are stored last and release the rest, and the payload: they pair with the driver's barrier after it reads them. */
  putUsed(slot: number, id: number, length: number, flags: number): void {
    const { desc, words } = this.#views;
    const at = slot * DESCRIPTOR_LENGTH;
    desc.setUint32(at + PACKED_DESCRIPTOR.len, length, true);
    desc.setUint16(at + PACKED_DESCRIPTOR.id, id, true);
    Atomics.store(words, slot * WORDS + FLAGS_WORD, flags);
  }

  /** What the driver wants to hear. Comes after the store of `putUsed`: pairs with the driver's barrier between storing it and reading the flags of the next used descriptor. */
  driverEvent(): { readonly desc: number; readonly flags: number } {
    const word = Atomics.load(this.#views.driver, 0);
    return { desc: word & 0xffff, flags: (word >>> 16) & 3 };
  }

  /** Stores what the device wants to hear, both halves at once. Pairs with the driver's barrier between storing flags of a head and reading it. */
  setDeviceEvent(desc: number, flags: number): void {
    Atomics.store(this.#views.device, 0, ((flags << 16) | desc) >>> 0);
  }
}
