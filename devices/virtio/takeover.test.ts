import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { Gpa } from '../ports.ts';
import { type DriverTransport, startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from './fake-driver/legacy-driver-transport.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { PciDriverTransport } from './fake-driver/pci-driver-transport.ts';
import { type PciRig, pciRig } from './fake-driver/pci-rig.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';
import { RING_FEATURE } from './queue-layout.ts';

/** Where the driver of the old kernel and that of the new one keep all they have. */
const OLD = { base: 0x1000, length: 0x7_0000 };
const NEW = { base: 0x8_0000, length: 0x7_0000 };
const MMIO_BASE = 0xd000_0000 as Gpa;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A device and how a driver that knows nothing of another comes to it. */
interface Rig {
  readonly device: EchoDevice;
  readonly ram: GuestRam;
  readonly faults: string[];
  readonly legacy: boolean;
  /** Interrupts so far, of whatever kind. */
  interrupts(): number;
  driver(): DriverTransport;
  /** Moves what can be moved of the registers. */
  move?(): void;
}

function pci(legacy: boolean, packed: boolean): Rig {
  const rig: PciRig = pciRig({ interfaces: { legacy, modern: !legacy }, rings: { packed } });
  const messages = { address: 0xfee0_0000, data: 0x40 };
  return {
    ...rig,
    legacy,
    interrupts: () => rig.messages.length,
    driver: () =>
      legacy
        ? new LegacyDriverTransport(rig.driver, rig.ports, { messages, wait: turn })
        : new PciDriverTransport(rig.driver, { messages, wait: turn }),
    move() {
      rig.driver.command(0);
      const registers = legacy
        ? [[0x10, 0xc800]]
        : [
            [0x20, 0xe00a_0000],
            [0x14, 0xe00c_0000],
          ];
      for (const [register = 0, address = 0] of registers) rig.config.write(register, 4, address);
      rig.driver.command(7);
    },
  };
}

function mmio(legacy: boolean, packed: boolean): Rig {
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(0x10_0000);
  const device = new EchoDevice();
  const faults: string[] = [];
  const line = { level: false, rises: 0 };
  const transport = new VirtioMmioTransport({
    device,
    memory: ram,
    line: {
      set(level) {
        if (level && !line.level) line.rises += 1;
        line.level = level;
      },
    },
    trace: { guestFault: (name, message) => faults.push(`${name}: ${message}`) },
    rings: { packed },
    legacy,
  });
  memory.map(MMIO_BASE, MMIO_LENGTH, transport.target);
  transport.placed(MMIO_BASE);
  return {
    device,
    ram,
    faults,
    legacy,
    interrupts: () => line.rises,
    driver: () => new MmioDriverTransport(memory, MMIO_BASE, turn),
  };
}

const WAYS: readonly (readonly [string, () => Rig, boolean])[] = [
  ['PCI', () => pci(false, false), false],
  ['PCI, packed rings', () => pci(false, true), true],
  ['PCI, legacy', () => pci(true, false), false],
  ['MMIO', () => mmio(false, false), false],
  ['MMIO, packed rings', () => mmio(false, true), true],
  ['MMIO, legacy', () => mmio(true, false), false],
];

/** Offers a request of four bytes; returns what its reply area holds. */
function offer(arena: Arena, queue: DriverVirtqueue, text: string): () => string {
  const [from, to] = [arena.allocate(4), arena.allocate(4)];
  arena.bytes(from, 4).set(new TextEncoder().encode(text));
  queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
  queue.publish();
  return () => new TextDecoder().decode(arena.bytes(to, 4));
}

describe.each(WAYS)('a kernel that begins while requests of the one before are in flight, %s', (_, make, packed) => {
  /** The old kernel, gone with three requests under way; a reset waits until they are let go. */
  async function abandoned() {
    const rig = make();
    const { device, ram } = rig;
    const arena = new Arena(ram, OLD.base, OLD.length);
    const transport = rig.driver();
    const [queue] = await startDevice(transport, arena, {
      features: 1n,
      packed,
      ...(!rig.legacy && { queueSize: 16 }),
    });
    await turn();
    if (queue === undefined) throw new Error('no queue');
    device.hold = true;
    for (const text of ['old1', 'old2', 'old3']) offer(arena, queue, text);
    transport.kick(0);
    await turn();
    expect(device.held).toHaveLength(3);
    const old = device.context;
    let drain = () => {};
    device.drained = new Promise((resolve) => {
      drain = resolve;
    });
    const fresh = ram.view(NEW.base as Gpa, NEW.length) ?? new Uint8Array();
    // Where a device says what it has used: of packed rings it is the descriptors.
    const [area, entry] = packed ? (['desc', 16] as const) : (['device', 8] as const);
    const rings = () => ram.view(queue.ring.areas[area], 6 + entry * queue.ring.size)?.slice();
    /** The host has done what was asked of it, and the device hears of it. */
    const complete = () => {
      device.release(old);
      old?.notifyConfigChange();
      old?.needsReset('too late');
      device.hold = false;
      drain();
    };
    return { rig, fresh, rings, complete };
  }

  test('by a reset: the old ones reach neither ring nor interrupt, and its own requests are served', async () => {
    const { rig, fresh, rings, complete } = await abandoned();
    const transport = rig.driver();
    const arena = new Arena(rig.ram, NEW.base, NEW.length);
    const starting = startDevice(transport, arena, { features: 1n, packed, eventIdx: true });
    await turn();
    const [before, oldRings, interrupts] = [fresh.slice(), rings(), rig.interrupts()];
    if (!rig.legacy) expect(before.every((byte) => byte === 0)).toBe(true);
    complete();
    expect(Buffer.compare(fresh, before)).toBe(0);
    expect([rings(), rig.interrupts()]).toEqual([oldRings, interrupts]);
    const [queue] = await starting;
    await turn();
    if (queue === undefined) throw new Error('no queue');
    expect(queue.takeUsed()).toBeUndefined();
    const replies = ['new1', 'new2'].map((text) => offer(arena, queue, text));
    transport.kick(0);
    await turn();
    expect(replies.map((reply) => reply())).toEqual(['new1', 'new2']);
    expect([queue.takeUsed()?.len, queue.takeUsed()?.len, queue.takeUsed()]).toEqual([4, 4, undefined]);
    expect(rings()).toEqual(oldRings);
  });

  test('without one: registers moved and written over, and nothing lands in its memory', async () => {
    const { rig, fresh, complete } = await abandoned();
    rig.move?.();
    const transport = rig.driver();
    const arena = new Arena(rig.ram, NEW.base, NEW.length);
    const size = transport.maxQueueSize(0);
    const queue = makeDriverQueue(arena, { size: Math.min(size, 128), packed, legacy: rig.legacy });
    transport.status = 0x01;
    transport.status = 0x03;
    transport.accept(packed ? RING_FEATURE.packed : 0n);
    transport.status = 0x0b;
    transport.enableQueue(0, queue.ring);
    transport.status = 0x0f;
    const reply = offer(arena, queue, 'new1');
    const before = fresh.slice();
    transport.kick(0);
    await turn();
    complete();
    transport.kick(0);
    await turn();
    expect(Buffer.compare(fresh, before)).toBe(0);
    expect(reply()).not.toBe('new1');
    // It is told that the device cannot go on like this, and a reset leads out of it.
    expect(transport.status & 0x40).toBe(0x40);
    expect(rig.faults.length).toBeGreaterThan(0);
    const [again] = await startDevice(transport, arena, { features: 1n, packed });
    await turn();
    if (again === undefined) throw new Error('no queue');
    const served = offer(arena, again, 'new2');
    transport.kick(0);
    await turn();
    expect(served()).toBe('new2');
  });
});
