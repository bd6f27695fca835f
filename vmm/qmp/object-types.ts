import { DEVICE_MODELS } from '../options/device-models.ts';

/** A type as `qom-list-types` tells it. @spec QEMU qapi/qom.json ObjectTypeInfo */
export interface ObjectType {
  readonly name: string;
  readonly parent?: string;
  readonly abstract?: true;
}

/** What every type of QEMU's that we tell of descends from. */
const ROOTS: readonly ObjectType[] = [
  { name: 'object' },
  { name: 'machine', parent: 'object', abstract: true },
  { name: 'device', parent: 'object', abstract: true },
  { name: 'sys-bus-device', parent: 'device', abstract: true },
  { name: 'isa-device', parent: 'device', abstract: true },
  { name: 'pci-device', parent: 'device', abstract: true },
  { name: 'pc-machine', parent: 'machine' },
  { name: 'none-machine', parent: 'machine' },
];

/** The parts of the machine that no option names, by QEMU's names for them. */
const FIXED: readonly ObjectType[] = [
  { name: 'i440FX-pcihost', parent: 'sys-bus-device' },
  { name: 'ioapic', parent: 'sys-bus-device' },
  { name: 'fw_cfg_io', parent: 'sys-bus-device' },
  { name: 'i440FX', parent: 'pci-device' },
  { name: 'pvpanic-pci', parent: 'pci-device' },
  { name: 'i8042', parent: 'isa-device' },
  { name: 'isa-pit', parent: 'isa-device' },
  { name: 'isa-serial', parent: 'isa-device' },
  { name: 'mc146818rtc', parent: 'isa-device' },
];

/** Every type, ancestors first. */
export const OBJECT_TYPES: readonly ObjectType[] = [
  ...ROOTS,
  ...FIXED,
  ...Object.entries(DEVICE_MODELS).flatMap(([name, model]) =>
    model.refusal === undefined && name !== `virtio-${model.kind}`
      ? [{ name, parent: model.bus === 'pci' ? 'pci-device' : 'device' }]
      : [],
  ),
];

/** The types that descend from `ancestor`, itself among them; abstract ones only if asked for. */
export function listTypes(ancestor = 'object', withAbstract = false): readonly ObjectType[] {
  const parents = new Map(OBJECT_TYPES.map(({ name, parent }) => [name, parent]));
  const descends = (name: string | undefined): boolean =>
    name !== undefined && (name === ancestor || descends(parents.get(name)));
  return OBJECT_TYPES.filter(({ name, abstract = false }) => descends(name) && (withAbstract || !abstract));
}
