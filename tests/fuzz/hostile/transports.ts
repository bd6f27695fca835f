import { Bus } from '../../../devices/bus.ts';
import type { Gpa } from '../../../devices/ports.ts';
import { DirectTransport } from '../../../devices/virtio/fake-driver/direct-transport.ts';
import { MmioDriverTransport } from '../../../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { legacyMmioRegisters, MMIO_CONFIG_OFFSET, mmioRegisters } from '../../../devices/virtio/mmio-registers.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from '../../../devices/virtio/mmio-transport.ts';
import { directWire } from './direct-wire.ts';
import { pciRig } from './pci-rig.ts';
import type { Rig, RigParts } from './rig.ts';
import { configRows, Window } from './window.ts';
import { MmioWire } from './wires.ts';

/** A transport the fuzzer knows. */
export interface TransportRow {
  /** Packed rings can be agreed on. */
  readonly packed: boolean;
  /** A single queue can be taken from the device, without a reset. */
  readonly stopsQueues: boolean;
  make(parts: RigParts): Rig;
}

const MMIO_BASE = 0xd000_0000 as Gpa;

/** Every transport, by the second part of a target's name. */
export const TRANSPORTS: Readonly<Record<string, TransportRow>> = {
  pci: { packed: true, stopsQueues: false, make: (parts) => pciRig(parts, { modern: true, legacy: false }) },
  'pci-legacy': { packed: false, stopsQueues: false, make: (parts) => pciRig(parts, { modern: false, legacy: true }) },
  'pci-transitional': {
    packed: true,
    stopsQueues: false,
    make: (parts) => pciRig(parts, { modern: true, legacy: true }),
  },
  'pci-config': {
    packed: true,
    stopsQueues: false,
    make: (parts) => pciRig(parts, { modern: true, legacy: false }, { bare: true }),
  },
  mmio: { packed: true, stopsQueues: true, make: (parts) => mmioRig(parts, false) },
  'mmio-legacy': { packed: false, stopsQueues: true, make: (parts) => mmioRig(parts, true) },
  direct: { packed: true, stopsQueues: false, make: directRig },
};

function mmioRig(parts: RigParts, legacy: boolean): Rig {
  const { count, signals } = parts;
  const bus = new Bus('mmio', 2 ** 46);
  const transport = new VirtioMmioTransport({ ...parts, line: signals.line, doorbells: parts.bells, legacy });
  bus.map(MMIO_BASE, MMIO_LENGTH, transport.target);
  transport.placed(MMIO_BASE);
  const rows = [
    ...(legacy ? legacyMmioRegisters : mmioRegisters).describe(),
    ...configRows(parts.device.configLength, MMIO_CONFIG_OFFSET),
  ];
  const window = new Window('virtio_mmio', transport.target, { length: MMIO_LENGTH, rows, count });
  const wire = new MmioWire(window, legacy);
  return {
    windows: [window],
    wires: [wire],
    tidy: () => {},
    driver: (wait) => new MmioDriverTransport(bus, MMIO_BASE, wait),
    powerOn: () => transport.reset(),
  };
}

function directRig({ device, memory, trace, rings, signals, count }: RigParts): Rig {
  let turn = async () => {};
  const transport = new DirectTransport({ device, memory, trace, rings, wait: () => turn() });
  transport.onQueueInterrupt = transport.onConfigInterrupt = () => {
    signals.calls += 1;
  };
  return {
    windows: [],
    wires: [directWire(transport, count)],
    tidy: () => {},
    driver(wait) {
      turn = wait;
      return transport;
    },
  };
}
