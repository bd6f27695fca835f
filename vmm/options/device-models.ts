import type { FixedInterfaces } from './virtio-keys.ts';

/** What a device is, whatever it is plugged into. */
export type DeviceKind = '9p' | 'disk' | 'rng';

/** A device name of QEMU's: what it stands for, or `refusal`, why it is not to be had, as the rest of a sentence. */
export type DeviceModel = { readonly doc: string } & (
  | {
      readonly kind: DeviceKind;
      readonly bus: 'pci' | 'mmio';
      /** Its interfaces, where the name decides and no property does. */
      readonly interfaces?: FixedInterfaces;
      readonly refusal?: undefined;
    }
  | { readonly refusal: string }
);

const NEVER = 'is not supported; leave it out';

/** One kind of device under all its names: those of QEMU's virtio devices follow one pattern. */
function models(kind: DeviceKind, name: string, doc: string): Record<string, DeviceModel> {
  return {
    [`${name}-pci`]: { doc: `${doc} on the PCI bus, with the interfaces of virtio 1.x and 0.9`, kind, bus: 'pci' },
    [name]: { doc: 'the same', kind, bus: 'pci' },
    [`${name}-pci-non-transitional`]: {
      doc: 'the same, with the interface of virtio 1.x alone',
      kind,
      bus: 'pci',
      interfaces: { legacy: false, modern: true },
    },
    [`${name}-pci-transitional`]: {
      doc: 'the same, with both',
      kind,
      bus: 'pci',
      interfaces: { legacy: true, modern: true },
    },
    [`${name}-device`]: { doc: `${doc} by virtio-mmio`, kind, bus: 'mmio' },
    [`${name}-ccw`]: {
      doc: `${doc} by channel I/O`,
      refusal: `is for channel I/O, which exists on s390x only; use ${name}-pci`,
    },
  };
}

/** The devices `--device` knows, by name. @spec QEMU 9psetup, -device */
export const DEVICE_MODELS: Readonly<Record<string, DeviceModel>> = {
  ...models('9p', 'virtio-9p', 'a 9p share'),
  ...models('disk', 'virtio-blk', 'a disk'),
  ...models('rng', 'virtio-rng', 'a source of random numbers'),
  'virtio-serial-pci': { doc: 'a console', refusal: 'is not supported by name; use --console virtio' },
  virtconsole: { doc: 'a console', refusal: 'is not supported by name; use --console virtio' },
  'virtio-net-pci': { doc: 'a network card', refusal: NEVER },
  'virtio-balloon-pci': { doc: 'a memory balloon', refusal: NEVER },
  'virtio-scsi-pci': { doc: 'a SCSI bus', refusal: NEVER },
  'vhost-user-fs-pci': { doc: 'a virtiofs share', refusal: 'is not supported; use virtio-9p-pci' },
};
