import { UsageError } from '../usage-error.ts';
import { nearest } from './nearest.ts';
import { splitOptionString } from './option-string.ts';
import { type OptionValues, readPairs } from './option-table.ts';
import { identifier, integer, mountTag, oneOf, onOff, text } from './value-type.ts';

/** The keys of `--device virtio-9p-pci`. @spec QEMU 9psetup, -device */
export const VIRTIO_9P_PCI = {
  fsdev: { type: identifier, doc: 'id of the --fsdev behind it', required: true },
  mount_tag: { type: mountTag, doc: 'what the guest mounts it by, 1 to 31 bytes', required: true },
  id: { type: identifier, doc: 'name of the device' },
  addr: { type: text('SLOT'), doc: 'place on the PCI bus', notYet: true },
  vectors: { type: integer(0, 2048), doc: 'number of MSI-X vectors', notYet: true },
  ioeventfd: { type: onOff, doc: 'the guest wakes the device without an exit (always on)', notYet: ['off'] },
  'disable-legacy': {
    type: oneOf('on', 'off', 'auto'),
    doc: 'no transitional interface (always on)',
    notYet: ['off', 'auto'],
  },
  'disable-modern': { type: onOff, doc: 'no virtio 1.x interface (always off)', notYet: ['on'] },
  packed: { type: onOff, doc: 'packed virtqueues (always off)', notYet: ['on'] },
  indirect_desc: { type: onOff, doc: 'indirect descriptors (always on)', notYet: ['off'] },
  event_idx: { type: onOff, doc: 'suppression of notifications by index (always on)', notYet: ['off'] },
} as const;

/** A device name of QEMU's: `refusal` says why it is not to be had, as the rest of a sentence. */
interface DeviceModel {
  readonly doc: string;
  readonly refusal?: string;
}

const NOT_YET = 'is not supported yet; use virtio-9p-pci';
const LATER = 'is not supported yet; leave it out';
const NEVER = 'is not supported; leave it out';

/** The devices `--device` knows, by name. @spec QEMU 9psetup, -device */
export const DEVICE_MODELS: Readonly<Record<string, DeviceModel>> = {
  'virtio-9p-pci': { doc: 'a 9p share on the PCI bus, virtio 1.x' },
  'virtio-9p-pci-non-transitional': { doc: 'the same' },
  'virtio-9p': { doc: 'the same' },
  'virtio-9p-pci-transitional': { doc: 'the same, with the interface of virtio 0.9 beside it', refusal: NOT_YET },
  'virtio-9p-device': { doc: 'a 9p share by virtio-mmio', refusal: NOT_YET },
  'virtio-9p-ccw': {
    doc: 'a 9p share by channel I/O',
    refusal: 'is for channel I/O, which exists on s390x only; use virtio-9p-pci',
  },
  'virtio-blk-pci': { doc: 'a disk', refusal: LATER },
  'virtio-serial-pci': { doc: 'a console', refusal: LATER },
  virtconsole: { doc: 'a console', refusal: LATER },
  'virtio-rng-pci': { doc: 'a source of entropy', refusal: LATER },
  'virtio-net-pci': { doc: 'a network card', refusal: NEVER },
  'virtio-balloon-pci': { doc: 'a memory balloon', refusal: NEVER },
  'virtio-scsi-pci': { doc: 'a SCSI bus', refusal: NEVER },
  'vhost-user-fs-pci': { doc: 'a virtiofs share', refusal: 'is not supported; use virtio-9p-pci' },
};

/** Reads the value of `--device`. Throws UsageError. */
export function parseDevice(string: string): OptionValues<typeof VIRTIO_9P_PCI> {
  const option = '--device';
  const [first, ...pairs] = splitOptionString(string);
  const isNamed = first?.key === 'driver';
  const name = (isNamed ? first.value : first?.key) ?? '';
  const wrong = !isNamed && first?.value !== undefined ? beginsWithKey(string, name) : wrongModel(name);
  if (wrong !== undefined) throw new UsageError(`${option}: ${wrong}`);
  return readPairs(VIRTIO_9P_PCI, pairs, {
    option,
    elsewhere: (key) =>
      key === 'path' || key === 'security_model' || key === 'readonly'
        ? `${key} belongs to the --fsdev behind the device; write it there`
        : undefined,
  });
}

function beginsWithKey(string: string, key: string): string {
  return `begins with '${key}=' instead of a device; write virtio-9p-pci,${string}`;
}

function wrongModel(name: string): string | undefined {
  if (name === '') return 'lacks the device it begins with; write virtio-9p-pci,fsdev=ID,mount_tag=TAG';
  const model = Object.hasOwn(DEVICE_MODELS, name) ? DEVICE_MODELS[name] : undefined;
  if (model !== undefined) return model.refusal === undefined ? undefined : `${name} ${model.refusal}`;
  const near = nearest(name, Object.keys(DEVICE_MODELS));
  return `unknown device '${name}'; ${near === undefined ? 'tsvmm has virtio-9p-pci' : `did you mean ${near}?`}`;
}
