import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { deviceNs, threadTimes } from './threads.ts';

const proc = mkdtempSync(join(tmpdir(), 'tsvmm-threads-'));
afterAll(() => rmSync(proc, { recursive: true }));

/** A thread as /proc shows it. */
function thread(number: number, name: string, ticks: number, schedstat?: string): void {
  const folder = join(proc, '7/task', String(number));
  mkdirSync(folder, { recursive: true });
  const fields = Array.from({ length: 40 }, (_, index) => (index === 11 ? ticks - 1 : index === 12 ? 1 : 0));
  writeFileSync(join(folder, 'stat'), `${number} (${name}) S ${fields.slice(1).join(' ')}\n`);
  if (schedstat !== undefined) writeFileSync(join(folder, 'schedstat'), schedstat);
}

describe('processor time of threads', () => {
  const isVcpu = (name: string) => name.startsWith('CPU ');

  test('leaves out those of the vCPUs, counts new ones, in nanoseconds where the kernel has them', () => {
    thread(7, 'qemu-system-x86', 5, '1000 2 3\n');
    thread(8, 'CPU 0/KVM', 5, '500 2 3\n');
    const before = threadTimes(7, proc);
    thread(7, 'qemu-system-x86', 5, '4500 2 3\n');
    thread(8, 'CPU 0/KVM', 500, '900500 2 3\n');
    thread(9, 'odd ) name', 3, '250 2 3\n');
    expect(deviceNs(before, threadTimes(7, proc), isVcpu)).toBe(3750);
  });

  test('falls back to ticks of a hundredth of a second', () => {
    thread(10, 'worker', 7);
    const times = threadTimes(7, proc);
    expect(times.get('10')).toEqual({ name: 'worker', ns: 70_000_000n });
    expect(times.get('9')?.name).toBe('odd ) name');
  });

  test('of this very process are found, and grow', () => {
    const before = threadTimes(process.pid);
    for (const from = process.cpuUsage(); process.cpuUsage(from).user < 30_000; );
    const spent = deviceNs(before, threadTimes(process.pid), () => false);
    expect(spent).toBeGreaterThan(5_000_000);
    expect(spent).toBeLessThan(10_000_000_000);
  });
});
