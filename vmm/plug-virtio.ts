import type { Bus } from '../devices/bus.ts';
import type { PciBus } from '../devices/pci/pci-bus.ts';
import type { Defer, DeviceTrace, HoldCpu } from '../devices/ports.ts';
import type { VirtioDevice } from '../devices/virtio/device.ts';
import { VirtioPciTransport } from '../devices/virtio/pci-transport.ts';
import { RingPoller } from '../devices/virtio/ring-poller.ts';
import type { DeviceHost } from './accelerator.ts';
import type { VirtioConfig } from './config.ts';
import { DEFAULT_POLL_US } from './limits.ts';
import type { MachineDevice } from './machine-device.ts';
import type { MmioPlace } from './mmio-places.ts';

/** Where virtio devices are plugged in. */
export interface VirtioSockets {
  readonly accelerator: DeviceHost;
  readonly pci: PciBus;
  readonly mmio: Bus;
  readonly defer: Defer;
  readonly holdCpu: HoldCpu;
  readonly trace?: DeviceTrace | undefined;
  /** For devices that are not on the PCI bus; absent where there are none. */
  readonly byMmio?: ByMmio | undefined;
}

/** What every transport takes. */
export type TransportParts = Pick<
  ConstructorParameters<typeof VirtioPciTransport>[0],
  'device' | 'memory' | 'doorbells' | 'holdCpu' | 'trace' | 'rings'
>;

/** A device behind its transport. */
export interface PluggedDevice {
  readonly device: VirtioDevice;
  /** Puts both back to power-on; absent where the PCI bus does. */
  readonly reset?: () => void;
  /** Resolves when no reset is under way any more: nothing of a life before touches guest memory then. */
  drained(): Promise<void>;
}

/** How devices are plugged in without a bus that finds them. */
export interface ByMmio {
  /** Where each device is put; undefined for one on the PCI bus. */
  places(devices: readonly MachineDevice[]): readonly (MmioPlace | undefined)[];
  plug(parts: TransportParts, virtio: VirtioConfig, place: MmioPlace, sockets: VirtioSockets): PluggedDevice;
}

/** Plugs each device in behind the transport it is configured for, and returns them in the same order. */
export function plugVirtio(devices: readonly MachineDevice[], sockets: VirtioSockets): PluggedDevice[] {
  const { accelerator, defer, holdCpu, trace, byMmio } = sockets;
  const places = byMmio?.places(devices);
  const poller = accelerator.concurrent
    ? // What looking takes is the host's time, whatever the machine's is.
      new RingPoller({ defer, now: () => performance.now() })
    : undefined;
  return devices.map(({ label, virtio = {}, make }, index) => {
    const { pollUs = DEFAULT_POLL_US } = virtio;
    const device = make(defer, pollUs === 0 ? undefined : poller?.upTo(pollUs));
    const parts: TransportParts = {
      device,
      memory: accelerator.memory,
      doorbells: (virtio.ioeventfd ?? true) ? accelerator.doorbells : undefined,
      holdCpu,
      rings: virtio,
      trace: trace && labelled(trace, label),
    };
    const place = places?.[index];
    if (place !== undefined && byMmio !== undefined) return byMmio.plug(parts, virtio, place, sockets);
    if (virtio.bus === 'mmio') throw new Error(`${label}: this machine has no devices but those on its PCI bus`);
    return plugIntoPci(parts, virtio, sockets);
  });
}

function plugIntoPci(parts: TransportParts, virtio: VirtioConfig, { accelerator, pci }: VirtioSockets): PluggedDevice {
  const { legacy = true, modern = true, vectors, addr } = virtio;
  const { messages } = accelerator;
  const transport = new VirtioPciTransport({ ...parts, messages, interfaces: { legacy, modern }, vectors });
  const slot = pci.attach(transport.pci, addr?.slot, addr?.function);
  parts.trace?.events?.emit('plugged', {
    name: transport.pci.name,
    bus: 'pci',
    address: slot,
    function: addr?.function ?? 0,
  });
  return { device: parts.device, drained: () => transport.drained };
}

/** Says of which device faults and events are. */
function labelled(trace: DeviceTrace, label: string): DeviceTrace {
  return {
    guestFault: (device, message) => trace.guestFault(`${device} ${label}`, message),
    events: trace.events?.of(/^'(.*)'$/s.exec(label)?.[1] ?? label),
  };
}
