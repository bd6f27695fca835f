import { describe, expect, test } from '@jest/globals';
import type { DescriptorSeen } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { event } from '../../trace/test-support/sample-events.ts';
import {
  emptyRings,
  foldRings,
  MOST_DESCRIPTORS,
  MOST_IN_FLIGHT,
  MOST_QUEUES,
  MOST_RETURNED,
  type RingModel,
  ringIndex,
  ringKey,
  wrapCounter,
} from './rings.ts';

const descriptor: DescriptorSeen = { table: 'ring', index: 0, address: 0x1000, length: 16, flags: 0, nextOrId: 0 };

function queue(id: number, index = 0, format = 'split'): TraceEvent {
  const areas = { descriptorArea: 0x1000n, driverArea: 0x2000n, deviceArea: 0x3000n };
  return event(id, 'queue', { queue: index, size: 8, format, ...areas });
}

function chain(id: number, head: number, descriptors = [descriptor]): TraceEvent {
  return event(id, 'chain', { queue: 0, head, readableLength: 16, writableLength: 0, descriptors });
}

function used(id: number, head: number, of?: number): TraceEvent {
  return event(id, 'used', { queue: 0, head, length: 0, chain: of });
}

function folded(...events: readonly TraceEvent[]): RingModel {
  const rings = emptyRings();
  for (const one of events) foldRings(rings, one);
  const ring = rings.queues[ringKey('host', 0)];
  if (ring === undefined) throw new Error('there is no queue');
  return ring;
}

describe('counts', () => {
  test('indices run free modulo 2^16, and a wrap counter turns with each round', () => {
    expect([0, 0xffff, 0x1_0000, 0x1_0001].map(ringIndex)).toEqual([0, 0xffff, 0, 1]);
    expect([0, 7, 8, 15, 16].map((slots) => wrapCounter(slots, 8))).toEqual([1, 1, 0, 0, 1]);
    expect(wrapCounter(5, 0)).toBe(1);
  });

  test('a queue that is set up again begins at 0', () => {
    const again = folded(
      queue(1),
      chain(2, 3),
      event(3, 'queue-end', { queue: 0, inFlight: 1 }),
      queue(4, 0, 'packed'),
    );
    expect(again).toMatchObject({ format: 'packed', alive: true, taken: 0, returned: 0, inFlight: {}, since: 40 });
  });
});

describe('whatever a stream says, the model stays within bounds and says what it left out', () => {
  test('queues without end', () => {
    const rings = emptyRings();
    for (let index = 0; index < 1000; index += 1) foldRings(rings, queue(index + 1, index));
    expect(Object.keys(rings.queues)).toHaveLength(MOST_QUEUES);
    expect(rings.notKept).toBe(1000 - MOST_QUEUES);
  });

  test('chains that are never returned, and heads taken twice', () => {
    const ring = folded(...Array.from({ length: 5000 }, (_, at) => chain(at + 1, at >> 1)));
    expect([ring.taken, ring.returned, ring.kept]).toEqual([5000, 0, MOST_IN_FLIGHT]);
    expect(Object.keys(ring.inFlight)).toHaveLength(MOST_IN_FLIGHT);
  });

  test('chains of thousands of descriptors', () => {
    const long = Array.from({ length: 5000 }, (_, index) => ({ ...descriptor, index }));
    const { inFlight, takenSlots } = folded(queue(1), chain(2, 0, long));
    expect(inFlight[0]?.descriptors).toHaveLength(MOST_DESCRIPTORS);
    expect(inFlight[0]?.moreDescriptors).toBe(5000 - MOST_DESCRIPTORS);
    expect(takenSlots).toBe(5000);
  });

  test('returned chains make room for those after them', () => {
    const ring = folded(...Array.from({ length: 500 }, (_, at) => [chain(2 * at + 1, 1), used(2 * at + 2, 1)]).flat());
    expect(ring.recent).toHaveLength(MOST_RETURNED);
    expect(ring.recent.at(-1)?.used).toBe(1000);
  });
});

describe('a stream that begins in the middle, or has gaps', () => {
  test('what is returned without having been taken moves both counts on', () => {
    const ring = folded(used(5, 7, 2), chain(6, 1), used(7, 1, 6));
    expect([ring.size, ring.format, ring.taken, ring.returned, ring.recent.length]).toEqual([0, '', 2, 2, 1]);
  });

  test('a used element of another chain of that head takes none away', () => {
    expect(folded(chain(2, 1), used(3, 1, 1)).inFlight[1]?.event).toBe(2);
  });

  test('missing events make the counts uncertain until the queue is set up again', () => {
    const gap = event(3, 'dropped', { count: 1, first: 3 });
    expect(folded(queue(1), gap).uncertain).toBe(true);
    expect(folded(queue(1), gap, queue(4)).uncertain).toBe(false);
  });

  test('a notification of used elements that were not seen, and an interrupt without one', () => {
    const ring = folded(
      chain(1, 1),
      used(2, 1, 1),
      event(3, 'notification', { what: 'used buffers', queue: 0, used: [2] }),
      event(4, 'notification', { what: 'used buffers', queue: 0, used: [99] }),
      event(5, 'message', { vector: 1, address: 0n, data: 0, outcome: 'sent' }),
      event(6, 'message', { vector: 1, address: 0n, data: 0, outcome: 'sent' }, { cause: 3 }),
      event(7, 'notification', { what: 'configuration change' }),
    );
    expect(ring).toMatchObject({ notifications: 2, lastNotification: 4 });
    expect(ring.recent[0]).toMatchObject({ notification: 3 });
  });
});
