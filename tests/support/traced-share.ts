import { Bus } from '../../devices/bus.ts';
import { assignBars } from '../../devices/pci/assign-bars.ts';
import { ConfigMechanism1 } from '../../devices/pci/config-mechanism.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import { PciBus } from '../../devices/pci/pci-bus.ts';
import type { Doorbell } from '../../devices/ports.ts';
import { type DriverChoice, startDevice } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { FrameDriver } from '../../devices/virtio/fake-driver/frame-driver.ts';
import { Arena, GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { RIG_WINDOWS } from '../../devices/virtio/fake-driver/pci-rig.ts';
import { scanBus } from '../../devices/virtio/fake-driver/pci-scan.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { VirtioPciTransport } from '../../devices/virtio/pci-transport.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { Client } from '../../ninep/client/client.ts';
import { createSession } from '../../ninep/session.ts';
import type { EventStream } from '../../trace/event-stream.ts';
import { describeMachine } from '../../trace/machine-description.ts';
import { OTHER_TABLES } from '../../trace/other-tables.ts';
import { scoped, watchSession } from '../../trace/session-watch.ts';
import { HostCalls } from '../../vmm/host-calls.ts';

const MIB = 1 << 20;
const MESSAGE = { address: 0xfee0_0000, data: 0x40 };
const wait = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What can be chosen about the way to a share. */
export interface TracedShareOptions extends DriverChoice {
  /** MSI-X, or else the pin. */
  readonly messages?: boolean;
  /** Doorbells: kicks that are no writes. */
  readonly doorbells?: boolean;
  readonly msize?: number;
}

/**
 * A directory of the host behind a virtio-9p function on a PCI bus, found by a driver in configuration space and brought to life,
 * with a 9P client in front: everything between a system call and an interrupt, but the CPU. `stream` is told of it all, unless
 * there is none.
 */
export async function tracedShare(path: string, stream: EventStream | undefined, options: TracedShareOptions = {}) {
  const { messages = true, doorbells = false, msize = 65_536, ...choice } = options;
  const calls = stream && new HostCalls(stream);
  const backend = openLocal({ path, securityModel: 'none', hostfs: calls?.hostfs });
  const observer = stream && watchSession(stream, 'host', calls);
  const session = createSession(backend, { ...(observer && { observer }) });

  const [ports, memory] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const ram = GuestRam.ofLength(16 * MIB);
  const onMessage: ((data: number) => boolean)[] = [];
  const onPin: (() => boolean)[] = [];
  const pin = { level: false };
  const line = {
    set(level: boolean) {
      pin.level = level;
      if (level) queueMicrotask(() => pin.level && onPin.some((take) => take()));
    },
  };
  const bells = new Map<number, () => void>();
  const bind = ({ address }: Doorbell, ring: () => void) => {
    bells.set(address, ring);
    return () => bells.delete(address);
  };
  const bus = new PciBus({ ports, memory, interrupts: [line] });
  bus.attach(hostBridge(), 0);
  ports.map(0xcf8, 8, new ConfigMechanism1(bus, { events: stream?.port('pci') }));
  const faults: string[] = [];
  const device = new P9Device({
    mountTag: 'host',
    handler: calls === undefined ? session : scoped(session, calls),
    defer: (work) => void setImmediate(work),
  });
  const transport = new VirtioPciTransport({
    device,
    memory: ram,
    messages: { send: (_, data) => void onMessage.some((take) => take(data)) },
    doorbells: doorbells ? { bind } : undefined,
    trace: { guestFault: (_, message) => faults.push(message), events: stream?.port('host') },
    rings: { packed: true },
  });
  const slot = bus.attach(transport.pci);
  stream?.emit('host', 'plugged', { name: transport.pci.name, bus: 'pci', address: slot, function: 0 });
  const bars = assignBars(bus, RIG_WINDOWS);
  const description = describeMachine(
    { pci: bus, bars, ports, mmio: memory },
    [{ base: 0, length: 16 * MIB }],
    OTHER_TABLES,
  );
  stream?.emit('', 'machine', { description });

  const found = scanBus(ports).find(({ vendorId }) => vendorId === 0x1af4);
  if (found === undefined) throw new Error('the function is not found');
  const pci = new PciDriver(found.config, memory);
  const way = new PciDriverTransport(pci, { ...(messages && { messages: MESSAGE }), wait });
  const arena = new Arena(ram, MIB, 15 * MIB);
  const [queue] = await startDevice(way, arena, { features: 1n, ...choice });
  if (queue === undefined) throw new Error('there is no queue');
  const kick = () => (doorbells ? [...bells.values()][0]?.() : way.kick(0));
  const driver = new FrameDriver(queue, arena, { kick, room: msize });
  way.onQueueInterrupt = () => driver.interrupt();
  onMessage.push((data) => way.message(data));
  onPin.push(() => way.pinRaised());
  return {
    client: new Client({ handle: (request, reply) => driver.handle(request, reply), reset: async () => {} }, { msize }),
    driver,
    queue,
    way,
    pci,
    arena,
    ram,
    faults,
    transport,
    bus,
    bars,
    /** Ends the device's life and gives everything back. */
    async close() {
      way.status = 0;
      await transport.drained;
      await backend.close();
    },
  };
}
