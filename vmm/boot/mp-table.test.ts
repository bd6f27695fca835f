import { describe, expect, test } from '@jest/globals';
import { pciInterrupts } from '../memory-map.ts';
import { mpConfigurationTable, mpFloatingPointer } from './mp-table.ts';

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0) & 0xff;
}

/** The entries behind the header, as arrays of bytes: 20 for a processor, 8 for any other. */
function entries(table: Uint8Array): number[][] {
  const found: number[][] = [];
  for (let at = 44; at < table.length; ) {
    const length = table[at] === 0 ? 20 : 8;
    found.push(Array.from(table.subarray(at, at + length)));
    at += length;
  }
  return found;
}

test('the floating pointer is 16 bytes whose sum is 0', () => {
  const bytes = mpFloatingPointer(0xf_0000);
  expect(Array.from(bytes)).toEqual([
    0x5f, 0x4d, 0x50, 0x5f, 0x00, 0x00, 0x0f, 0x00, 0x01, 0x04, 0x91, 0x00, 0x00, 0x00, 0x00, 0x00,
  ]);
  expect(sum(bytes)).toBe(0);
});

test('the header counts bytes and entries and is covered by the checksum', () => {
  const table = mpConfigurationTable({ cpus: 2, pciInterrupts: pciInterrupts([1]) });
  const view = new DataView(table.buffer);
  expect(new TextDecoder().decode(table.subarray(0, 4))).toBe('PCMP');
  expect(view.getUint16(4, true)).toBe(44 + 2 * 20 + 24 * 8);
  expect(view.getUint16(4, true)).toBe(table.length);
  expect(view.getUint8(6)).toBe(4);
  expect(new TextDecoder().decode(table.subarray(8, 28))).toBe('TSVMM   TSVMM       ');
  expect(view.getUint16(34, true)).toBe(26);
  expect(view.getUint32(36, true)).toBe(0xfee0_0000);
  expect(sum(table)).toBe(0);
});

test('processors come first, the bootstrap processor before the others', () => {
  const table = entries(mpConfigurationTable({ cpus: 3, pciInterrupts: [] }));
  expect(table.slice(0, 3).map((entry) => entry.slice(0, 4))).toEqual([
    [0, 0, 0x14, 3],
    [0, 1, 0x14, 1],
    [0, 2, 0x14, 1],
  ]);
});

test('the PCI bus is bus 0, the ISA bus bus 1', () => {
  const table = entries(mpConfigurationTable({ cpus: 1, pciInterrupts: [] }));
  expect(table.filter(([type]) => type === 1)).toEqual([
    [1, 0, 0x50, 0x43, 0x49, 0x20, 0x20, 0x20],
    [1, 1, 0x49, 0x53, 0x41, 0x20, 0x20, 0x20],
  ]);
});

test.each([
  [4, 4],
  [15, 15],
  [16, 0],
])('of %d processors the IOAPIC has ID %d, four bits, and interrupts go to it', (cpus, id) => {
  const table = entries(mpConfigurationTable({ cpus, pciInterrupts: pciInterrupts([3]) }));
  expect(table.filter(([type]) => type === 0).map((entry) => entry[1])).toEqual(
    Array.from({ length: cpus }, (_, n) => n),
  );
  expect(table.filter(([type]) => type === 2)).toEqual([[2, id, 0x11, 1, 0x00, 0x00, 0xc0, 0xfe]]);
  expect(new Set(table.filter(([type]) => type === 3).map((entry) => entry[6]))).toEqual(new Set([id]));
});

describe('interrupts', () => {
  const table = entries(mpConfigurationTable({ cpus: 1, pciInterrupts: pciInterrupts([5]) }));
  const io = table.filter(([type]) => type === 3);

  test('of the ISA bus reach the input of their number, the timer input 2, and the cascade none', () => {
    const isa = io.filter((entry) => entry[4] === 1).map((entry) => [entry[5], entry[7]]);
    expect(isa).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((irq) => [irq, irq === 0 ? 2 : irq]));
  });

  test('of a PCI slot name slot and pin', () => {
    expect(io.filter((entry) => entry[4] === 0)).toEqual([
      [3, 0, 0, 0, 0, 0x14, 1, 21],
      [3, 0, 0, 0, 0, 0x15, 1, 22],
      [3, 0, 0, 0, 0, 0x16, 1, 23],
      [3, 0, 0, 0, 0, 0x17, 1, 16],
    ]);
  });

  test('of the local APICs are the 8259 and the NMI', () => {
    expect(table.filter(([type]) => type === 4)).toEqual([
      [4, 3, 0, 0, 1, 0, 0xff, 0],
      [4, 1, 0, 0, 1, 0, 0xff, 1],
    ]);
  });
});

test('a machine with every slot and 254 processors fits into the BIOS area', () => {
  const slots = Array.from({ length: 32 }, (_, slot) => slot);
  expect(mpConfigurationTable({ cpus: 254, pciInterrupts: pciInterrupts(slots) }).length).toBeLessThanOrEqual(0x1_0000);
});

test('a PCI interrupt beyond the IOAPIC is our own mistake', () => {
  const pciInterrupt = { slot: 1, pin: 1, gsi: 24 } as const;
  expect(() => mpConfigurationTable({ cpus: 1, pciInterrupts: [pciInterrupt] })).toThrow(RangeError);
});
