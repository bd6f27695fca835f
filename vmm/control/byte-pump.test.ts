import { describe, expect, test } from '@jest/globals';
import { Gate } from '../../ninep/contract/stubs.ts';
import { BytePump } from './byte-pump.ts';
import { FakeRequest } from './test-support/fake-request.ts';
import { isPending, settled } from './test-support/turns.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Reads up to `room` bytes as text. */
async function read(pump: BytePump, room = 64, request = new FakeRequest()): Promise<string> {
  const into = new Uint8Array(room);
  return Buffer.from(into.subarray(0, await pump.read([into], request))).toString();
}

/** A source whose every step the test takes. */
function stepped() {
  const steps: Gate<IteratorResult<Uint8Array, undefined>>[] = [];
  const log: string[] = [];
  const state = { onReturn: (): unknown => undefined };
  const source = {
    [Symbol.asyncIterator]: () => ({
      next() {
        const gate = new Gate<IteratorResult<Uint8Array, undefined>>();
        steps.push(gate);
        log.push('next');
        return gate.promise;
      },
      async return() {
        log.push('return');
        state.onReturn();
        return { done: true as const, value: undefined };
      },
    }),
  };
  const give = async (text: string) => {
    steps.shift()?.resolve({ done: false, value: bytes(text) });
    await settled();
  };
  const end = () => steps.shift()?.resolve({ done: true, value: undefined });
  const fail = (error: Error) => steps.shift()?.reject(error);
  return { source, log, state, give, end, fail };
}

describe('a source that misbehaves', () => {
  test('one that throws: EIO for every read from then on, and the host is told why', async () => {
    const failures: unknown[] = [];
    const pump = new BytePump(
      (async function* () {
        yield bytes('a');
        throw new Error('torn');
      })(),
      (error) => failures.push(error),
    );
    expect(await read(pump)).toBe('a');
    await expect(read(pump)).rejects.toMatchObject({ errno: 5 });
    await expect(read(pump)).rejects.toMatchObject({ errno: 5 });
    expect(failures).toEqual([new Error('torn')]);
  });

  test('one that throws in its own turn', async () => {
    const pump = new BytePump({
      [Symbol.asyncIterator]: () => ({
        next() {
          throw new Error('no promise even');
        },
      }),
    });
    await expect(read(pump)).rejects.toMatchObject({ errno: 5 });
  });

  test('empty pieces are no end', async () => {
    const pump = new BytePump(
      (async function* () {
        yield bytes('');
        yield bytes('');
        yield bytes('x');
      })(),
    );
    expect([await read(pump), await read(pump)]).toEqual(['x', '']);
  });

  test('one that fails when it is let go, or after, harms nobody', async () => {
    const { source, state, fail, log } = stepped();
    const failures: unknown[] = [];
    const pump = new BytePump(source, (error) => failures.push(error));
    state.onReturn = () => {
      throw new Error('cannot close');
    };
    const waiting = read(pump);
    await settled();
    pump.close();
    fail(new Error('too late'));
    expect(await waiting).toBe('');
    await settled();
    expect([log, failures]).toEqual([['next', 'return'], []]);
  });
});

describe('Tflush', () => {
  test('a read taken back takes no bytes with it: they go to the next', async () => {
    const { source, give, log } = stepped();
    const pump = new BytePump(source);
    const request = new FakeRequest();
    const gone = read(pump, 64, request);
    await settled();
    request.flush();
    await expect(gone).rejects.toMatchObject({ errno: 4 });
    await give('kept');
    expect(await read(pump)).toBe('kept');
    expect(log).toEqual(['next']);
  });

  test('of the second of two readers leaves the first alone', async () => {
    const { source, give } = stepped();
    const pump = new BytePump(source);
    const request = new FakeRequest();
    const first = read(pump);
    const second = read(pump, 64, request);
    request.flush();
    await expect(second).rejects.toMatchObject({ errno: 4 });
    await give('one');
    expect(await first).toBe('one');
  });

  test('ten thousand readers taken back ask the source once', async () => {
    const { source, give, log } = stepped();
    const pump = new BytePump(source);
    for (let i = 0; i < 10_000; i++) {
      const request = new FakeRequest();
      const gone = read(pump, 8, request);
      request.flush();
      await expect(gone).rejects.toMatchObject({ errno: 4 });
    }
    await give('x');
    expect([await read(pump), log]).toEqual(['x', ['next']]);
  });
});

describe('a stream of bytes', () => {
  test('what is there is answered at once, cut to the room', () => {
    const pump = new BytePump('hello');
    const into = [new Uint8Array(1), new Uint8Array(2)];
    expect(pump.read(into, new FakeRequest())).toBe(3);
    expect(Buffer.concat(into).toString()).toBe('hel');
    expect(pump.read([new Uint8Array(9)], new FakeRequest())).toBe(2);
    expect(pump.read([new Uint8Array(9)], new FakeRequest())).toBe(0);
  });

  test('bytes given all at once are dropped on close', () => {
    const pump = new BytePump(bytes('hello'));
    pump.close();
    expect(pump.read([new Uint8Array(9)], new FakeRequest())).toBe(0);
  });

  test.each([1, 2, 3, 5, 64])('with room for %i bytes a read never crosses a piece', async (room) => {
    const pump = new BytePump(
      (async function* () {
        yield bytes('hello');
        yield bytes('!');
      })(),
    );
    let text = '';
    for (let part = await read(pump, room); part !== ''; part = await read(pump, room)) text += part;
    expect(text).toBe('hello!');
  });

  test('a read of nothing gets nothing, at once, and is not the end', async () => {
    const { source, log } = stepped();
    const pump = new BytePump(source);
    expect(pump.read([], new FakeRequest())).toBe(0);
    expect(pump.read([new Uint8Array(0)], new FakeRequest())).toBe(0);
    expect(log).toEqual([]);
  });

  test('fills a reply area in pieces', async () => {
    const pump = new BytePump(bytes('abc'));
    const pieces = [new Uint8Array(1), new Uint8Array(0), new Uint8Array(4)];
    expect(await pump.read(pieces, new FakeRequest())).toBe(3);
    expect(Buffer.concat(pieces).subarray(0, 3).toString()).toBe('abc');
  });

  test('nothing is asked of the source before somebody reads', async () => {
    const { source, log, give, end } = stepped();
    const pump = new BytePump(source);
    await settled();
    expect(log).toEqual([]);
    const first = read(pump, 1);
    await give('ab');
    expect([await first, await read(pump)]).toEqual(['a', 'b']);
    expect(log).toEqual(['next']);
    const last = read(pump);
    end();
    expect([await last, await read(pump)]).toEqual(['', '']);
  });

  test('closing ends the reads that wait, drops what is left and lets the source go once', async () => {
    const { source, log, give } = stepped();
    const pump = new BytePump(source);
    const first = read(pump, 1);
    await give('abc');
    expect(await first).toBe('a');
    pump.close();
    pump.close();
    expect(await read(pump)).toBe('');
    await settled();
    expect(log).toEqual(['next', 'return']);
  });

  test('what a closed source still gives is dropped', async () => {
    const { source, give } = stepped();
    const pump = new BytePump(source);
    const waiting = read(pump);
    expect(await isPending(waiting)).toBe(true);
    pump.close();
    expect(await waiting).toBe('');
    await give('late');
    expect(await read(pump)).toBe('');
  });
});
