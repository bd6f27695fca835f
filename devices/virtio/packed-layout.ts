/**
 * Where things are in the three areas of a packed virtqueue: offsets and flags, as numbers.
 *
 * @spec virtio 1.2 §2.8 Packed Virtqueues
 */

/** `struct pvirtq_desc`: offsets in bytes. @spec virtio 1.2 §2.8.13 Descriptor Format */
export const PACKED_DESCRIPTOR = { addr: 0, len: 8, id: 12, flags: 14 } as const;

/** Flags of a descriptor. @spec virtio 1.2 §2.8.1 Driver and Device Ring Wrap Counters, §2.8.13 Descriptor Format */
export const PACKED_FLAG = { next: 1, write: 2, indirect: 4, avail: 1 << 7, used: 1 << 15 } as const;

/** Both bits that say whose a descriptor is. */
const OWNER = PACKED_FLAG.avail | PACKED_FLAG.used;

/** `flags` of `struct pvirtq_event_suppress`. @spec virtio 1.2 §2.8.14 Event Suppression Structure Format */
export const EVENT_FLAG = { enable: 0, disable: 1, desc: 2 } as const;

/** The wrap counter in `desc` of an event suppression structure; the bits below are an offset in the ring. */
const EVENT_WRAP = 1 << 15;

/** The bits of AVAIL and USED of a descriptor made available in a lap of that wrap counter. */
export function availableBits(wrap: boolean): number {
  return wrap ? PACKED_FLAG.avail : PACKED_FLAG.used;
}

/** The bits of AVAIL and USED of a descriptor used in a lap of that wrap counter. */
export function usedBits(wrap: boolean): number {
  return wrap ? OWNER : 0;
}

/** Whether `flags` say that the descriptor was made available in a lap of that wrap counter. */
export function isAvailable(flags: number, wrap: boolean): boolean {
  return (flags & OWNER) === availableBits(wrap);
}

/** Whether `flags` say that the descriptor was used in a lap of that wrap counter. */
export function isUsed(flags: number, wrap: boolean): boolean {
  return (flags & OWNER) === usedBits(wrap);
}

/** A place in a ring of packed descriptors: moves forward, and turns the wrap counter at the end of each lap. */
export class RingPosition {
  /** Subscript: 0 to size - 1. */
  slot = 0;
  /** The ring wrap counter: starts at 1. @spec virtio 1.2 §2.8.1 Driver and Device Ring Wrap Counters */
  wrap = true;
  readonly #size: number;

  /** @param size entries of the ring, 1 to 32768. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Moves on by `slots`, 0 to the size of the ring. */
  advance(slots: number): void {
    this.slot += slots;
    if (this.slot < this.#size) return;
    this.slot -= this.#size;
    this.wrap = !this.wrap;
  }

  /** Moves to where another position is. */
  moveTo(other: RingPosition): void {
    this.slot = other.slot;
    this.wrap = other.wrap;
  }

  isAt(other: RingPosition): boolean {
    return this.slot === other.slot && this.wrap === other.wrap;
  }

  /** As `desc` of an event suppression structure. @spec virtio 1.2 §2.8.14 Event Suppression Structure Format */
  toEvent(): number {
    return this.slot | (this.wrap ? EVENT_WRAP : 0);
  }

  /**
   * Whether the last `slots` steps, which led here, passed the place that `event` names.
   *
   * @spec virtio 1.2 §2.8.14 Event Suppression Structure Format
   */
  passed(event: number, slots: number): boolean {
    const offset = event & (EVENT_WRAP - 1);
    const thisLap = ((event & EVENT_WRAP) !== 0) === this.wrap;
    const behind = this.slot - offset + (thisLap ? 0 : this.#size);
    return behind > 0 && behind <= slots;
  }
}
