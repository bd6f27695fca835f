import { describe, expect, test } from '@jest/globals';
import type { AccessWidth, Doorbell } from '../devices/ports.ts';
import { type DriverTransport, startDevice } from '../devices/virtio/fake-driver/driver-transport.ts';
import { FrameDriver } from '../devices/virtio/fake-driver/frame-driver.ts';
import { Arena, GuestRam } from '../devices/virtio/fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from '../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { MmioDriverTransport } from '../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { PciDriver } from '../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../devices/virtio/fake-driver/pci-driver-transport.ts';
import { configSpace, scanBus } from '../devices/virtio/fake-driver/pci-scan.ts';
import type { FrameHandler } from '../ninep/frame-handler.ts';
import { Random } from '../tests/support/random.ts';
import type { Accelerator } from './accelerator.ts';
import type { VirtioConfig } from './config.ts';
import { Machine } from './machine.ts';
import { shareDevice } from './machine-device.ts';
import { memoryMap } from './memory-map.ts';
import { byMmio } from './plug-mmio.ts';

const MIB = 2 ** 20;
const RAM = 4 * MIB;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await turn();
};

/** A backend whose answers come when the test lets them, whatever becomes of the request; it writes its whole reply then. */
function lateHandler() {
  const answers: (() => void)[] = [];
  const late = new Set<Promise<unknown>>();
  const handler: FrameHandler = {
    handle(_request, reply) {
      const answer = new Promise<number>((resolve) => {
        answers.push(() => {
          for (const part of reply) part.fill(0x55);
          resolve(reply.reduce((sum, part) => sum + part.length, 0));
        });
      });
      late.add(answer);
      void answer.then(() => late.delete(answer));
      return answer;
    },
    // As a session: it cannot take back what is with the host, so it waits.
    reset: () => Promise.all(late).then(() => {}),
  };
  return { handler, answers };
}

/** A machine without a CPU, and all that comes out of it. */
function machineOf(virtio: readonly VirtioConfig[], handler: FrameHandler) {
  const ram = GuestRam.ofLength(RAM);
  const lines = new Map<number, boolean>();
  const messages: number[] = [];
  const bells = new Set<string>();
  const requests: string[] = [];
  const time = { now: Date.UTC(2024, 0, 2, 3, 4, 5) };
  const accelerator: Accelerator = {
    kind: 'software',
    concurrent: false,
    memory: ram,
    doorbells: {
      bind({ address, datamatch }: Doorbell) {
        const key = `${address} ${datamatch}`;
        bells.add(key);
        return () => bells.delete(key);
      },
    },
    messages: { send: (_address, data) => messages.push(data) },
    clock: { now: () => time.now, monotonicMs: () => 0 },
    line: (gsi) => ({ set: (level) => void lines.set(gsi, level) }),
    start() {},
    onStop() {},
    async pause() {},
    resume() {},
    async stop() {},
    async reset() {},
    standStill: () => () => {},
    async close() {},
  };
  const machine = new Machine(accelerator, {
    map: memoryMap(16 * MIB),
    devices: virtio.map((one, index) => shareDevice({ mountTag: `share${index}`, handler, virtio: one })),
    byMmio,
    onConsole: () => true,
    onConsoleReady() {},
    control: { request: (what, source) => requests.push(`${what} by ${source}`) },
    defer: (work) => void setImmediate(work),
  });
  return { machine, ram, lines, messages, bells, requests, time };
}

/** A driver's way to the machine's only virtio device. */
function driverOf({ machine }: ReturnType<typeof machineOf>, { bus, legacy, modern }: VirtioConfig): DriverTransport {
  const range = machine.mmio.ranges.find(({ name }) => name.startsWith('virtio-9p'));
  if (bus === 'mmio') return new MmioDriverTransport(machine.mmio, range?.base ?? 0, turn);
  const found = scanBus(machine.ports).find(({ vendorId }) => vendorId === 0x1af4);
  if (found === undefined) throw new Error('no virtio function');
  const pci = new PciDriver(found.config, machine.mmio);
  const options = { messages: { address: 0xfee0_0000, data: 0x40 }, wait: turn };
  if (legacy && modern === false) return new LegacyDriverTransport(pci, machine.ports, options);
  const transport = new PciDriverTransport(pci, options);
  return legacy ? Object.defineProperty(transport, 'deviceId', { value: 9 }) : transport;
}

const WAYS: readonly (readonly [string, VirtioConfig])[] = [
  ['PCI', { legacy: false }],
  ['PCI, packed rings', { legacy: false, packed: true }],
  ['PCI, transitional', { legacy: true }],
  ['PCI, legacy', { legacy: true, modern: false }],
  ['MMIO', { bus: 'mmio' }],
  ['MMIO, legacy', { bus: 'mmio', legacy: true }],
];

describe.each(WAYS)('a machine that is reset with requests in flight, %s', (_, virtio) => {
  /** Three requests under way. */
  async function withRequests() {
    const { handler, answers } = lateHandler();
    const rig = machineOf([virtio], handler);
    const transport = driverOf(rig, virtio);
    const arena = new Arena(rig.ram, 0x1000, MIB);
    const choice = { features: 1n, indirect: true, eventIdx: true, packed: virtio.packed === true };
    const [queue] = await startDevice(transport, arena, choice);
    if (queue === undefined) throw new Error('no queue');
    const frames = new FrameDriver(queue, arena, { kick: () => transport.kick(0), room: 256, depth: 4 });
    for (let i = 0; i < 3; i++) void frames.send(new Uint8Array(32).fill(i)).catch(() => {});
    await turns(3);
    expect(answers).toHaveLength(3);
    return { ...rig, transport, answers };
  }

  test('is not reset before they have ended, and none reaches a ring, a line or a message', async () => {
    const { machine, ram, messages, lines, bells, answers } = await withRequests();
    let done = false;
    const resetting = machine.reset().then(() => {
      done = true;
    });
    const [rings] = [ram.view(0 as never, RAM)];
    const before = rings?.slice();
    await turns(5);
    expect([done, bells.size]).toEqual([false, 0]);
    messages.length = 0;
    for (const answer of answers.splice(0, 2)) answer();
    await turns(5);
    expect(done).toBe(false);
    answers[0]?.();
    await resetting;
    await turns(5);
    expect(messages).toEqual([]);
    expect([...lines.values()].some((level) => level)).toBe(false);
    // The backend has filled its reply areas, as system calls under way do; nothing else has changed.
    const changed = rings?.reduce((count, byte, at) => count + (byte === before?.[at] ? 0 : 1), 0);
    const filled = rings?.reduce((count, byte) => count + (byte === 0x55 ? 1 : 0), 0);
    expect(changed).toBe(3 * 256);
    expect(filled).toBeGreaterThanOrEqual(3 * 256);
  });

  test('holds the CPU that resets the device where its driver does not wait for that', async () => {
    const { machine, transport, answers } = await withRequests();
    transport.status = 0;
    const waits = virtio.bus !== 'mmio' && virtio.modern !== false;
    expect(transport.status === 0).toBe(!waits);
    const hold = machine.takeHold();
    expect([hold === undefined, machine.takeHold()]).toEqual([waits, undefined]);
    let over = false;
    void hold?.then(() => {
      over = true;
    });
    await turns(5);
    expect(over).toBe(false);
    for (const answer of answers.splice(0)) answer();
    await turns(5);
    expect([over, transport.status]).toEqual([!waits, 0]);
  });

  test('serves its next life in memory of its own', async () => {
    const rig = await withRequests();
    const resetting = rig.machine.reset();
    for (const answer of rig.answers.splice(0)) answer();
    await resetting;
    rig.ram.view(0 as never, RAM)?.fill(0);
    const transport = driverOf(rig, virtio);
    expect(transport.status).toBe(0);
    const arena = new Arena(rig.ram, 0x1000, MIB);
    const [queue] = await startDevice(transport, arena, { features: 1n });
    if (queue === undefined) throw new Error('no queue');
    const frames = new FrameDriver(queue, arena, { kick: () => transport.kick(0), room: 256 });
    const reply = frames.send(new Uint8Array(32));
    await turns(3);
    for (const answer of rig.answers.splice(0)) answer();
    for (let i = 0; i < 20; i++) {
      await turn();
      frames.interrupt();
    }
    expect(await reply).toEqual(new Uint8Array(256).fill(0x55));
  });
});

describe('whatever a guest has done to its machine, a reset puts it back', () => {
  const DEVICES: readonly VirtioConfig[] = [
    {},
    { legacy: false, packed: true },
    { bus: 'mmio' },
    { bus: 'mmio', legacy: true },
  ];
  const PORTS = [0x60, 0x64, 0x70, 0x71, 0x80, 0x92, 0xcf8, 0xcf9, 0xcfc, 0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3ff];
  const quiet: FrameHandler = { handle: () => 0, reset: async () => {} };
  const WIDTHS: readonly AccessWidth[] = [1, 2, 4];

  /** All that a guest can read of the machine, in an order that changes nothing between two equal ones. */
  function readAll({ machine, lines, bells }: ReturnType<typeof machineOf>) {
    const { ports, mmio } = machine;
    const read = (base: number, length: number) => Array.from({ length }, (_, i) => mmio.read(base + i, 1));
    const address = ports.read(0xcf8, 4);
    const functions = scanBus(ports).map(({ slot }) =>
      Array.from({ length: 64 }, (_, i) => configSpace(ports, slot).read(4 * i, 4)),
    );
    const cmos = Array.from({ length: 128 }, (_, i) => {
      ports.write(0x70, 1, i);
      return ports.read(0x71, 1);
    });
    const serial = [1, 2, 3, 4, 5, 6, 7].map((offset) => ports.read(0x3f8 + offset, 1));
    ports.write(0x3fb, 1, 0x80);
    const divisor = [ports.read(0x3f8, 1), ports.read(0x3f9, 1)];
    ports.write(0x3fb, 1, 0);
    return {
      ranges: [ports.ranges, mmio.ranges],
      address,
      functions,
      cmos,
      serial,
      divisor,
      memory: mmio.ranges.map(({ base, length }) => read(base, Math.min(length, 0x3100))),
      odd: [0x60, 0x64, 0x80, 0x92, 0xcf9].map((port) => ports.read(port, 1)),
      lines: [...lines].filter(([, level]) => level),
      bells: bells.size,
    };
  }

  test.each([1, 2, 3, 4])('seed %i: 20,000 writes anywhere', async (seed) => {
    const fresh = readAll(machineOf(DEVICES, quiet));
    const rig = machineOf(DEVICES, quiet);
    const { machine } = rig;
    const random = new Random(seed);
    const slots = scanBus(machine.ports).map(({ slot }) => slot);
    const places = machine.mmio.ranges;
    for (let i = 0; i < 20_000; i++) {
      const width = random.pick(WIDTHS);
      const value = random.oneIn(3) ? random.below(16) : random.next() % 2 ** (8 * width);
      const kind = random.below(8);
      if (kind < 2) machine.ports.write(random.pick(PORTS), width, value);
      else if (kind < 4) configSpace(machine.ports, random.pick(slots)).write(4 * random.below(48), width, value);
      else {
        const { base, length } = random.pick(places);
        machine.mmio.write(base + random.below(Math.min(length, 0x3100)), width, value);
      }
      if (i % 500 === 0) await turn();
    }
    // Memory of the CMOS chip lasts, as on a PC: it is put back by hand.
    await machine.reset();
    const found = readAll(rig);
    const lasting = [...fresh.cmos.keys()].filter((at) => at > 0x0d);
    for (const at of [...lasting, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0c, 0x32]) found.cmos[at] = fresh.cmos[at] ?? 0;
    expect(found).toEqual(fresh);
  });

  test('the reset registers reset once more with the same writes', async () => {
    const { machine, requests } = machineOf([], quiet);
    for (let life = 0; life < 2; life++) {
      machine.ports.write(0xcf9, 1, 0x06);
      machine.ports.write(0x92, 1, 0x01);
      machine.ports.write(0x64, 1, 0xfe);
      await machine.reset();
    }
    const once = ['reset by reset-control', 'reset by system-control-a', 'reset by i8042'];
    expect(requests).toEqual([...once, ...once]);
  });

  test('the clock keeps the time the guest has set, and goes on where the guest had stopped it', async () => {
    const { machine, time } = machineOf([], quiet);
    const cmos = (index: number, value?: number) => {
      machine.ports.write(0x70, 1, index);
      if (value !== undefined) machine.ports.write(0x71, 1, value);
      return machine.ports.read(0x71, 1);
    };
    cmos(0x0b, 0x82);
    cmos(0x04, 0x20);
    await machine.reset();
    expect([cmos(0x0b), cmos(0x04), cmos(0x00)]).toEqual([0x02, 0x20, 0x05]);
    time.now += 2000;
    expect(cmos(0x00)).toBe(0x07);
  });

  test('an input byte that the guest has not read is lost with it; one offered later is read', async () => {
    const { machine } = machineOf([], quiet);
    machine.serial.receive(Uint8Array.of(0x41));
    await machine.reset();
    expect(machine.ports.read(0x3fd, 1)).toBe(0x60);
    machine.serial.receive(Uint8Array.of(0x42));
    expect([machine.ports.read(0x3fd, 1), machine.ports.read(0x3f8, 1)]).toEqual([0x61, 0x42]);
  });

  test('a device that cannot drain is told of, when all the rest is reset', async () => {
    const stuck: FrameHandler = {
      handle: () => new Promise(() => {}),
      reset: () => Promise.reject(new Error('stuck')),
    };
    const rig = machineOf([{ legacy: false }], stuck);
    await startDevice(driverOf(rig, { legacy: false }), new Arena(rig.ram, 0x1000, MIB), { features: 1n });
    rig.machine.ports.write(0x80, 1, 0x77);
    await expect(rig.machine.reset()).rejects.toThrow('stuck');
    expect(rig.machine.ports.read(0x80, 1)).toBe(0);
  });
});
