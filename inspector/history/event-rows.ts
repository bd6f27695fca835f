/** The events of the window that a filter lets pass; they grow and go with it. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { type EventChoice, eventFilter } from '../../trace/filter.ts';
import type { EventHistory } from '../history.ts';

/** Events under one choice. */
export class EventRows {
  readonly #history: EventHistory;
  readonly #wanted: ((event: TraceEvent) => boolean) | undefined;
  #rows: TraceEvent[] = [];
  #forgotten = 0;
  /** Events looked at, counted from the first there ever was. */
  #position = 0;

  constructor(history: EventHistory, choice: EventChoice) {
    this.#history = history;
    const chooses = Object.values(choice).some((value) => value !== undefined);
    this.#wanted = chooses ? eventFilter(choice) : undefined;
  }

  /** Rows there are. */
  get length(): number {
    return this.#wanted === undefined ? this.#history.length : this.#rows.length;
  }

  /** Rows that fell out of the window. */
  get forgotten(): number {
    return this.#wanted === undefined ? this.#history.forgotten : this.#forgotten;
  }

  /** The row at `index`, 0 for the oldest one. */
  at(index: number): TraceEvent | undefined {
    return this.#wanted === undefined ? this.#history.at(index) : this.#rows[index];
  }

  /** Index of the first row of that number or a later one. */
  indexFrom(id: EventId): number {
    let [from, to] = [0, this.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.at(middle)?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Takes the events that have come since, and leaves out those that went. */
  advance(): void {
    if (this.#wanted === undefined) return;
    const history = this.#history;
    for (let at = Math.max(0, this.#position - history.forgotten); at < history.length; at += 1) {
      const event = history.at(at);
      if (event !== undefined && this.#wanted(event)) this.#rows.push(event);
    }
    this.#position = history.forgotten + history.length;
    const first = history.at(0)?.id ?? Number.POSITIVE_INFINITY;
    let old = 0;
    while (old < this.#rows.length && (this.#rows[old]?.id ?? 0) < first) old += 1;
    if (old > 0) this.#rows.splice(0, old);
    this.#forgotten += old;
  }
}
