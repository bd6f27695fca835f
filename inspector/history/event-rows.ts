/** The events of the window that a choice and a text let pass; they grow and go with it. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { textOf } from '../../trace/event-text.ts';
import { type EventChoice, eventFilter } from '../../trace/filter.ts';
import type { EventHistory } from '../history.ts';

/** Events looked at between two looks at the clock. */
const PIECE = 512;

/** Events under one choice. */
export class EventRows {
  readonly #history: EventHistory;
  readonly #wanted: ((event: TraceEvent) => boolean) | undefined;
  #rows: TraceEvent[] = [];
  #forgotten = 0;
  /** Events looked at, counted from the first there ever was. */
  #position = 0;

  /** @param text what an event's words contain, whatever their case */
  constructor(history: EventHistory, choice: EventChoice, text = '') {
    this.#history = history;
    const chooses = Object.values(choice).some((value) => value !== undefined);
    const chosen = chooses ? eventFilter(choice) : () => true;
    const sought = text.toLowerCase();
    const contains = (event: TraceEvent) => sought === '' || textOf(event).toLowerCase().includes(sought);
    if (chooses || text !== '') this.#wanted = (event) => chosen(event) && contains(event);
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

  /** Index of the row of that number; -1 where there is none. */
  indexOf(id: EventId): number {
    if (this.#wanted === undefined) return this.#history.indexOf(id);
    let [from, to] = [0, this.#rows.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#rows[middle]?.id ?? 0) < id) from = middle + 1;
      else to = middle;
    }
    return this.#rows[from]?.id === id ? from : -1;
  }

  /**
   * Takes the events that have come since, and leaves out those that went.
   *
   * @param budget milliseconds to look at most, about
   * @returns whether all of them were looked at.
   */
  advance(budget = Number.POSITIVE_INFINITY): boolean {
    if (this.#wanted === undefined) return true;
    const history = this.#history;
    const started = performance.now();
    let at = Math.max(0, this.#position - history.forgotten);
    for (; at < history.length; at += 1) {
      const event = history.at(at);
      if (event !== undefined && this.#wanted(event)) this.#rows.push(event);
      if (at % PIECE === PIECE - 1 && performance.now() - started > budget) {
        at += 1;
        break;
      }
    }
    this.#position = history.forgotten + at;
    this.#forget(history.at(0)?.id ?? Number.POSITIVE_INFINITY);
    return at >= history.length;
  }

  /** Leaves out rows before the first event that is kept. */
  #forget(first: EventId): void {
    let old = 0;
    while (old < this.#rows.length && (this.#rows[old]?.id ?? 0) < first) old += 1;
    if (old > 0) this.#rows.splice(0, old);
    this.#forgotten += old;
  }
}
