/**
 * The device's side of a split virtqueue. Indices run free modulo 2^16 and are masked only to subscript.
 *
 * @spec virtio 1.2 §2.7 Split Virtqueues
 */
import { type ChainRules, ChainSegments } from './chain-segments.ts';
import { ChainsInFlight } from './chains-in-flight.ts';
import { readChain } from './descriptor-chain.ts';
import { InOrder } from './in-order.ts';
import { AVAIL_NO_INTERRUPT, passedEvent, USED_NO_NOTIFY } from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { RingMemory } from './ring-memory.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

/** What was agreed on the use of the rings. */
export interface SplitAgreement {
  /** VIRTIO_F_EVENT_IDX. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_NOTIFY_ON_EMPTY, of the legacy interface: the driver hears of a ring that ran empty, suppressed or not. */
  readonly notifyOnEmpty: boolean;
  /** VIRTIO_F_IN_ORDER. */
  readonly inOrder: boolean;
}

/** A split virtqueue whose set-up was checked; made by `QueueSetup.activate`. */
export class SplitVirtqueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly #segments: ChainSegments;
  readonly #eventIdx: boolean;
  readonly #notifyOnEmpty: boolean;
  readonly #mask: number;
  readonly #taken: ChainsInFlight<Chain>;
  readonly #order: InOrder<Chain> | undefined;
  #ring: RingMemory | undefined;
  #nextAvail = 0;
  #nextUsed = 0;
  /** The used index up to which `takeInterrupt` has answered. */
  #signalledUsed = 0;
  #kicksSuppressed = false;
  #fault: RingFault | undefined;

  constructor(rules: ChainRules, ring: RingMemory, { eventIdx, notifyOnEmpty, inOrder }: SplitAgreement) {
    this.index = rules.queue;
    this.size = rules.size;
    this.#segments = new ChainSegments(rules);
    this.#ring = ring;
    this.#eventIdx = eventIdx;
    this.#notifyOnEmpty = notifyOnEmpty;
    this.#mask = rules.size - 1;
    this.#taken = new ChainsInFlight(rules.queue);
    this.#order = inOrder ? new InOrder() : undefined;
  }

  get inFlight(): number {
    return this.#taken.count;
  }

  pop(): PopOutcome {
    if (this.#fault !== undefined) return this.#fault;
    const ring = this.#ring;
    if (ring === undefined) return 'empty';
    if (!ring.attached()) return this.#fail('queue-outside-ram', 'it was when the queue was enabled');

    const availIdx = ring.availIdx();
    if (availIdx === this.#nextAvail) return 'empty';
    if (((availIdx - this.#nextAvail) & 0xffff) > this.size) {
      return this.#fail('avail-idx', `index ${availIdx}, next to take ${this.#nextAvail}, size ${this.size}`);
    }
    const head = ring.availEntry(this.#nextAvail & this.#mask);
    if (head >= this.size) return this.#fail('head-range', `head ${head}, size ${this.size}`);
    if (this.#taken.has(head) || this.#order?.has(head)) return this.#fail('head-in-flight', `head ${head}`);

    const chain = readChain(this.#segments, ring.descriptors, head);
    if (chain.kind === 'fault') {
      this.#fault = chain;
      return chain;
    }
    this.#nextAvail = (this.#nextAvail + 1) & 0xffff;
    this.#taken.take(chain);
    this.#order?.take(chain);
    return chain;
  }

  hasNext(): boolean {
    const ring = this.#ring;
    return ring?.attached() === true && ring.availIdx() !== this.#nextAvail;
  }

  push(chain: Chain, writtenLength: number): void {
    this.#taken.giveBack(chain, writtenLength);
    const ring = this.#ring;
    if (ring === undefined || !ring.attached()) return;
    if (this.#order === undefined) {
      this.#use(ring, chain, writtenLength, 1);
      return;
    }
    for (const { last, writtenLength: length, chains } of this.#order.giveBack(chain, writtenLength)) {
      this.#use(ring, last, length, chains.length);
    }
  }

  takeInterrupt(): boolean {
    const ring = this.#ring;
    const before = this.#signalledUsed;
    const now = this.#nextUsed;
    if (ring === undefined || now === before || !ring.attached()) return false;
    this.#signalledUsed = now;
    if (this.#notifyOnEmpty && this.#taken.count === 0 && ring.availIdx() === this.#nextAvail) return true;
    return this.#eventIdx ? passedEvent(ring.usedEvent(), now, before) : (ring.availFlags() & AVAIL_NO_INTERRUPT) === 0;
  }

  suppressKicks(): void {
    // With EVENT_IDX it is enough to leave avail_event behind: the driver rings only when it passes it.
    if (this.#eventIdx || this.#kicksSuppressed || !this.#ring?.attached()) return;
    this.#ring.setUsedFlags(USED_NO_NOTIFY);
    this.#kicksSuppressed = true;
  }

  allowKicks(): boolean {
    const ring = this.#ring;
    if (ring === undefined || this.#fault !== undefined || !ring.attached()) return false;
    if (this.#eventIdx) {
      ring.setAvailEvent(this.#nextAvail);
    } else if (this.#kicksSuppressed) {
      ring.setUsedFlags(0);
      this.#kicksSuppressed = false;
    }
    return ring.availIdx() !== this.#nextAvail;
  }

  detach(): void {
    this.#ring = undefined;
    this.#fault = undefined;
  }

  drained(): Promise<void> {
    return this.#taken.allBack();
  }

  /** One used entry for `count` chains: those before the last are skipped. @spec virtio 1.2 §2.7.9 In-order use of descriptors */
  #use(ring: RingMemory, { head }: Chain, writtenLength: number, count: number): void {
    // 2^32 bytes written do not fit le32 len; the spec lets it be an underestimate.
    ring.putUsed(this.#nextUsed & this.#mask, head, Math.min(writtenLength, 0xffff_ffff));
    this.#nextUsed = (this.#nextUsed + count) & 0xffff;
    ring.publishUsed(this.#nextUsed);
  }

  #fail(reason: RingFaultReason, detail: string): RingFault {
    this.#fault = ringFault(reason, this.index, detail);
    return this.#fault;
  }
}
