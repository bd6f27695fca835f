import { describe, expect, test } from '@jest/globals';
import { ByteReader, ByteWriter } from './cursor.ts';

describe('ByteReader', () => {
  test('a read past the end gives zero and sets the flag, which stays', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    expect(reader.u32()).toBe(0);
    expect(reader.overrun).toBe(true);
    expect(reader.u8()).toBe(0);
    expect(reader.u64()).toBe(0n);
    expect(reader.bytes(1)).toEqual(new Uint8Array(0));
    expect(reader.overrun).toBe(true);
  });

  test('numbers are little-endian and unsigned', () => {
    const reader = new ByteReader(
      Uint8Array.of(0xff, 0xfe, 0xff, 0xfc, 0xfd, 0xfe, 0xff, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff),
    );
    expect(reader.u8()).toBe(0xff);
    expect(reader.u16()).toBe(0xfffe);
    expect(reader.u32()).toBe(0xfffefdfc);
    expect(reader.u64()).toBe(0xfffe_fdfc_fbfa_f9f8n);
    expect(reader.remaining).toBe(0);
    expect(reader.overrun).toBe(false);
  });

  test('a view into a larger buffer does not see what surrounds it', () => {
    const whole = Uint8Array.of(9, 9, 1, 2, 9, 9);
    const reader = new ByteReader(whole.subarray(2, 4));
    expect(reader.u16()).toBe(0x0201);
    expect(reader.u8()).toBe(0);
    expect(reader.overrun).toBe(true);
  });

  test('rewind narrows the window and clears the flag', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3, 4));
    reader.bytes(5);
    reader.rewind(1, 3);
    expect(reader.overrun).toBe(false);
    expect(reader.bytes(2)).toEqual(Uint8Array.of(2, 3));
    expect(reader.u8()).toBe(0);
    expect(reader.overrun).toBe(true);
  });

  test('a rewind beyond the buffer is an overrun', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2));
    reader.rewind(3, 5);
    expect(reader.overrun).toBe(true);
  });

  describe('with a tail that stays where it is', () => {
    const tail = [Uint8Array.of(7), Uint8Array.of(8, 9)];

    test('a payload of exactly its length is the tail itself', () => {
      const reader = new ByteReader(Uint8Array.of(1));
      reader.rewind(0, 1, tail, 3);
      expect(reader.u8()).toBe(1);
      expect(reader.remaining).toBe(3);
      expect(reader.payload(3)).toBe(tail);
      expect(reader.remaining).toBe(0);
      expect(reader.overrun).toBe(false);
    });

    test('a longer payload is an overrun, a shorter one leaves bytes over', () => {
      const reader = new ByteReader(new Uint8Array(0));
      reader.rewind(0, 0, tail, 3);
      expect(reader.payload(4)).toEqual([]);
      expect(reader.overrun).toBe(true);
      reader.rewind(0, 0, tail, 3);
      expect(reader.payload(2)).toEqual([]);
      expect(reader.overrun).toBe(false);
      expect(reader.remaining).toBe(3);
    });

    test('a payload before the end of the flat part is an overrun', () => {
      const reader = new ByteReader(Uint8Array.of(1));
      reader.rewind(0, 1, tail, 3);
      reader.payload(3);
      expect(reader.overrun).toBe(true);
    });
  });
});

describe('ByteWriter', () => {
  test('a write that does not fit changes nothing, nor does any after it', () => {
    const buffer = new Uint8Array(4);
    const writer = new ByteWriter(buffer);
    writer.u16(0x0201);
    writer.u32(0xffff_ffff);
    writer.u8(5);
    expect(writer.overrun).toBe(true);
    expect(buffer).toEqual(Uint8Array.of(1, 2, 0, 0));
    expect(writer.length).toBe(2);
  });

  test('numbers are little-endian', () => {
    const buffer = new Uint8Array(15);
    const writer = new ByteWriter(buffer);
    writer.u8(0xff);
    writer.u16(0xfffe);
    writer.u32(0xfffefdfc);
    writer.u64(0xfffe_fdfc_fbfa_f9f8n);
    expect(buffer).toEqual(
      Uint8Array.of(0xff, 0xfe, 0xff, 0xfc, 0xfd, 0xfe, 0xff, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff),
    );
  });

  test('patching reaches only what was written', () => {
    const buffer = new Uint8Array(8);
    const writer = new ByteWriter(buffer);
    writer.u32(0);
    writer.patchU32(0, 0x01020304);
    writer.patchU32(1, 0xffff_ffff);
    expect(buffer).toEqual(Uint8Array.of(4, 3, 2, 1, 0, 0, 0, 0));
  });
});
