import { describe, expect, test } from '@jest/globals';
import { ByteReader, ByteWriter } from './cursor.ts';
import {
  flags,
  list,
  payload,
  quote,
  string,
  text,
  u8,
  u16,
  u32,
  u32OrAbsent,
  u64,
  utf8,
  type WireType,
} from './wire.ts';

function encoded<T>(type: WireType<T>, value: T): Uint8Array {
  const bytes = new Uint8Array(type.size(value));
  const writer = new ByteWriter(bytes);
  type.put(writer, value);
  expect(writer.overrun).toBe(false);
  expect(writer.length).toBe(bytes.length);
  return bytes;
}

function decoded<T>(type: WireType<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = type.get(reader);
  expect(reader.overrun).toBe(false);
  expect(reader.remaining).toBe(0);
  return value;
}

function sampled<T>(name: string, type: WireType<T>): void {
  test.each(type.samples.map((sample) => [sample]))(`${name} %p survives a round trip and no truncation`, (sample) => {
    const bytes = encoded(type, sample);
    expect(decoded(type, bytes)).toEqual(sample);
    expect(bytes.length).toBeGreaterThanOrEqual(type.minimum);
    for (let length = 0; length < bytes.length; length++) {
      const reader = new ByteReader(bytes.subarray(0, length));
      type.get(reader);
      expect(reader.overrun).toBe(true);
    }
  });
}

describe('wire types', () => {
  sampled('u8', u8);
  sampled('u16', u16);
  sampled('u32', u32);
  sampled('u64', u64);
  sampled('string', string);
  sampled('text', text);
  sampled('list', list(u16));
  sampled('payload', payload);

  test('a string is a u16 length and its bytes', () => {
    expect(encoded(string, utf8('abc'))).toEqual(Uint8Array.of(3, 0, 0x61, 0x62, 0x63));
  });

  test('a list is a u16 count and its elements', () => {
    expect(encoded(list(u8), [7, 8])).toEqual(Uint8Array.of(2, 0, 7, 8));
  });

  test('a list that claims 65,535 elements of which none is there stops at once', () => {
    const reader = new ByteReader(Uint8Array.of(0xff, 0xff));
    expect(list(string).get(reader)).toHaveLength(1);
    expect(reader.overrun).toBe(true);
  });

  test('a payload is a u32 count and the first bytes of its segments', () => {
    const segments = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];
    expect(encoded(payload, { segments, length: 3 })).toEqual(Uint8Array.of(3, 0, 0, 0, 1, 2, 3));
  });

  test('a u32 may be left out at the end, but not cut off', () => {
    expect(decoded(u32OrAbsent, new Uint8Array(0))).toBe(0);
    expect(decoded(u32OrAbsent, Uint8Array.of(1, 0, 0, 0))).toBe(1);
    const reader = new ByteReader(Uint8Array.of(1, 0));
    u32OrAbsent.get(reader);
    expect(reader.overrun).toBe(true);
  });
});

describe('what a trace shows', () => {
  test('named bits, and in the given radix those without a name', () => {
    const named = flags(u32, { TRUNC: 0o1000, APPEND: 0o2000 }, { radix: 8 });
    expect(named.show(0o3000)).toBe('TRUNC|APPEND');
    expect(named.show(0o13000)).toBe('TRUNC|APPEND|010000');
    expect(named.show(0)).toBe('0');
    expect(flags(u64, { ALL: 0x3fffn }).show(0x7fffn)).toBe('ALL|0x4000');
  });

  test('text as it is, and bytes that are no text byte by byte', () => {
    expect(quote(utf8('naïve "x"\n'))).toBe('"naïve \\"x\\"\\n"');
    expect(quote(Uint8Array.of(0x61, 0xff, 0x22, 0x5c, 0x0a))).toBe('"a\\xff\\x22\\x5c\\x0a"');
  });

  test('a payload as its length', () => {
    expect(payload.show({ segments: [new Uint8Array(9)], length: 7 })).toBe('7 bytes');
  });

  test('a list element by element', () => {
    expect(list(string).show([utf8('etc'), utf8('passwd')])).toBe('["etc" "passwd"]');
  });
});
