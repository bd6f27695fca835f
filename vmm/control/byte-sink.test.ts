import { describe, expect, test } from '@jest/globals';
import { Gate } from '../../ninep/contract/stubs.ts';
import { ByteSink } from './byte-sink.ts';
import { FakeRequest } from './test-support/fake-request.ts';
import { isPending, settled } from './test-support/turns.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** A sink whose listener is done when the test says so. */
function held() {
  const heard: string[] = [];
  const gates: Gate<void>[] = [];
  const failures: unknown[] = [];
  const sink = new ByteSink(
    (piece) => {
      heard.push(Buffer.from(piece).toString());
      const gate = new Gate<void>();
      gates.push(gate);
      return gate.promise;
    },
    (error) => failures.push(error),
  );
  const write = (text: string, request = new FakeRequest()) => sink.write([bytes(text)], request);
  const done = async () => {
    gates.shift()?.resolve();
    await settled();
  };
  return { sink, heard, gates, failures, write, done };
}

describe('a listener that is never done', () => {
  test('a Tflush ends the write that waits for it; its bytes count as written, since they were', async () => {
    const { write, heard } = held();
    const request = new FakeRequest();
    const writing = write('abc', request);
    expect(await isPending(writing)).toBe(true);
    request.flush();
    expect([await writing, heard]).toEqual([3, ['abc']]);
  });

  test('does not get more, whatever is written and taken back', async () => {
    const { write, heard } = held();
    const first = new FakeRequest();
    const writing = write('first', first);
    first.flush();
    await writing;
    for (let i = 0; i < 1000; i++) {
      const request = new FakeRequest();
      const next = write('flood', request);
      request.flush();
      await expect(next).rejects.toMatchObject({ errno: 4 });
    }
    expect(heard).toEqual(['first']);
  });
});

describe('a listener that fails', () => {
  test.each([
    [
      'by throwing',
      () => {
        throw new Error('full');
      },
    ],
    ['by rejecting', () => Promise.reject(new Error('full'))],
  ])('%s: EPIPE for this and every later write; the host is told once', async (_, listener) => {
    const failures: unknown[] = [];
    const sink = new ByteSink(listener, (error) => failures.push(error));
    const write = async () => sink.write([bytes('x')], new FakeRequest());
    await expect(write()).rejects.toMatchObject({ errno: 32 });
    await expect(write()).rejects.toMatchObject({ errno: 32 });
    expect(failures).toEqual([new Error('full')]);
  });

  test('while others wait for their turn: they fail as well', async () => {
    const { write, gates, heard } = held();
    const writes = [write('a'), write('b'), write('c')].map(async (writing) => writing);
    gates.shift()?.reject(new Error('gone'));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.errno)).toEqual([32, 32, 32]);
    expect(heard).toEqual(['a']);
  });
});

describe('writes', () => {
  test('are answered at once where the listener is done at once', () => {
    const heard: Uint8Array[] = [];
    const sink = new ByteSink((piece) => void heard.push(piece));
    const [a, b] = [bytes('ab'), bytes('c')];
    expect(sink.write([a, b], new FakeRequest())).toBe(3);
    a.fill(0);
    expect(heard).toEqual([bytes('abc')]);
  });

  test('of nothing are no call', () => {
    const sink = new ByteSink(() => {
      throw new Error('called');
    });
    expect(sink.write([], new FakeRequest())).toBe(0);
    expect(sink.write([new Uint8Array(0)], new FakeRequest())).toBe(0);
  });

  test('a listener may return anything that is no promise', () => {
    const sizes: number[] = [];
    const sink = new ByteSink((piece) => sizes.push(piece.length) as unknown as undefined);
    expect(sink.write([bytes('abc')], new FakeRequest())).toBe(3);
    expect(sizes).toEqual([3]);
  });

  test('that come together are handed on one after the other, in order', async () => {
    const { write, heard, done } = held();
    const writes = [write('1'), write('22'), write('333')];
    expect(heard).toEqual(['1']);
    await done();
    expect(heard).toEqual(['1', '22']);
    await done();
    await done();
    expect([heard, await Promise.all(writes)]).toEqual([
      ['1', '22', '333'],
      [1, 2, 3],
    ]);
  });
});
