import { expect, test } from '@jest/globals';
import type { TraceEvent } from '../trace/event.ts';
import { event } from '../trace/test-support/sample-events.ts';
import { EventHistory } from './history.ts';

const kick = (id: number): TraceEvent => event(id, 'kick', { queue: 0 });
const large = (id: number): TraceEvent =>
  event(id, 'used', { queue: 0, head: 0, length: 0, bytes: new Uint8Array(4096) });

function history(limits: ConstructorParameters<typeof EventHistory>[0], events: readonly TraceEvent[]): EventHistory {
  const made = new EventHistory(limits);
  for (const one of events) made.push(one);
  return made;
}

test('keeps the last events, finds each by its number, and counts those that went', () => {
  const ids = Array.from({ length: 30_000 }, (_, at) => at + 1).filter((id) => id % 1000 !== 7);
  const kept = history({ events: 1000, bytes: 2 ** 30 }, ids.map(kick));
  const last = ids.slice(-1000);
  expect([kept.length, kept.forgotten]).toEqual([1000, ids.length - 1000]);
  expect(Array.from({ length: 1002 }, (_, at) => kept.at(at - 1)?.id)).toEqual([undefined, ...last, undefined]);
  expect(last.map((id) => kept.indexOf(id))).toEqual(last.map((_, at) => at));
  expect([kept.indexOf(29_007), kept.indexOf(1), kept.byId(40_000)]).toEqual([-1, -1, undefined]);
});

test('large events take the room of many small ones', () => {
  const kept = history(
    { events: 1_000_000, bytes: 100 * 5000 },
    Array.from({ length: 500 }, (_, at) => large(at + 1)),
  );
  expect(kept.length).toBeGreaterThan(90);
  expect(kept.length).toBeLessThan(130);
  // One event stays, however large it is.
  expect(history({ events: 10, bytes: 100 }, [large(1), large(2)]).byId(2)?.id).toBe(2);
});

test('a history that is cleared is another one', () => {
  const kept = history({ events: 2, bytes: 2 ** 20 }, [kick(1), kick(2), kick(3)]);
  const before = kept.generation;
  kept.clear();
  expect([kept.length, kept.forgotten, kept.at(0), kept.generation === before]).toEqual([0, 0, undefined, false]);
});
