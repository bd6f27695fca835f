/** A virtqueue that tells of every chain taken and returned. */
import type { DescriptorSeen, EventId, EventPort } from '../events.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

/** Used elements one notification names; more are known by their order alone. */
const MOST_USED = 4096;

/** Stands before a queue of either format and changes nothing about it. */
export class WatchedQueue implements Virtqueue {
  readonly #queue: Virtqueue;
  readonly #events: EventPort;
  /** Descriptors read since the last `pop` began. */
  readonly #descriptors: DescriptorSeen[];
  readonly #lastKick: () => EventId | undefined;
  readonly #chains = new Map<Chain, EventId>();
  #used: EventId[] = [];
  #faulted = false;
  #attached = true;

  /**
   * @param descriptors is filled by `queue` with the descriptors it reads
   * @param lastKick the last time the driver rang for this queue
   */
  constructor(queue: Virtqueue, events: EventPort, descriptors: DescriptorSeen[], lastKick: () => EventId | undefined) {
    this.#queue = queue;
    this.#events = events;
    this.#descriptors = descriptors;
    this.#lastKick = lastKick;
  }

  get index(): number {
    return this.#queue.index;
  }

  get size(): number {
    return this.#queue.size;
  }

  get inFlight(): number {
    return this.#queue.inFlight;
  }

  pop(): PopOutcome {
    this.#descriptors.length = 0;
    const outcome = this.#queue.pop();
    if (outcome === 'empty') return outcome;
    const descriptors = [...this.#descriptors];
    if (outcome.kind === 'fault') {
      const { reason, message } = outcome;
      if (!this.#faulted) this.#events.emit('ring-fault', { queue: this.index, reason, message, descriptors });
      this.#faulted = true;
      return outcome;
    }
    const { head, readable, readableLength, writableLength } = outcome;
    const event = this.#events.emit('chain', () => ({
      queue: this.index,
      head,
      readableLength,
      writableLength,
      descriptors,
      kick: this.#lastKick(),
      bytes: this.#snippet(readable, readableLength),
    }));
    this.#chains.set(outcome, event);
    this.#events.brought(readable, event);
    return outcome;
  }

  hasNext(): boolean {
    return this.#queue.hasNext();
  }

  push(chain: Chain, writtenLength: number): void {
    this.#queue.push(chain, writtenLength);
    if (!this.#attached) return;
    const event = this.#events.emit('used', () => ({
      queue: this.index,
      head: chain.head,
      length: writtenLength,
      chain: this.#chains.get(chain),
      bytes: this.#snippet(chain.writable, writtenLength),
    }));
    this.#chains.delete(chain);
    if (this.#used.length < MOST_USED) this.#used.push(event);
  }

  takeInterrupt(): boolean {
    const wanted = this.#queue.takeInterrupt();
    // What the driver did not want to hear of is announced by nothing.
    if (!wanted) this.#used = [];
    return wanted;
  }

  suppressKicks(): void {
    this.#queue.suppressKicks();
  }

  allowKicks(): boolean {
    return this.#queue.allowKicks();
  }

  detach(): void {
    if (this.#attached) this.#events.emit('queue-end', { queue: this.index, inFlight: this.inFlight });
    this.#attached = false;
    this.#chains.clear();
    this.#queue.detach();
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  /** The used elements since the last notification. */
  takeUsed(): readonly EventId[] {
    const used = this.#used;
    this.#used = [];
    return used;
  }

  #snippet(parts: readonly Uint8Array[], length: number): Uint8Array | undefined {
    const most = Math.min(length, this.#events.snippet);
    if (most === 0) return undefined;
    const bytes = new Uint8Array(most);
    let at = 0;
    for (const part of parts) {
      const piece = part.subarray(0, most - at);
      bytes.set(piece, at);
      at += piece.length;
      if (at === most) break;
    }
    return bytes;
  }
}
