import { afterEach, describe, expect, test } from '@jest/globals';
import type { Gpa } from '../../../devices/ports.ts';
import { GuestRam } from './guest-ram.ts';

const at = (address: number) => address as Gpa;
const HIGH = 0x1_0000_0000;
let ram: GuestRam | undefined;
afterEach(() => ram?.close());

function twoRanges(): GuestRam {
  ram = new GuestRam([
    { base: at(0), length: 0x4000 },
    { base: at(HIGH), length: 0x2000 },
  ]);
  return ram;
}

describe('what is no RAM has no view', () => {
  test.each([
    ['beyond the end of a range', 0x4000, 1],
    ['across the end of a range', 0x3fff, 2],
    ['into the hole from below', 0x3000, 0x1001],
    ['in the hole', 0x8000, 8],
    ['just below a range', HIGH - 1, 2],
    ['beyond the last range', HIGH + 0x2000, 1],
    ['from one range through the hole into the other', 0, HIGH + 1],
    ['nowhere near', 2 ** 53 - 1, 1],
    ['of nothing, at the end of a range', 0x4000, 0],
  ])('%s', (_, address, length) => {
    expect(twoRanges().view(at(address), length)).toBeUndefined();
  });
});

test('the ranges lie one after the other in the memory behind', () => {
  const memory = twoRanges();
  expect(memory.slots).toEqual([
    { base: 0, length: 0x4000, offset: 0 },
    { base: HIGH, length: 0x2000, offset: 0x4000 },
  ]);
  memory.view(at(HIGH), 0x2000)?.fill(0xaa);
  memory.view(at(0x3fff), 1)?.fill(0xbb);
  expect([...memory.backing.view(0x3ffe, 4)]).toEqual([0, 0xbb, 0xaa, 0xaa]);
});

test('views are of the same bytes, whole ranges and empty ones among them', () => {
  const memory = twoRanges();
  expect(memory.view(at(0), 0x4000)).toHaveLength(0x4000);
  expect(memory.view(at(0x123), 0)).toHaveLength(0);
  memory.view(at(0x10), 4)?.set([1, 2, 3, 4]);
  expect([...(memory.view(at(0x12), 2) ?? [])]).toEqual([3, 4]);
});

test('a view is aligned as its address is', () => {
  const memory = twoRanges();
  for (const address of [0x1000, 0x1008, HIGH + 0x1002]) {
    expect((memory.view(at(address), 4)?.byteOffset ?? -1) % 0x1000).toBe(address % 0x1000);
  }
});

test('closed, old views are empty: nothing can write to memory that is gone', () => {
  const memory = twoRanges();
  const view = memory.view(at(0), 16);
  memory.close();
  memory.close();
  expect(view).toHaveLength(0);
});

test('is memory of this process alone, unless it is to be shared', () => {
  expect(twoRanges().backing.backing).toBe('anonymous');
  ram?.close();
  ram = new GuestRam([{ base: at(0), length: 0x1000 }], true);
  expect(ram.backing.backing).toBe('memfd');
});
