import type { RngConfig, VirtioConfig } from '../config.ts';
import { DEFAULT_POLL_US, MAX_POLL_US } from '../limits.ts';
import { UsageError } from '../usage-error.ts';
import { DEVICE_MODELS, type DeviceKind, type DeviceModel } from './device-models.ts';
import { nearest } from './nearest.ts';
import { type OptionPair, splitOptionString } from './option-string.ts';
import { type OptionTable, type OptionValues, readPairs } from './option-table.ts';
import { diskSerial, identifier, integer, mountTag } from './value-type.ts';
import { readVirtioMmio, readVirtioPci, VIRTIO_MMIO_KEYS, VIRTIO_PCI_KEYS } from './virtio-keys.ts';

/** What devices have that serve requests. */
const POLL_KEYS = {
  'poll-us': {
    type: integer(0, MAX_POLL_US),
    doc: `most microseconds to look for the next request before the guest has to ring for it; 0 never (default ${DEFAULT_POLL_US})`,
  },
} as const;

/** The keys of a 9p device, whatever it is plugged into. @spec QEMU 9psetup, -device */
export const P9_KEYS = {
  fsdev: { type: identifier, doc: 'id of the --fsdev behind it', required: true },
  mount_tag: { type: mountTag, doc: 'what the guest mounts it by, 1 to 31 bytes', required: true },
  ...POLL_KEYS,
} as const;

/** The keys of a source of random numbers. @spec QEMU virtio-rng properties */
export const RNG_KEYS = {
  rng: {
    type: identifier,
    doc: 'where the numbers come from',
    notYet: true,
    instead: "leave it out for the host's kernel",
  },
  'max-bytes': { type: integer(1, 2 ** 32), doc: 'most bytes in a period', notYet: true },
  period: { type: integer(1, 2 ** 32), doc: 'milliseconds of a period', notYet: true },
} as const;

/** The keys of a disk, whatever it is plugged into. @spec QEMU virtio-blk properties */
export const DISK_KEYS = {
  drive: { type: identifier, doc: 'id of the --drive behind it, which has if=none', required: true },
  serial: { type: diskSerial, doc: 'what tells it from other disks, up to 20 characters' },
  bootindex: { type: integer(0, 2 ** 31 - 1), doc: 'accepted: what boots is the kernel in any case' },
  ...POLL_KEYS,
} as const;

const option = '--device';

/** A 9p device, which `fsdev` joins with an export. */
export interface P9DeviceOption {
  readonly kind: '9p';
  readonly fsdev: string;
  readonly mountTag: string;
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** A disk, which `drive` joins with an image. */
export interface DiskDeviceOption {
  readonly kind: 'disk';
  readonly drive: string;
  readonly serial?: string;
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** What `--device` describes. */
export type DeviceOption = P9DeviceOption | DiskDeviceOption | RngConfig;

/** What all devices have: a name, and how they present themselves. */
interface Common {
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** How the values of each kind's own keys are read, `read` giving those and what all devices have. */
const KINDS: {
  readonly [K in DeviceKind]: (read: KeyReader) => Extract<DeviceOption, { kind: K }>;
} = {
  '9p': (read) => {
    const { own, common } = read(P9_KEYS, (key) =>
      key === 'path' || key === 'security_model' || key === 'readonly'
        ? `${key} belongs to the --fsdev behind the device; write it there`
        : undefined,
    );
    return { kind: '9p', fsdev: own.fsdev, mountTag: own.mount_tag, ...polled(common, own) };
  },
  rng: (read) => ({ kind: 'rng', ...read(RNG_KEYS).common }),
  disk: (read) => {
    const { own, common } = read(DISK_KEYS, (key) =>
      key === 'file' || key === 'readonly' || key === 'cache' || key === 'format'
        ? `${key} belongs to the --drive behind the device; write it there`
        : undefined,
    );
    return {
      kind: 'disk',
      drive: own.drive,
      ...(own.serial === undefined ? {} : { serial: own.serial }),
      ...polled(common, own),
    };
  },
};

/** Reads the pairs of one device by the keys of its kind and those of its bus. Throws UsageError. */
type KeyReader = <const T extends OptionTable>(
  keys: T,
  elsewhere?: (key: string) => string | undefined,
) => { readonly own: OptionValues<T>; readonly common: Common };

/** Reads the value of `--device`. Throws UsageError. */
export function parseDevice(string: string): DeviceOption {
  const [first, ...pairs] = splitOptionString(string);
  const isNamed = first?.key === 'driver';
  const name = (isNamed ? first.value : first?.key) ?? '';
  if (!isNamed && first?.value !== undefined) refuse(beginsWithKey(string, name));
  const model = findModel(name);
  return KINDS[model.kind](keyReader(name, model, pairs));
}

function polled(common: Common, { 'poll-us': pollUs }: OptionValues<typeof POLL_KEYS>): Common {
  return pollUs === undefined ? common : { ...common, virtio: { ...common.virtio, pollUs } };
}

/** A model that is to be had. */
type PresentModel = Extract<DeviceModel, { kind: DeviceKind }>;

function keyReader(name: string, { bus, interfaces }: PresentModel, pairs: readonly OptionPair[]): KeyReader {
  return (keys, elsewhere) => {
    const context = { option, ...(elsewhere && { elsewhere }) };
    const [own, id, virtio] =
      bus === 'mmio'
        ? byMmio(readPairs({ ...keys, ...VIRTIO_MMIO_KEYS }, pairs, context))
        : byPci(readPairs({ ...keys, ...VIRTIO_PCI_KEYS }, pairs, context), name, interfaces);
    const common = {
      ...(id === undefined ? {} : { id }),
      ...(Object.keys(virtio).length === 0 ? {} : { virtio }),
    };
    return { own: own as OptionValues<typeof keys>, common };
  };
}

function byMmio(values: OptionValues<typeof VIRTIO_MMIO_KEYS>) {
  return [values, values.id, readVirtioMmio(values)] as const;
}

function byPci(values: OptionValues<typeof VIRTIO_PCI_KEYS>, name: string, interfaces: PresentModel['interfaces']) {
  return [values, values.id, readVirtioPci(values, name, interfaces)] as const;
}

function beginsWithKey(string: string, key: string): string {
  return `begins with '${key}=' instead of a device; write virtio-9p-pci,${string}`;
}

function findModel(name: string): PresentModel {
  if (name === '') return refuse('lacks the device it begins with; write virtio-9p-pci,fsdev=ID,mount_tag=TAG');
  const model = Object.hasOwn(DEVICE_MODELS, name) ? DEVICE_MODELS[name] : undefined;
  if (model === undefined) {
    const near = nearest(name, Object.keys(DEVICE_MODELS));
    const remedy = near === undefined ? 'tsvmm has virtio-9p-pci' : `did you mean ${near}?`;
    return refuse(`unknown device '${name}'; ${remedy}`);
  }
  return model.refusal === undefined ? model : refuse(`${name} ${model.refusal}`);
}

function refuse(line: string): never {
  throw new UsageError(`${option}: ${line}`);
}
