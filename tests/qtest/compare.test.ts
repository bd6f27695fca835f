import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { describeFunction, dumpFunction, lspciFile } from './config-dump.ts';
import { type Driven, MachineProcess, QEMU_DRIVEN, TSVMM_DRIVEN } from './machine-process.ts';
import { differencesTable, QEMU_DIFFERENCES, type Seen } from './qemu-differences.ts';

jest.setTimeout(60_000);

const SLOT = 4;
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-compare-'));
const image = join(scratch, 'image');
writeFileSync(image, '');
truncateSync(image, 2 ** 20);
afterAll(() => rmSync(scratch, { recursive: true }));

/** What stands behind a device of each kind. */
const BEHIND: readonly (readonly [device: RegExp, options: readonly string[], keys: string])[] = [
  [/^virtio-9p/, ['-fsdev', `local,id=fs0,path=${scratch},security_model=none`], ',fsdev=fs0,mount_tag=qtest'],
  [/^virtio-blk/, ['-drive', `file=${image},if=none,format=raw,id=disk0`], ',drive=disk0'],
  [/^virtio-rng/, [], ''],
];

const MODELS = ['virtio-9p-pci', 'virtio-blk-pci', 'virtio-rng-pci'];

/** The devices and the properties that decide what configuration space holds. */
const DEVICES = [
  ...MODELS.flatMap((model) => [model, `${model}-transitional`, `${model}-non-transitional`]),
  'virtio-9p-pci,disable-legacy=on',
  'virtio-9p-pci,disable-modern=on',
  'virtio-9p-pci,disable-modern=on,vectors=0',
  ...[0, 1, 3, 128, 129, 257].map((vectors) => `virtio-9p-pci,vectors=${vectors}`),
  'virtio-rng-pci,disable-modern=on',
  'virtio-rng-pci,vectors=0',
];

const hasLspci = spawnSync('lspci', ['--version']).status === 0;
const missing = QEMU_DRIVEN.missing ?? (hasLspci ? undefined : 'lspci is not installed: apt-get install pciutils');

/** Everything lspci and the BARs tell of a device. */
async function look(driven: Driven, device: string): Promise<Seen> {
  const [, options, keys] = BEHIND.find(([pattern]) => pattern.test(device)) ?? ['', [], ''];
  const [model = '', ...properties] = device.split(',');
  const whole = [model + keys, ...properties, `addr=0${SLOT}.0`].join(',');
  const machine = await MachineProcess.start(driven, [
    '-M',
    'pc',
    '-m',
    '128',
    '-nodefaults',
    ...options,
    '-device',
    whole,
  ]);
  try {
    const dump = dumpFunction(machine.qtest, SLOT);
    const file = join(scratch, `${driven.name}.txt`);
    writeFileSync(file, lspciFile(dump, SLOT));
    const { stdout } = spawnSync('lspci', ['-F', file, '-vv'], { encoding: 'utf8' });
    return [...describeFunction(dump), ...stdout.trim().split('\n')];
  } finally {
    await machine.end('SIGTERM');
  }
}

const describeCompared = missing === undefined ? describe : describe.skip;

describeCompared(
  `configuration space and BARs are those of QEMU${missing === undefined ? '' : ` [${missing}]`}`,
  () => {
    /** Differences without which something would not have been equal. */
    const needed = new Set<string>();

    test.each(DEVICES)('%s', async (device) => {
      const [ours, theirs] = [await look(TSVMM_DRIVEN, device), await look(QEMU_DRIVEN, device)];
      expect(ours.length).toBeGreaterThan(30);
      const without = (seen: Seen, left = ''): Seen =>
        QEMU_DIFFERENCES.filter(({ what }) => what !== left).reduce((lines, one) => one.without(lines, device), seen);
      expect(without(ours)).toEqual(without(theirs));
      for (const { what } of QEMU_DIFFERENCES) {
        if (without(ours, what).join() !== without(theirs, what).join()) needed.add(what);
      }
    });

    test('every difference that is listed is there', () => {
      expect([...needed]).toEqual(QEMU_DIFFERENCES.map(({ what }) => what));
    });
  },
);

test('the README lists the differences that are meant', () => {
  const readme = readFileSync(new URL('../../devices/virtio/README.md', import.meta.url), 'utf8');
  expect(readme).toContain(differencesTable());
});
