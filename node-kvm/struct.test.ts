import { describe, expect, test } from '@jest/globals';
import { counted } from './layouts.ts';
import { array, bytes, struct, u8, u16, u32, u64 } from './struct.ts';

const inner = struct('inner', 4, { a: [0, u8], b: [2, u16] });
const sample = struct('sample', 32, {
  byte: [0, u8],
  word: [4, u32],
  wide: [8, u64],
  nested: [16, inner],
  list: [20, array(u8, 3)],
  raw: [24, bytes(4)],
});
const value = {
  byte: 0xff,
  word: 0x0403_0201,
  wide: 0x1817_1615_1413_1211n,
  nested: { a: 7, b: 0x0908 },
  list: [1, 2, 3],
  raw: new Uint8Array([9, 8, 7, 6]),
};

describe('struct', () => {
  test('encodes little-endian at the offsets of its rows, padding zero', () => {
    expect([...sample.encode(value)]).toEqual([
      0xff, 0, 0, 0, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 7, 0, 8, 9, 1, 2, 3, 0, 9, 8, 7, 6, 0,
      0, 0, 0,
    ]);
  });

  test('decodes what it encodes, also at an offset of a larger buffer', () => {
    const large = new Uint8Array(64);
    large.set(sample.encode(value), 5);
    expect(sample.decode(large.subarray(5, 37))).toEqual(value);
  });

  test.each([
    [{ byte: 256 }, RangeError, 'sample.byte: 256 is not in 0 to 255'],
    [{ byte: -1 }, RangeError, 'sample.byte'],
    [{ byte: 1n }, TypeError, 'sample.byte: an integer is needed, not 1 (bigint)'],
    [{ byte: undefined }, TypeError, 'sample.byte'],
    [{ word: 2 ** 32 }, RangeError, 'sample.word'],
    [{ word: 1.5 }, TypeError, 'sample.word'],
    [{ wide: 5 }, TypeError, 'sample.wide: a bigint is needed, not 5 (number)'],
    [{ wide: -1n }, RangeError, 'sample.wide'],
    [{ wide: 2n ** 64n }, RangeError, 'sample.wide'],
    [{ nested: null }, TypeError, 'sample.nested: an object is needed, not null'],
    [{ nested: { a: 7, b: 0x1_0000 } }, RangeError, 'sample.nested.b'],
    [{ list: [1, 2] }, TypeError, 'sample.list'],
    [{ list: [1, 2, 300] }, RangeError, 'sample.list[2]'],
    [{ raw: new Uint8Array(3) }, RangeError, 'sample.raw: 4 bytes are needed, not 3'],
    [{ raw: [9, 8, 7, 6] }, TypeError, 'sample.raw'],
    [{ raw: new Uint16Array(2) }, TypeError, 'sample.raw'],
  ])('refuses %p', (wrong, kind, message) => {
    const encode = () => sample.encode({ ...value, ...wrong } as typeof value);
    expect(encode).toThrow(kind);
    expect(encode).toThrow(message);
  });

  test.each([[{ a: [0, u32], b: [2, u8] }], [{ a: [6, u32] }]] as const)(
    'refuses rows that overlap or overrun',
    (rows) => {
      expect(() => struct('wrong', 8, rows)).toThrow('overlaps or overruns');
    },
  );
});

describe('counted', () => {
  test('puts the count before the entries', () => {
    expect([...counted('list', 8, u16).encode([1, 2])]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0]);
    expect([...counted('list', 4, u32).room(1)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('reads no further than there are bytes', () => {
    expect(counted('list', 4, u8).decode(new Uint8Array([200, 0, 0, 0, 1, 2]))).toEqual([1, 2]);
    expect(counted('list', 4, u8).decode(new Uint8Array([1, 0, 0, 0, 1, 2]))).toEqual([1]);
  });
});
