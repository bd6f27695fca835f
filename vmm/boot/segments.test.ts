import { expect, test } from '@jest/globals';
import { BOOT_GDT_LENGTH, BOOT_SEGMENTS_32, bootGdt } from './segments.ts';

test('the GDT has flat code at 0x10, flat data at 0x18 and a busy task at 0x20', () => {
  const table = new BigUint64Array(bootGdt().buffer);
  expect(table).toHaveLength(BOOT_GDT_LENGTH / 8);
  expect(Array.from(table)).toEqual([
    0n,
    0n,
    0x00af_9b00_0000_ffffn,
    0x00cf_9300_0000_ffffn,
    0x008f_8b00_0000_ffffn,
    0n,
  ]);
});

test('for entry in 32-bit mode it has flat 32-bit code at 0x10 and flat data at 0x18', () => {
  expect(Array.from(new BigUint64Array(bootGdt(BOOT_SEGMENTS_32).buffer))).toEqual([
    0n,
    0n,
    0x00cf_9b00_0000_ffffn,
    0x00cf_9300_0000_ffffn,
    0n,
    0n,
  ]);
});
