/**
 * The driver's side of a split virtqueue, well-behaved: it places buffers, publishes them, tells whether a kick is wanted
 * and takes back what the device used. It also watches the device: a used entry that answers nothing is an error.
 *
 * @spec virtio 1.2 §2.7.13 Supplying Buffers to The Device
 * @spec virtio 1.2 §2.7.14 Receiving Used Buffers From The Device
 */
import type { Gpa } from '../../ports.ts';
import {
  AVAIL_NO_INTERRUPT,
  DESCRIPTOR_FLAG,
  DESCRIPTOR_LENGTH,
  passedEvent,
  USED_NO_NOTIFY,
} from '../queue-layout.ts';
import { type Descriptor, DriverRing, putDescriptor } from './driver-ring.ts';
import {
  DeviceMisbehaved,
  type DriverBuffer,
  type DriverQueueOptions,
  type DriverVirtqueue,
  type UsedEntry,
} from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';
import { InOrderChains } from './in-order-chains.ts';

/** A split virtqueue as its driver holds it. Chains are numbered by their first descriptor. */
export class DriverQueue implements DriverVirtqueue {
  /** The words underneath: addresses for the device's registers, and the way to misbehave. */
  readonly ring: DriverRing;
  readonly #eventIdx: boolean;
  readonly #arena: Arena;
  /** Descriptors to take from the end. In order they are in the order of the table, always. */
  readonly #free: number[] = [];
  readonly #order: InOrderChains | undefined;
  /** Descriptors of each chain in flight, by head. */
  readonly #chains: (readonly number[] | undefined)[];
  /** Indirect table that belongs to each descriptor slot, of `size` entries. */
  readonly #tables: (Gpa | undefined)[];
  readonly #indirect: boolean;
  #added = 0;
  #published = 0;
  #lastUsed = 0;

  constructor(arena: Arena, options: DriverQueueOptions) {
    this.ring = new DriverRing(arena, options.size, options.legacy);
    this.#arena = arena;
    this.#indirect = options.indirect ?? false;
    this.#eventIdx = options.eventIdx ?? false;
    this.#order = options.inOrder === true ? new InOrderChains() : undefined;
    this.#chains = new Array<readonly number[] | undefined>(options.size).fill(undefined);
    this.#tables = new Array<Gpa | undefined>(options.size).fill(undefined);
    for (let i = options.size - 1; i >= 0; i -= 1) this.#free.push(i);
  }

  get inFlight(): number {
    return this.#chains.filter((chain) => chain !== undefined).length;
  }

  get next(): number {
    return this.#published;
  }

  add(readable: readonly DriverBuffer[], writable: readonly DriverBuffer[]): number | undefined {
    const parts: Descriptor[] = [
      ...readable.map(({ address, length }) => ({ addr: address, len: length, flags: 0 })),
      ...writable.map(({ address, length }) => ({ addr: address, len: length, flags: DESCRIPTOR_FLAG.write })),
    ];
    if (parts.length === 0 || parts.length > this.ring.size) {
      throw new RangeError(`a chain has 1 to ${this.ring.size} buffers, not ${parts.length}`);
    }
    const viaTable = this.#indirect && parts.length > 1;
    const needed = viaTable ? 1 : parts.length;
    if (needed > this.#free.length) return undefined;
    const slots = this.#free.splice(-needed).reverse();
    const head = slots[0] ?? 0;

    if (viaTable) {
      const length = parts.length * DESCRIPTOR_LENGTH;
      const table = this.#tableOf(head);
      const bytes = this.#arena.bytes(table, length);
      const view = new DataView(bytes.buffer, bytes.byteOffset, length);
      link(parts, (i) => i).forEach((part, i) => {
        putDescriptor(view, i * DESCRIPTOR_LENGTH, part);
      });
      this.ring.setDescriptor(head, { addr: table, len: length, flags: DESCRIPTOR_FLAG.indirect });
    } else {
      link(parts, (i) => slots[i] ?? 0).forEach((part, i) => {
        this.ring.setDescriptor(slots[i] ?? 0, part);
      });
    }
    this.#chains[head] = slots;
    this.#order?.add({ id: head, writableLength: writable.reduce((sum, { length }) => sum + length, 0) });
    this.ring.setAvailEntry(this.#added & (this.ring.size - 1), head);
    this.#added = (this.#added + 1) & 0xffff;
    return head;
  }

  /** @spec virtio 1.2 §2.7.10 Available Buffer Notification Suppression */
  publish(): boolean {
    const before = this.#published;
    this.#published = this.#added;
    if (before === this.#added) return false;
    this.ring.availIdx = this.#added;
    return this.#eventIdx
      ? passedEvent(this.ring.availEvent, this.#added, before)
      : (this.ring.usedFlags & USED_NO_NOTIFY) === 0;
  }

  takeUsed(): UsedEntry | undefined {
    const usedIdx = this.ring.usedIdx;
    if (usedIdx === this.#lastUsed) return undefined;
    if (((usedIdx - this.#lastUsed) & 0xffff) > this.ring.size) {
      throw new DeviceMisbehaved(`used index ${usedIdx} is more than the queue size ahead of ${this.#lastUsed}`);
    }
    const read = () => this.ring.usedEntry(this.#lastUsed & (this.ring.size - 1));
    const entry = this.#order?.take(read, (usedIdx - this.#lastUsed) & 0xffff) ?? read();
    const slots = this.#chains[entry.id];
    if (slots === undefined) throw new DeviceMisbehaved(`used entry for head ${entry.id}, which is not in flight`);
    this.#chains[entry.id] = undefined;
    if (this.#order === undefined) this.#free.push(...slots.toReversed());
    else this.#free.unshift(...slots.toReversed());
    this.#lastUsed = (this.#lastUsed + 1) & 0xffff;
    return entry;
  }

  /** @spec virtio 1.2 §2.7.7 Used Buffer Notification Suppression */
  suppressInterrupts(): void {
    // With EVENT_IDX an event just behind the used index is passed last of all.
    if (this.#eventIdx) this.ring.usedEvent = (this.#lastUsed - 1) & 0xffff;
    else this.ring.availFlags = AVAIL_NO_INTERRUPT;
  }

  allowInterrupts(): boolean {
    if (this.#eventIdx) this.ring.usedEvent = this.#lastUsed;
    else this.ring.availFlags = 0;
    return this.ring.usedIdx !== this.#lastUsed;
  }

  #tableOf(head: number): Gpa {
    const table = this.#tables[head] ?? this.#arena.allocate(this.ring.size * DESCRIPTOR_LENGTH);
    this.#tables[head] = table;
    return table;
  }
}

/** The descriptors of one chain with their next fields; `slotOf` says where each will stand. */
function link(parts: readonly Descriptor[], slotOf: (index: number) => number): Descriptor[] {
  return parts.map((part, i) => {
    if (i === parts.length - 1) return part;
    const { addr, len, flags = 0 } = part;
    return { addr, len, flags: flags | DESCRIPTOR_FLAG.next, next: slotOf(i + 1) };
  });
}
