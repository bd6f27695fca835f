import type { VirtioConfig } from '../config.ts';
import { MAX_VECTORS } from '../limits.ts';
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
  vectors: { type: integer(0, MAX_VECTORS), doc: 'number of MSI-X vectors (default 2); 0 leaves the interrupt pin' },
  ioeventfd: { type: onOff, doc: 'the guest wakes the device without an exit (default on)' },
  'disable-legacy': {
    type: oneOf('on', 'off', 'auto'),
    doc: 'on: without the interface from before virtio 1.0 (default auto, which on this bus means off)',
  },
  'disable-modern': { type: onOff, doc: 'on: without the interface of virtio 1.x (default off)' },
  packed: { type: onOff, doc: 'on: offer packed virtqueues (default off)' },
  indirect_desc: { type: onOff, doc: 'offer indirect descriptors (default on)' },
  event_idx: { type: onOff, doc: 'offer suppression of notifications by index (default on)' },
} as const;

/** A device name of QEMU's: `refusal` says why it is not to be had, as the rest of a sentence. */
interface DeviceModel {
  readonly doc: string;
  /** Its interfaces, where the name decides and no property does. */
  readonly interfaces?: { readonly legacy: boolean; readonly modern: boolean };
  readonly refusal?: string;
}

const NOT_YET = 'is not supported yet; use virtio-9p-pci';
const LATER = 'is not supported yet; leave it out';
const NEVER = 'is not supported; leave it out';

/** The devices `--device` knows, by name. @spec QEMU 9psetup, -device */
export const DEVICE_MODELS: Readonly<Record<string, DeviceModel>> = {
  'virtio-9p-pci': { doc: 'a 9p share on the PCI bus, with the interfaces of virtio 1.x and 0.9' },
  'virtio-9p': { doc: 'the same' },
  'virtio-9p-pci-non-transitional': {
    doc: 'the same, with the interface of virtio 1.x alone',
    interfaces: { legacy: false, modern: true },
  },
  'virtio-9p-pci-transitional': { doc: 'the same, with both', interfaces: { legacy: true, modern: true } },
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

const option = '--device';

/** What `--device` describes: a device, and the export behind it. */
export interface Device {
  readonly fsdev: string;
  readonly mountTag: string;
  readonly id?: string;
  readonly virtio?: VirtioConfig;
}

/** Reads the value of `--device`. Throws UsageError. */
export function parseDevice(string: string): Device {
  const [first, ...pairs] = splitOptionString(string);
  const isNamed = first?.key === 'driver';
  const name = (isNamed ? first.value : first?.key) ?? '';
  const wrong = !isNamed && first?.value !== undefined ? beginsWithKey(string, name) : wrongModel(name);
  if (wrong !== undefined) throw new UsageError(`${option}: ${wrong}`);
  const values = readPairs(VIRTIO_9P_PCI, pairs, {
    option,
    elsewhere: (key) =>
      key === 'path' || key === 'security_model' || key === 'readonly'
        ? `${key} belongs to the --fsdev behind the device; write it there`
        : undefined,
  });
  const virtio = readVirtio(values, name, DEVICE_MODELS[name]?.interfaces);
  return {
    fsdev: values.fsdev,
    mountTag: values.mount_tag,
    ...(values.id === undefined ? {} : { id: values.id }),
    ...(Object.keys(virtio).length === 0 ? {} : { virtio }),
  };
}

/** How the device presents itself, where anything was said of it. Throws UsageError for what contradicts itself. */
function readVirtio(
  values: OptionValues<typeof VIRTIO_9P_PCI>,
  name: string,
  fixed: DeviceModel['interfaces'],
): VirtioConfig {
  const { vectors, ioeventfd, packed, indirect_desc: indirectDesc, event_idx: eventIdx } = values;
  const disableLegacy = values['disable-legacy'];
  const disableModern = values['disable-modern'];
  if (fixed !== undefined) {
    for (const key of ['disable-legacy', 'disable-modern'] as const) {
      if (values[key] !== undefined) {
        throw new UsageError(`${option}: ${key} goes with virtio-9p-pci; the name ${name} decides that already`);
      }
    }
  }
  if (disableLegacy === 'on' && disableModern === true) {
    throw new UsageError(
      `${option}: disable-legacy=on and disable-modern=on leave no interface; leave one of them out`,
    );
  }
  if (packed === true && disableModern === true) {
    throw new UsageError(`${option}: packed=on needs the interface of virtio 1.x; leave disable-modern out`);
  }
  const given = {
    ...fixed,
    legacy: fixed?.legacy ?? (disableLegacy === undefined ? undefined : disableLegacy !== 'on'),
    modern: fixed?.modern ?? (disableModern === undefined ? undefined : !disableModern),
    ...{ vectors, ioeventfd, packed, indirectDesc, eventIdx },
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
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
