/** How the driver reaches the device: over PCI or MMIO, by today's interface or by that of virtio 0.9. */
import { Bus } from '../../devices/bus.ts';
import type { EventPort } from '../../devices/events.ts';
import { assignBars } from '../../devices/pci/assign-bars.ts';
import { ConfigMechanism1 } from '../../devices/pci/config-mechanism.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import { PciBus } from '../../devices/pci/pci-bus.ts';
import type { DeviceTrace, Gpa, GuestMemory, HoldCpu } from '../../devices/ports.ts';
import type { VirtioDevice } from '../../devices/virtio/device.ts';
import type { DriverTransport } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { MmioDriverTransport } from '../../devices/virtio/fake-driver/mmio-driver-transport.ts';
import type { RingChoice } from '../../devices/virtio/features.ts';
import { legacyMmioRegisters, mmioRegisters } from '../../devices/virtio/mmio-registers.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from '../../devices/virtio/mmio-transport.ts';
import { VirtioPciTransport } from '../../devices/virtio/pci-transport.ts';
import type { DescribedMachine } from '../../trace/machine-description.ts';
import { findPciDevice } from './find-pci.ts';
import { type RegisterWindow, registerWindow } from './register-window.ts';

/** What a way joins. */
export interface WayParts {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly rings: RingChoice;
  readonly trace: DeviceTrace & { readonly events: EventPort };
  /** Events of the bus. */
  readonly bus: EventPort;
  readonly holdCpu: HoldCpu;
  readonly wait: () => Promise<void>;
}

/** What the driver has in its hands once it found the device. */
export interface Found {
  readonly transport: DriverTransport;
  /** The blocks of registers, to read and write any of them by its name. */
  readonly windows: readonly RegisterWindow[];
  /** What was found, for people. */
  readonly said: readonly string[];
}

/** A device that is plugged in and that no driver has looked at. */
export interface OpenedWay {
  readonly machine: DescribedMachine;
  find(): Found;
}

/** One way. */
export interface WayRow {
  readonly key: string;
  readonly title: string;
  readonly doc: string;
  readonly spec: string;
  /** No FEATURES_OK, no choice of the queue's size, no packed rings. */
  readonly legacy: boolean;
  open(parts: WayParts): OpenedWay;
}

/** Where the device is on the memory bus, as on the machine `tsvmm run` makes. */
const MMIO_BASE = 0xd000_0000 as Gpa;
const SLOT = 3;
const WINDOWS = {
  io: { base: 0xc000, length: 0x1000 },
  memory: { base: 0xe000_0000, length: 0x10_0000 },
} as const;

/** Every way there is. */
export const WAYS: readonly WayRow[] = [
  {
    key: 'pci',
    title: 'PCI',
    doc: 'A function on a PCI bus, as virtio 1.0 and later have it.',
    spec: 'virtio 1.2 §4.1 Virtio Over PCI Bus',
    legacy: false,
    open: (parts) => overPci(parts, false),
  },
  {
    key: 'mmio',
    title: 'MMIO',
    doc: 'Registers at an address of memory, without any bus.',
    spec: 'virtio 1.2 §4.2 Virtio Over MMIO',
    legacy: false,
    open: (parts) => overMmio(parts, false),
  },
  {
    key: 'legacy-pci',
    title: 'PCI, legacy',
    doc: 'The ports in I/O BAR 0 that drivers before virtio 1.0 know.',
    spec: 'virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout',
    legacy: true,
    open: (parts) => overPci(parts, true),
  },
  {
    key: 'legacy-mmio',
    title: 'MMIO, legacy',
    doc: 'The layout of MMIO registers before virtio 1.0.',
    spec: 'virtio 1.2 §4.2.4 Legacy interface',
    legacy: true,
    open: (parts) => overMmio(parts, true),
  },
];

function overPci(parts: WayParts, legacy: boolean): OpenedWay {
  const [ports, mmio] = [new Bus('ports', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const pci = new PciBus({ ports, memory: mmio, interrupts: [{ set: () => {} }] });
  pci.attach(hostBridge(), 0);
  ports.map(0xcf8, 8, new ConfigMechanism1(pci, { events: parts.bus }));
  const function0 = new VirtioPciTransport({
    ...parts,
    interfaces: { modern: !legacy, legacy },
    // Who drives by hand looks at the used ring when he likes: that one was sent is in the record.
    messages: { send: () => {} },
  }).pci;
  pci.attach(function0, SLOT);
  const bars = assignBars(pci, WINDOWS);
  parts.trace.events.emit('plugged', { name: function0.name, bus: 'pci', address: SLOT });
  return {
    machine: { pci, bars, ports, mmio },
    find: () => findPciDevice({ ports, memory: mmio, legacy, wait: parts.wait }),
  };
}

function overMmio(parts: WayParts, legacy: boolean): OpenedWay {
  const [ports, mmio] = [new Bus('ports', 0x1_0000), new Bus('mmio', 2 ** 46)];
  let raised: () => void = () => {};
  const line = { set: (level: boolean) => level && raised() };
  const transport = new VirtioMmioTransport({ ...parts, line, legacy });
  mmio.map(MMIO_BASE, MMIO_LENGTH, transport.target);
  transport.placed(MMIO_BASE);
  parts.trace.events.emit('plugged', { name: transport.target.name, bus: 'mmio', address: MMIO_BASE });
  return {
    machine: { pci: { functions: () => [] }, bars: [], ports, mmio },
    find() {
      const driver = new MmioDriverTransport(mmio, MMIO_BASE, parts.wait);
      raised = () => driver.lineRaised();
      const said = [`Registers at 0x${MMIO_BASE.toString(16)}: device type ${driver.deviceId}.`];
      return {
        transport: driver,
        windows: [registerWindow(legacy ? legacyMmioRegisters : mmioRegisters, mmio, MMIO_BASE)],
        said,
      };
    },
  };
}
