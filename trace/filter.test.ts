import { describe, expect, test } from '@jest/globals';
import type { TraceEvent } from './event.ts';
import { type EventChoice, eventFilter, kindsNamed } from './filter.ts';
import { event } from './test-support/sample-events.ts';

const request = (id: number, name: string, tag: number, fids: number[], device = 'host') =>
  event(id, 'request', { name, tag, type: 0, size: 10, fids, text: name }, { device });
const reply = (id: number, name: string, tag: number, to: number, device = 'host') =>
  event(id, 'reply', { name, tag, type: 0, size: 10, text: name, took: 1, request: to }, { device });
const call = (id: number, to?: number) =>
  event(id, 'host-call', { name: 'statx', text: 'statx()', result: 0, took: 1, where: 'here', request: to });

const EVENTS: readonly TraceEvent[] = [
  event(1, 'kick', { queue: 0 }),
  request(2, 'Twalk', 1, [7, 8]),
  request(3, 'Tread', 2, [9]),
  call(4, 2),
  call(5, 3),
  call(6),
  reply(7, 'Rwalk', 1, 2),
  reply(8, 'Rlerror', 2, 3),
  request(9, 'Tclunk', 1, [7], 'other'),
  event(10, 'taken-back', { name: 'Tclunk', tag: 1, took: 1, request: 9 }, { device: 'other' }),
  event(11, 'dropped', { count: 2, first: 10 }, { device: '' }),
];

describe('a choice of events', () => {
  test.each<[string, EventChoice, number[]]>([
    ['everything', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['kinds', { kinds: new Set(['kick', 'reply']) }, [1, 7, 8, 11]],
    ['a device', { device: 'other' }, [9, 10, 11]],
    ['a tag, with system calls and replies', { tag: 2 }, [3, 5, 8, 11]],
    ['a fid, its replies and what took it back', { fid: 7 }, [2, 4, 7, 9, 10, 11]],
    ['messages, with the calls of those requests', { messages: new Set(['Twalk']) }, [2, 4, 11]],
    ['requests and replies', { messages: new Set(['Tread', 'Rlerror']) }, [3, 5, 8, 11]],
    ['replies alone', { messages: new Set(['Rlerror']) }, [8, 11]],
    ['all of it together', { fid: 7, device: 'host', kinds: new Set(['reply']) }, [7, 11]],
    ['nothing', { tag: 77 }, [11]],
  ])('%s', (_, choice, ids) => {
    expect(EVENTS.filter(eventFilter(choice)).map(({ id }) => id)).toEqual(ids);
  });

  test('a client that never gets an answer costs a bounded memory', () => {
    const wanted = eventFilter({ fid: 1 });
    for (let id = 1; id <= 70_000; id += 1) wanted(request(id, 'Tread', 1, [1]));
    expect(wanted(reply(70_001, 'Rread', 1, 1))).toBe(false);
    expect(wanted(reply(70_002, 'Rread', 1, 70_000))).toBe(true);
  });
});

describe('names of kinds', () => {
  test.each([
    [['kick'], ['kick']],
    [
      ['9p', 'kick'],
      ['kick', 'request', 'reply', 'taken-back'],
    ],
    [['interrupts'], ['notification', 'message', 'pin']],
  ])('%j', (names, kinds) => {
    expect([...(kindsNamed(names) as Set<string>)].sort()).toEqual([...kinds].sort());
  });

  test('the first that is unknown comes back', () => {
    expect(kindsNamed(['kick', 'constructor', 'x'])).toBe('constructor');
    expect((kindsNamed(['all']) as Set<string>).size).toBeGreaterThan(25);
  });
});
