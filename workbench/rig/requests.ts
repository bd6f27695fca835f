/** The driver's queue with requests in it: where their bytes are in guest RAM, and what came back. */
import type { Gpa } from '../../devices/ports.ts';
import { DriverRing } from '../../devices/virtio/fake-driver/driver-ring.ts';
import type { DriverVirtqueue } from '../../devices/virtio/fake-driver/driver-virtqueue.ts';
import type { Arena } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { PackedDriverRing } from '../../devices/virtio/fake-driver/packed-driver-ring.ts';
import type { RingFormat } from '../../devices/virtio/queue-layout.ts';

/** Bytes for a request, and for a reply. */
export const ROOM = 8192;
/** Requests there is room for at once. */
export const SLOTS = 4;

/** Two buffers in guest RAM. */
export interface Slot {
  readonly request: Gpa;
  readonly reply: Gpa;
}

/** A request that came back. */
export interface Returned {
  readonly id: number;
  readonly frame: Uint8Array;
  /** What the device wrote, as long as it says. */
  readonly reply: Uint8Array;
}

interface Placed {
  readonly slot: Slot;
  readonly frame: Uint8Array;
}

/** Requests of one life of the queue. */
export class DriverRequests {
  readonly queue: DriverVirtqueue;
  readonly format: RingFormat;
  readonly slots: readonly Slot[];
  readonly #arena: Arena;
  readonly #free: Slot[];
  readonly #placed = new Map<number, Placed>();

  constructor(queue: DriverVirtqueue, arena: Arena, format: RingFormat) {
    this.queue = queue;
    this.format = format;
    this.#arena = arena;
    this.slots = Array.from({ length: SLOTS }, () => ({
      request: arena.allocate(ROOM),
      reply: arena.allocate(ROOM),
    }));
    this.#free = [...this.slots];
  }

  /** Requests the device has not returned. */
  get inFlight(): number {
    return this.#placed.size;
  }

  /** The words of a split ring. @throws RangeError where the ring is packed. */
  get split(): DriverRing {
    if (this.queue.ring instanceof DriverRing) return this.queue.ring;
    throw new RangeError('the ring is packed');
  }

  /** The words of a packed ring. @throws RangeError where the ring is split. */
  get packed(): PackedDriverRing {
    if (this.queue.ring instanceof PackedDriverRing) return this.queue.ring;
    throw new RangeError('the ring is split');
  }

  /** The bytes at an address of guest RAM. */
  bytes(address: number, length: number): Uint8Array {
    return this.#arena.bytes(address as Gpa, length);
  }

  /**
   * Puts a request into RAM and describes it with room for its reply, not visible to the device yet. Returns the chain's
   * number.
   *
   * @throws RangeError where frame or room are too large, or no descriptors or buffers are free.
   */
  place(frame: Uint8Array, room = ROOM): number {
    if (frame.length > ROOM || room > ROOM) throw new RangeError(`a request and its reply have ${ROOM} bytes at most`);
    const slot = this.#free.pop();
    if (slot === undefined) throw new RangeError(`${SLOTS} requests are under way: take a reply first`);
    this.bytes(slot.request, frame.length).set(frame);
    const id = this.queue.add(
      [{ address: slot.request, length: frame.length }],
      room === 0 ? [] : [{ address: slot.reply, length: room }],
    );
    if (id === undefined) {
      this.#free.push(slot);
      throw new RangeError('no descriptors are free: take a reply first');
    }
    this.#placed.set(id, { slot, frame: frame.slice() });
    return id;
  }

  /** Takes the next request the device returned; undefined where there is none. @throws DeviceMisbehaved */
  take(): Returned | undefined {
    const used = this.queue.takeUsed();
    if (used === undefined) return undefined;
    const placed = this.#placed.get(used.id);
    if (placed === undefined) return { id: used.id, frame: new Uint8Array(0), reply: new Uint8Array(0) };
    this.#placed.delete(used.id);
    this.#free.push(placed.slot);
    return { id: used.id, frame: placed.frame, reply: this.bytes(placed.slot.reply, used.len).slice() };
  }
}
