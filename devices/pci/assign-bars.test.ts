import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { BusTarget } from '../ports.ts';
import { assignBars } from './assign-bars.ts';
import type { Bar } from './bars.ts';
import { PciFunction } from './function.ts';
import { hostBridge } from './host-bridge.ts';
import { PciBus } from './pci-bus.ts';
import { pvpanic } from './pvpanic.ts';

const target: BusTarget = { name: 'ram', read: () => 0, write: () => {} };
const windows = { io: { base: 0xc000, length: 0x1000 }, memory: { base: 0xe000_0000, length: 0x10_0000 } };

function machine() {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const bus = new PciBus({ ports, memory, interrupts: [{ set: () => {} }] });
  const plug = (name: string, bars: Bar[], interruptPin?: 1) => {
    const identity = {
      ...{ vendorId: 1, deviceId: 2, revision: 0, classCode: 0 },
      subsystemVendorId: 0,
      subsystemId: 0,
    };
    const pci = new PciFunction({ name, identity, bars, ...(interruptPin ? { interruptPin } : {}) });
    bus.attach(pci);
    return pci;
  };
  return { ports, memory, bus, plug };
}

describe('assignBars', () => {
  test('every BAR answers at an aligned address inside its window, and nothing overlaps', () => {
    const { bus, plug, memory, ports } = machine();
    bus.attach(hostBridge());
    const device = plug('a', [
      { index: 0, kind: 'io', length: 0x20, target },
      { index: 1, kind: 'memory-32', length: 0x1000, target },
      { index: 4, kind: 'memory-64', prefetchable: true, length: 0x4000, target },
    ]);
    plug('b', [{ index: 0, kind: 'memory-32', length: 16, target }]);
    device.writeConfig(0x24, 4, 5);
    const assigned = assignBars(bus, windows);
    expect(assigned.map(({ name, bar, address }) => `${name}${bar.index} ${address.toString(16)}`)).toEqual([
      'a0 c000',
      'a4 e0000000',
      'a1 e0004000',
      'b0 e0005000',
    ]);
    expect(memory.ranges).toHaveLength(3);
    expect(ports.ranges).toHaveLength(1);
    expect(device.readConfig(0x20, 4)).toBe(0xe000_000c);
    expect(device.readConfig(0x24, 4)).toBe(0);
  });

  test('decoding is enabled for what a function has, bus mastering never; interrupt lines are written', () => {
    const { bus, plug } = machine();
    const bridge = hostBridge();
    bus.attach(bridge);
    const io = plug('io', [{ index: 0, kind: 'io', length: 4, target }], 1);
    const memory = plug('memory', [{ index: 0, kind: 'memory-64', length: 64, target }]);
    assignBars(bus, windows, { interruptLine: (slot, pin) => 10 + slot + pin });
    expect([bridge, io, memory].map((pci) => pci.readConfig(0x04, 2))).toEqual([0, 1, 2]);
    expect(io.readConfig(0x3c, 1)).toBe(12);
    expect(memory.readConfig(0x3c, 1)).toBe(0);
  });

  test('a full window names device and BAR', () => {
    const { bus, plug } = machine();
    plug('big', [{ index: 2, kind: 'memory-32', length: 0x20_0000, target }]);
    expect(() => assignBars(bus, windows)).toThrow('big: no room for its BAR 2 of 2097152 bytes in the memory window');
  });

  test('works again after a reset of the bus', () => {
    const { bus, plug, memory } = machine();
    plug('a', [{ index: 0, kind: 'memory-32', length: 16, target }]);
    const first = assignBars(bus, windows);
    bus.reset();
    expect(memory.ranges).toEqual([]);
    expect(assignBars(bus, windows)).toEqual(first);
    expect(memory.ranges).toHaveLength(1);
  });
});

describe('pvpanic', () => {
  test('says what it knows and reports a panic, but not a loaded crash kernel', () => {
    const { bus, memory } = machine();
    const requests: string[] = [];
    bus.attach(pvpanic({ request: (what, source) => requests.push(`${what} ${source}`) }));
    const address = assignBars(bus, windows)[0]?.address ?? 0;
    expect(bus.at(0)?.readConfig(0, 4)).toBe(0x0011_1b36);
    expect(memory.read(address, 1)).toBe(3);
    memory.write(address, 1, 2);
    memory.write(address, 1, 0xfc);
    expect(requests).toEqual([]);
    memory.write(address, 1, 1);
    expect(requests).toEqual(['panic pvpanic-pci']);
    memory.write(address + 1, 4, 0xffff_ffff);
    expect(requests).toHaveLength(1);
  });
});
