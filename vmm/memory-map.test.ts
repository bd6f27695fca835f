import { describe, expect, test } from '@jest/globals';
import {
  formatSize,
  MemorySizeError,
  memoryMap,
  PORTS,
  pciInterruptGsi,
  pciInterrupts,
  REGIONS,
} from './memory-map.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

describe('a memory size that cannot be had is refused in one line', () => {
  test.each([
    [64 * KIB, undefined, 'memory of 64 KiB is too small: give at least 2 MiB for any kernel'],
    [64 * KIB, 29 * MIB, 'memory of 64 KiB is too small: give at least 29 MiB for this kernel'],
    [28 * MIB, 28 * MIB + 1, 'memory of 28 MiB is too small: give at least 29 MiB for this kernel'],
    [0, undefined, 'memory of 0 bytes is too small: give at least 2 MiB for any kernel'],
    [64 * GIB, undefined, 'memory of 64 GiB is too much: give at most 63 GiB'],
    [64 * MIB + 4096, undefined, 'memory of 65540 KiB is not a whole number of MiB: give 64 MiB, for example'],
    [-1, undefined, 'memory of -1 bytes makes no sense'],
    [1.5 * MIB + 0.5, undefined, 'memory of 1572864.5 bytes makes no sense'],
    [Number.NaN, undefined, 'memory of NaN bytes makes no sense'],
    [2 ** 60, undefined, 'memory of 1152921504606847000 bytes makes no sense'],
  ])('%d bytes for a kernel that needs %p', (memory, needs, message) => {
    expect(() => memoryMap(memory, needs)).toThrow(new MemorySizeError(message));
  });
});

describe('RAM leaves the PCI hole out', () => {
  test.each([
    [2 * MIB, [[0, 0x20_0000]]],
    [3 * GIB, [[0, 0xc000_0000]]],
    [
      3 * GIB + MIB,
      [
        [0, 0xc000_0000],
        [0x1_0000_0000, 0x10_0000],
      ],
    ],
    [
      63 * GIB,
      [
        [0, 0xc000_0000],
        [0x1_0000_0000, 0xf_0000_0000],
      ],
    ],
  ])('%d bytes', (memory, ranges) => {
    expect(memoryMap(memory).ram.map(({ base, length }) => [base, length])).toEqual(ranges);
  });
});

test('the kernel is told of usable RAM around the EBDA, the BIOS area and the hole', () => {
  expect(memoryMap(4 * GIB).e820.map(({ base, length, type }) => [base, base + length, type])).toEqual([
    [0x0, 0x9_fc00, 1],
    [0x9_fc00, 0xa_0000, 2],
    [0xf_0000, 0x10_0000, 2],
    [0x10_0000, 0xc000_0000, 1],
    [0xfec0_0000, 0x1_0000_0000, 2],
    [0x1_0000_0000, 0x1_4000_0000, 1],
  ]);
});

test('no two structures of the boot overlap, and all lie where there is RAM', () => {
  const { kernelArea, pciHole, pciMmio, virtioMmio, ioApic, localApic, kvmIdentityMap, kvmTss, ...low } = REGIONS;
  const sorted = Object.values(low).sort((a, b) => a.base - b.base);
  for (const [index, region] of sorted.entries()) {
    const next = sorted[index + 1]?.base ?? kernelArea.base;
    expect(region.base + region.length).toBeLessThanOrEqual(next);
  }
  for (const region of [pciMmio, virtioMmio, ioApic, localApic, kvmIdentityMap, kvmTss]) {
    expect(region.base).toBeGreaterThanOrEqual(pciHole.base);
    expect(region.base + region.length).toBeLessThanOrEqual(pciHole.base + pciHole.length);
  }
});

test('no two ports overlap', () => {
  const sorted = Object.values(PORTS).sort((a, b) => a.base - b.base);
  for (const [index, { base, length }] of sorted.entries()) {
    expect(base + length).toBeLessThanOrEqual(sorted[index + 1]?.base ?? 0x1_0000);
  }
});

test('PCI interrupts use the IOAPIC inputs that no ISA device has', () => {
  expect([0, 1, 2, 7, 31].map((slot) => pciInterruptGsi(slot, 1))).toEqual([16, 17, 18, 23, 23]);
  expect(pciInterruptGsi(7, 2)).toBe(16);
  expect(pciInterrupts([3])).toEqual([
    { slot: 3, pin: 1, gsi: 19 },
    { slot: 3, pin: 2, gsi: 20 },
    { slot: 3, pin: 3, gsi: 21 },
    { slot: 3, pin: 4, gsi: 22 },
  ]);
});

test('the printed rows come in ascending order and include RAM', () => {
  const rows = memoryMap(4 * GIB).rows;
  expect(rows.map(({ base }) => base)).toEqual(rows.map(({ base }) => base).sort((a, b) => a - b));
  expect(rows[0]).toEqual({ name: 'lowRam', base: 0, length: 0xc000_0000, doc: 'RAM below the PCI hole' });
  expect(rows.at(-1)?.name).toBe('highRam');
});

test('sizes print in the largest unit that divides them', () => {
  expect([0, 1023, 1024, 3 * MIB, 1536 * MIB, 2 * GIB].map(formatSize)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1 KiB',
    '3 MiB',
    '1536 MiB',
    '2 GiB',
  ]);
});
