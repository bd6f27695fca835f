import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gather } from '../client/client.ts';
import type { Segments } from '../frame-handler.ts';
import { FrameReader } from './frame-reader.ts';

/** A message of `size` bytes, its body counting up from `first`. */
function message(size: number, first = 0): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (first + at) & 0xff);
  new DataView(bytes.buffer).setUint32(0, size, true);
  return bytes;
}

function whole(frame: Segments | undefined): number[] | undefined {
  return (
    frame && [
      ...gather(
        frame,
        frame.reduce((sum, { length }) => sum + length, 0),
      ),
    ]
  );
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return gather(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

const LIMIT = 65_536;

describe('FrameReader', () => {
  test('gives nothing until a message is whole', () => {
    const reader = new FrameReader();
    const bytes = message(9);
    for (const byte of bytes.subarray(0, 8)) {
      reader.feed(Uint8Array.of(byte));
      expect(reader.next(LIMIT)).toBeUndefined();
    }
    expect(reader.pending).toBe(8);
    reader.feed(bytes.subarray(8));
    expect(whole(reader.next(LIMIT))).toEqual([...bytes]);
    expect(reader.pending).toBe(0);
    expect(reader.next(LIMIT)).toBeUndefined();
  });

  test('gives several messages of one piece, without copying', () => {
    const reader = new FrameReader();
    const bytes = joined([message(7), message(20), message(7).subarray(0, 5)]);
    reader.feed(bytes);
    const [first] = reader.next(LIMIT) ?? [];
    const [second] = reader.next(LIMIT) ?? [];
    expect([first?.buffer, second?.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect([first?.byteOffset, first?.length, second?.byteOffset, second?.length]).toEqual([0, 7, 7, 20]);
    expect(reader.next(LIMIT)).toBeUndefined();
    expect(reader.pending).toBe(5);
  });

  test.each([0, 1, 6])('a size of %i is an error before the rest has come', (size) => {
    const reader = new FrameReader();
    reader.feed(Uint8Array.of(size, 0, 0, 0));
    expect(() => reader.next(LIMIT)).toThrow(`a message of ${size} bytes is shorter than its header`);
  });

  test('the limit is judged as it is when the message is asked for', () => {
    const reader = new FrameReader();
    reader.feed(message(100).subarray(0, 4));
    expect(() => reader.next(99)).toThrow('a message of 100 bytes is longer than the 99 allowed');
    expect(reader.next(100)).toBeUndefined();
  });

  test('a size field with its top bit set is a large number', () => {
    const reader = new FrameReader();
    reader.feed(Uint8Array.of(0, 0, 0, 0x80));
    expect(() => reader.next(LIMIT)).toThrow('2147483648 bytes is longer');
  });

  test('a message that drips in holds hardly more memory than its bytes', () => {
    const reader = new FrameReader();
    const bytes = message(50_000, 3);
    for (const byte of bytes) reader.feed(Uint8Array.of(byte));
    const frame = reader.next(LIMIT) ?? [];
    expect(whole(frame)).toEqual([...bytes]);
    const buffers = new Set(frame.map(({ buffer }) => buffer));
    const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(held).toBeLessThan(bytes.length + 2 * 4096);
  });

  test('what is given out does not change when more comes in', () => {
    const reader = new FrameReader();
    const [a, b] = [message(30, 1), message(40, 2)];
    reader.feed(a.subarray(0, 10));
    reader.feed(a.subarray(10, 20));
    reader.feed(joined([a.subarray(20), b.subarray(0, 5)]));
    const first = reader.next(LIMIT);
    for (const byte of b.subarray(5)) reader.feed(Uint8Array.of(byte));
    const second = reader.next(LIMIT);
    expect(whole(first)).toEqual([...a]);
    expect(whole(second)).toEqual([...b]);
  });

  test('however a stream is split, its messages come out in order', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 7, max: 60 }), fc.integer({ min: 7, max: 9000 })), {
      maxLength: 30,
    });
    const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3000 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, cuts, fc.boolean(), (lengths, pieces, late) => {
        const messages = lengths.map((length, index) => message(length, index));
        const stream = joined(messages);
        const reader = new FrameReader();
        const got: Segments[] = [];
        const collect = (): void => {
          for (let frame = reader.next(LIMIT); frame !== undefined; frame = reader.next(LIMIT)) got.push(frame);
        };
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = pieces[turn % pieces.length] ?? 1;
          reader.feed(stream.slice(at, at + length));
          at += length;
          if (!late) collect();
        }
        collect();
        expect(got.map((frame) => joined(frame).length)).toEqual(lengths);
        expect(Buffer.compare(joined(got.flat()), stream)).toBe(0);
        expect(reader.pending).toBe(0);
      }),
      { numRuns: 150, seed: 9 },
    );
  });
});
