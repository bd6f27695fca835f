import { describe, expect, test } from '@jest/globals';
import type { TraceEvent } from './event.ts';
import { EventStream } from './event-stream.ts';

/** A stream whose clock a test moves. */
function watched(sink = {}) {
  const clock = { now: 1000 };
  const events: TraceEvent[] = [];
  const failures: unknown[] = [];
  const stream = new EventStream({ clock: () => clock.now, onSinkFailure: (error) => failures.push(error) });
  const remove = stream.add({ take: (event) => events.push(event), ...sink });
  return { stream, clock, events, failures, remove };
}

describe('the stream of events', () => {
  test('numbers events from 1 and times them in whole microseconds that never run backwards', () => {
    const { stream, clock, events } = watched();
    for (const now of [1000, 1001.6, 1001.2, 1010]) {
      clock.now = now;
      stream.emit('host', 'kick', { queue: 0 });
    }
    expect(events.map(({ id, time }) => [id, time])).toEqual([
      [1, 0],
      [2, 2],
      [3, 2],
      [4, 10],
    ]);
    expect(stream.count).toBe(4);
  });

  test('what happens within an event names it as its cause, also after something within failed', () => {
    const { stream, events } = watched();
    const port = stream.port('host');
    const outer = port.emit('kick', { queue: 0 });
    const broken = () =>
      port.causing(outer, () => {
        const inner = port.emit('kick', { queue: 1 });
        port.causing(inner, () => port.emit('kick', { queue: 2 }));
        port.emit('kick', { queue: 3 });
        throw new Error('broken');
      });
    expect(broken).toThrow('broken');
    port.emit('kick', { queue: 4 });
    expect(events.map(({ cause }) => cause)).toEqual([undefined, 1, 2, 1, undefined]);
  });

  test('finds the event that brought a thing, by the thing itself', () => {
    const { stream } = watched();
    const [bytes, same] = [[Uint8Array.of(1)], [Uint8Array.of(1)]];
    stream.port('host').brought(bytes, 12);
    expect([stream.broughtBy(bytes), stream.broughtBy(same)]).toEqual([12, undefined]);
  });

  test('finds it also after others were brought', () => {
    const { stream } = watched();
    const things = [[1], [2], [3]];
    for (const [at, thing] of things.entries()) stream.brought(thing, at + 10);
    expect(things.map((thing) => stream.broughtBy(thing))).toEqual([10, 11, 12]);
  });

  test('a sink that fails is not called again, and the others go on', () => {
    const { stream, events, failures } = watched();
    let calls = 0;
    stream.add({
      take() {
        calls += 1;
        throw new Error('no more');
      },
    });
    stream.emit('', 'kick', { queue: 0 });
    stream.emit('', 'kick', { queue: 0 });
    expect([calls, events.length, String(failures)]).toEqual([1, 2, 'Error: no more']);
  });

  test('copies as many bytes as the sink that wants most, and none once it is gone', () => {
    const { stream, remove } = watched({ messageBytes: 10, bufferBytes: 5 });
    const other = stream.add({ take() {}, messageBytes: 20 });
    expect([stream.messageBytes, stream.bufferBytes, stream.port('x').snippet]).toEqual([20, 5, 5]);
    other();
    remove();
    expect([stream.messageBytes, stream.bufferBytes]).toEqual([0, 0]);
  });

  test('a part has a name of its own', () => {
    const { stream, events } = watched();
    stream.port('host').of('part').emit('kick', { queue: 0 });
    expect(events[0]?.device).toBe('part');
  });
});

test('of an event that no sink wants only the number is made; one that some want is made once', () => {
  const stream = new EventStream();
  const taken: number[][] = [[], []];
  const asked: unknown[] = [];
  let made = 0;
  const kick = () => {
    made += 1;
    return { queue: 0 };
  };
  stream.add({
    wants: (kind, id) => {
      asked.push([kind, id]);
      return id > 2;
    },
    take: ({ id }) => void taken[0]?.push(id),
  });
  expect(stream.emit('host', 'kick', kick)).toBe(1);
  expect(made).toBe(0);
  stream.add({ take: ({ id }) => void taken[1]?.push(id) });
  stream.emit('host', 'kick', kick);
  stream.emit('host', 'kick', kick);
  expect(made).toBe(2);
  expect(taken).toEqual([[3], [2, 3]]);
  expect(asked).toEqual([1, 2, 3].map((id) => ['kick', id]));
});
