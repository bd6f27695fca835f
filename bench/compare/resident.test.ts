import { describe, expect, test } from '@jest/globals';
import { beyondRam, residentBeyondRam } from './resident.ts';

const mapping = (from: number, length: number, rss: number, name = '', access = 'rw-p') =>
  `${from.toString(16)}-${(from + length).toString(16)} ${access} 00000000 00:01 17 ${name}\nSize: ${length / 1024} kB\nRss: ${rss} kB\nPss: 1 kB\n`;
const MIB = 1 << 20;

describe('resident memory beyond guest RAM', () => {
  test('of tsvmm is all but the memory it has named so, in however many pieces', () => {
    const smaps = [
      mapping(0x1000, MIB, 300, '/usr/bin/node'),
      mapping(0x7f0000000000, 96 * MIB, 90_000, '/memfd:guest-memory (deleted)'),
      mapping(0x7f1000000000, 32 * MIB, 30_000, '[anon:guest-memory]'),
      mapping(0x7f2000000000, 64 * MIB, 5_000),
    ];
    expect(beyondRam(smaps.join(''), 128 * MIB)).toBe(5_300 * 1024);
  });

  test('of QEMU is all but the piece of memory that is as large as RAM', () => {
    const smaps = [
      mapping(0x1000, 200 * MIB, 300, '/usr/bin/qemu'),
      mapping(0x7f0000000000, 128 * MIB, 120_000),
      mapping(0x7f2000000000, 127 * MIB, 40, '[heap]'),
    ];
    expect(beyondRam(smaps.join(''), 128 * MIB)).toBe(340 * 1024);
  });

  test('of a machine with more RAM than fits below the PCI hole is without each of its pieces', () => {
    const smaps = [
      mapping(0x7f0000000000, 3072 * MIB, 50_000),
      mapping(0x7f2000000000, 1024 * MIB, 60_000),
      // Reserved, not used.
      mapping(0x7f4000000000, 2048 * MIB, 8, '', '---p'),
      mapping(0x7f8000000000, 1000 * MIB, 70),
    ];
    expect(beyondRam(smaps.join(''), 4096 * MIB)).toBe(78 * 1024);
  });

  test('of this very process is what it has, where there is no guest', () => {
    const resident = residentBeyondRam(process.pid, 2 ** 45);
    expect(resident / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(resident / process.memoryUsage.rss()).toBeLessThan(2);
  });
});
