/** The legacy interface of a virtio PCI function as tables: what stood in I/O space before virtio 1.0. */
import { registerBlock } from '../../bytes/registers.ts';
import { NO_VECTOR } from './common-config-registers.ts';
import { STATUS_BITS } from './status.ts';

/** What the registers ask of the device; queue members concern the queue that `queue_select` names. */
export interface LegacyOwner {
  deviceFeatures(): number;
  readDriverFeatures(): number;
  writeDriverFeatures(features: number): void;
  readQueuePage(): number;
  writeQueuePage(page: number): void;
  queueSize(): number;
  notify(queue: number): void;
  readStatus(): number;
  writeStatus(status: number): void;
  /** Gives the ISR status and clears it. */
  takeIsr(): number;
  readConfigVector(): number;
  writeConfigVector(vector: number): void;
  readQueueVector(): number;
  writeQueueVector(vector: number): void;
}

const spec = 'virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout';

/** The legacy interface knows no FEATURES_OK. */
const { FEATURES_OK: _, ...LEGACY_STATUS_BITS } = STATUS_BITS;

/** The registers every legacy function has. @spec virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout */
export const legacyHeader = registerBlock<LegacyOwner>('legacy_header', [
  {
    name: 'device_features',
    at: 0x00,
    width: 4,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Feature bits 0 to 31 the device offers.',
    read: (owner) => owner.deviceFeatures(),
  },
  {
    name: 'driver_features',
    at: 0x04,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Feature bits 0 to 31 the driver accepts.',
    read: (owner) => owner.readDriverFeatures(),
    write: (owner, features) => owner.writeDriverFeatures(features),
  },
  {
    name: 'queue_address',
    selectedBy: 'queue_select',
    at: 0x08,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Guest physical address of the queue in pages of 4096 bytes; writing it enables the queue.',
    read: (owner) => owner.readQueuePage(),
    write: (owner, page) => owner.writeQueuePage(page),
  },
  {
    name: 'queue_size',
    selectedBy: 'queue_select',
    at: 0x0c,
    width: 2,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Entries of the queue, which the driver cannot change; 0 where there is no such queue.',
    read: (owner) => owner.queueSize(),
  },
  {
    name: 'queue_select',
    at: 0x0e,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Queue the registers around are about.',
  },
  {
    name: 'queue_notify',
    at: 0x10,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Writing the number of a queue rings it.',
    read: () => 0,
    write: (owner, queue) => owner.notify(queue),
  },
  {
    name: 'device_status',
    at: 0x12,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'virtio 1.2 §2.1 Device Status Field',
    doc: 'How far driver and device have come. Writing 0 resets, at once.',
    bits: LEGACY_STATUS_BITS,
    read: (owner) => owner.readStatus(),
    write: (owner, status) => owner.writeStatus(status),
  },
  {
    name: 'isr_status',
    at: 0x13,
    width: 1,
    access: 'rc',
    reset: 0,
    spec,
    doc: 'Why the interrupt pin was raised; reading it clears it and lowers the pin.',
    bits: { QUEUE_INTERRUPT: 0, DEVICE_CONFIGURATION_INTERRUPT: 1 },
    read: (owner) => owner.takeIsr(),
  },
]);

/** What stands behind the header while MSI-X is enabled; the device's own configuration then follows. */
export const legacyVectors = registerBlock<LegacyOwner>('legacy_vectors', [
  {
    name: 'config_msix_vector',
    at: 0x0,
    width: 2,
    access: 'rw',
    reset: NO_VECTOR,
    spec,
    doc: 'Vector of configuration change notifications; 0xffff for none, also after a vector that does not exist.',
    read: (owner) => owner.readConfigVector(),
    write: (owner, vector) => owner.writeConfigVector(vector),
  },
  {
    name: 'queue_msix_vector',
    at: 0x2,
    width: 2,
    access: 'rw',
    reset: NO_VECTOR,
    spec,
    doc: 'Vector of used buffer notifications; 0xffff for none, also after a vector that does not exist.',
    read: (owner) => owner.readQueueVector(),
    write: (owner, vector) => owner.writeQueueVector(vector),
  },
]);
