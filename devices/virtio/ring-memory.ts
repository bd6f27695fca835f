/**
 * The shared words of a split virtqueue. This is the one file that knows memory ordering: every word through which driver
 * and device talk to each other at the same time goes through `Atomics` here, and each such access names the one it pairs
 * with. Everything else in a ring is plain memory, made safe to read by one of these.
 *
 * `Atomics` are sequentially consistent. The language promises that for shared buffers only, but V8 emits the same
 * instructions for both kinds, and guest memory is one mapping whichever kind of buffer shows it. Typed arrays use the
 * byte order of the host: little-endian, as the spec wants it, on every host that can run this.
 */
import type { Gpa, GuestMemory } from '../ports.ts';
import { AVAIL, areaLength, availEventOffset, type QueueArea, USED, usedEventOffset } from './queue-layout.ts';

/** Addresses of the three areas, checked for alignment. */
export type QueueAddresses = { readonly [area in QueueArea]: Gpa };

interface RingViews {
  readonly desc: DataView;
  /** The available ring as 16-bit words. */
  readonly avail: Uint16Array;
  /** The used ring as 16-bit words: flags, idx and avail_event. */
  readonly used: Uint16Array;
  /** The entries of the used ring: id and len in turn. */
  readonly usedEntries: Uint32Array;
}

function ringViews(memory: GuestMemory, at: QueueAddresses, size: number): RingViews | undefined {
  const desc = memory.view(at.desc, areaLength('split', 'desc', size));
  const avail = memory.view(at.driver, areaLength('split', 'driver', size));
  const used = memory.view(at.device, areaLength('split', 'device', size));
  if (desc === undefined || avail === undefined || used === undefined) return undefined;
  return {
    desc: new DataView(desc.buffer, desc.byteOffset, desc.length),
    avail: new Uint16Array(avail.buffer, avail.byteOffset, avail.length / 2),
    used: new Uint16Array(used.buffer, used.byteOffset, used.length / 2),
    usedEntries: new Uint32Array(used.buffer, used.byteOffset + USED.ring, 2 * size),
  };
}

/** The three areas of one split queue in guest memory. Slots are subscripts, 0 to size - 1; indices run free, 0 to 65535. */
export class RingMemory {
  readonly #memory: GuestMemory;
  readonly #at: QueueAddresses;
  readonly #size: number;
  readonly #usedEvent: number;
  readonly #availEvent: number;
  #views: RingViews;

  private constructor(memory: GuestMemory, at: QueueAddresses, size: number, views: RingViews) {
    this.#memory = memory;
    this.#at = at;
    this.#size = size;
    this.#usedEvent = usedEventOffset(size) / 2;
    this.#availEvent = availEventOffset(size) / 2;
    this.#views = views;
  }

  /** Maps the areas of a queue of `size` entries; undefined when one of them is not wholly in RAM. */
  static map(memory: GuestMemory, at: QueueAddresses, size: number): RingMemory | undefined {
    const views = ringViews(memory, at, size);
    return views && new RingMemory(memory, at, size, views);
  }

  /**
   * Makes the views good again where growing memory has detached them. Called before each use of the ring; false when
   * the areas are no longer in RAM.
   */
  attached(): boolean {
    if (this.#views.avail.length !== 0) return true;
    const views = ringViews(this.#memory, this.#at, this.#size);
    if (views === undefined) return false;
    this.#views = views;
    return true;
  }

  /** The descriptor table. Its entries are the device's to read once `availIdx` has shown their head. */
  get descriptors(): DataView {
    return this.#views.desc;
  }

  /**
   * The driver's index of available chains. Acquires: pairs with the driver's barrier before it stores idx, so the
   * entries and descriptors before it are seen. In `allowKicks` it also follows the store of `setAvailEvent` or
   * `setUsedFlags`, which pairs with the driver's barrier between storing idx and reading those.
   */
  availIdx(): number {
    return Atomics.load(this.#views.avail, AVAIL.idx / 2);
  }

  /** The head in `slot` of the available ring. Plain: `availIdx` has acquired it. */
  availEntry(slot: number): number {
    return this.#views.avail[AVAIL.ring / 2 + slot] ?? 0;
  }

  /** The driver's flags. Comes after the store of `publishUsed`: pairs with the driver's barrier between storing flags and reading the used idx. */
  availFlags(): number {
    return Atomics.load(this.#views.avail, AVAIL.flags / 2);
  }

  /** The driver's used_event. Comes after the store of `publishUsed`: pairs with the driver's barrier between storing used_event and reading the used idx. */
  usedEvent(): number {
    return Atomics.load(this.#views.avail, this.#usedEvent);
  }

  /** Writes an entry of the used ring. Plain: `publishUsed` releases it. */
  putUsed(slot: number, head: number, length: number): void {
    const entries = this.#views.usedEntries;
    entries[2 * slot] = head;
    entries[2 * slot + 1] = length;
  }

  /** Stores the device's index of used chains. Releases payload and entries: pairs with the driver's barrier after it reads the used idx. */
  publishUsed(idx: number): void {
    Atomics.store(this.#views.used, USED.idx / 2, idx);
  }

  /** Stores the device's flags. Pairs with the driver's barrier between storing the available idx and reading flags. */
  setUsedFlags(flags: number): void {
    Atomics.store(this.#views.used, USED.flags / 2, flags);
  }

  /** Stores avail_event. Pairs with the driver's barrier between storing the available idx and reading avail_event. */
  setAvailEvent(idx: number): void {
    Atomics.store(this.#views.used, this.#availEvent, idx);
  }
}
