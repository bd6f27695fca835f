import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { GuestRun } from '../../bench/compare/guest-run.ts';
import type { MachineWish, Shared } from '../../bench/compare/machines.ts';
import { makeShare } from '../../bench/compare/share.ts';

/** RAM of the machine, in MiB. */
export const BENCH_RAM = 64;

const OPERATIONS = ['getattr', 'getattr:32', 'getattr-idle', 'walk-clunk', 'read-4k', 'read-512k:8', 'write-512k'];
const ALL = [...OPERATIONS, 'small-file:2', 'readdir-300'];

/** A short run of all the bench guest can do on the second of two devices. */
export function benchWish(directory: string): Pick<MachineWish, 'ram' | 'words' | 'shares'> {
  const [share, empty] = [join(directory, 'share'), join(directory, 'empty')];
  makeShare(share, [300]);
  mkdirSync(empty);
  writeFileSync(join(empty, 'file'), '');
  const shares: readonly Shared[] = [
    { path: empty, tag: 'other' },
    { path: share, tag: 'share' },
  ];
  return { ram: BENCH_RAM, words: `tag=share ask=on ms=50 warm=10 fids=20 ops=${ALL.join(',')}`, shares };
}

/** What holds of the figures of such a run, whatever the machine and the host. */
export function expectSound({ introduction, measurements, resident }: GuestRun): void {
  expect(introduction).toMatchObject({ tag: 'share', devices: 2, queueSize: 128, features: '0x130000001' });
  expect(measurements.map(({ measurement }) => measurement)).toEqual(ALL);
  for (const { done, leastNs, medianNs, p99Ns, ns, depth, kicks, cpuNs } of measurements) {
    expect(done).toBeGreaterThanOrEqual(3);
    expect(leastNs).toBeGreaterThan(0);
    expect(leastNs).toBeLessThanOrEqual(medianNs);
    expect(medianNs).toBeLessThanOrEqual(p99Ns);
    // Nothing is faster than what was done at a time allows.
    expect(ns * depth * 1.01).toBeGreaterThanOrEqual(leastNs * done);
    // A device that polls may not want to hear of each, or of any.
    expect(kicks).toBeLessThanOrEqual(done * 6);
    // Less would mean that the vCPU's thread was taken for the device's, or nothing for it.
    expect(cpuNs).toBeGreaterThan(100);
  }
  const found = Object.fromEntries(measurements.map((row) => [row.measurement, row]));
  expect(found['readdir-300']?.entries).toBe(302);
  expect(found['read-512k:8']?.bytes).toBe(512 << 10);
  expect(resident).toBeGreaterThan(8 << 20);
  expect(resident).toBeLessThan(1 << 30);
}
