import { describe, expect, test } from '@jest/globals';
import { Cmos } from './cmos.ts';

const MIB = 1024 * 1024;

function cmos(iso = '2026-11-23T13:45:59.000Z', lowMemory = 64 * MIB, highMemory = 0) {
  const time = { ms: Date.parse(iso) };
  const clock = { now: () => time.ms, monotonicMs: () => 0 };
  const chip = new Cmos({ clock, lowMemory, highMemory });
  const get = (index: number): number => {
    chip.write(0, 1, index);
    return chip.read(1, 1);
  };
  const set = (index: number, value: number): void => {
    chip.write(0, 1, index);
    chip.write(1, 1, value);
  };
  /** seconds, minutes, hours, weekday, day, month, year, century */
  const fields = (): number[] => [0x00, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x32].map(get);
  return { chip, time, get, set, fields };
}

describe('the clock', () => {
  test('shows UTC in BCD and 24 hours at power-on', () => {
    const { fields, get } = cmos();
    expect(fields()).toEqual([0x59, 0x45, 0x13, 2, 0x23, 0x11, 0x26, 0x20]);
    expect([get(0x0a), get(0x0b), get(0x0c), get(0x0d)]).toEqual([0x26, 0x02, 0x00, 0x80]);
  });

  test('shows binary and 12 hours when asked', () => {
    const { fields, set, time, get } = cmos();
    set(0x0b, 0x06);
    expect(fields()).toEqual([59, 45, 13, 2, 23, 11, 26, 20]);
    set(0x0b, 0x04);
    expect(get(0x04)).toBe(0x81);
    const hours = [0, 11, 12, 23].map((hour) => {
      time.ms = Date.UTC(2026, 0, 1, hour);
      return get(0x04);
    });
    expect(hours).toEqual([12, 11, 0x8c, 0x8b]);
    set(0x0b, 0x00);
    expect(get(0x04)).toBe(0x91);
  });

  test.each([
    [0, 0x00],
    [997, 0x00],
    [998, 0x80],
    [999, 0x80],
  ])('%d ms into a second has UIP %d', (ms, uip) => {
    const { time, get } = cmos();
    time.ms += ms;
    expect(get(0x0a) & 0x80).toBe(uip);
  });

  test('stands still while SET is 1 and goes on from what was written', () => {
    const { fields, get, set, time } = cmos();
    set(0x0b, 0x82);
    time.ms += 10_500;
    expect(get(0x00)).toBe(0x59);
    const values: [number, number][] = [
      [0x00, 0x58],
      [0x02, 0x59],
      [0x04, 0x23],
      [0x07, 0x31],
      [0x08, 0x12],
      [0x09, 0x99],
      [0x32, 0x19],
    ];
    for (const [index, value] of values) set(index, value);
    expect(get(0x0a) & 0x80).toBe(0);
    set(0x0b, 0x02);
    expect(fields()).toEqual([0x58, 0x59, 0x23, 6, 0x31, 0x12, 0x99, 0x19]);
    time.ms += 2000;
    expect(fields()).toEqual([0x00, 0x00, 0x00, 7, 0x01, 0x01, 0x00, 0x20]);
  });

  test('takes a single field at once without SET, in 12 hours too', () => {
    const { get, set } = cmos();
    set(0x0b, 0x00);
    set(0x04, 0x92);
    expect(get(0x04)).toBe(0x92);
    set(0x0b, 0x02);
    expect(get(0x04)).toBe(0x12);
    set(0x06, 7);
    expect(get(0x06)).toBe(2);
  });

  test('survives nonsense', () => {
    const { fields, set } = cmos();
    for (const index of [0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32]) set(index, 0xff);
    for (const value of fields()) expect(value).toBeLessThanOrEqual(0xff);
    for (const index of [0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32]) set(index, 0x00);
    for (const value of fields()) expect(Number.isInteger(value)).toBe(true);
  });
});

describe('the size of memory', () => {
  const pair = (chip: ReturnType<typeof cmos>, low: number): number => chip.get(low) + 256 * chip.get(low + 1);

  test.each([
    [64 * MIB, 0, [640, 64512, 64512, 768]],
    [2 * MIB, 0, [640, 1024, 1024, 0]],
    [3072 * MIB, 1024 * MIB, [640, 65535, 65535, 48896]],
  ])('of %d bytes and %d above 4 GiB is noted in KiB and in 64 KiB', (low, high, expected) => {
    const chip = cmos(undefined, low, high);
    expect([pair(chip, 0x15), pair(chip, 0x17), pair(chip, 0x30), pair(chip, 0x34)]).toEqual(expected);
    expect(pair(chip, 0x5b) + 65536 * chip.get(0x5d)).toBe(high / 65536);
  });
});

test('the index ignores bit 7, every other byte is memory, and the index port reads ones', () => {
  const { chip, get, set } = cmos();
  set(0x80 | 0x40, 0x5a);
  expect(get(0x40)).toBe(0x5a);
  expect([chip.read(0, 1), chip.read(0, 2)]).toEqual([0xff, 0xffff]);
  chip.write(0, 2, 0x3341);
  expect(get(0x41)).toBe(0x33);
  set(0x0d, 0x00);
  expect(get(0x0d)).toBe(0x80);
});
