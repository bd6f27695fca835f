/** A 9P device behind one transport, and the way of a driver to it, joined by wires. */
import { Bus } from '../../devices/bus.ts';
import { assignBars } from '../../devices/pci/assign-bars.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import { PciBus } from '../../devices/pci/pci-bus.ts';
import type { AccessWidth, Doorbell, DoorbellPort, Gpa, InterruptLine } from '../../devices/ports.ts';
import type { VirtioDevice } from '../../devices/virtio/device.ts';
import type { DriverTransport } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from '../../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { MmioDriverTransport } from '../../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { type AccessPort, PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { RIG_WINDOWS } from '../../devices/virtio/fake-driver/pci-rig.ts';
import type { RingChoice } from '../../devices/virtio/features.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from '../../devices/virtio/mmio-transport.ts';
import { VirtioPciTransport } from '../../devices/virtio/pci-transport.ts';
import type { TransportKind } from './variants.ts';
import type { Wires } from './wires.ts';

const RAM_LENGTH = 1 << 20;
const MMIO_BASE = 0xd000_0000 as Gpa;
const MESSAGES = { address: 0xfee0_0000, data: 0x40 };
/** Everything is offered; the driver chooses. */
const OFFER: RingChoice = { packed: true, inOrder: true, notificationData: true };

/** A device and the way to it. */
export interface Rig {
  readonly transport: DriverTransport;
  readonly ram: GuestRam;
  /** What the device said of its driver: nothing, if both are right. */
  readonly faults: readonly string[];
}

/** What the buses of a rig carry, and the doorbells in front of them. */
class Guest {
  readonly ram = GuestRam.ofLength(RAM_LENGTH);
  readonly faults: string[] = [];
  readonly trace = { guestFault: (_: string, message: string) => void this.faults.push(message) };
  readonly #bells = new Map<string, { readonly bell: Doorbell; readonly ring: () => void }[]>();
  readonly #wires: Wires;

  constructor(wires: Wires) {
    this.#wires = wires;
  }

  readonly doorbells: DoorbellPort = {
    bind: (bell, end) => {
      const key = `${bell.space} ${bell.address}`;
      const bound = { bell, ring: this.#wires.to(end) };
      this.#bells.set(key, [...(this.#bells.get(key) ?? []), bound]);
      return () => {
        const left = (this.#bells.get(key) ?? []).filter((other) => other !== bound);
        this.#bells.set(key, left);
      };
    },
  };

  /** A bus as the guest sees it: a write that a doorbell waits for does not reach the bus. */
  port(bus: Bus, space: Doorbell['space']): AccessPort {
    const bellFor = (address: number, width: AccessWidth, value: number) =>
      this.#bells
        .get(`${space} ${address}`)
        ?.find(
          ({ bell }) =>
            (bell.width === 0 || bell.width === width) && (bell.datamatch === undefined || bell.datamatch === value),
        );
    return {
      read: (address, width) => bus.read(address, width),
      write: (address, width, value) => {
        const bound = bellFor(address, width, value);
        if (bound === undefined) bus.write(address, width, value);
        else bound.ring();
      },
    };
  }

  /** A level-triggered line: as long as it is up, `serve` is called again and again. */
  line(serve: () => void): InterruptLine {
    let up = false;
    const raise = this.#wires.to(() => {
      if (!up) return;
      serve();
      if (up) raise();
    });
    return {
      set: (level) => {
        up = level;
        if (up) raise();
      },
    };
  }
}

/** Puts a device behind a transport of that kind. */
export function makeRig(kind: TransportKind, device: VirtioDevice, wires: Wires): Rig {
  const guest = new Guest(wires);
  const transport = kind.bus === 'pci' ? onPci(kind, device, wires, guest) : onMmio(kind, device, wires, guest);
  return { transport, ram: guest.ram, faults: guest.faults };
}

function onMmio(kind: TransportKind, device: VirtioDevice, wires: Wires, guest: Guest): DriverTransport {
  const bus = new Bus('mmio', 2 ** 46);
  let serve = (): void => {};
  const virtio = new VirtioMmioTransport({
    device,
    memory: guest.ram,
    trace: guest.trace,
    rings: OFFER,
    legacy: kind.legacy,
    line: guest.line(() => serve()),
    ...(kind.doorbells && { doorbells: guest.doorbells }),
  });
  bus.map(MMIO_BASE, MMIO_LENGTH, virtio.target);
  virtio.placed(MMIO_BASE);
  const transport = new MmioDriverTransport(guest.port(bus, 'mmio'), MMIO_BASE, () => wires.delay());
  serve = () => transport.lineRaised();
  return transport;
}

function onPci(kind: TransportKind, device: VirtioDevice, wires: Wires, guest: Guest): DriverTransport {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  let serve = (): void => {};
  let arrived = (_: number): void => {};
  const lines = new Map<number, () => void>();
  const bus = new PciBus({ ports, memory, interrupts: [guest.line(() => serve())] });
  bus.attach(hostBridge(), 0);
  const virtio = new VirtioPciTransport({
    device,
    memory: guest.ram,
    trace: guest.trace,
    rings: OFFER,
    interfaces: { modern: true, legacy: kind.legacy },
    ...(kind.doorbells && { doorbells: guest.doorbells }),
    ...(!kind.msix && { vectors: 0 }),
    messages: {
      send: (_, data) => {
        const wire = lines.get(data) ?? wires.to(() => arrived(data));
        lines.set(data, wire);
        wire();
      },
    },
  });
  bus.attach(virtio.pci, 3);
  assignBars(bus, RIG_WINDOWS);
  const config: AccessPort = {
    read: (offset, width) => virtio.pci.readConfig(offset, width),
    write: (offset, width, value) => virtio.pci.writeConfig(offset, width, value),
  };
  const pci = new PciDriver(config, guest.port(memory, 'mmio'));
  const options = { ...(kind.msix && { messages: MESSAGES }), wait: () => wires.delay() };
  const transport = kind.legacy
    ? new LegacyDriverTransport(pci, guest.port(ports, 'pio'), options)
    : new PciDriverTransport(pci, options);
  serve = () => void transport.pinRaised();
  arrived = (data) => void transport.message(data);
  return transport;
}
