/**
 * The device's side of a split virtqueue. Indices run free modulo 2^16 and are masked only to subscript.
 *
 * @spec virtio 1.2 §2.7 Split Virtqueues
 */
import type { ChainRules } from './chain-segments.ts';
import { readChain } from './descriptor-chain.ts';
import { AVAIL_NO_INTERRUPT, passedEvent, USED_NO_NOTIFY } from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import type { RingMemory } from './ring-memory.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

/** What was agreed on notifications. */
export interface Suppression {
  /** VIRTIO_F_EVENT_IDX. */
  readonly eventIdx: boolean;
  /** VIRTIO_F_NOTIFY_ON_EMPTY, of the legacy interface: the driver hears of a ring that ran empty, suppressed or not. */
  readonly notifyOnEmpty: boolean;
}

/** A split virtqueue whose set-up was checked; made by `QueueSetup.activate`. */
export class SplitVirtqueue implements Virtqueue {
  readonly index: number;
  readonly size: number;
  readonly #rules: ChainRules;
  readonly #eventIdx: boolean;
  readonly #notifyOnEmpty: boolean;
  readonly #mask: number;
  /** Chains popped and not returned, by head: the place that holds pop and push to each other. */
  readonly #popped: (Chain | undefined)[];
  #ring: RingMemory | undefined;
  #inFlight = 0;
  #nextAvail = 0;
  #nextUsed = 0;
  /** The used index up to which `takeInterrupt` has answered. */
  #signalledUsed = 0;
  #kicksSuppressed = false;
  #fault: RingFault | undefined;

  constructor(rules: ChainRules, ring: RingMemory, { eventIdx, notifyOnEmpty }: Suppression) {
    this.index = rules.queue;
    this.size = rules.size;
    this.#rules = rules;
    this.#ring = ring;
    this.#eventIdx = eventIdx;
    this.#notifyOnEmpty = notifyOnEmpty;
    this.#mask = rules.size - 1;
    this.#popped = new Array<Chain | undefined>(rules.size).fill(undefined);
  }

  get inFlight(): number {
    return this.#inFlight;
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
    if (this.#popped[head] !== undefined) return this.#fail('head-in-flight', `head ${head}`);

    const chain = readChain(this.#rules, ring.descriptors, head);
    if (chain.kind === 'fault') {
      this.#fault = chain;
      return chain;
    }
    this.#nextAvail = (this.#nextAvail + 1) & 0xffff;
    this.#popped[head] = chain;
    this.#inFlight += 1;
    return chain;
  }

  push(chain: Chain, writtenLength: number): void {
    const ring = this.#ring;
    if (ring === undefined) return;
    if (this.#popped[chain.head] !== chain) {
      throw new RangeError(`queue ${this.index}: the chain at head ${chain.head} is not in flight`);
    }
    if (!(writtenLength >= 0 && writtenLength <= chain.writableLength && Number.isInteger(writtenLength))) {
      throw new RangeError(
        `queue ${this.index}: ${writtenLength} bytes do not fit the ${chain.writableLength} of head ${chain.head}`,
      );
    }
    this.#popped[chain.head] = undefined;
    this.#inFlight -= 1;
    if (!ring.attached()) return;
    // 2^32 bytes written do not fit le32 len; the spec lets it be an underestimate.
    ring.putUsed(this.#nextUsed & this.#mask, chain.head, Math.min(writtenLength, 0xffff_ffff));
    this.#nextUsed = (this.#nextUsed + 1) & 0xffff;
    ring.publishUsed(this.#nextUsed);
  }

  takeInterrupt(): boolean {
    const ring = this.#ring;
    const before = this.#signalledUsed;
    const now = this.#nextUsed;
    if (ring === undefined || now === before || !ring.attached()) return false;
    this.#signalledUsed = now;
    if (this.#notifyOnEmpty && this.#inFlight === 0 && ring.availIdx() === this.#nextAvail) return true;
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
    this.#popped.fill(undefined);
    this.#inFlight = 0;
  }

  #fail(reason: RingFaultReason, detail: string): RingFault {
    this.#fault = ringFault(reason, this.index, detail);
    return this.#fault;
  }
}
