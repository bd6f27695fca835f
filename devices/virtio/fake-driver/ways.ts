/** Every way a driver can reach a device, by name: to show that a device is served on all of them. */
import { Bus } from '../../bus.ts';
import { assignBars } from '../../pci/assign-bars.ts';
import { hostBridge } from '../../pci/host-bridge.ts';
import { PciBus } from '../../pci/pci-bus.ts';
import type { AccessWidth, DeviceTrace, Gpa, GuestMemory } from '../../ports.ts';
import type { VirtioDevice } from '../device.ts';
import type { RingChoice } from '../features.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from '../mmio-transport.ts';
import { type PciInterfaces, VirtioPciTransport } from '../pci-transport.ts';
import { DirectTransport } from './direct-transport.ts';
import type { DriverTransport } from './driver-transport.ts';
import { LegacyDriverTransport } from './legacy-driver-transport.ts';
import { MmioDriverTransport } from './mmio-driver-transport.ts';
import { PciDriver } from './pci-driver.ts';
import { PciDriverTransport } from './pci-driver-transport.ts';
import { RIG_WINDOWS } from './pci-rig.ts';

/** What stands between a driver and its device. */
export interface WayParts {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly rings?: RingChoice;
  readonly trace: DeviceTrace;
  readonly wait: () => Promise<void>;
}

const MESSAGES = { address: 0xfee0_0000, data: 0x40 } as const;
const MMIO_BASE = 0xd000_0000 as Gpa;

/** Joins a driver to a device, by the name of the way. To a transitional function it comes as a legacy driver. */
export const WAYS = {
  direct: (parts: WayParts): DriverTransport => new DirectTransport(parts),
  'modern PCI': (parts: WayParts) => overPci(parts, { legacy: false, modern: true }),
  'transitional PCI': (parts: WayParts) => overPci(parts, { legacy: true, modern: true }),
  'legacy PCI': (parts: WayParts) => overPci(parts, { legacy: true, modern: false }),
  'modern MMIO': (parts: WayParts) => overMmio(parts, false),
  'legacy MMIO': (parts: WayParts) => overMmio(parts, true),
} as const satisfies Readonly<Record<string, (parts: WayParts) => DriverTransport>>;

function overPci(parts: WayParts, interfaces: PciInterfaces): DriverTransport {
  const [ports, memory] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const bus = new PciBus({ ports, memory, interrupts: [{ set: () => {} }] });
  bus.attach(hostBridge(), 0);
  let arrived: (data: number) => boolean = () => false;
  const { pci } = new VirtioPciTransport({ ...parts, interfaces, messages: { send: (_, data) => void arrived(data) } });
  bus.attach(pci, 3);
  assignBars(bus, RIG_WINDOWS);
  const driver = new PciDriver(
    {
      read: (offset: number, width: AccessWidth) => pci.readConfig(offset, width),
      write: (offset: number, width: AccessWidth, value: number) => pci.writeConfig(offset, width, value),
    },
    memory,
  );
  const options = { messages: MESSAGES, wait: parts.wait };
  const transport = interfaces.legacy
    ? new LegacyDriverTransport(driver, ports, options)
    : new PciDriverTransport(driver, options);
  arrived = (data) => transport.message(data);
  return transport;
}

function overMmio(parts: WayParts, legacy: boolean): DriverTransport {
  const memory = new Bus('mmio', 2 ** 46);
  let interrupt: () => void = () => {};
  const line = { set: (level: boolean) => level && interrupt() };
  const transport = new VirtioMmioTransport({ ...parts, line, legacy });
  memory.map(MMIO_BASE, MMIO_LENGTH, transport.target);
  transport.placed(MMIO_BASE);
  const driver = new MmioDriverTransport(memory, MMIO_BASE, parts.wait);
  interrupt = () => driver.lineRaised();
  return driver;
}
