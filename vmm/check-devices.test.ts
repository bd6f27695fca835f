import { describe, expect, test } from '@jest/globals';
import { checkConfig } from './check-config.ts';
import type { VirtioConfig, VirtualMachineConfig } from './config.ts';
import { UsageError } from './usage-error.ts';

const share = (mountTag: string, virtio: VirtioConfig = {}, id?: string) => ({
  path: '/srv',
  mountTag,
  virtio,
  ...(id === undefined ? {} : { id }),
});
const shares = (count: number, virtio: VirtioConfig = {}) =>
  Array.from({ length: count }, (_, index) => share(`${virtio.bus ?? 'pci'}${index}`, virtio));
const MMIO = { bus: 'mmio' } as const;
const EITHER = 'by MMIO it has either the legacy or the modern interface; leave modern out';

describe('refused', () => {
  test.each<[VirtualMachineConfig, string]>([
    [{ shares: shares(28), devices: [{ kind: 'rng' }] }, '29 devices on the PCI bus: a machine has room for 28'],
    [
      { shares: [share('a', { legacy: false, modern: false })] },
      "device of share 'a': it has neither interface; leave legacy or modern on",
    ],
    [
      { devices: [{ kind: 'rng', virtio: { legacy: false, modern: false } }] },
      'rng: it has neither interface; leave legacy or modern on',
    ],
    [
      { devices: [{ kind: 'rng', id: 'r', virtio: { packed: true, modern: false } }] },
      "rng 'r': packed virtqueues need the modern interface; leave it on",
    ],
    [{ shares: [share('a', { vectors: 2049 })] }, "device of share 'a': 2049 vectors; give 0 to 2048"],
    [{ shares: [share('a', { vectors: 0.5 })] }, "device of share 'a': 0.5 vectors; give 0 to 2048"],
    [
      { shares: [share('a', { pollUs: 10_001 })] },
      "device of share 'a': 10001 microseconds of polling; give 0 to 10000",
    ],
    [
      { devices: [{ kind: 'disk', path: '/d', id: 'd', virtio: { pollUs: 0.5 } }] },
      "disk 'd': 0.5 microseconds of polling; give 0 to 10000",
    ],
    [{ devices: [{ kind: 'rng', virtio: { pollUs: 0 } }] }, 'rng: pollUs is for shares and disks; leave it out'],
    [
      { shares: [share('a', { ...MMIO, vectors: 0 })] },
      "device of share 'a': vectors are for the PCI bus; by MMIO it has one interrupt line, so leave them out",
    ],
    [{ shares: [share('a', { ...MMIO, legacy: true, modern: true })] }, `device of share 'a': ${EITHER}`],
    [{ shares: [share('a', { ...MMIO, modern: false })] }, `device of share 'a': ${EITHER}`],
    [
      { shares: [share('a', { ...MMIO, legacy: true, packed: true })] },
      "device of share 'a': packed virtqueues need the modern interface; leave legacy out",
    ],
    [
      { shares: [share('a', {}, 'one')], devices: [{ kind: 'rng', id: 'one' }] },
      "id 'one' is used twice, by device of share 'a' and rng 'one': each device needs its own",
    ],
  ])('%j', (config, line) => {
    expect(() => checkConfig(config)).toThrow(new UsageError(line));
  });
});

test.each<VirtualMachineConfig>([
  { shares: [...shares(27), ...shares(8, MMIO)], devices: [{ kind: 'rng' }] },
  { shares: [share('a', { ...MMIO, packed: true })], devices: [{ kind: 'rng', virtio: { ...MMIO, legacy: true } }] },
  { shares: [share('a', { ...MMIO, legacy: true, modern: false }), share('b', { ...MMIO, modern: true })] },
  { shares: [share('a', { pollUs: 0 })], devices: [{ kind: 'disk', path: '/d', virtio: { pollUs: 10_000 } }] },
  { devices: [{ kind: 'rng' }, { kind: 'rng' }, { kind: 'rng', id: 'third' }] },
])('taken: %j', (config) => {
  expect(() => checkConfig(config)).not.toThrow();
});
