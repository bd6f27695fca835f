/**
 * The device's side of a packed virtqueue: one ring of descriptors, which the driver makes available and the device
 * overwrites as used.
 *
 * @spec virtio 1.2 §2.8 Packed Virtqueues
 */
import { type ChainRules, ChainSegments } from './chain-segments.ts';
import { ChainsInFlight } from './chains-in-flight.ts';
import { InOrder } from './in-order.ts';
import { type PackedChain, readPackedChain } from './packed-chain.ts';
import { EVENT_FLAG, isAvailable, PACKED_FLAG, RingPosition, usedBits } from './packed-layout.ts';
import type { PackedRingMemory } from './packed-ring-memory.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

/** What was agreed on the use of the ring. */
export interface PackedAgreement {
  /** VIRTIO_F_EVENT_IDX. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_IN_ORDER. */
  readonly inOrder: boolean;
}

/** A packed virtqueue whose set-up was checked; made by `QueueSetup.activate`. */
export class PackedVirtqueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly #segments: ChainSegments;
  readonly #eventIdx: boolean;
  readonly #taken: ChainsInFlight<PackedChain>;
  readonly #order: InOrder<PackedChain> | undefined;
  readonly #nextAvail: RingPosition;
  readonly #nextUsed: RingPosition;
  #ring: PackedRingMemory | undefined;
  /** Entries of the ring that hold chains popped and not used. */
  #slotsInFlight = 0;
  /** Entries of the ring passed by `push` since `takeInterrupt` last answered. */
  #slotsUnsignalled = 0;
  #kicksSuppressed = false;
  #fault: RingFault | undefined;

  constructor(rules: ChainRules, ring: PackedRingMemory, { eventIdx, inOrder }: PackedAgreement) {
    this.index = rules.queue;
    this.size = rules.size;
    this.#segments = new ChainSegments(rules);
    this.#ring = ring;
    this.#eventIdx = eventIdx;
    this.#taken = new ChainsInFlight(rules.queue);
    this.#order = inOrder ? new InOrder() : undefined;
    this.#nextAvail = new RingPosition(rules.size);
    this.#nextUsed = new RingPosition(rules.size);
  }

  get inFlight(): number {
    return this.#taken.count;
  }

  pop(): PopOutcome {
    if (this.#fault !== undefined) return this.#fault;
    const ring = this.#ring;
    if (ring === undefined) return 'empty';
    if (!ring.attached()) return this.#fail('queue-outside-ram', 'it was when the queue was enabled');

    const { slot, wrap } = this.#nextAvail;
    if (!isAvailable(ring.flags(slot), wrap)) return 'empty';
    const chain = readPackedChain(this.#segments, ring.descriptors, slot, this.size - this.#slotsInFlight);
    if (chain.kind === 'fault') {
      this.#fault = chain;
      return chain;
    }
    const { head } = chain;
    if (this.#taken.has(head) || this.#order?.has(head)) return this.#fail('id-in-flight', `buffer id ${head}`);
    this.#nextAvail.advance(chain.slots);
    this.#slotsInFlight += chain.slots;
    this.#taken.take(chain);
    this.#order?.take(chain);
    return chain;
  }

  hasNext(): boolean {
    const ring = this.#ring;
    return ring?.attached() === true && isAvailable(ring.flags(this.#nextAvail.slot), this.#nextAvail.wrap);
  }

  push(chain: Chain, writtenLength: number): void {
    const taken = this.#taken.giveBack(chain, writtenLength);
    const ring = this.#ring;
    if (ring === undefined || !ring.attached()) return;
    if (this.#order === undefined) {
      this.#use(ring, taken, writtenLength, taken.slots);
      return;
    }
    for (const { last, writtenLength: length, chains } of this.#order.giveBack(taken, writtenLength)) {
      this.#use(
        ring,
        last,
        length,
        chains.reduce((sum, { slots }) => sum + slots, 0),
      );
    }
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
  }

  drained(): Promise<void> {
    return this.#taken.allBack();
  }

  /** One used descriptor for chains of `slots` entries altogether: those before the last are skipped. @spec virtio 1.2 §2.8.8 In-order use of descriptors */
  #use(ring: PackedRingMemory, { head }: PackedChain, writtenLength: number, slots: number): void {
    const { slot, wrap } = this.#nextUsed;
    const written = writtenLength > 0 ? PACKED_FLAG.write : 0;
    ring.putUsed(slot, head, Math.min(writtenLength, 0xffff_ffff), usedBits(wrap) | written);
    this.#nextUsed.advance(slots);
    this.#slotsInFlight -= slots;
    this.#slotsUnsignalled += slots;
  }

  #fail(reason: RingFaultReason, detail: string): RingFault {
    this.#fault = ringFault(reason, this.index, detail);
    return this.#fault;
  }
}
