import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import { tinyElf32 } from '../boot/testdata/tiny-kernel.ts';
import type { VirtioConfig, VirtualMachineConfig } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import { dryRun } from './dry-run.ts';
import { showReport } from './show-report.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-dry-run-'));
const kernel = join(scratch, 'vmlinux');
writeFileSync(kernel, tinyElf32(0x100_0000, new Uint8Array(16)));
const cache = process.env.TSVMM_CACHE;
afterEach(() => {
  if (cache === undefined) delete process.env.TSVMM_CACHE;
  else process.env.TSVMM_CACHE = cache;
});
afterAll(() => rmSync(scratch, { recursive: true }));

const MIB = 2 ** 20;
const BASE: VirtualMachineConfig = { accel: 'software', kernel, root: false, memory: 64 * MIB };
const share = (mountTag: string, virtio: VirtioConfig = {}) => ({ path: '/nowhere/at/all', mountTag, virtio });

test('the machine is that of the configuration: a transitional device, with all it has', async () => {
  const { pci } = await dryRun({ ...BASE, shares: [share('src')] });
  expect(pci.map(({ slot, vendorId, deviceId }) => [slot, vendorId, deviceId])).toEqual([
    [0, 0x8086, 0x1237],
    [1, 0x1b36, 0x0011],
    [2, 0x1af4, 0x1009],
  ]);
  expect(pci[2]).toMatchObject({
    name: 'virtio-9p-pci',
    number: 0,
    classCode: 0x000200,
    revision: 0,
    subsystemVendorId: 0x1af4,
    subsystemId: 9,
    interrupt: { pin: 'A', gsi: 18 },
    vectors: 2,
    virtio: {
      deviceId: 9,
      type: '9P transport',
      interfaces: ['modern', 'legacy'],
      queues: [128],
      mountTag: 'src',
    },
  });
  expect(pci[2]?.virtio?.features).toEqual(
    expect.arrayContaining(['MOUNT_TAG', 'INDIRECT_DESC', 'EVENT_IDX', 'VERSION_1']),
  );
  expect(pci[2]?.virtio?.features).not.toContain('RING_PACKED');
  expect(pci[2]?.bars.map(({ index, kind }) => [index, kind])).toEqual([
    [0, 'io'],
    [1, 'memory-32'],
    [4, 'memory-64'],
  ]);
  for (const { kind, address, length } of pci[2]?.bars ?? []) {
    expect(address % length).toBe(0);
    expect(address).toBeGreaterThanOrEqual(kind === 'io' ? 0xc000 : 0xc000_0000);
  }
  expect(pci[2]?.capabilities.map(({ name }) => name).sort()).toEqual([
    'MSI-X',
    'virtio common',
    'virtio device',
    'virtio isr',
    'virtio notify',
    'virtio pciAccess',
  ]);
});

test.each<[VirtioConfig, id: number, interfaces: string[], vectors: number, offers: string, lacks: string]>([
  [{ legacy: false, packed: true }, 0x1049, ['modern'], 2, 'RING_PACKED', 'NOTIFY_ON_EMPTY'],
  [{ modern: false, vectors: 0 }, 0x1009, ['legacy'], 0, 'ANY_LAYOUT', 'VERSION_1'],
  [{ vectors: 7, eventIdx: false }, 0x1009, ['modern', 'legacy'], 7, 'INDIRECT_DESC', 'EVENT_IDX'],
])('a device of %j', async (virtio, id, interfaces, vectors, offers, lacks) => {
  const { pci, shares } = await dryRun({ ...BASE, shares: [share('src', virtio)] });
  expect(pci[2]).toMatchObject({ deviceId: id, vectors, virtio: { interfaces, mountTag: 'src' } });
  expect(pci[2]?.virtio?.features).toContain(offers);
  expect(pci[2]?.virtio?.features).not.toContain(lacks);
  expect(shares).toEqual([
    { mountTag: 'src', driver: 'local', mountAt: '/mnt/src', options: { path: '/nowhere/at/all' }, virtio },
  ]);
});

test('devices by MMIO are where the kernel is told, other devices beside them', async () => {
  const { mmio, pci, devices, boot } = await dryRun({
    ...BASE,
    append: 'debug',
    shares: [share('old', { bus: 'mmio', legacy: true })],
    devices: [{ kind: 'rng', id: 'r', virtio: { bus: 'mmio' } }, { kind: 'rng' }],
  });
  expect(mmio).toMatchObject([
    { base: 0xfeb0_0000, length: 512, irq: 5, virtio: { deviceId: 9, interfaces: ['legacy'], mountTag: 'old' } },
    { base: 0xfeb0_0200, length: 512, irq: 6, virtio: { deviceId: 4, interfaces: ['modern'], queues: [64] } },
  ]);
  expect(pci.map(({ virtio }) => virtio?.type).filter((type) => type !== undefined)).toEqual(['entropy source']);
  expect(devices).toEqual([{ kind: 'rng', id: 'r', virtio: { bus: 'mmio' } }, { kind: 'rng' }]);
  expect(boot.commandLine).toMatch(/ virtio_mmio\.device=512@0xfeb00000:5 virtio_mmio\.device=512@0xfeb00200:6 debug$/);
});

test('a kernel that is there is loaded, so what is wrong with it or the memory is one line', async () => {
  const { boot, memory } = await dryRun(BASE);
  expect(boot).toMatchObject({
    kernel: { path: kernel, state: 'present' },
    entry: { mode: 'protected', address: 0x100_0000 },
  });
  expect(memory.bytes).toBe(64 * MIB);
  expect(memory.map.find(({ name }) => name === 'lowRam')).toMatchObject({ base: 0, length: 64 * MIB });
  await expect(dryRun({ ...BASE, memory: 16 * MIB })).rejects.toThrow(
    'memory of 16 MiB is too small: give at least 17 MiB for this kernel',
  );
  await expect(dryRun({ ...BASE, append: 'x'.repeat(70_000) })).rejects.toThrow(
    /^the kernel command line has 70\d+ bytes/,
  );
  await expect(dryRun({ ...BASE, kernel: `${kernel}-` })).rejects.toThrow(UsageError);
  await expect(dryRun({ ...BASE, cpus: 2 })).rejects.toThrow(UsageError);
  await expect(dryRun({ ...BASE, cpus: 17 })).rejects.toThrow(new UsageError('17 CPUs: give 1 to 16'));
});

test("a disk's image is looked at and let go", async () => {
  const path = join(scratch, 'disk.img');
  writeFileSync(path, new Uint8Array(4096));
  const devices = [{ kind: 'disk', path } as const];
  for (let round = 0; round < 2; round += 1) {
    const { pci } = await dryRun({ ...BASE, devices });
    expect(pci[2]?.virtio).toMatchObject({ deviceId: 2, type: 'block device' });
    expect(pci[2]?.virtio?.features).toContain('FLUSH');
  }
  await expect(dryRun({ ...BASE, devices: [{ kind: 'disk', path: `${path}-` }] })).rejects.toThrow(UsageError);
});

describe('what is not there', () => {
  test('is named and not made', async () => {
    const empty = mkdtempSync(join(scratch, 'cache-'));
    process.env.TSVMM_CACHE = empty;
    const report = await dryRun({ accel: 'software', shares: [share('src')] });
    expect(report.boot.kernel).toEqual({
      path: expect.stringContaining(`${empty}/kernel/i386-`),
      state: 'would be made',
    });
    expect(report.boot.entry).toBeUndefined();
    expect(report.boot.root).toMatchObject({
      path: expect.stringContaining(`${empty}/root/i386-`),
      state: 'would be made',
      init: '/.tsvmm/init',
      ours: { path: expect.stringContaining(`${empty}/init/i386-`), state: 'would be made' },
    });
    expect(report.pci.map(({ virtio }) => virtio?.mountTag).filter((tag) => tag !== undefined)).toEqual([
      'tsvmm.root',
      'src',
      'tsvmm.control',
    ]);
    expect(report.boot.commandLine).toMatch(/ root=tsvmm\.root .* -- mount=src:\/mnt\/src control=tsvmm\.control$/);
    expect(readdirSync(empty)).toEqual([]);
    expect(showReport(report)).toContain('(not there yet: it would be made first)');
  });

  test('as a share is not opened: no directory, no tree, no helper', async () => {
    const tree = createSynth();
    const { shares } = await dryRun({
      ...BASE,
      shares: [
        { driver: 'backend', backend: tree, mountTag: 'live' },
        { driver: 'proxy', path: '/nowhere', mountTag: 'helped', mountAt: false },
        { driver: 'memory', mountTag: 'm', quota: { inodes: 5 } },
      ],
    });
    expect(shares.map(({ driver, mountAt, options }) => [driver, mountAt, options])).toEqual([
      ['backend', '/mnt/live', {}],
      ['proxy', false, { path: '/nowhere' }],
      ['memory', '/mnt/m', { quota: { inodes: 5 } }],
    ]);
  });
});

test('people get every part of it, programs the same as JSON', async () => {
  const report = await dryRun({
    ...BASE,
    shares: [share('src', { vectors: 3 }), share('by', { bus: 'mmio' })],
    devices: [{ kind: 'rng' }],
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  const text = showReport(report);
  for (const line of [
    '  accelerator software, 1 CPU, 64 MiB of RAM',
    /^ {2}0x0feb00000-0x0feb00fff +virtioMmio: /m,
    /^ {2}0x03f8-0x03ff +com1: 16550A serial port$/m,
    /^ {2}02\.0 virtio-9p-pci: 1af4:1009, class 000200, revision 0, subsystem 1af4:0009$/m,
    /^ {7}BAR 0: io at 0xc[0-9a-f]{3}-0xc[0-9a-f]{3}, 32 bytes$/m,
    '       pin A: GSI 18\n',
    '       3 MSI-X vectors\n',
    "       virtio 9, 9P transport, tag 'src': modern and legacy, 1 queue of 128\n",
    '  0xfeb00000-0xfeb001ff, IRQ 5\n',
    '  src: local, mounted at /mnt/src\n       path=/nowhere/at/all\n       device: vectors=3\n',
    '  kind=rng\n',
    `  kernel ${kernel}, entered at 0x1000000 in protected mode\n`,
    `  command line: ${report.boot.commandLine}\n`,
  ]) {
    if (typeof line === 'string') expect(text).toContain(line);
    else expect(text).toMatch(line);
  }
});
