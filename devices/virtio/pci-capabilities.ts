/** The vendor capabilities that tell a driver where the virtio structures are. */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';
import type { PciCapability } from '../pci/capabilities.ts';

const spec = 'virtio 1.2 §4.1.4 Virtio Structure PCI Capabilities';

/** Values of cfg_type. @spec virtio 1.2 §4.1.4 Virtio Structure PCI Capabilities */
export const CFG_TYPE = { common: 1, notify: 2, isr: 3, device: 4, pciAccess: 5 } as const;

type Fixed = { readonly name: string; readonly at: number; readonly width: 1 | 2 | 4; readonly doc: string };

const HEAD: readonly Fixed[] = [
  { name: 'cap_vndr', at: 0x0, width: 1, doc: 'Says that this is a vendor capability.' },
  { name: 'cap_next', at: 0x1, width: 1, doc: 'Offset of the next capability, 0 for the last.' },
  { name: 'cap_len', at: 0x2, width: 1, doc: 'Length of this capability.' },
  { name: 'cfg_type', at: 0x3, width: 1, doc: 'Which structure it describes.' },
];

const PLACE: readonly Fixed[] = [
  { name: 'bar', at: 0x4, width: 1, doc: 'BAR that holds the structure.' },
  { name: 'offset', at: 0x8, width: 4, doc: 'Where it begins in the BAR.' },
  { name: 'length', at: 0xc, width: 4, doc: 'How long it is.' },
];

const ID: Fixed = { name: 'id', at: 0x5, width: 1, doc: 'Tells several structures of one type apart; 0 here.' };

const fixed = (row: Fixed): RegisterRow<unknown> => ({ ...row, access: 'ro', reset: 0, spec });
const written = (row: Fixed): RegisterRow<unknown> => ({ ...row, access: 'rw', reset: 0, spec });

/** struct virtio_pci_cap. @spec virtio 1.2 §4.1.4 Virtio Structure PCI Capabilities */
export const structureCapability = registerBlock<unknown>('virtio_pci_cap', [...HEAD, ...PLACE, ID].map(fixed));

/** struct virtio_pci_notify_cap. @spec virtio 1.2 §4.1.4.4 Notification structure layout */
export const notifyCapability = registerBlock<unknown>('virtio_pci_notify_cap', [
  ...[...HEAD, ...PLACE, ID].map(fixed),
  {
    name: 'notify_off_multiplier',
    at: 0x10,
    width: 4,
    access: 'ro',
    reset: 0,
    spec: 'virtio 1.2 §4.1.4.4 Notification structure layout',
    doc: 'Times queue_notify_off: where a queue is rung.',
  },
]);

/** What the configuration access capability asks of its owner. */
export interface ConfigAccessOwner {
  readData(): number;
  writeData(data: number): void;
}

/** struct virtio_pci_cfg_cap. @spec virtio 1.2 §4.1.4.9 PCI configuration access capability */
export const configAccessCapability = registerBlock<ConfigAccessOwner>('virtio_pci_cfg_cap', [
  ...[...HEAD, ID].map(fixed),
  ...PLACE.map(written),
  {
    name: 'pci_cfg_data',
    at: 0x10,
    width: 4,
    access: 'rw',
    reset: 0,
    spec: 'virtio 1.2 §4.1.4.9 PCI configuration access capability',
    doc: 'Reading or writing it reads or writes length bytes at offset in the BAR.',
    latched: true,
    read: (owner) => owner.readData(),
    write: (owner, data) => owner.writeData(data),
  },
]);

const VENDOR_SPECIFIC = 0x09;

/** Presets of the first four bytes. */
export function capabilityHead(next: number, length: number, type: keyof typeof CFG_TYPE): Record<string, number> {
  return { cap_vndr: VENDOR_SPECIFIC, cap_next: next, cap_len: length, cfg_type: CFG_TYPE[type] };
}

/** A structure that lies in a BAR. */
export type StructureType = 'common' | 'isr' | 'device' | 'notify';

/** Where a structure is. */
export interface StructurePlace {
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** The capability of one structure; `multiplier` is notify_off_multiplier, for the notification structure alone. */
export function structureCapabilityAt(type: StructureType, place: StructurePlace, multiplier?: number): PciCapability {
  const block = multiplier === undefined ? structureCapability : notifyCapability;
  const more = multiplier === undefined ? {} : { notify_off_multiplier: multiplier };
  return {
    name: `virtio ${type}`,
    bank: (next) =>
      block.instance(undefined, { ...capabilityHead(next, block.length, type), ...{ ...place }, ...more }),
  };
}
