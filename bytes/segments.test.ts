import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyIn, copyOut, SegmentWriter, sliceSegments, totalLength } from './segments.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Cuts `flat` at the given places, which may repeat and so make empty pieces. */
function cut(flat: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (flat.length + 1)), flat.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => flat.subarray(sorted[i], end));
}

const flatAndCuts = fc.record({
  flat: fc.uint8Array({ maxLength: 300 }),
  places: fc.array(fc.nat(300), { maxLength: 6 }),
  at: fc.nat(320),
  length: fc.nat(320),
});

describe('segments', () => {
  test('copying out stops where the segments do', () => {
    const into = new Uint8Array(4);
    expect(copyOut([bytes(1, 2), bytes(3)], 1, into, 4)).toBe(2);
    expect(into).toEqual(bytes(2, 3, 0, 0));
    expect(copyOut([bytes(1)], 5, into, 1)).toBe(0);
    expect(copyOut([], 0, into, 1)).toBe(0);
  });

  test('copying in stops where the segments do', () => {
    const segments = [new Uint8Array(1), new Uint8Array(0), new Uint8Array(2)];
    expect(copyIn(segments, 1, bytes(1, 2, 3, 4), 4)).toBe(2);
    expect(segments).toEqual([bytes(0), bytes(), bytes(1, 2)]);
    expect(copyIn(segments, 9, bytes(1), 1)).toBe(0);
  });

  test('a slice shares memory and hands on whole pieces as they are', () => {
    const first = bytes(1, 2);
    const second = bytes(3, 4);
    const slices = sliceSegments([first, second], 1, 3);
    expect(slices).toEqual([bytes(2), bytes(3, 4)]);
    expect(slices[1]).toBe(second);
    expect(slices[0]?.buffer).toBe(first.buffer);
  });

  test('wherever the pieces are split, they read as the flat bytes do', () => {
    fc.assert(
      fc.property(flatAndCuts, ({ flat, places, at, length }) => {
        const segments = cut(flat, places);
        const expected = flat.subarray(at, at + length);
        const into = new Uint8Array(length);
        expect(totalLength(segments)).toBe(flat.length);
        expect(copyOut(segments, at, into, length)).toBe(expected.length);
        expect(into.subarray(0, expected.length)).toEqual(expected);
        expect(Buffer.concat(sliceSegments(segments, at, length))).toEqual(Buffer.from(expected));
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  test('wherever the pieces are split, they are written as the flat bytes are', () => {
    fc.assert(
      fc.property(flatAndCuts, fc.uint8Array({ maxLength: 320 }), ({ flat, places, at, length }, data) => {
        const segments = cut(flat.slice(), places);
        const wanted = Math.min(length, data.length);
        const expected = flat.slice();
        const fitting = Math.max(0, Math.min(wanted, flat.length - at));
        expected.set(data.subarray(0, fitting), Math.min(at, flat.length));
        expect(copyIn(segments, at, data, wanted)).toBe(fitting);
        expect(Buffer.concat(segments)).toEqual(Buffer.from(expected));
      }),
      { seed: 9, numRuns: 300 },
    );
  });
});

describe('SegmentWriter', () => {
  test('keeps inside its window', () => {
    const segments = [new Uint8Array(2), new Uint8Array(3)];
    const writer = new SegmentWriter(segments, 1, 3);
    expect(writer.room).toBe(3);
    writer.write(bytes(1, 2), 2);
    expect(writer.room).toBe(1);
    writer.write(bytes(3, 4), 2);
    expect(writer.room).toBe(0);
    writer.write(bytes(5), 1);
    expect(segments).toEqual([bytes(0, 1), bytes(2, 3, 0)]);
  });

  test('writes only the first bytes it is told to', () => {
    const segments = [new Uint8Array(4)];
    new SegmentWriter(segments, 0, 4).write(bytes(1, 2, 3), 2);
    expect(segments).toEqual([bytes(1, 2, 0, 0)]);
  });
});
