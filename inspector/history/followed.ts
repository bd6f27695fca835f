/** The journeys of a history, brought up to date when somebody looks. */
import type { EventHistory } from '../history.ts';
import { Journeys } from './journeys.ts';

interface Followed {
  readonly journeys: Journeys;
  generation: number;
  /** Events taken, counted from the first there ever was. */
  position: number;
}

const followed = new WeakMap<EventHistory, Followed>();

/** The journeys of the events in a history, and of those before them that were followed then. */
export function journeysOf(history: EventHistory): Journeys {
  let known = followed.get(history);
  if (known === undefined) {
    known = { journeys: new Journeys(), generation: history.generation, position: 0 };
    followed.set(history, known);
  }
  if (known.generation !== history.generation) {
    known.journeys.clear();
    known.generation = history.generation;
    known.position = 0;
  }
  for (let at = Math.max(0, known.position - history.forgotten); at < history.length; at += 1) {
    const event = history.at(at);
    if (event !== undefined) known.journeys.take(event);
  }
  known.position = history.forgotten + history.length;
  return known.journeys;
}
