/**
 * The driver's side of a packed virtqueue, well-behaved: it places buffers, shows them to the device, tells whether a kick
 * is wanted and takes back what the device used.
 *
 * @spec virtio 1.2 §2.8.21 Supplying Buffers to The Device
 * @spec virtio 1.2 §2.8.22 Receiving Used Buffers From The Device
 */
import type { Gpa } from '../../ports.ts';
import { availableBits, EVENT_FLAG, isUsed, PACKED_FLAG, RingPosition } from '../packed-layout.ts';
import { DESCRIPTOR_LENGTH } from '../queue-layout.ts';
import {
  DeviceMisbehaved,
  type DriverBuffer,
  type DriverQueueOptions,
  type DriverVirtqueue,
  type UsedEntry,
} from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';
import { InOrderChains } from './in-order-chains.ts';
import { type PackedDescriptor, PackedDriverRing, putPackedDescriptor } from './packed-driver-ring.ts';

/** A packed virtqueue as its driver holds it. Chains are numbered by buffer id. */
export class PackedDriverQueue implements DriverVirtqueue {
  /** The words underneath: addresses for the device's registers, and the way to misbehave. */
  readonly ring: PackedDriverRing;
  readonly #arena: Arena;
  readonly #indirect: boolean;
  readonly #eventIdx: boolean;
  readonly #order: InOrderChains | undefined;
  readonly #freeIds: number[] = [];
  /** Entries of the ring that each chain in flight occupies, by buffer id. */
  readonly #slots: (number | undefined)[];
  readonly #tables: (Gpa | undefined)[];
  readonly #next: RingPosition;
  readonly #nextUsed: RingPosition;
  #freeSlots: number;
  /** Flags of the first chain added and not published, and where: storing them shows it all. */
  #held: { readonly slot: number; readonly flags: number } | undefined;
  #added = 0;
  #inFlight = 0;

  constructor(arena: Arena, options: DriverQueueOptions) {
    const { size } = options;
    this.ring = new PackedDriverRing(arena, size);
    this.#arena = arena;
    this.#indirect = options.indirect ?? false;
    this.#eventIdx = options.eventIdx ?? false;
    this.#order = options.inOrder === true ? new InOrderChains() : undefined;
    this.#slots = new Array<number | undefined>(size).fill(undefined);
    this.#tables = new Array<Gpa | undefined>(size).fill(undefined);
    this.#next = new RingPosition(size);
    this.#nextUsed = new RingPosition(size);
    this.#freeSlots = size;
    for (let id = size - 1; id >= 0; id -= 1) this.#freeIds.push(id);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get next(): number {
    return this.#next.toEvent();
  }

  add(readable: readonly DriverBuffer[], writable: readonly DriverBuffer[]): number | undefined {
    const parts: PackedDescriptor[] = [
      ...readable.map(({ address, length }) => ({ addr: address, len: length, flags: 0 })),
      ...writable.map(({ address, length }) => ({ addr: address, len: length, flags: PACKED_FLAG.write })),
    ];
    if (parts.length === 0 || parts.length > this.ring.size) {
      throw new RangeError(`a chain has 1 to ${this.ring.size} buffers, not ${parts.length}`);
    }
    const viaTable = this.#indirect && parts.length > 1;
    const needed = viaTable ? 1 : parts.length;
    const id = needed <= this.#freeSlots ? this.#freeIds.pop() : undefined;
    if (id === undefined) return undefined;
    this.#place(viaTable ? [this.#throughTable(id, parts)] : parts, id);
    this.#slots[id] = needed;
    this.#order?.add({ id, writableLength: writable.reduce((sum, { length }) => sum + length, 0) });
    this.#freeSlots -= needed;
    this.#added += needed;
    this.#inFlight += 1;
    return id;
  }

  publish(): boolean {
    const { ring } = this;
    if (this.#held === undefined) return false;
    ring.setFlags(this.#held.slot, this.#held.flags);
    this.#held = undefined;
    const added = this.#added;
    this.#added = 0;
    const { desc, flags } = ring.deviceEvent;
    if (flags === EVENT_FLAG.disable) return false;
    return flags === EVENT_FLAG.desc && this.#eventIdx ? this.#next.passed(desc, added) : true;
  }

  takeUsed(): UsedEntry | undefined {
    const { slot, wrap } = this.#nextUsed;
    if (!this.#order?.inBatch && !isUsed(this.ring.flags(slot), wrap)) return undefined;
    const read = () => this.ring.used(slot);
    const entry = this.#order?.take(read, this.#inFlight) ?? read();
    const slots = this.#slots[entry.id];
    if (slots === undefined) throw new DeviceMisbehaved(`used buffer id ${entry.id}, which is not in flight`);
    this.#slots[entry.id] = undefined;
    this.#freeIds.push(entry.id);
    this.#freeSlots += slots;
    this.#inFlight -= 1;
    this.#nextUsed.advance(slots);
    return entry;
  }

  suppressInterrupts(): void {
    this.ring.driverEvent = { desc: 0, flags: EVENT_FLAG.disable };
  }

  allowInterrupts(): boolean {
    this.ring.driverEvent = this.#eventIdx
      ? { desc: this.#nextUsed.toEvent(), flags: EVENT_FLAG.desc }
      : { desc: 0, flags: EVENT_FLAG.enable };
    return this.#order?.inBatch === true || isUsed(this.ring.flags(this.#nextUsed.slot), this.#nextUsed.wrap);
  }

  /** Writes a chain from the next free entry on. The flags of the very first one not yet published are held back. */
  #place(parts: readonly PackedDescriptor[], id: number): void {
    parts.forEach(({ addr, len, flags: own = 0 }, index) => {
      const { slot, wrap } = this.#next;
      const more = index < parts.length - 1 ? PACKED_FLAG.next : 0;
      const flags = own | more | availableBits(wrap);
      if (this.#held === undefined) {
        this.#held = { slot, flags };
        this.ring.setDescriptor(slot, { addr, len, id, flags: this.ring.flags(slot) });
      } else {
        this.ring.setDescriptor(slot, { addr, len, id, flags });
      }
      this.#next.advance(1);
    });
  }

  #throughTable(id: number, parts: readonly PackedDescriptor[]): PackedDescriptor {
    const table = this.#tables[id] ?? this.#arena.allocate(this.ring.size * DESCRIPTOR_LENGTH);
    this.#tables[id] = table;
    const length = parts.length * DESCRIPTOR_LENGTH;
    const bytes = this.#arena.bytes(table, length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    parts.forEach((part, index) => {
      putPackedDescriptor(view, index * DESCRIPTOR_LENGTH, part);
    });
    return { addr: table, len: length, flags: PACKED_FLAG.indirect };
  }
}
