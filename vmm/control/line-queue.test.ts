import { describe, expect, test } from '@jest/globals';
import { LineQueue } from './line-queue.ts';
import { FakeRequest } from './test-support/fake-request.ts';
import { isPending } from './test-support/turns.ts';

/** Reads up to `room` bytes as text. */
async function read(queue: LineQueue, request = new FakeRequest(), room = 64): Promise<string> {
  const into = new Uint8Array(room);
  return Buffer.from(into.subarray(0, await queue.read([into], request))).toString();
}

describe('a queue of lines', () => {
  test('a reader taken back by Tflush takes no line with it', async () => {
    const queue = new LineQueue();
    const request = new FakeRequest();
    const gone = read(queue, request);
    request.flush();
    await expect(gone).rejects.toMatchObject({ errno: 4 });
    queue.push('1');
    expect(await read(queue)).toBe('1\n');
  });

  test('a Tflush that comes together with the line loses neither', async () => {
    const queue = new LineQueue();
    const request = new FakeRequest();
    const reader = read(queue, request);
    queue.push('1');
    request.flush();
    expect(await reader).toBe('1\n');
  });

  test('a line that does not fit is refused with EINVAL and stays', async () => {
    const queue = new LineQueue();
    queue.push('1234');
    expect(() => queue.read([new Uint8Array(4)], new FakeRequest())).toThrow(expect.objectContaining({ errno: 22 }));
    expect(await read(queue, undefined, 5)).toBe('1234\n');
  });

  test('a reader with too little room does not keep the line from another', async () => {
    const queue = new LineQueue();
    const [small, large] = [read(queue, undefined, 1), read(queue)];
    queue.push('12');
    await expect(small).rejects.toMatchObject({ errno: 22 });
    expect(await large).toBe('12\n');
  });

  test('a reply area in pieces is filled across them', () => {
    const queue = new LineQueue();
    queue.push('abc');
    const pieces = [new Uint8Array(1), new Uint8Array(0), new Uint8Array(9)];
    expect(queue.read(pieces, new FakeRequest())).toBe(4);
    expect(Buffer.concat(pieces).subarray(0, 4).toString()).toBe('abc\n');
  });

  test('each of several readers gets one line, in order', async () => {
    const queue = new LineQueue();
    const readers = [read(queue), read(queue), read(queue)];
    queue.push('1');
    queue.push('2');
    expect(await Promise.all(readers.slice(0, 2))).toEqual(['1\n', '2\n']);
    expect(await isPending(readers[2])).toBe(true);
    queue.push('3');
    expect(await readers[2]).toBe('3\n');
  });

  test('the end wakes who waits, comes after the lines that are there, and takes no more', async () => {
    const queue = new LineQueue();
    queue.push('1');
    queue.end();
    queue.push('2');
    expect([await read(queue), await read(queue), await read(queue)]).toEqual(['1\n', '', '']);
    const empty = new LineQueue();
    const waiting = read(empty);
    empty.end();
    expect(await waiting).toBe('');
  });
});
