/** The last events, oldest first, so that the page can scroll back. */
import type { EventId } from '../devices/events.ts';
import type { TraceEvent } from '../trace/event.ts';

/** What a history holds at most: events, and about how many bytes of memory. */
export interface HistoryLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Kept unless told otherwise: half a minute of a machine that is busy. */
export const HISTORY_LIMITS: HistoryLimits = { events: 200_000, bytes: 160 * 2 ** 20 };

/** About what an event takes, and each descriptor of one. */
const EVENT_BYTES = 400;
const DESCRIPTOR_BYTES = 96;

/** Places that are given back at once. */
const BATCH = 8192;

/** A window of events that moves on with them. */
export class EventHistory {
  readonly #limits: HistoryLimits;
  #events: (TraceEvent | undefined)[] = [];
  /** Place of the oldest event; those before it are empty. */
  #start = 0;
  #bytes = 0;
  #forgotten = 0;
  #generation = 0;

  constructor(limits: HistoryLimits = HISTORY_LIMITS) {
    this.#limits = limits;
  }

  /** Events kept now. */
  get length(): number {
    return this.#events.length - this.#start;
  }

  /** Events that made room since the last `clear`. With `index` it makes a number that an event keeps for good. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** Another number after each `clear`: what was computed before is of another history. */
  get generation(): number {
    return this.#generation;
  }

  /** The event at `index`, 0 for the oldest one. */
  at(index: number): TraceEvent | undefined {
    return index < 0 ? undefined : this.#events[this.#start + index];
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
    this.#events.push(event);
    this.#bytes += weight(event);
    while (this.length > 1 && (this.length > this.#limits.events || this.#bytes > this.#limits.bytes)) this.#forget();
  }

  clear(): void {
    this.#events = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#forgotten = 0;
    this.#generation += 1;
  }

  #forget(): void {
    const oldest = this.#events[this.#start];
    if (oldest !== undefined) this.#bytes -= weight(oldest);
    this.#events[this.#start] = undefined;
    this.#start += 1;
    this.#forgotten += 1;
    if (this.#start < BATCH) return;
    this.#events.splice(0, this.#start);
    this.#start = 0;
  }

  /** Numbers rise: index of the first event whose number is not less. */
  #firstNotBefore(id: EventId): number {
    // They have gaps only where events are missing.
    const guess = id - (this.at(0)?.id ?? 0);
    if (this.at(guess)?.id === id) return guess;
    let [from, to] = [0, this.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.at(middle)?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** About how many bytes of memory an event takes. */
function weight({ fields }: TraceEvent): number {
  const { bytes, descriptors, text } = fields as {
    readonly bytes?: Uint8Array;
    readonly descriptors?: readonly unknown[];
    readonly text?: string;
  };
  const descriptorBytes = (descriptors?.length ?? 0) * DESCRIPTOR_BYTES;
  return EVENT_BYTES + descriptorBytes + (bytes?.length ?? 0) + (text?.length ?? 0);
}
