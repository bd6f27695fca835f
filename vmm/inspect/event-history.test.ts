import { describe, expect, test } from '@jest/globals';
import type { MachineModel } from '../../inspector/model/machine-model.ts';
import { jsonLine } from '../../trace/json-line.ts';
import { event } from '../../trace/test-support/sample-events.ts';
import { EventCursor } from './event-cursor.ts';
import { EventHistory } from './event-history.ts';

const line = jsonLine();
const LIMITS = { bytes: 2 ** 20, events: 100, chunkBytes: 2 ** 18, chunkEvents: 10 };

function history(limits = LIMITS) {
  const failures: unknown[] = [];
  const kept = new EventHistory((error) => failures.push(error), limits);
  /** Tells of kicks `from` to `to`, each in a message of its own. */
  const tell = (from: number, to: number) => {
    for (let id = from; id <= to; id++) kept.append(line(event(id, 'kick', { queue: 0 })));
  };
  return { kept, tell, failures };
}

interface Shown {
  readonly kind: string;
  readonly model?: MachineModel;
  readonly next?: number;
  readonly events?: readonly {
    readonly id: number;
    readonly kind: string;
    readonly count?: number;
    readonly first?: number;
  }[];
}

/** Everything a cursor still gives. */
function shown(cursor: EventCursor): Shown[] {
  const messages: Shown[] = [];
  for (let bytes = cursor.take(); bytes !== undefined; bytes = cursor.take())
    messages.push(JSON.parse(bytes.toString()));
  return messages;
}

const idsOf = (messages: readonly Shown[]) => messages.flatMap(({ events = [] }) => events.map(({ id }) => id));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('the history', () => {
  test('a page that was there from the beginning is shown everything once', () => {
    const { kept, tell } = history();
    const cursor = new EventCursor(kept);
    tell(1, 25);
    const [first, ...rest] = shown(cursor);
    expect(first).toMatchObject({ kind: 'snapshot', next: 1, model: { events: 0 } });
    expect(idsOf(rest)).toEqual(range(1, 25));
    tell(26, 31);
    expect(idsOf(shown(cursor))).toEqual(range(26, 31));
    expect(shown(cursor)).toEqual([]);
  });

  test('a late page is shown the state where what is kept begins, and what came after', () => {
    const { kept, tell } = history();
    tell(1, 1000);
    const [first, ...rest] = shown(new EventCursor(kept));
    expect(first?.model?.events).toBe((first?.next ?? 0) - 1);
    expect(first?.next).toBeGreaterThan(880);
    expect(idsOf(rest)).toEqual(range(first?.next ?? 0, 1000));
  });

  test('what a slow page was not shown is counted, and it goes on with the state of the newest', () => {
    const { kept, tell } = history();
    const cursor = new EventCursor(kept);
    tell(1, 20);
    for (let count = 0; count < 8; count++) cursor.take();
    tell(21, 1000);
    const [snapshot, dropped, ...rest] = shown(cursor);
    expect(snapshot).toMatchObject({ kind: 'snapshot', next: 991, model: { events: 990, last: 990 } });
    expect(dropped?.events).toEqual([{ id: 990, time: 9900, kind: 'dropped', device: '', count: 990 - 7, first: 8 }]);
    expect(idsOf(rest)).toEqual(range(991, 1000));
    tell(1001, 1003);
    expect(idsOf(shown(cursor))).toEqual(range(1001, 1003));
  });

  test.each([
    ['events', { ...LIMITS, events: 50 }],
    ['bytes', { ...LIMITS, events: 1e9, bytes: 60_000, chunkBytes: 4000, chunkEvents: 1e9 }],
  ])('keeps so many %s, however much is told, and however slow a page is', (_, limits) => {
    const { kept, tell } = history(limits);
    const cursor = new EventCursor(kept);
    const most: number[] = [];
    for (let round = 0; round < 20; round++) {
      tell(round * 500 + 1, round * 500 + 500);
      most.push(kept.bytes);
    }
    expect(Math.max(...most)).toBeLessThan(limits.bytes + limits.chunkBytes);
    expect(kept.last.before - kept.first.before).toBeLessThan(10_000);
    expect(idsOf(shown(cursor)).at(-1)).toBe(10_000);
  });
});
