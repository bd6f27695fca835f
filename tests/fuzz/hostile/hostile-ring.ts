import { availableBits, PACKED_DESCRIPTOR, PACKED_FLAG, RingPosition } from '../../../devices/virtio/packed-layout.ts';
import {
  AVAIL,
  areaLength,
  availEventOffset,
  DESCRIPTOR,
  DESCRIPTOR_FLAG,
  DESCRIPTOR_LENGTH,
  type QueueArea,
  type RingFormat,
  USED,
  usedEventOffset,
} from '../../../devices/virtio/queue-layout.ts';
import type { Random } from '../../support/random.ts';
import type { HostileRam } from './ram.ts';
import type { Operations } from './window.ts';
import type { QueuePlace } from './wires.ts';

/** One descriptor as the driver writes it, in a ring of either format or in a table. */
export interface Descriptor {
  /** u64, in halves. */
  high: number;
  low: number;
  length: number;
  /** WRITE and INDIRECT, and what else may be; NEXT comes of itself in all but the last. */
  flags: number;
  /** Where to go on in a split ring instead of the next slot. */
  next?: number;
}

const AREAS: readonly QueueArea[] = ['desc', 'driver', 'device'];

/** The driver's side of a queue without any scruples. */
export class HostileRing {
  readonly #ram: HostileRam;
  readonly #count: Operations;
  format: RingFormat = 'split';
  place: QueuePlace = { size: 0, areas: { desc: 0, driver: 0, device: 0 } };
  /** Places in the ring filled since it was laid out: entries of a packed one, chains of a split one. */
  offered = 0;
  #slot = 0;
  #position = new RingPosition(1);

  constructor(ram: HostileRam, count: Operations) {
    this.#ram = ram;
    this.#count = count;
  }

  /** Lays out an empty ring. */
  begin(place: QueuePlace, format: RingFormat): void {
    this.place = place;
    this.format = format;
    this.offered = 0;
    this.#slot = 0;
    this.#position = new RingPosition(place.size);
    for (const area of AREAS) this.#ram.fill(place.areas[area], areaLength(format, area, place.size), 0);
  }

  /** Makes a chain available. `head` is its buffer id in a packed ring; in a split one any other than the slot it is in. */
  offer(chain: readonly Descriptor[], head: number | undefined, isHeld: (head: number) => boolean): void {
    if (this.format === 'split') this.#offerSplit(chain, head, isHeld);
    else this.#offerPacked(chain, head, isHeld);
  }

  /** Writes a table of descriptors, each followed by the next. */
  table(address: number, chain: readonly Descriptor[]): void {
    const isSplit = this.format === 'split';
    chain.forEach((descriptor, i) => {
      const flags = (descriptor.flags & 0xffff) | (isSplit && i + 1 < chain.length ? DESCRIPTOR_FLAG.next : 0);
      const last = isSplit ? flags | ((descriptor.next ?? i + 1) << 16) : flags << 16;
      this.#put(address + i * DESCRIPTOR_LENGTH, descriptor, last >>> 0);
    });
  }

  /** Says that as many chains are available as `by` more, or takes some back. */
  jump(by: number): void {
    const at = this.place.areas.driver + AVAIL.idx;
    this.#write16(at, (this.#ram.read16(at) + by) & 0xffff);
  }

  /** Changes a word that both sides look at. */
  disturb(random: Random): void {
    const { size, areas } = this.place;
    const value = random.oneIn(2) ? random.below(2 * size + 2) : random.next() & 0xffff;
    const slot = random.below(size);
    const places: readonly number[] =
      this.format === 'split'
        ? [
            areas.driver + AVAIL.flags,
            areas.driver + usedEventOffset(size),
            areas.driver + AVAIL.ring + 2 * slot,
            areas.device + USED.flags,
            areas.device + USED.idx,
            areas.device + availEventOffset(size),
            areas.device + USED.ring + 8 * slot,
          ]
        : [areas.driver, areas.driver + 2, areas.device, areas.device + 2];
    this.#write16(random.pick(places), value);
  }

  /** Changes a word of a descriptor, in use or not. */
  scribble(random: Random): void {
    const at = this.place.areas.desc + random.below(this.place.size) * DESCRIPTOR_LENGTH + 2 * random.below(8);
    this.#write16(at, random.oneIn(2) ? random.below(8) : random.next() & 0xffff);
  }

  #offerSplit(chain: readonly Descriptor[], head: number | undefined, isHeld: (head: number) => boolean): void {
    const { size, areas } = this.place;
    for (let tries = size; tries > 0 && isHeld(this.#slot); tries -= 1) this.#slot = (this.#slot + 1) % size;
    const first = this.#slot;
    chain.forEach((descriptor, i) => {
      const slot = (first + i) % size;
      const flags = descriptor.flags | (i + 1 < chain.length ? DESCRIPTOR_FLAG.next : 0);
      const next = descriptor.next ?? (slot + 1) % size;
      this.#put(areas.desc + slot * DESCRIPTOR_LENGTH, descriptor, ((flags & 0xffff) | (next << 16)) >>> 0);
    });
    this.#slot = (first + chain.length) % size;
    const at = areas.driver + AVAIL.idx;
    const idx = this.#ram.read16(at);
    this.#write16(areas.driver + AVAIL.ring + 2 * (idx % size), head ?? first);
    this.#write16(at, (idx + 1) & 0xffff);
    this.offered += 1;
  }

  #offerPacked(chain: readonly Descriptor[], head: number | undefined, isHeld: (head: number) => boolean): void {
    const { size, areas } = this.place;
    let id = head ?? this.#slot;
    if (head === undefined) for (let tries = size; tries > 0 && isHeld(id); tries -= 1) id = (id + 1) % size;
    this.#slot = (id + 1) % size;
    const first = { slot: this.#position.slot, wrap: this.#position.wrap };
    let firstFlags = 0;
    chain.forEach((descriptor, i) => {
      const { slot, wrap } = this.#position;
      const flags = (descriptor.flags & 0x7f7f) | (i + 1 < chain.length ? PACKED_FLAG.next : 0) | availableBits(wrap);
      const at = areas.desc + slot * DESCRIPTOR_LENGTH;
      // The flags of the head are stored last: they show the rest.
      if (i === 0) firstFlags = flags;
      this.#put(at, descriptor, (id | ((i === 0 ? this.#flags(at) : flags) << 16)) >>> 0);
      this.#position.advance(1);
    });
    this.#write16(areas.desc + first.slot * DESCRIPTOR_LENGTH + PACKED_DESCRIPTOR.flags, firstFlags);
    this.offered += chain.length;
  }

  #flags(at: number): number {
    return this.#ram.read16(at + PACKED_DESCRIPTOR.flags);
  }

  #put(at: number, { low, high, length }: Descriptor, last: number): void {
    this.#count.operations += 1;
    this.#ram.write32(at + DESCRIPTOR.addr, low);
    this.#ram.write32(at + DESCRIPTOR.addr + 4, high);
    this.#ram.write32(at + DESCRIPTOR.len, length);
    this.#ram.write32(at + DESCRIPTOR.flags, last);
  }

  #write16(at: number, value: number): void {
    this.#count.operations += 1;
    this.#ram.write16(at, value);
  }
}
