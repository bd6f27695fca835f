/**
 * The words of a split virtqueue as a driver, or somebody who means harm, writes them: any value anywhere. The orderly use
 * of it is `DriverQueue`.
 *
 * @spec virtio 1.2 §2.7 Split Virtqueues
 */
import type { Gpa } from '../../ports.ts';
import {
  AVAIL,
  areaLength,
  availEventOffset,
  DESCRIPTOR,
  DESCRIPTOR_LENGTH,
  LEGACY_PAGE,
  legacyAreas,
  QUEUE_AREAS,
  type QueueArea,
  USED,
  usedEventOffset,
} from '../queue-layout.ts';
import type { RingPlace, UsedEntry } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';

/** `struct virtq_desc` as numbers. @spec virtio 1.2 §2.7.5 The Virtqueue Descriptor Table */
export interface Descriptor {
  /** u64. */
  readonly addr: bigint | number;
  /** u32. */
  readonly len: number;
  /** Bits of `DESCRIPTOR_FLAG`. */
  readonly flags?: number;
  readonly next?: number;
}

/** Writes an address, u64: a number without the detour of a bigint, for drivers in a hurry. */
export function putAddress(table: DataView, offset: number, address: bigint | number): void {
  if (typeof address === 'bigint') {
    table.setBigUint64(offset, address, true);
    return;
  }
  table.setUint32(offset, address, true);
  table.setUint32(offset + 4, Math.floor(address / 2 ** 32), true);
}

/** Writes a descriptor at byte `offset` of a table, the queue's own or an indirect one. */
export function putDescriptor(table: DataView, offset: number, descriptor: Descriptor): void {
  putAddress(table, offset + DESCRIPTOR.addr, descriptor.addr);
  table.setUint32(offset + DESCRIPTOR.len, descriptor.len, true);
  table.setUint16(offset + DESCRIPTOR.flags, descriptor.flags ?? 0, true);
  table.setUint16(offset + DESCRIPTOR.next, descriptor.next ?? 0, true);
}

/**
 * The three areas of one queue, word by word. Slots are subscripts, indices run free. Loads and stores of indices, flags
 * and events are sequentially consistent, which is every barrier the spec asks of a driver.
 */
export class DriverRing implements RingPlace {
  readonly size: number;
  /** Where the areas are, for the device's registers. */
  readonly areas: { readonly [area in QueueArea]: Gpa };
  readonly #desc: DataView;
  readonly #avail: Uint16Array;
  readonly #used: Uint16Array;
  readonly #usedEntries: Uint32Array;

  /** Takes zeroed areas for `size` entries from the arena; `legacy` in one piece, at a page. */
  constructor(arena: Arena, size: number, legacy = false) {
    this.size = size;
    this.areas = legacy ? legacyPlace(arena, size) : freePlace(arena, size);
    const bytes = (area: QueueArea): Uint8Array =>
      arena.bytes(this.areas[area], areaLength('split', area, size)).fill(0);
    const desc = bytes('desc');
    const avail = bytes('driver');
    const used = bytes('device');
    this.#desc = new DataView(desc.buffer, desc.byteOffset, desc.length);
    this.#avail = new Uint16Array(avail.buffer, avail.byteOffset, avail.length / 2);
    this.#used = new Uint16Array(used.buffer, used.byteOffset, used.length / 2);
    this.#usedEntries = new Uint32Array(used.buffer, used.byteOffset + USED.ring, 2 * size);
  }

  /** Writes entry `index` of the descriptor table. */
  setDescriptor(index: number, descriptor: Descriptor): void {
    putDescriptor(this.#desc, index * DESCRIPTOR_LENGTH, descriptor);
  }

  /** Writes the head in a slot of the available ring. */
  setAvailEntry(slot: number, head: number): void {
    this.#avail[AVAIL.ring / 2 + slot] = head;
  }

  get availIdx(): number {
    return Atomics.load(this.#avail, AVAIL.idx / 2);
  }

  set availIdx(index: number) {
    Atomics.store(this.#avail, AVAIL.idx / 2, index);
  }

  set availFlags(flags: number) {
    Atomics.store(this.#avail, AVAIL.flags / 2, flags);
  }

  set usedEvent(index: number) {
    Atomics.store(this.#avail, usedEventOffset(this.size) / 2, index);
  }

  get usedIdx(): number {
    return Atomics.load(this.#used, USED.idx / 2);
  }

  get usedFlags(): number {
    return Atomics.load(this.#used, USED.flags / 2);
  }

  get availEvent(): number {
    return Atomics.load(this.#used, availEventOffset(this.size) / 2);
  }

  /** What the device wrote in a slot of the used ring. */
  usedEntry(slot: number): UsedEntry {
    return { id: this.#usedEntries[2 * slot] ?? 0, len: this.#usedEntries[2 * slot + 1] ?? 0 };
  }
}

function freePlace(arena: Arena, size: number): RingPlace['areas'] {
  const take = (area: QueueArea) =>
    arena.allocate(areaLength('split', area, size), Number(QUEUE_AREAS.split[area].alignment));
  return { desc: take('desc'), driver: take('driver'), device: take('device') };
}

/** @spec virtio 1.2 §2.7.2 Legacy Interfaces: A Note on Virtqueue Layout */
function legacyPlace(arena: Arena, size: number): RingPlace['areas'] {
  const offsets = legacyAreas(0n, size, LEGACY_PAGE);
  const length = Number(offsets.device) + areaLength('split', 'device', size);
  const base = arena.allocate(length, Number(LEGACY_PAGE));
  const at = (area: QueueArea) => (base + Number(offsets[area])) as Gpa;
  return { desc: at('desc'), driver: at('driver'), device: at('device') };
}
