/** The last events, oldest first, so that the page can scroll back. */
import type { EventId } from '../devices/events.ts';
import type { TraceEvent } from '../trace/event.ts';

/** Events kept unless told otherwise. */
export const KEPT_EVENTS = 30_000;

/** A ring of events; the oldest make room for new ones. */
export class EventHistory {
  readonly #capacity: number;
  #ring: TraceEvent[] = [];
  /** Place in the ring of the oldest event, once it is full. */
  #start = 0;
  #forgotten = 0;

  /** @param capacity most events kept, at least 1 */
  constructor(capacity = KEPT_EVENTS) {
    this.#capacity = capacity;
  }

  /** Events kept now. */
  get length(): number {
    return this.#ring.length;
  }

  /** Events that made room since the last `clear`. With `index` it makes a number that an event keeps for good. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The event at `index`, 0 for the oldest one. */
  at(index: number): TraceEvent | undefined {
    if (index < 0 || index >= this.#ring.length) return undefined;
    return this.#ring[(this.#start + index) % this.#ring.length];
  }

  /** Index of the event of a number, or -1 where it is not kept. */
  indexOf(id: EventId): number {
    const index = this.#firstNotBefore(id);
    return this.at(index)?.id === id ? index : -1;
  }

  /** The event of a number, while it is kept. */
  byId(id: EventId): TraceEvent | undefined {
    return this.at(this.indexOf(id));
  }

  push(event: TraceEvent): void {
    if (this.#ring.length < this.#capacity) {
      this.#ring.push(event);
      return;
    }
    this.#ring[this.#start] = event;
    this.#start = (this.#start + 1) % this.#capacity;
    this.#forgotten += 1;
  }

  clear(): void {
    this.#ring = [];
    this.#start = 0;
    this.#forgotten = 0;
  }

  /** Numbers rise: index of the first event whose number is not less. */
  #firstNotBefore(id: EventId): number {
    let [from, to] = [0, this.#ring.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.at(middle)?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
