/** The driver finds its function on the bus, and what the function has. */
import type { AccessWidth } from '../../devices/ports.ts';
import { commonConfig } from '../../devices/virtio/common-config-registers.ts';
import { LegacyDriverTransport } from '../../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { type AccessPort, PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { scanBus } from '../../devices/virtio/fake-driver/pci-scan.ts';
import { legacyHeader } from '../../devices/virtio/legacy-registers.ts';
import { CFG_TYPE } from '../../devices/virtio/pci-capabilities.ts';
import { isrStatus } from '../../devices/virtio/pci-isr.ts';
import { type RegisterWindow, registerWindow } from './register-window.ts';

const VENDOR = 0x1af4;
const VENDOR_CAPABILITY = 0x09;
const MSIX_CAPABILITY = 0x11;
const BAR_0 = 0x10;
const FIRST_CHANGELESS = 0x10;
const LAST_CHANGELESS = 0x27;
const FIRST_CAPABILITY = 0x40;
/** Where interrupts go as messages, and the data of the first vector. */
const MESSAGES = { address: 0xfee0_0000, data: 0x40 } as const;

/** The machine as a driver reaches it. */
export interface DriverReach {
  readonly ports: AccessPort;
  readonly memory: AccessPort;
  readonly legacy: boolean;
  readonly wait: () => Promise<void>;
}

/**
 * Scans the bus, reads the capabilities, enables the function and its interrupts.
 *
 * @throws RangeError when there is no virtio function.
 */
export function findPciDevice({ ports, memory, legacy, wait }: DriverReach) {
  const functions = scanBus(ports);
  const ours = functions.find(({ vendorId }) => vendorId === VENDOR);
  if (ours === undefined) throw new RangeError('there is no virtio function on the bus');
  const driver = new PciDriver(remembering(ours.config), memory);
  const options = { messages: MESSAGES, wait };
  const transport = legacy
    ? new LegacyDriverTransport(driver, ports, options)
    : new PciDriverTransport(driver, options);
  const said = [
    `Function 00:${ours.slot.toString(16).padStart(2, '0')}.${ours.number}: vendor 0x${ours.vendorId.toString(16)}, device 0x${ours.deviceId.toString(16)}.`,
    ...driver.capabilities.map(capabilityLine),
  ];
  return { transport, windows: windowsOf(driver, ports, legacy), said };
}

function windowsOf(driver: PciDriver, ports: AccessPort, legacy: boolean): RegisterWindow[] {
  if (legacy) return [registerWindow(legacyHeader, ports, driver.config.read(BAR_0, 4) - 1)];
  return [
    registerWindow(commonConfig, driver.memory, driver.address('common')),
    registerWindow(isrStatus, driver.memory, driver.address('isr')),
  ];
}

function capabilityLine({ at, id, type, bar, offset, length }: PciDriver['capabilities'][number]): string {
  const place = `Capability at 0x${at.toString(16)}:`;
  if (id === MSIX_CAPABILITY) return `${place} MSI-X.`;
  if (id !== VENDOR_CAPABILITY) return `${place} id 0x${id.toString(16)}.`;
  const name = Object.entries(CFG_TYPE).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
  return `${place} ${name}, BAR ${bar} from 0x${offset.toString(16)}, ${length} bytes.`;
}

/** Reads what does not change by itself once, as a driver that has mapped its BARs: the trace then shows what a kernel does. */
function remembering(config: AccessPort): AccessPort {
  const known = new Map<string, number>();
  const keeps = (offset: number) =>
    (offset >= FIRST_CHANGELESS && offset <= LAST_CHANGELESS) || offset >= FIRST_CAPABILITY;
  return {
    read(offset: number, width: AccessWidth) {
      const key = `${offset} ${width}`;
      const value = known.get(key) ?? config.read(offset, width);
      if (keeps(offset)) known.set(key, value);
      return value;
    },
    write(offset: number, width: AccessWidth, value: number) {
      known.clear();
      config.write(offset, width, value);
    },
  };
}
