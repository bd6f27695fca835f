/** The common configuration structure as a table. */
import { registerBlock } from '../../bytes/registers.ts';
import type { QueueArea } from './queue-layout.ts';
import { STATUS_BITS } from './status.ts';

/** Vector number that means none. @spec virtio 1.2 §4.1.5.1.2 MSI-X Vector Configuration */
export const NO_VECTOR = 0xffff;

/** What the structure asks of the device it configures; queue members concern the queue that `queue_select` names. */
export interface CommonConfigOwner {
  deviceFeaturePage(): number;
  readDriverFeaturePage(): number;
  writeDriverFeaturePage(page: number): void;
  readConfigVector(): number;
  writeConfigVector(vector: number): void;
  queueCount(): number;
  readStatus(): number;
  writeStatus(status: number): void;
  configGeneration(): number;
  readQueueSize(): number;
  writeQueueSize(size: number): void;
  readQueueVector(): number;
  writeQueueVector(vector: number): void;
  readQueueEnable(): number;
  writeQueueEnable(value: number): void;
  queueNotifyOff(): number;
  readQueueAddress(area: QueueArea): bigint;
  writeQueueAddress(area: QueueArea, address: bigint): void;
  readQueueReset(): number;
  writeQueueReset(value: number): void;
}

const spec = 'virtio 1.2 §4.1.4.3 Common configuration structure layout';
const vectors = 'virtio 1.2 §4.1.5.1.2 MSI-X Vector Configuration';

function queueAddress(area: QueueArea, at: number, doc: string) {
  return {
    name: `queue_${area}`,
    selectedBy: 'queue_select',
    at,
    width: 8,
    access: 'rw',
    reset: 0n,
    spec,
    doc,
    read: (owner: CommonConfigOwner) => owner.readQueueAddress(area),
    write: (owner: CommonConfigOwner, address: bigint) => owner.writeQueueAddress(area, address),
  } as const;
}

/**
 * struct virtio_pci_common_cfg. Where queue_notify_data would be is nothing: VIRTIO_F_NOTIF_CONFIG_DATA is not offered.
 *
 * @spec virtio 1.2 §4.1.4.3 Common configuration structure layout
 */
export const commonConfig = registerBlock<CommonConfigOwner>('common_cfg', [
  {
    name: 'device_feature_select',
    at: 0x00,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Which 32 feature bits device_feature shows: 0 the low ones, 1 the high ones.',
  },
  {
    name: 'device_feature',
    selectedBy: 'device_feature_select',
    at: 0x04,
    width: 4,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Feature bits the device offers, in the page selected.',
    read: (owner) => owner.deviceFeaturePage(),
  },
  {
    name: 'driver_feature_select',
    at: 0x08,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Which 32 feature bits driver_feature shows.',
  },
  {
    name: 'driver_feature',
    selectedBy: 'driver_feature_select',
    at: 0x0c,
    width: 4,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Feature bits the driver accepts, in the page selected.',
    read: (owner) => owner.readDriverFeaturePage(),
    write: (owner, page) => owner.writeDriverFeaturePage(page),
  },
  {
    name: 'config_msix_vector',
    at: 0x10,
    width: 2,
    access: 'rw',
    reset: NO_VECTOR,
    spec: vectors,
    doc: 'Vector of configuration change notifications; 0xffff for none, also after a vector that does not exist.',
    read: (owner) => owner.readConfigVector(),
    write: (owner, vector) => owner.writeConfigVector(vector),
  },
  {
    name: 'num_queues',
    at: 0x12,
    width: 2,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Number of queues the device has.',
    read: (owner) => owner.queueCount(),
  },
  {
    name: 'device_status',
    at: 0x14,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'virtio 1.2 §2.1 Device Status Field',
    doc: 'How far driver and device have come. Writing 0 resets; it reads 0 when the reset is complete.',
    bits: STATUS_BITS,
    read: (owner) => owner.readStatus(),
    write: (owner, status) => owner.writeStatus(status),
  },
  {
    name: 'config_generation',
    at: 0x15,
    width: 1,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Changes whenever the device-specific configuration did.',
    read: (owner) => owner.configGeneration(),
  },
  {
    name: 'queue_select',
    at: 0x16,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Queue the following registers are about.',
  },
  {
    name: 'queue_size',
    selectedBy: 'queue_select',
    at: 0x18,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Entries: at first the most the device can do, then what the driver chose; 0 where there is no such queue.',
    read: (owner) => owner.readQueueSize(),
    write: (owner, size) => owner.writeQueueSize(size),
  },
  {
    name: 'queue_msix_vector',
    selectedBy: 'queue_select',
    at: 0x1a,
    width: 2,
    access: 'rw',
    reset: NO_VECTOR,
    spec: vectors,
    doc: 'Vector of used buffer notifications; 0xffff for none, also after a vector that does not exist.',
    read: (owner) => owner.readQueueVector(),
    write: (owner, vector) => owner.writeQueueVector(vector),
  },
  {
    name: 'queue_enable',
    selectedBy: 'queue_select',
    at: 0x1c,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: '1 once the driver enabled the queue.',
    read: (owner) => owner.readQueueEnable(),
    write: (owner, value) => owner.writeQueueEnable(value),
  },
  {
    name: 'queue_notify_off',
    selectedBy: 'queue_select',
    at: 0x1e,
    width: 2,
    access: 'ro',
    reset: 0,
    spec,
    doc: 'Times notify_off_multiplier: where in the notification structure this queue is rung.',
    read: (owner) => owner.queueNotifyOff(),
  },
  queueAddress('desc', 0x20, 'Guest physical address of the descriptor area.'),
  queueAddress('driver', 0x28, 'Guest physical address of the driver area.'),
  queueAddress('device', 0x30, 'Guest physical address of the device area.'),
  {
    name: 'queue_reset',
    selectedBy: 'queue_select',
    at: 0x3a,
    width: 2,
    access: 'rw',
    reset: 0,
    spec,
    doc: 'Writing 1 resets the queue, where VIRTIO_F_RING_RESET is agreed on. Reads 1 until that is complete.',
    read: (owner) => owner.readQueueReset(),
    write: (owner, value) => owner.writeQueueReset(value),
  },
]);
