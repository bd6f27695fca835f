/** What a guest finds in a machine: looks at it through ports and registers, as a kernel does, and changes nothing that lasts. */
import { DEVICE_TYPES, featureNames } from '../../devices/virtio/device-names.ts';
import type { DriverTransport } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { LegacyDriverTransport } from '../../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { MmioDriverTransport } from '../../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { type FoundFunction, scanBus } from '../../devices/virtio/fake-driver/pci-scan.ts';
import { CFG_TYPE } from '../../devices/virtio/pci-capabilities.ts';
import type { Machine } from '../machine.ts';
import { pciInterruptGsi } from '../memory-map.ts';
import type { MmioPlace } from '../mmio-places.ts';
import type { FunctionReport, MmioReport, VirtioReport } from './machine-report.ts';

/** Offsets in configuration space. @spec PCI Local Bus 3.0 §6.1 Configuration Space Organization */
const CONFIG = { revision: 0x08, subsystemVendor: 0x2c, subsystem: 0x2e, interruptPin: 0x3d } as const;
/** Bits of Message Control that hold the number of vectors less 1. @spec PCI Local Bus 3.0 §6.8.2.3 Message Control for MSI-X */
const VECTORS_MASK = 0x7ff;
const VENDOR_SPECIFIC = 0x09;
const MSIX = 0x11;
const VIRTIO_VENDOR = 0x1af4;
const FIRST_MODERN_DEVICE = 0x1040;
const P9_DEVICE = 9;

const now = async () => {};

/** The functions on the PCI bus, in order of slots. */
export function functionsOf(machine: Machine): FunctionReport[] {
  return scanBus(machine.ports).map((found) => functionReport(machine, found));
}

/** The virtio devices by MMIO at `places`. */
export function mmioDevicesOf(machine: Machine, places: readonly MmioPlace[]): MmioReport[] {
  return places.map((place) => {
    const transport = new MmioDriverTransport(machine.mmio, place.base, now);
    const interfaces = [transport.legacy ? ('legacy' as const) : ('modern' as const)];
    return { ...place, virtio: virtioReport(transport, transport.deviceId, interfaces) };
  });
}

function functionReport(machine: Machine, found: FoundFunction): FunctionReport {
  const { slot, number, vendorId, deviceId, classCode, config } = found;
  const driver = new PciDriver(config, machine.mmio);
  const pin = config.read(CONFIG.interruptPin, 1);
  const msix = driver.capabilities.find(({ id }) => id === MSIX);
  return {
    slot,
    number,
    name: machine.pci.at(slot, number)?.name ?? '',
    vendorId,
    deviceId,
    subsystemVendorId: config.read(CONFIG.subsystemVendor, 2),
    subsystemId: config.read(CONFIG.subsystem, 2),
    revision: config.read(CONFIG.revision, 1),
    classCode,
    bars: machine.bars
      .filter((one) => one.slot === slot && one.number === number)
      .map(({ bar: { index, kind, length }, address }) => ({ index, kind, address, length }))
      .sort((a, b) => a.index - b.index),
    ...(pin > 0 && { interrupt: { pin: 'ABCD'.charAt(pin - 1), gsi: pciInterruptGsi(slot, pin) } }),
    capabilities: driver.capabilities.map(({ at, id, type }) => ({ at, name: capabilityName(id, type) })),
    vectors: msix === undefined ? 0 : (config.read(msix.at + 2, 2) & VECTORS_MASK) + 1,
    ...(vendorId === VIRTIO_VENDOR && { virtio: virtioOnPci(machine, found, driver) }),
  };
}

function capabilityName(id: number, type: number): string {
  if (id === MSIX) return 'MSI-X';
  const structure = Object.entries(CFG_TYPE).find(([, value]) => value === type)?.[0];
  return id === VENDOR_SPECIFIC && structure !== undefined ? `virtio ${structure}` : `0x${id.toString(16)}`;
}

function virtioOnPci(machine: Machine, { deviceId, config }: FoundFunction, driver: PciDriver): VirtioReport {
  const modern = driver.capabilities.some(({ id }) => id === VENDOR_SPECIFIC);
  const legacy = deviceId < FIRST_MODERN_DEVICE;
  const transport = modern
    ? new PciDriverTransport(driver, { wait: now })
    : new LegacyDriverTransport(driver, machine.ports, { wait: now });
  const type = legacy ? config.read(CONFIG.subsystem, 2) : deviceId - FIRST_MODERN_DEVICE;
  return virtioReport(transport, type, [
    ...(modern ? ['modern' as const] : []),
    ...(legacy ? ['legacy' as const] : []),
  ]);
}

function virtioReport(
  transport: DriverTransport,
  deviceId: number,
  interfaces: VirtioReport['interfaces'],
): VirtioReport {
  return {
    deviceId,
    type: DEVICE_TYPES[deviceId] ?? `device type ${deviceId}`,
    interfaces,
    queues: Array.from({ length: transport.queueCount }, (_, index) => transport.maxQueueSize(index)),
    features: featureNames(deviceId, transport.offered),
    ...(deviceId === P9_DEVICE && { mountTag: readTag(transport) }),
  };
}

/** @spec Linux include/uapi/linux/virtio_9p.h: struct virtio_9p_config */
function readTag(transport: DriverTransport): string {
  const bytes = Uint8Array.from({ length: transport.readConfig(0, 2) }, (_, at) => transport.readConfig(2 + at, 1));
  return new TextDecoder().decode(bytes);
}
