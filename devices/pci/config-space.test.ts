import { describe, expect, test } from '@jest/globals';
import { registerBlock } from '../../bytes/registers.ts';
import { Bus } from '../bus.ts';
import type { BusTarget, Gpa } from '../ports.ts';
import type { Bar } from './bars.ts';
import type { PciCapability } from './capabilities.ts';
import { configHeader } from './config-header.ts';
import { CONFIG_ADDRESS_PORT, CONFIG_PORTS_LENGTH, ConfigMechanism1 } from './config-mechanism.ts';
import { PciFunction, type PciFunctionParts } from './function.ts';
import { hostBridge } from './host-bridge.ts';
import { PciBus } from './pci-bus.ts';

const ram = (name: string, log: string[] = []): BusTarget => ({
  name,
  read: () => 0x5a,
  write: (offset, width, value) => log.push(`${name} ${offset} ${width} ${value}`),
});

const identity = {
  vendorId: 0x1af4,
  deviceId: 0x1049,
  revision: 1,
  classCode: 0x000200,
  subsystemVendorId: 0x1af4,
  subsystemId: 0x1100,
};

function machine() {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const levels = [false, false, false, false];
  const changes: string[] = [];
  const interrupts = levels.map((_, index) => ({
    set(level: boolean) {
      if (levels[index] !== level) changes.push(`${index}${level ? '+' : '-'}`);
      levels[index] = level;
    },
  }));
  const pci = new PciBus({ ports, memory, interrupts });
  const plug = (parts: Partial<PciFunctionParts> = {}, slot?: number, number?: number) => {
    const fn = new PciFunction({ name: 'device', identity, ...parts });
    pci.attach(fn, slot, number);
    return fn;
  };
  return { ports, memory, pci, plug, levels, changes };
}

describe('configuration mechanism #1', () => {
  function mechanism() {
    const { ports, pci, plug } = machine();
    const resets: number[] = [];
    const resetControl: BusTarget = { name: 'reset', read: () => 0x0e, write: (_o, _w, value) => resets.push(value) };
    ports.map(CONFIG_ADDRESS_PORT, CONFIG_PORTS_LENGTH, new ConfigMechanism1(pci, { resetControl }));
    pci.attach(hostBridge(), 0);
    return { ports, plug, resets };
  }

  test("Linux's probe: a byte at 0xCFB changes nothing, the enable bit reads back, a host bridge is found", () => {
    const { ports } = mechanism();
    ports.write(0xcfb, 1, 0x01);
    expect(ports.read(0xcf8, 4)).toBe(0);
    ports.write(0xcf8, 4, 0x8000_0000);
    expect(ports.read(0xcf8, 4)).toBe(0x8000_0000);
    expect(ports.read(0xcfc, 4)).toBe(0x1237_8086);
    ports.write(0xcf8, 4, 0x8000_0008);
    expect(ports.read(0xcfe, 2)).toBe(0x0600);
  });

  test('every width and byte offset, by port or by the low bits of the address', () => {
    const { ports } = mechanism();
    ports.write(0xcf8, 4, 0x8000_0000);
    expect([0, 1, 2, 3].map((at) => ports.read(0xcfc + at, 1))).toEqual([0x86, 0x80, 0x37, 0x12]);
    expect([0, 1, 2].map((at) => ports.read(0xcfc + at, 2))).toEqual([0x8086, 0x3780, 0x1237]);
    ports.write(0xcf8, 4, 0x8000_0002);
    expect(ports.read(0xcfc, 2)).toBe(0x1237);
    expect(ports.read(0xcfc, 1)).toBe(0x37);
    ports.write(0xcf8, 4, 0x8000_0003);
    expect(ports.read(0xcfc, 1)).toBe(0x12);
    ports.write(0xcf8, 4, 0x8000_003d);
    expect(ports.read(0xcfc, 4)).toBe(0);
    ports.write(0xcf8, 4, 0x8000_00ff);
    expect(ports.read(0xcfc, 4)).toBe(0);
  });

  test('no function, another bus, or the enable bit off: reads ones, writes go nowhere', () => {
    const { ports } = mechanism();
    for (const address of [0x8000_0800, 0x8000_0100, 0x8001_0000, 0x0000_0000, 0x80ff_f800]) {
      ports.write(0xcf8, 4, address);
      ports.write(0xcfc, 4, 0);
      expect(ports.read(0xcfc, 4)).toBe(0xffff_ffff);
      expect(ports.read(0xcfd, 1)).toBe(0xff);
    }
  });

  test('bytes at 0xCF9 are the reset control register, other narrow accesses to 0xCF8 nobody', () => {
    const { ports, resets } = mechanism();
    expect(ports.read(0xcf9, 1)).toBe(0x0e);
    ports.write(0xcf9, 1, 0x06);
    ports.write(0xcf8, 2, 0xffff);
    ports.write(0xcf8, 1, 0xff);
    expect(resets).toEqual([0x06]);
    expect(ports.read(0xcf8, 4)).toBe(0);
    expect(ports.read(0xcf8, 2)).toBe(0xffff);
  });

  test('32 slots, found by device number', () => {
    const { ports, plug } = mechanism();
    plug({}, 31, 7);
    plug({}, 31, 0);
    ports.write(0xcf8, 4, 0x8000_0000 + (31 << 11) + (7 << 8));
    expect(ports.read(0xcfc, 4)).toBe(0x1049_1af4);
    ports.write(0xcf8, 4, 0x8000_0000 + (31 << 11) + 0x0c);
    expect(ports.read(0xcfe, 1)).toBe(0x80);
  });
});

describe('slots', () => {
  test('a taken slot, a slot that does not exist and a full bus are refused by name', () => {
    const { pci, plug } = machine();
    plug({ name: 'first' }, 3);
    expect(() => plug({ name: 'second' }, 3)).toThrow('second: PCI slot 3.0 is taken by first; choose another');
    expect(() => plug({}, 32)).toThrow('there is no PCI slot 32.0');
    expect(() => plug({}, 1, 8)).toThrow('there is no PCI slot 1.8');
    expect(() => plug({}, -1)).toThrow('there is no PCI slot');
    for (let i = 0; i < 31; i++) plug();
    expect(() => plug({ name: 'late' })).toThrow('late: all 32 PCI slots are taken');
    expect(pci.functions()).toHaveLength(32);
    expect(pci.functions().filter(({ slot }) => slot === 3)).toHaveLength(1);
  });
});

describe('header', () => {
  test('the identity is where the specification puts it', () => {
    const fn = new PciFunction({ name: 'd', identity, interruptPin: 1 });
    expect(fn.readConfig(0x00, 4)).toBe(0x1049_1af4);
    expect(fn.readConfig(0x08, 4)).toBe(0x0002_0001);
    expect(fn.readConfig(0x2c, 4)).toBe(0x1100_1af4);
    expect(fn.readConfig(0x3c, 2)).toBe(0x0100);
    expect(fn.readConfig(0x34, 1)).toBe(0);
    expect(fn.readConfig(0x06, 2)).toBe(0);
  });

  test('write masks: all ones everywhere change only what may change', () => {
    const fn = new PciFunction({ name: 'd', identity, interruptPin: 2 });
    const before = Array.from({ length: 64 }, (_, at) => fn.readConfig(at * 4, 4));
    for (let at = 0; at < 256; at += 4) fn.writeConfig(at, 4, 0xffff_ffff);
    const after = Array.from({ length: 64 }, (_, at) => fn.readConfig(at * 4, 4));
    before[1] = 0x0000_0507;
    before[3] = 0x0000_00ff;
    before[15] = (before[15] ?? 0) | 0xff;
    expect(after).toEqual(before);
  });

  test('its table covers 64 bytes and each row is cited', () => {
    expect(configHeader.length).toBe(0x40);
    expect(configHeader.at('capabilities_pointer')).toEqual({ at: 0x34, width: 1 });
    expect(configHeader.describe().every(({ spec }) => spec.startsWith('PCI Local Bus 3.0 §6.'))).toBe(true);
  });
});

describe('base address registers', () => {
  const bars = (moves: string[] = []): Bar[] => [
    { index: 0, kind: 'io', length: 0x20, target: ram('io') },
    { index: 1, kind: 'memory-32', length: 0x1000, target: ram('m32') },
    {
      index: 4,
      kind: 'memory-64',
      prefetchable: true,
      length: 0x4000,
      target: ram('m64'),
      moved: (address: Gpa | undefined) => moves.push(address === undefined ? 'gone' : address.toString(16)),
    },
  ];

  test('contradictions are refused', () => {
    const make = (bar: Partial<Bar>) => () =>
      new PciFunction({ name: 'd', identity, bars: [...bars(), { ...bars()[1], ...bar } as Bar] });
    expect(make({ index: 4 })).toThrow('BAR 4 does not exist or is used twice');
    expect(make({ index: 5 })).toThrow('used twice');
    expect(make({ index: 6 })).toThrow('does not exist');
    expect(make({ index: 2, length: 24 })).toThrow('not a power of two');
    expect(make({ index: 2, length: 8 })).toThrow('at least 16');
    expect(make({ index: 2, kind: 'memory-64' })).not.toThrow();
  });

  test('sizing: all ones read back as the size and the type bits', () => {
    const { plug } = machine();
    const fn = plug({ bars: bars() });
    for (let at = 0x10; at < 0x28; at += 4) fn.writeConfig(at, 4, 0xffff_ffff);
    const read = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24].map((at) => fn.readConfig(at, 4));
    expect(read).toEqual([0xffff_ffe1, 0xffff_f000, 0, 0, 0xffff_c00c, 0xffff_ffff]);
    for (let at = 0x10; at < 0x28; at += 4) fn.writeConfig(at, 4, 0);
    expect(fn.readConfig(0x10, 4)).toBe(1);
    expect(fn.readConfig(0x20, 4)).toBe(0xc);
  });

  test('sizing with decoding on, as some drivers do, maps nothing over others and recovers', () => {
    const { plug, memory } = machine();
    const fn = plug({ bars: bars() });
    fn.writeConfig(0x04, 2, 7);
    for (const at of [0x14, 0x20]) {
      fn.writeConfig(at, 4, 0xffff_ffff);
      fn.readConfig(at, 4);
    }
    fn.writeConfig(0x14, 4, 0xe000_0000);
    fn.writeConfig(0x20, 4, 0xe000_4000);
    expect(memory.ranges.map(({ base, name }) => `${name}@${base.toString(16)}`)).toEqual([
      'm32@e0000000',
      'm64@e0004000',
    ]);
  });

  test('decoding follows the command register, each kind by its bit', () => {
    const { plug, memory, ports } = machine();
    const moves: string[] = [];
    const fn = plug({ bars: bars(moves) });
    fn.writeConfig(0x10, 4, 0xc001);
    fn.writeConfig(0x14, 4, 0xe000_0000);
    fn.writeConfig(0x20, 4, 0xe000_4000);
    expect([...memory.ranges, ...ports.ranges]).toEqual([]);
    fn.writeConfig(0x04, 2, 1);
    expect(ports.read(0xc000, 1)).toBe(0x5a);
    expect(memory.ranges).toEqual([]);
    fn.writeConfig(0x04, 2, 2);
    expect(ports.ranges).toEqual([]);
    expect(memory.read(0xe000_0ffc, 1)).toBe(0x5a);
    fn.writeConfig(0x04, 2, 0);
    expect(memory.ranges).toEqual([]);
    expect(moves).toEqual(['e0004000', 'gone']);
  });

  test('relocation: the old range is free, the new one answers, above 4 GiB too', () => {
    const { plug, memory } = machine();
    const moves: string[] = [];
    const fn = plug({ bars: bars(moves) });
    fn.writeConfig(0x20, 4, 0xe000_4000);
    fn.writeConfig(0x04, 2, 2);
    fn.writeConfig(0x24, 4, 0x20);
    expect(memory.read(0xe000_4000, 1)).toBe(0xff);
    expect(memory.read(0x20_e000_4000, 1)).toBe(0x5a);
    fn.writeConfig(0x20, 4, 0xe100_0000);
    expect(moves).toEqual(['e0004000', 'gone', '20e0004000', 'gone', '20e1000000']);
    fn.writeConfig(0x24, 4, 0xffff_ffff);
    expect(memory.ranges).toEqual([]);
    expect(moves.at(-1)).toBe('gone');
  });

  test('byte writes to a BAR move it byte by byte', () => {
    const { plug, memory } = machine();
    const fn = plug({ bars: bars() });
    fn.writeConfig(0x04, 2, 2);
    fn.writeConfig(0x17, 1, 0xe0);
    fn.writeConfig(0x15, 1, 0x50);
    expect(memory.ranges).toEqual([{ base: 0xe000_5000, length: 0x1000, name: 'm32' }]);
  });

  test('a range that overlaps another waits until the place is free', () => {
    const { plug, memory } = machine();
    const [one, other] = [plug({ bars: bars() }), plug({ bars: bars() })];
    one.writeConfig(0x14, 4, 0xe000_0000);
    one.writeConfig(0x04, 2, 2);
    other.writeConfig(0x14, 4, 0xe000_0000);
    other.writeConfig(0x04, 2, 2);
    expect(memory.ranges).toHaveLength(1);
    one.writeConfig(0x04, 2, 0);
    expect(memory.ranges).toHaveLength(1);
    one.writeConfig(0x04, 2, 2);
    expect(memory.ranges).toHaveLength(1);
    one.writeConfig(0x14, 4, 0xe000_1000);
    expect(memory.ranges).toHaveLength(2);
  });

  test('reset unmaps and forgets, but not the multi-function bit', () => {
    const { plug, pci, memory } = machine();
    let resets = 0;
    const fn = plug({ bars: bars(), reset: () => resets++ }, 5);
    plug({}, 5, 1);
    fn.writeConfig(0x20, 4, 0xe000_4000);
    fn.writeConfig(0x04, 2, 6);
    expect(fn.busMaster).toBe(true);
    pci.reset();
    expect(memory.ranges).toEqual([]);
    expect(fn.readConfig(0x20, 4)).toBe(0xc);
    expect(fn.readConfig(0x04, 2)).toBe(0);
    expect(fn.readConfig(0x0e, 1)).toBe(0x80);
    expect(fn.busMaster).toBe(false);
    expect(resets).toBe(1);
  });
});

describe('interrupt pin', () => {
  test('status bit, interrupt disable, and the wiring of slots', () => {
    const { plug, changes } = machine();
    const fn = plug({ interruptPin: 1 }, 2);
    fn.setInterrupt(true);
    expect(fn.readConfig(0x06, 2)).toBe(0x0008);
    fn.writeConfig(0x04, 2, 0x0400);
    expect(fn.readConfig(0x06, 2)).toBe(0x0008);
    fn.writeConfig(0x04, 2, 0);
    fn.setInterrupt(false);
    expect(fn.readConfig(0x06, 2)).toBe(0);
    expect(changes).toEqual(['2+', '2-', '2+', '2-']);
  });

  test('a line shared by two functions falls when the last lets go', () => {
    const { plug, changes, levels } = machine();
    const [one, other] = [plug({ interruptPin: 1 }, 1), plug({ interruptPin: 1 }, 5)];
    one.setInterrupt(true);
    other.setInterrupt(true);
    one.setInterrupt(false);
    expect(levels).toEqual([false, true, false, false]);
    other.setInterrupt(false);
    expect(changes).toEqual(['1+', '1-']);
  });

  test('a reset lowers it; a function without pin disturbs nobody', () => {
    const { plug, pci, levels } = machine();
    plug({ interruptPin: 4 }, 1).setInterrupt(true);
    plug({}, 2).setInterrupt(true);
    expect(levels).toEqual([true, false, false, false]);
    pci.reset();
    expect(levels).toEqual([false, false, false, false]);
  });
});

describe('capability chain', () => {
  const spec = 'PCI Local Bus 3.0 §6.7 Capabilities List';
  const capability = (id: number, length: number): PciCapability => ({
    name: `capability ${id}`,
    bank: (next) =>
      registerBlock(
        'capability',
        [
          { name: 'id', at: 0, width: 1, access: 'ro', reset: id, spec, doc: 'Id.' },
          { name: 'next', at: 1, width: 1, access: 'ro', reset: 0, spec, doc: 'Next.' },
        ],
        { length },
      ).instance(undefined, { next }),
  });

  test('offsets and pointers are computed; the last one added comes first', () => {
    const capabilities = [capability(9, 16), capability(9, 20), capability(0x11, 12)];
    const fn = new PciFunction({ name: 'd', identity, capabilities });
    expect(fn.readConfig(0x06, 2)).toBe(0x0010);
    expect(fn.readConfig(0x34, 1)).toBe(0x64);
    expect(fn.readConfig(0x64, 2)).toBe(0x5011);
    expect(fn.readConfig(0x50, 2)).toBe(0x4009);
    expect(fn.readConfig(0x40, 2)).toBe(0x0009);
  });

  test('too long a chain and an odd length are refused', () => {
    const make =
      (...capabilities: PciCapability[]) =>
      () =>
        new PciFunction({ name: 'd', identity, capabilities });
    expect(make(capability(9, 0xc0), capability(9, 4))).toThrow('capability 9 does not fit');
    expect(make(capability(9, 6))).toThrow('not a multiple of 4');
  });
});
