import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { runGuest } from '../bench/compare/guest-run.ts';
import { qemuCommand } from '../bench/compare/machines.ts';
import { openLinuxImage } from '../vmm/boot/linux-image.ts';
import { unpack } from '../vmm/boot/unpack.ts';
import { ensureBenchGuest } from '../vmm/fixtures/bench-guest.ts';

const QEMU = 'qemu-system-x86_64';
const withoutQemu =
  spawnSync(QEMU, ['--version']).status === 0 ? undefined : `${QEMU} is not installed: apt-get install qemu-system-x86`;
const LIMIT_MS = 120_000;
const ENTRIES = 300;
const RAM = 128;

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-bench-guest-'));
const share = join(scratch, 'share,with a comma');
mkdirSync(join(share, `many-${ENTRIES}`), { recursive: true });
for (let i = 0; i < ENTRIES; i++) writeFileSync(join(share, `many-${ENTRIES}`, `entry-${i}`), '');
for (const name of ['file', 'scratch']) writeFileSync(join(share, name), Buffer.alloc(16 << 20, name));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the bench guest', () => {
  test(
    'is a 64-bit bzImage with an ELF program that lies in memory as in the file',
    async () => {
      const file = readFileSync(await ensureBenchGuest());
      const image = await openLinuxImage(file, unpack, 64);
      expect(image).toMatchObject({ kind: 'bzImage', bits: 64, version: '1 tsvmm bench guest' });
      const header = image.setup?.header;
      const { segments, end } = image.program;
      expect(segments).toHaveLength(1);
      const [segment] = segments;
      // Its setup code enters what is loaded at code32_start, and that jumps into the payload where it is.
      expect(segment?.address).toBe((header?.code32_start ?? 0) + (header?.payload_offset ?? 0));
      expect(segment?.bytes[0]).toBe(0x7f);
      expect(header?.init_size).toBe(end - (header?.code32_start ?? 0));
      expect(file.length).toBe(((header?.setup_sects ?? 0) + 1) * 512 + 0x4000 + (header?.payload_length ?? 0));
    },
    LIMIT_MS,
  );

  const run = withoutQemu === undefined ? describe : describe.skip;
  run(`in QEMU's interpreter${withoutQemu === undefined ? '' : ` [${withoutQemu}]`}`, () => {
    const inQemu = async (words: string, tags: readonly string[] = ['share']) => {
      const kernel = await ensureBenchGuest();
      const shares = tags.map((tag) => ({ tag, path: share }));
      const command = qemuCommand({ kernel, words, ram: RAM, shares, accel: 'tcg' }, QEMU);
      return runGuest(command, RAM << 20, LIMIT_MS);
    };

    test(
      'finds its device, does each operation, and counts what it did',
      async () => {
        const operations = [
          'getattr',
          'getattr:32',
          'walk-clunk',
          'read-4k',
          'read-512k',
          'read-512k:8',
          'write-512k:8',
        ];
        const ops = [...operations, 'getattr-idle', 'small-file:3', `readdir-${ENTRIES}`, 'silence'];
        const { introduction, measurements, resident } = await inQemu(
          `console=ttyS0 ops=${ops.join(',')} ms=40 warm=10 least=4 fids=50 ask=on`,
        );
        expect(introduction).toMatchObject({ tag: 'share', devices: 1, queueSize: 128, msize: (512 << 10) + 4096 });
        expect(introduction.features).toBe('0x130000001');
        expect(introduction.ticksPerMs).toBeGreaterThan(100_000);
        expect(measurements.map(({ measurement }) => measurement)).toEqual(ops);
        for (const { done, ns, leastNs, medianNs, p99Ns, kicks, cpuNs, depth } of measurements.slice(0, -1)) {
          expect(done).toBeGreaterThanOrEqual(4);
          expect(leastNs).toBeLessThanOrEqual(medianNs);
          expect(medianNs).toBeLessThanOrEqual(p99Ns);
          expect(ns).toBeGreaterThanOrEqual((leastNs * done) / depth / 1.01);
          expect(kicks).toBeGreaterThan(0);
          expect(cpuNs).toBeGreaterThan(0);
        }
        const found = Object.fromEntries(measurements.map((row) => [row.measurement, row]));
        expect(found['read-512k']?.bytes).toBe(512 << 10);
        expect(found['read-4k']?.bytes).toBe(4096);
        expect(found[`readdir-${ENTRIES}`]?.entries).toBe(ENTRIES + 2);
        // 2 ms of silence before each are not counted.
        expect((found['getattr-idle']?.done ?? 0) * 2).toBeLessThanOrEqual(45);
        expect(found.silence).toMatchObject({ done: 1, kicks: 0 });
        expect(found.silence?.ns).toBeGreaterThanOrEqual(40_000_000);
        // The first burst at least is announced at once.
        expect(found['getattr:32']?.kicks).toBeLessThanOrEqual((found['getattr:32']?.done ?? 0) - 31);
        expect(readdirSync(share).sort()).toEqual(['file', `many-${ENTRIES}`, 'scratch']);
        expect(resident).toBeGreaterThan(1 << 20);
        expect(resident).toBeLessThan(1 << 30);
      },
      LIMIT_MS,
    );

    test(
      'chooses one of several devices by its tag, without indirect descriptors and event index, in segments',
      async () => {
        const words = 'ops=read-512k,read-4k:2 tag=second ms=10 warm=1 event-idx=off indirect=off ask=on';
        await expect(inQemu(`${words} segment=4096`, ['first', 'second'])).rejects.toThrow('too many parts');
        const { introduction, measurements } = await inQemu(words, ['first', 'second', 'third']);
        expect(introduction).toMatchObject({ tag: 'second', devices: 3, features: '0x100000001' });
        expect(measurements).toHaveLength(2);
        const chained = await inQemu('ops=read-512k,write-512k segment=4096 ms=10 warm=1 ask=on');
        // As many pages as Linux puts into a chain.
        expect(chained.measurements.map(({ bytes }) => bytes)).toEqual([125 * 4096, 125 * 4096]);
      },
      LIMIT_MS,
    );

    test.each([
      ['ms=1', 'no word ops='],
      ['ops=getattr:33', 'no operation, or no depth it can have, the most being (32)'],
      ['ops=read-4m', 'no operation'],
      ['ops=getattr ms=soon', 'a word with a value that it cannot have'],
      ['ops=getattr tag=other', 'no virtio-9p device, or none with that tag, among (1)'],
      ['ops=readdir-7', 'Rlerror (2)'],
    ])(
      'refuses %s with a line and ends the machine',
      async (words, why) => {
        await expect(inQemu(words)).rejects.toThrow(`the guest: ${why}`);
      },
      LIMIT_MS,
    );
  });
});
