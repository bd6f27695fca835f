import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeFunction, dumpFunction, lspciFile } from './config-dump.ts';
import { type Driven, MachineProcess, QEMU_DRIVEN, TSVMM_DRIVEN } from './machine-process.ts';
import { differencesTable, QEMU_DIFFERENCES, type Seen } from './qemu-differences.ts';

jest.setTimeout(300_000);

/** One machine of each program has all devices, from this slot on. */
const FIRST_SLOT = 3;
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-compare-'));
const image = join(scratch, 'image');
writeFileSync(image, '');
truncateSync(image, 2 ** 20);
afterAll(() => rmSync(scratch, { recursive: true }));

/** What stands behind a device of each kind, and the keys that name it. */
const BEHIND: readonly (readonly [
  device: RegExp,
  options: (id: string) => readonly string[],
  keys: (id: string) => string,
])[] = [
  [
    /^virtio-9p/,
    (id) => ['-fsdev', `local,id=${id},path=${scratch},security_model=none`],
    (id) => `,fsdev=${id},mount_tag=${id}`,
  ],
  [/^virtio-blk/, (id) => ['-drive', `file=${image},if=none,format=raw,readonly=on,id=${id}`], (id) => `,drive=${id}`],
  [/^virtio-rng/, () => [], () => ''],
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

/** The options that make a device. */
function optionsOf(device: string, index: number): readonly string[] {
  const id = `device${index}`;
  const [, options, keys] = BEHIND.find(([pattern]) => pattern.test(device)) ?? [];
  const [model = '', ...properties] = device.split(',');
  const place = `addr=${(FIRST_SLOT + index).toString(16)}.0`;
  return [...(options?.(id) ?? []), '-device', [model + (keys?.(id) ?? ''), ...properties, place].join(',')];
}

/** Everything lspci and the BARs tell of each device, in order. */
async function look(driven: Driven): Promise<Seen[]> {
  const devices = DEVICES.flatMap(optionsOf);
  const machine = await MachineProcess.start(driven, ['-M', 'pc', '-m', '128', '-nodefaults', ...devices]);
  try {
    return DEVICES.map((_, index) => {
      const dump = dumpFunction(machine.qtest, FIRST_SLOT + index);
      const file = join(scratch, 'dump.txt');
      writeFileSync(file, lspciFile(dump));
      const { stdout } = spawnSync('lspci', ['-F', file, '-vv'], { encoding: 'utf8' });
      return [...describeFunction(dump), ...stdout.trim().split('\n')];
    });
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

    let seen: readonly Seen[][] = [];
    beforeAll(async () => {
      seen = [await look(TSVMM_DRIVEN), await look(QEMU_DRIVEN)];
    });

    test.each(DEVICES.map((device, index) => [device, index] as const))('%s', (device, index) => {
      const [ours = [], theirs = []] = seen.map((all) => all[index]);
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
