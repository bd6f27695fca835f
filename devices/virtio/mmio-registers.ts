/** The registers of a virtio device on a bus of memory, modern and legacy, as tables. */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';
import type { QueueArea } from './queue-layout.ts';
import { STATUS_BITS } from './status.ts';

/** What both layouts ask of the device; queue members concern the queue that QueueSel names. */
export interface MmioOwner {
  deviceId(): number;
  deviceFeaturePage(): number;
  writeDriverFeaturePage(page: number): void;
  queueSizeMax(): number;
  writeQueueSize(size: number): void;
  notify(queue: number): void;
  interruptStatus(): number;
  acknowledge(bits: number): void;
  readStatus(): number;
  writeStatus(status: number): void;
}

/** What the modern layout asks beyond that. */
export interface ModernMmioOwner extends MmioOwner {
  readQueueReady(): number;
  writeQueueReady(value: number): void;
  readQueueReset(): number;
  writeQueueReset(value: number): void;
  readQueueAddress(area: QueueArea): bigint;
  writeQueueAddress(area: QueueArea, address: bigint): void;
  configGeneration(): number;
}

/** What the legacy layout asks beyond that. */
export interface LegacyMmioOwner extends MmioOwner {
  guestPageSize(): number;
  writeGuestPageSize(size: number): void;
  readQueuePage(): number;
  writeQueuePage(page: number): void;
}

/** Where the device-specific configuration begins, in both layouts. @spec virtio 1.2 §4.2.2 MMIO Device Register Layout */
export const MMIO_CONFIG_OFFSET = 0x100;

/** Values of Version. @spec virtio 1.2 §4.2.2 MMIO Device Register Layout, §4.2.4 Legacy interface */
export const MMIO_VERSION = { legacy: 1, modern: 2 } as const;

/** "virt", little-endian. */
const MAGIC = 0x7472_6976;
/** "QEMU", as drivers print it. */
const VENDOR = 0x554d_4551;

const modern = 'virtio 1.2 §4.2.2 MMIO Device Register Layout';
const legacy = 'virtio 1.2 §4.2.4 Legacy interface';

/** A register that keeps what is written, and that only the device reads. */
function selector(name: string, at: number, spec: string, doc: string): RegisterRow<unknown> {
  return { name, at, width: 4, access: 'rw', reset: 0, spec, doc };
}

function fixed(name: string, at: number, value: number, spec: string, doc: string): RegisterRow<unknown> {
  return { name, at, width: 4, access: 'ro', reset: value, spec, doc };
}

function common(spec: string, version: number): readonly RegisterRow<MmioOwner>[] {
  return [
    fixed('MagicValue', 0x000, MAGIC, spec, 'Says that this is a virtio device.'),
    fixed('Version', 0x004, version, spec, 'Which layout the registers have: 1 the legacy one, 2 the modern one.'),
    {
      name: 'DeviceID',
      at: 0x008,
      width: 4,
      access: 'ro',
      reset: 0,
      spec,
      doc: 'What the device is; 0 would be a place without one.',
      read: (owner) => owner.deviceId(),
    },
    fixed('VendorID', 0x00c, VENDOR, spec, 'Who made it; drivers do not care.'),
    {
      name: 'DeviceFeatures',
      selectedBy: 'DeviceFeaturesSel',
      at: 0x010,
      width: 4,
      access: 'ro',
      reset: 0,
      spec,
      doc: 'Feature bits the device offers, in the page selected.',
      read: (owner) => owner.deviceFeaturePage(),
    },
    selector('DeviceFeaturesSel', 0x014, spec, 'Which 32 feature bits DeviceFeatures shows.'),
    {
      name: 'DriverFeatures',
      selectedBy: 'DriverFeaturesSel',
      at: 0x020,
      width: 4,
      access: 'rw',
      reset: 0,
      spec,
      doc: 'Feature bits the driver accepts, in the page selected; not to be read.',
      read: () => 0,
      write: (owner, page) => owner.writeDriverFeaturePage(page),
    },
    selector('DriverFeaturesSel', 0x024, spec, 'Which 32 feature bits DriverFeatures takes.'),
    selector('QueueSel', 0x030, spec, 'Queue the registers around are about.'),
    {
      name: 'QueueSizeMax',
      selectedBy: 'QueueSel',
      at: 0x034,
      width: 4,
      access: 'ro',
      reset: 0,
      spec,
      doc: 'Most entries the queue can have; 0 where there is no such queue.',
      read: (owner) => owner.queueSizeMax(),
    },
    {
      name: 'QueueSize',
      selectedBy: 'QueueSel',
      at: 0x038,
      width: 4,
      access: 'rw',
      reset: 0,
      spec,
      doc: 'Entries the driver chose; not to be read.',
      read: () => 0,
      write: (owner, size) => owner.writeQueueSize(size),
    },
    {
      name: 'QueueNotify',
      at: 0x050,
      width: 4,
      access: 'rw',
      reset: 0,
      spec,
      doc: 'Writing the number of a queue rings it; not to be read.',
      read: () => 0,
      write: (owner, queue) => owner.notify(queue),
    },
    {
      name: 'InterruptStatus',
      at: 0x060,
      width: 4,
      access: 'ro',
      reset: 0,
      spec,
      doc: 'Why the interrupt line is raised.',
      bits: { USED_BUFFER_NOTIFICATION: 0, CONFIGURATION_CHANGE_NOTIFICATION: 1 },
      read: (owner) => owner.interruptStatus(),
    },
    {
      name: 'InterruptACK',
      at: 0x064,
      width: 4,
      access: 'rw',
      reset: 0,
      spec,
      doc: 'Clears the bits written in InterruptStatus; not to be read.',
      read: () => 0,
      write: (owner, bits) => owner.acknowledge(bits),
    },
    {
      name: 'Status',
      at: 0x070,
      width: 4,
      access: 'rw',
      reset: 0,
      spec: 'virtio 1.2 §2.1 Device Status Field',
      doc: 'How far driver and device have come. Writing 0 resets.',
      bits: STATUS_BITS,
      read: (owner) => owner.readStatus(),
      write: (owner, status) => owner.writeStatus(status & 0xff),
    },
  ];
}

function queueAddress(area: QueueArea, name: string, at: number, doc: string): RegisterRow<ModernMmioOwner> {
  return {
    name,
    selectedBy: 'QueueSel',
    at,
    width: 8,
    access: 'rw',
    reset: 0n,
    spec: modern,
    doc,
    read: (owner) => owner.readQueueAddress(area),
    write: (owner, address) => owner.writeQueueAddress(area, address),
  };
}

/** The modern layout. The pairs of Low and High registers are one of 8 bytes here. @spec virtio 1.2 §4.2.2 MMIO Device Register Layout */
export const mmioRegisters = registerBlock<ModernMmioOwner>(
  'virtio_mmio',
  [
    ...common(modern, MMIO_VERSION.modern),
    {
      name: 'QueueReady',
      selectedBy: 'QueueSel',
      at: 0x044,
      width: 4,
      access: 'rw',
      reset: 0,
      spec: modern,
      doc: '1 lets the device use the queue, 0 takes it away.',
      read: (owner) => owner.readQueueReady(),
      write: (owner, value) => owner.writeQueueReady(value),
    },
    queueAddress('desc', 'QueueDesc', 0x080, 'Guest physical address of the descriptor area.'),
    queueAddress('driver', 'QueueDriver', 0x090, 'Guest physical address of the driver area.'),
    queueAddress('device', 'QueueDevice', 0x0a0, 'Guest physical address of the device area.'),
    fixed('SHMLenLow', 0x0b0, 0xffff_ffff, modern, 'Length of a shared memory region: all ones, there is none.'),
    fixed('SHMLenHigh', 0x0b4, 0xffff_ffff, modern, 'High half of the same.'),
    fixed('SHMBaseLow', 0x0b8, 0xffff_ffff, modern, 'Address of a shared memory region: all ones, there is none.'),
    fixed('SHMBaseHigh', 0x0bc, 0xffff_ffff, modern, 'High half of the same.'),
    {
      name: 'QueueReset',
      selectedBy: 'QueueSel',
      at: 0x0c0,
      width: 4,
      access: 'rw',
      reset: 0,
      spec: modern,
      doc: 'Writing 1 resets the queue, where VIRTIO_F_RING_RESET is agreed on. Reads 1 until that is complete.',
      read: (owner) => owner.readQueueReset(),
      write: (owner, value) => owner.writeQueueReset(value),
    },
    {
      name: 'ConfigGeneration',
      at: 0x0fc,
      width: 4,
      access: 'ro',
      reset: 0,
      spec: modern,
      doc: 'Changes whenever the device-specific configuration did.',
      read: (owner) => owner.configGeneration(),
    },
  ],
  { length: MMIO_CONFIG_OFFSET },
);

/** The legacy layout. @spec virtio 1.2 §4.2.4 Legacy interface */
export const legacyMmioRegisters = registerBlock<LegacyMmioOwner>(
  'virtio_mmio_legacy',
  [
    ...common(legacy, MMIO_VERSION.legacy),
    {
      name: 'GuestPageSize',
      at: 0x028,
      width: 4,
      access: 'rw',
      reset: 0,
      spec: legacy,
      doc: 'Unit of QueuePFN in bytes, a power of two; a reset by the status leaves it.',
      read: (owner) => owner.guestPageSize(),
      write: (owner, size) => owner.writeGuestPageSize(size),
    },
    selector('QueueAlign', 0x03c, legacy, 'Alignment of the used ring in bytes, a power of two.'),
    {
      name: 'QueuePFN',
      selectedBy: 'QueueSel',
      at: 0x040,
      width: 4,
      access: 'rw',
      reset: 0,
      spec: legacy,
      doc: 'Guest physical address of the queue in pages; writing it enables the queue, 0 takes it away.',
      read: (owner) => owner.readQueuePage(),
      write: (owner, page) => owner.writeQueuePage(page),
    },
  ],
  { length: MMIO_CONFIG_OFFSET },
);
