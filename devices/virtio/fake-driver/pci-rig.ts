/**
 * A virtio PCI function with everything it needs and everything that can be seen of it, without a machine: for tests,
 * fuzzing and teaching.
 */
import { Bus } from '../../bus.ts';
import { assignBars } from '../../pci/assign-bars.ts';
import { hostBridge } from '../../pci/host-bridge.ts';
import { PciBus } from '../../pci/pci-bus.ts';
import type { AccessWidth, Doorbell } from '../../ports.ts';
import type { RingChoice } from '../features.ts';
import { type PciInterfaces, VirtioPciTransport } from '../pci-transport.ts';
import { RING_FEATURE } from '../queue-layout.ts';
import { DriverQueue } from './driver-queue.ts';
import { EchoDevice } from './echo-device.ts';
import { Arena, GuestRam } from './guest-ram.ts';
import { PciDriver } from './pci-driver.ts';

/** Where the BARs of the rig go. */
export const RIG_WINDOWS = {
  io: { base: 0xc000, length: 0x1000 },
  memory: { base: 0xe000_0000, length: 0x10_0000 },
} as const;

/** What `pciRig` gives. */
export type PciRig = ReturnType<typeof pciRig>;

/** What can be chosen about the function. */
export interface PciRigOptions {
  readonly vectors?: number;
  /** False: kicks arrive as writes only. */
  readonly doorbells?: boolean;
  readonly rings?: RingChoice;
  readonly interfaces?: PciInterfaces;
}

/** Puts an `EchoDevice` behind a virtio PCI function on a bus, its BARs assigned, and a driver in front of it. */
export function pciRig({ vectors, doorbells = true, rings, interfaces }: PciRigOptions = {}) {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const pin = { level: false };
  const messages: string[] = [];
  const faults: string[] = [];
  const bells = new Map<string, () => void>();
  const device = new EchoDevice();
  const ram = new GuestRam([
    { base: 0, length: 0x10_0000 },
    { base: 0x20_0000, length: 0x1000 },
  ]);
  const bind = ({ address, width, space, datamatch }: Doorbell, ring: () => void) => {
    const key = [space, address.toString(16), width, ...(datamatch === undefined ? [] : [datamatch])].join(' ');
    bells.set(key, ring);
    return () => bells.delete(key);
  };
  const bus = new PciBus({
    ports,
    memory,
    interrupts: [
      {
        set: (level) => {
          pin.level = level;
        },
      },
    ],
  });
  bus.attach(hostBridge(), 0);
  const transport = new VirtioPciTransport({
    device,
    memory: ram,
    messages: { send: (address, data) => messages.push(`${address.toString(16)}=${data.toString(16)}`) },
    doorbells: doorbells ? { bind } : undefined,
    trace: { guestFault: (name, message) => faults.push(`${name}: ${message}`) },
    vectors,
    rings,
    interfaces,
  });
  bus.attach(transport.pci, 3);
  assignBars(bus, RIG_WINDOWS);
  const config = {
    read: (offset: number, width: AccessWidth) => transport.pci.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => transport.pci.writeConfig(offset, width, value),
  };
  const driver = new PciDriver(config, memory);
  driver.command(0x0006);
  const arena = new Arena(ram, 0, 0x10_0000);
  /** Runs the device with queue 0 alive; returns its driver's side. */
  const start = ({ eventIdx = false, vector }: { eventIdx?: boolean; vector?: number } = {}) => {
    const queue = new DriverQueue(arena, { size: 8, eventIdx });
    const offered = driver.offeredFeatures();
    if (!driver.negotiate(eventIdx ? offered : offered & ~RING_FEATURE.eventIdx)) throw new Error('features refused');
    driver.setUpQueue(0, queue.ring, vector);
    driver.addStatus('DRIVER_OK');
    return queue;
  };
  /** Offers one request of four bytes; returns where its reply goes. */
  const offer = (queue: DriverQueue, text = 'ping') => {
    const [from, to] = [arena.allocate(4), arena.allocate(4)];
    arena.bytes(from, 4).set(new TextEncoder().encode(text));
    queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
    queue.publish();
    return () => new TextDecoder().decode(arena.bytes(to, 4));
  };
  return {
    ports,
    memory,
    bus,
    pin,
    messages,
    faults,
    bells,
    device,
    ram,
    transport,
    driver,
    arena,
    start,
    offer,
    config,
  };
}
