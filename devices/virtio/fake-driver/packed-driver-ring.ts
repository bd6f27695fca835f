/**
 * The words of a packed virtqueue as a driver, or somebody who means harm, writes them: any value anywhere. The orderly use
 * of it is `PackedDriverQueue`.
 *
 * @spec virtio 1.2 §2.8 Packed Virtqueues
 */
import type { Gpa } from '../../ports.ts';
import { PACKED_DESCRIPTOR } from '../packed-layout.ts';
import { areaLength, DESCRIPTOR_LENGTH, QUEUE_AREAS, type QueueArea } from '../queue-layout.ts';
import { putAddress } from './driver-ring.ts';
import type { RingPlace } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';

/** `struct pvirtq_desc` as numbers. @spec virtio 1.2 §2.8.13 Descriptor Format */
export interface PackedDescriptor {
  /** u64. */
  readonly addr: bigint | number;
  /** u32. */
  readonly len: number;
  /** Buffer id, u16. */
  readonly id?: number;
  /** Bits of `PACKED_FLAG`. */
  readonly flags?: number;
}

/** What one side wants to hear. @spec virtio 1.2 §2.8.14 Event Suppression Structure Format */
export interface EventSuppression {
  /** Offset in the ring, and the wrap counter in bit 15. */
  readonly desc: number;
  readonly flags: number;
}

/** Writes all of a descriptor but its flags at byte `offset` of a table. */
function putFields(table: DataView, offset: number, descriptor: PackedDescriptor): void {
  putAddress(table, offset + PACKED_DESCRIPTOR.addr, descriptor.addr);
  table.setUint32(offset + PACKED_DESCRIPTOR.len, descriptor.len, true);
  table.setUint16(offset + PACKED_DESCRIPTOR.id, descriptor.id ?? 0, true);
}

/** Writes a descriptor at byte `offset` of an indirect table. */
export function putPackedDescriptor(table: DataView, offset: number, descriptor: PackedDescriptor): void {
  putFields(table, offset, descriptor);
  table.setUint16(offset + PACKED_DESCRIPTOR.flags, descriptor.flags ?? 0, true);
}

/**
 * The three areas of one packed queue, word by word. Loads and stores of flags and events are sequentially consistent,
 * which is every barrier the spec asks of a driver.
 */
export class PackedDriverRing implements RingPlace {
  readonly size: number;
  readonly areas: { readonly [area in QueueArea]: Gpa };
  readonly #desc: DataView;
  readonly #words: Uint16Array;
  readonly #driver: Uint32Array;
  readonly #device: Uint32Array;

  /** Takes zeroed areas for `size` entries from the arena. */
  constructor(arena: Arena, size: number) {
    this.size = size;
    const length = (area: QueueArea) => areaLength('packed', area, size);
    const take = (area: QueueArea) => arena.allocate(length(area), Number(QUEUE_AREAS.packed[area].alignment));
    this.areas = { desc: take('desc'), driver: take('driver'), device: take('device') };
    const bytes = (area: QueueArea) => arena.bytes(this.areas[area], length(area)).fill(0);
    const [desc, driver, device] = [bytes('desc'), bytes('driver'), bytes('device')];
    this.#desc = new DataView(desc.buffer, desc.byteOffset, desc.length);
    this.#words = new Uint16Array(desc.buffer, desc.byteOffset, desc.length / 2);
    this.#driver = new Uint32Array(driver.buffer, driver.byteOffset, 1);
    this.#device = new Uint32Array(device.buffer, device.byteOffset, 1);
  }

  /** Writes entry `slot`, its flags last: they show the rest to the device. */
  setDescriptor(slot: number, descriptor: PackedDescriptor): void {
    putFields(this.#desc, slot * DESCRIPTOR_LENGTH, descriptor);
    this.setFlags(slot, descriptor.flags ?? 0);
  }

  flags(slot: number): number {
    return Atomics.load(this.#words, (slot * DESCRIPTOR_LENGTH + PACKED_DESCRIPTOR.flags) / 2);
  }

  setFlags(slot: number, flags: number): void {
    Atomics.store(this.#words, (slot * DESCRIPTOR_LENGTH + PACKED_DESCRIPTOR.flags) / 2, flags);
  }

  /** Buffer id and length in entry `slot`: what the device wrote where its flags say used. */
  used(slot: number): { readonly id: number; readonly len: number } {
    const at = slot * DESCRIPTOR_LENGTH;
    return {
      id: this.#desc.getUint16(at + PACKED_DESCRIPTOR.id, true),
      len: this.#desc.getUint32(at + PACKED_DESCRIPTOR.len, true),
    };
  }

  get deviceEvent(): EventSuppression {
    const word = Atomics.load(this.#device, 0);
    return { desc: word & 0xffff, flags: word >>> 16 };
  }

  set driverEvent({ desc, flags }: EventSuppression) {
    Atomics.store(this.#driver, 0, ((flags << 16) | desc) >>> 0);
  }
}
