/** The devices that were plugged in. */
import type { TraceEvent } from '../../trace/event.ts';
import { MOST_DEVICES } from './per-device.ts';

/** One device. */
export interface DeviceModel {
  /** Mount tag or id, as events name it. */
  readonly device: string;
  /** Kind of the device with its transport: `virtio-9p-pci`. */
  readonly name: string;
  /** `pci` or `mmio`. */
  readonly bus: string;
  /** Slot of the PCI bus, or guest physical address. */
  readonly address: number;
  /** Of the PCI device; 0 on another bus. */
  readonly function: number;
  /** Events of it. */
  events: number;
}

/** All of them, in the order in which they were plugged in. */
export interface DevicesModel {
  list: DeviceModel[];
  /** Devices that are left out. */
  notKept: number;
}

/** None. */
export function emptyDevices(): DevicesModel {
  return { list: [], notKept: 0 };
}

/** Takes one event. */
export function foldDevices(devices: DevicesModel, event: TraceEvent): void {
  const { device } = event;
  if (event.kind === 'plugged' && deviceOf(devices, device) === undefined) {
    const { name, bus, address, function: number = 0 } = event.fields;
    if (devices.list.length < MOST_DEVICES)
      devices.list.push({ device, name, bus, address, function: number, events: 0 });
    else devices.notKept += 1;
  }
  const known = deviceOf(devices, device);
  if (known !== undefined) known.events += 1;
}

/** The device of a name. */
export function deviceOf(devices: DevicesModel, device: string): DeviceModel | undefined {
  return devices.list.find((one) => one.device === device);
}
