import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runGuest } from '../../bench/compare/guest-run.ts';
import { tsvmmCommand } from '../../bench/compare/machines.ts';
import { makeShare } from '../../bench/compare/share.ts';
import { ensureBenchGuest } from '../../vmm/fixtures/bench-guest.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

const RAM = 64;

describeGuest('the bench guest', () => {
  const directory = scratchDirectory();

  test(
    'measures its share and powers off',
    async () => {
      const [share, empty] = [join(directory, 'share'), join(directory, 'empty')];
      makeShare(share, [300]);
      mkdirSync(empty);
      writeFileSync(join(empty, 'file'), '');
      const ops = ['getattr', 'getattr:32', 'getattr-idle', 'walk-clunk', 'read-4k', 'read-512k:8', 'write-512k'];
      const all = [...ops, 'small-file:2', 'readdir-300'];
      const shares = [
        { path: empty, tag: 'other' },
        { path: share, tag: 'share' },
      ];
      const words = `tag=share ask=on ms=50 warm=10 fids=20 ops=${all.join(',')}`;
      const command = tsvmmCommand({ kernel: await ensureBenchGuest(), words, ram: RAM, shares, accel: 'kvm' });
      const { introduction, measurements, resident } = await runGuest(command, RAM << 20, GUEST_TIMEOUT_MS);
      expect(introduction).toMatchObject({ tag: 'share', devices: 2, queueSize: 128, features: '0x130000001' });
      expect(measurements.map(({ measurement }) => measurement)).toEqual(all);
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
    },
    GUEST_TIMEOUT_MS,
  );
}, ['kvm']);
