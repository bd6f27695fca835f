import { describe, expect, test } from '@jest/globals';
import { Bus } from './bus.ts';
import type { BusTarget } from './ports.ts';

/** A target that logs its accesses and reads back `offset` in every byte. */
function probe(name: string): BusTarget & { readonly log: string[] } {
  const log: string[] = [];
  return {
    name,
    log,
    read(offset, width) {
      log.push(`r${width}@${offset}`);
      let value = 0;
      for (let i = 0; i < width; i++) value += ((offset + i) & 0xff) * 2 ** (8 * i);
      return value;
    },
    write(offset, width, value) {
      log.push(`w${width}@${offset}=${value.toString(16)}`);
    },
  };
}

describe('mapping', () => {
  test('refuses overlap, the bus end and empty ranges', () => {
    const bus = new Bus('pio', 0x1_0000);
    expect(bus.map(0x3f8, 8, probe('serial'))).toBeDefined();
    expect(bus.map(0x3ff, 1, probe('last byte'))).toBeUndefined();
    expect(bus.map(0x3f0, 9, probe('first byte'))).toBeUndefined();
    expect(bus.map(0x3f9, 2, probe('inside'))).toBeUndefined();
    expect(bus.map(0, 0x1_0000, probe('around'))).toBeUndefined();
    expect(bus.map(0xffff, 2, probe('end'))).toBeUndefined();
    expect(bus.map(-1, 1, probe('negative'))).toBeUndefined();
    expect(bus.map(0x10, 0, probe('empty'))).toBeUndefined();
    expect(bus.map(0.5, 1, probe('fraction'))).toBeUndefined();
    expect(bus.map(0x400, 1, probe('after'))).toBeDefined();
    expect(bus.map(0x3f7, 1, probe('before'))).toBeDefined();
    expect(bus.map(0xffff, 1, probe('last'))).toBeDefined();
    expect(bus.ranges.map(({ name }) => name)).toEqual(['before', 'serial', 'after', 'last']);
  });

  test('an unmapped range is no longer found, even if it was the last hit, and may be mapped again', () => {
    const bus = new Bus('mmio', 2 ** 46);
    const target = probe('bar');
    const unmap = bus.map(0xe000_0000, 0x1000, target);
    expect(bus.read(0xe000_0004, 1)).toBe(4);
    unmap?.();
    unmap?.();
    expect(bus.read(0xe000_0004, 1)).toBe(0xff);
    expect(bus.map(0xe000_0800, 0x1000, target)).toBeDefined();
    expect(bus.read(0xe000_0804, 1)).toBe(4);
  });

  test('finds each of many ranges', () => {
    const bus = new Bus('mmio', 2 ** 46);
    for (let i = 99; i >= 0; i--) expect(bus.map(i * 0x100, 0x80, probe(`${i}`))).toBeDefined();
    for (let i = 0; i < 100; i++) {
      expect(bus.read(i * 0x100 + 0x7f, 1)).toBe(0x7f);
      expect(bus.read(i * 0x100 + 0x80, 1)).toBe(0xff);
    }
    expect(bus.unclaimedReads).toBe(100);
  });

  test('a target may unmap itself while it is written', () => {
    const bus = new Bus('mmio', 0x1000);
    const unmap = bus.map(0, 16, { ...probe('self'), write: () => unmap?.() });
    bus.write(0, 4, 1);
    expect(bus.read(0, 4)).toBe(0xffff_ffff);
  });
});

describe('unclaimed accesses', () => {
  test('read all ones, are dropped, counted, and traced once for each address', () => {
    const seen: string[] = [];
    const bus = new Bus('pio', 0x1_0000, {
      unclaimed: (name, access, address, width) => seen.push(`${name} ${access} ${address} ${width}`),
    });
    expect([bus.read(0x80, 1), bus.read(0x80, 2), bus.read(0x80, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
    bus.write(0x80, 1, 5);
    bus.write(0x80, 1, 6);
    expect(bus.unclaimedReads).toBe(3);
    expect(bus.unclaimedWrites).toBe(2);
    expect(seen).toEqual(['pio read 128 1', 'pio write 128 1']);
  });

  test('the trace stops at 1024 addresses', () => {
    let calls = 0;
    const bus = new Bus('mmio', 2 ** 46, { unclaimed: () => calls++ });
    for (let i = 0; i < 5000; i++) bus.write(i * 4096, 4, 0);
    expect(calls).toBe(1024);
    expect(bus.unclaimedWrites).toBe(5000);
  });
});

describe('splitting', () => {
  test('an access inside a range stays whole, also unaligned', () => {
    const bus = new Bus('mmio', 0x1000);
    const target = probe('a');
    bus.map(0x100, 16, target);
    expect(bus.read(0x101, 4)).toBe(0x0403_0201);
    bus.write(0x10c, 4, 0xdead_beef);
    expect(target.log).toEqual(['r4@1', 'w4@12=deadbeef']);
  });

  test('an access across two ranges is split, low half first', () => {
    const bus = new Bus('mmio', 0x1000);
    const [a, b] = [probe('a'), probe('b')];
    bus.map(0x100, 0x10, a);
    bus.map(0x110, 0x10, b);
    expect(bus.read(0x10e, 4)).toBe(0x0100_0f0e);
    bus.write(0x10f, 4, 0x4433_2211);
    expect(a.log).toEqual(['r2@14', 'w1@15=11']);
    expect(b.log).toEqual(['r2@0', 'w1@0=22', 'w2@1=4433']);
    expect(bus.unclaimedReads).toBe(0);
  });

  test('an access that begins or ends outside reads ones there', () => {
    const bus = new Bus('mmio', 0x1000);
    bus.map(0x100, 3, probe('odd'));
    expect(bus.read(0x0fe, 4)).toBe(0x0100_ffff);
    expect(bus.read(0x101, 4)).toBe(0xffff_0201);
  });

  test('8 bytes and odd lengths go in pieces', () => {
    const bus = new Bus('mmio', 0x1000);
    const target = probe('a');
    bus.map(0x100, 0x20, target);
    const bytes = new Uint8Array(8);
    bus.readBytes(0x108, bytes);
    expect([...bytes]).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    bus.writeBytes(0x110, Uint8Array.of(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0xff));
    bus.writeBytes(0x100, Uint8Array.of(1, 2, 3));
    bus.writeBytes(0x100, new Uint8Array(0));
    expect(target.log).toEqual(['r4@8', 'r4@12', 'w4@16=55667788', 'w4@20=ff223344', 'w2@0=201', 'w1@2=3']);
  });
});
