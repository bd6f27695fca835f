import { describe, expect, test } from '@jest/globals';
import type { CpuidEntry } from 'node-kvm';
import { cpuidFor } from './cpuid.ts';

const leaf = (number: number, registers: Partial<CpuidEntry> = {}): CpuidEntry => ({
  function: number,
  index: 0,
  flags: 0,
  eax: 0,
  ebx: 0,
  ecx: 0,
  edx: 0,
  ...registers,
});
const one = { id: 0, cpus: 1, tscDeadline: true };

describe('leaf 1', () => {
  const host = leaf(1, { ebx: 0x0a05_0800, ecx: 0x0000_0001, edx: 0x1000_0010 });

  test('of a single CPU: hypervisor and TSC deadline, no hyper-threading', () => {
    expect(cpuidFor([host], one)).toEqual([leaf(1, { ebx: 0x0001_0800, ecx: 0x8100_0001, edx: 0x0000_0010 })]);
  });

  test('of the last of sixteen: its APIC id, the number of CPUs, unsigned', () => {
    expect(cpuidFor([leaf(1, { edx: 0 })], { id: 15, cpus: 16, tscDeadline: false })).toEqual([
      leaf(1, { ebx: 0x0f10_0000, ecx: 0x8000_0000, edx: 0x1000_0000 }),
    ]);
  });
});

test('leaf 4: caches belong to one CPU each, the package has all cores; the end of the list stays the end', () => {
  const cache = leaf(4, { index: 3, flags: 1, eax: 0x1c1f_c163 });
  expect(cpuidFor([cache, leaf(4, { index: 4, flags: 1 })], { id: 1, cpus: 4, tscDeadline: true })).toEqual([
    { ...cache, eax: 0x0c00_0163 },
    leaf(4, { index: 4, flags: 1 }),
  ]);
});

describe.each([0x0b, 0x1f])('leaf 0x%s', (number) => {
  test('has both levels and an end, though KVM reports one sub-leaf', () => {
    const host = [leaf(number, { flags: 1, edx: 9 })];
    expect(cpuidFor(host, { id: 2, cpus: 3, tscDeadline: true })).toEqual([
      leaf(number, { flags: 1, index: 0, eax: 0, ebx: 1, ecx: 0x100, edx: 2 }),
      leaf(number, { flags: 1, index: 1, eax: 2, ebx: 3, ecx: 0x201, edx: 2 }),
      leaf(number, { flags: 1, index: 2, eax: 0, ebx: 0, ecx: 0x002, edx: 2 }),
    ]);
  });

  test('is not doubled where KVM reports them all', () => {
    const host = [0, 1, 2].map((index) => leaf(number, { flags: 1, index }));
    expect(cpuidFor(host, one).map(({ index }) => index)).toEqual([0, 1, 2]);
  });
});

test('0x80000008 and 0x8000001e: cores of the package, no two threads in one', () => {
  const host = [leaf(0x8000_0008, { eax: 0x3030, ecx: 0x7001 }), leaf(0x8000_001e, { eax: 5, ebx: 0x102, ecx: 0x300 })];
  expect(cpuidFor(host, { id: 3, cpus: 5, tscDeadline: true })).toEqual([
    leaf(0x8000_0008, { eax: 0x3030, ecx: 0x3004 }),
    leaf(0x8000_001e, { eax: 3, ebx: 3, ecx: 0 }),
  ]);
});

test('other leaves are copies, and the table that came in is not touched', () => {
  const host = [leaf(7, { ebx: 1 }), leaf(1, { ebx: 0xff00_0000 })];
  const before = structuredClone(host);
  const table = cpuidFor(host, one);
  expect(table[0]).toEqual(host[0]);
  expect(table[0]).not.toBe(host[0]);
  expect(host).toEqual(before);
});
