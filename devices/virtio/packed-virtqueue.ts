/**
 * The device's side of a packed virtqueue: one ring of descriptors, which the driver makes available and the device
 * overwrites as used.
 *
 * @spec virtio 1.2 §2.8 Packed Virtqueues
 */
import type { ChainRules } from './chain-segments.ts';
import { type PackedChain, readPackedChain } from './packed-chain.ts';
import { EVENT_FLAG, isAvailable, PACKED_FLAG, RingPosition, usedBits } from './packed-layout.ts';
import type { PackedRingMemory } from './packed-ring-memory.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

/** A packed virtqueue whose set-up was checked; made by `QueueSetup.activate`. */
export class PackedVirtqueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly #rules: ChainRules;
  readonly #eventIdx: boolean;
  /** Chains popped and not returned, by buffer id: the place that holds pop and push to each other. */
  readonly #popped = new Map<number, PackedChain>();
  readonly #nextAvail: RingPosition;
  readonly #nextUsed: RingPosition;
  #ring: PackedRingMemory | undefined;
  /** Entries of the ring that hold chains popped and not returned. */
  #slotsInFlight = 0;
  /** Entries of the ring passed by `push` since `takeInterrupt` last answered. */
  #slotsUnsignalled = 0;
  #kicksSuppressed = false;
  #fault: RingFault | undefined;

  constructor(rules: ChainRules, ring: PackedRingMemory, eventIdx: boolean) {
    this.index = rules.queue;
    this.size = rules.size;
    this.#rules = rules;
    this.#ring = ring;
    this.#eventIdx = eventIdx;
    this.#nextAvail = new RingPosition(rules.size);
    this.#nextUsed = new RingPosition(rules.size);
  }

  get inFlight(): number {
    return this.#popped.size;
  }

  pop(): PopOutcome {
    if (this.#fault !== undefined) return this.#fault;
    const ring = this.#ring;
    if (ring === undefined) return 'empty';
    if (!ring.attached()) return this.#fail('queue-outside-ram', 'it was when the queue was enabled');

    const { slot, wrap } = this.#nextAvail;
    if (!isAvailable(ring.flags(slot), wrap)) return 'empty';
    const chain = readPackedChain(this.#rules, ring.descriptors, slot, this.size - this.#slotsInFlight);
    if (chain.kind === 'fault') {
      this.#fault = chain;
      return chain;
    }
    if (this.#popped.has(chain.head)) return this.#fail('id-in-flight', `buffer id ${chain.head}`);
    this.#nextAvail.advance(chain.slots);
    this.#slotsInFlight += chain.slots;
    this.#popped.set(chain.head, chain);
    return chain;
  }

  push(chain: Chain, writtenLength: number): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    const popped = this.#popped.get(chain.head);
    if (popped === undefined || popped !== chain) {
      throw new RangeError(`queue ${this.index}: the chain with buffer id ${chain.head} is not in flight`);
    }
    if (!(writtenLength >= 0 && writtenLength <= chain.writableLength && Number.isInteger(writtenLength))) {
      throw new RangeError(
        `queue ${this.index}: ${writtenLength} bytes do not fit the ${chain.writableLength} of buffer id ${chain.head}`,
      );
    }
    this.#popped.delete(chain.head);
    this.#slotsInFlight -= popped.slots;
    if (!ring.attached()) return;
    const { slot, wrap } = this.#nextUsed;
    const written = writtenLength > 0 ? PACKED_FLAG.write : 0;
    ring.putUsed(slot, chain.head, Math.min(writtenLength, 0xffff_ffff), usedBits(wrap) | written);
    this.#nextUsed.advance(popped.slots);
    this.#slotsUnsignalled += popped.slots;
  }

  takeInterrupt(): boolean {
    const ring = this.#ring;
    const slots = this.#slotsUnsignalled;
    if (ring === undefined || slots === 0 || !ring.attached()) return false;
    this.#slotsUnsignalled = 0;
    const { desc, flags } = ring.driverEvent();
    if (flags === EVENT_FLAG.disable) return false;
    return flags === EVENT_FLAG.desc && this.#eventIdx ? this.#nextUsed.passed(desc, slots) : true;
  }

  suppressKicks(): void {
    // With EVENT_IDX it is enough to leave the place behind: the driver rings only when it passes it.
    if (this.#eventIdx || this.#kicksSuppressed || !this.#ring?.attached()) return;
    this.#ring.setDeviceEvent(0, EVENT_FLAG.disable);
    this.#kicksSuppressed = true;
  }

  allowKicks(): boolean {
    const ring = this.#ring;
    if (ring === undefined || this.#fault !== undefined || !ring.attached()) return false;
    if (this.#eventIdx) {
      ring.setDeviceEvent(this.#nextAvail.toEvent(), EVENT_FLAG.desc);
    } else if (this.#kicksSuppressed) {
      ring.setDeviceEvent(0, EVENT_FLAG.enable);
      this.#kicksSuppressed = false;
    }
    return isAvailable(ring.flags(this.#nextAvail.slot), this.#nextAvail.wrap);
  }

  detach(): void {
    this.#ring = undefined;
    this.#fault = undefined;
    this.#popped.clear();
    this.#slotsInFlight = 0;
  }

  #fail(reason: RingFaultReason, detail: string): RingFault {
    this.#fault = ringFault(reason, this.index, detail);
    return this.#fault;
  }
}
