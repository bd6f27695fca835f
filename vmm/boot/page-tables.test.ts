import { expect, test } from '@jest/globals';
import { identityPageTables, PAGE_TABLES_LENGTH } from './page-tables.ts';

const BASE = 0x9000;

/** Walks the tables as the processor does; undefined where an entry is not present. */
function translate(address: bigint): bigint | undefined {
  const view = new DataView(identityPageTables(BASE).buffer);
  let table = BASE;
  for (const shift of [39n, 30n, 21n]) {
    const entry = view.getBigUint64(table - BASE + Number((address >> shift) & 511n) * 8, true);
    if ((entry & 1n) === 0n) return undefined;
    if ((entry & 0x80n) !== 0n) return (entry & 0x000f_ffff_ffe0_0000n) | (address & 0x1f_ffffn);
    table = Number(entry & 0x000f_ffff_ffff_f000n);
  }
  return undefined;
}

test('the first 4 GiB are mapped to themselves, and nothing else', () => {
  for (const address of [0n, 0x7000n, 0x1f_ffffn, 0x20_0000n, 0x100_0000n, 0x7fff_ffffn, 0xc000_0000n, 0xffff_ffffn]) {
    expect(translate(address)).toBe(address);
  }
  for (const address of [0x1_0000_0000n, 0x80_0000_0000n, 0xffff_8000_0000_0000n]) {
    expect(translate(address)).toBeUndefined();
  }
});

test('the tables are six pages, writable all the way', () => {
  expect(PAGE_TABLES_LENGTH).toBe(6 * 4096);
  const entries = Array.from(new BigUint64Array(identityPageTables(BASE).buffer)).filter((entry) => entry !== 0n);
  expect(entries).toHaveLength(1 + 4 + 2048);
  expect(entries.every((entry) => (entry & 3n) === 3n)).toBe(true);
});
