import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { Doorbell, Gpa } from '../ports.ts';
import { startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';

const BASE = 0xd000_0000 as Gpa;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function rig({ legacy = false, doorbells = false }: { legacy?: boolean; doorbells?: boolean } = {}) {
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(0x10_0000);
  const device = new EchoDevice();
  const line = { level: false, rises: 0 };
  const faults: string[] = [];
  const bells = new Map<string, () => void>();
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
    rings: { packed: true },
    legacy,
    ...(doorbells && {
      doorbells: {
        bind({ address, width, datamatch }: Doorbell, ring: () => void) {
          const key = `${address.toString(16)} ${width} ${datamatch}`;
          bells.set(key, ring);
          return () => void bells.delete(key);
        },
      },
    }),
  });
  memory.map(BASE, MMIO_LENGTH, transport.target);
  transport.placed(BASE);
  const driver = new MmioDriverTransport(memory, BASE, turn);
  const arena = new Arena(ram, 0x1000, 0xf_0000);
  const started = async (choice: Parameters<typeof startDevice>[2] = {}) => {
    const [queue] = await startDevice(driver, arena, choice);
    await turn();
    if (queue === undefined) throw new Error('no queue');
    return queue;
  };
  const offer = (queue: DriverVirtqueue, text: string) => {
    const [from, to] = [arena.allocate(4), arena.allocate(4)];
    arena.bytes(from, 4).set(new TextEncoder().encode(text));
    queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
    queue.publish();
    return () => new TextDecoder().decode(arena.bytes(to, 4));
  };
  return { memory, ram, device, line, faults, bells, transport, driver, arena, started, offer };
}

describe('registers', () => {
  test.each([
    [false, 2],
    [true, 1],
  ])('identify the device (legacy %s)', (legacy, version) => {
    const { memory } = rig({ legacy });
    const read = (at: number) => memory.read(BASE + at, 4);
    expect([read(0), read(4), read(8), read(0xc)]).toEqual([0x7472_6976, version, 9, 0x554d_4551]);
    expect([read(0x100), memory.read(BASE + 0x104, 2)]).toEqual([0x6f68_0004, 0x7473]);
  });

  test('the modern layout offers all features, no shared memory, and queues with addresses of 64 bits', () => {
    const { driver, memory } = rig();
    expect(driver.offered).toBe(0x105_3000_0001n);
    expect([0xb0, 0xb4, 0xb8, 0xbc].map((at) => memory.read(BASE + at, 4))).toEqual(new Array(4).fill(0xffff_ffff));
    expect([0, 1, 2, 0xffff].map((queue) => driver.maxQueueSize(queue))).toEqual([128, 64, 0, 0]);
    driver.set('QueueSel', 1);
    driver.set('QueueDesc', 0x1_2345_6780n);
    expect([memory.read(BASE + 0x80, 4), memory.read(BASE + 0x84, 4)]).toEqual([0x2345_6780, 1]);
    driver.set('QueueSel', 0);
    expect(memory.read(BASE + 0x84, 4)).toBe(0);
  });

  test('the legacy layout offers the low features and those of its own', () => {
    const { driver } = rig({ legacy: true });
    expect(driver.offered).toBe(0x3900_0001n);
  });
});

describe.each([{ legacy: false }, { legacy: true }])('the life of a device (%j)', ({ legacy }) => {
  const alive = legacy ? 0x07 : 0x0f;

  test('requests are served, announced on the line, and acknowledged', async () => {
    const choices = legacy
      ? [{}, { indirect: true, eventIdx: true }]
      : [{}, { indirect: true, eventIdx: true }, { packed: true, eventIdx: true }];
    for (const choice of choices) {
      const { driver, line, offer, started, faults } = rig({ legacy });
      expect([driver.deviceId, driver.queueCount]).toEqual([9, 2]);
      const queue = await started({ features: 1n, ...choice });
      expect(driver.status).toBe(alive);
      let interrupts = 0;
      driver.onQueueInterrupt = (index) => {
        if (index === 0) interrupts += 1;
      };
      for (const text of ['ping', 'pong']) {
        const reply = offer(queue, text);
        driver.kick(0);
        expect([reply(), queue.takeUsed()?.len, line.level]).toEqual([text, 4, true]);
        queue.allowInterrupts();
        driver.lineRaised();
        expect(line.level).toBe(false);
      }
      expect([interrupts, line.rises, faults]).toEqual([2, 2, []]);
    }
  });

  test('a cause that comes while the line is up makes another edge', async () => {
    const { driver, line, offer, started } = rig({ legacy });
    const queue = await started();
    for (const text of ['one.', 'two.']) {
      offer(queue, text);
      driver.kick(0);
    }
    expect([line.level, line.rises]).toEqual([true, 2]);
    driver.set('InterruptACK', 2);
    expect(line.level).toBe(true);
    driver.set('InterruptACK', 1);
    expect(line.level).toBe(false);
  });

  test('each queue has a doorbell while the device runs', async () => {
    const { bells, started, driver, device } = rig({ legacy, doorbells: true });
    expect(bells.size).toBe(0);
    await started();
    expect([...bells.keys()]).toEqual(['d0000050 4 0', 'd0000050 4 1']);
    device.log.length = 0;
    bells.get('d0000050 4 1')?.();
    expect(device.log).toEqual(['notify 1']);
    driver.status = 0;
    expect(bells.size).toBe(0);
  });

  test('a queue that the driver takes away is not touched any more', async () => {
    const { driver, device, offer, started } = rig({ legacy });
    const queue = await started();
    device.hold = true;
    offer(queue, 'held');
    driver.kick(0);
    driver.set('QueueSel', 0);
    driver.set(legacy ? 'QueuePFN' : 'QueueReady', 0);
    device.release();
    expect(queue.takeUsed()).toBeUndefined();
    expect(driver.get(legacy ? 'QueuePFN' : 'QueueReady')).toBe(0);
  });

  test('a queue outside RAM: DEVICE_NEEDS_RESET with an interrupt, and a reset leads out of it', async () => {
    const { driver, line, faults, started, offer } = rig({ legacy });
    driver.status = 0x01;
    driver.status |= 0x02;
    driver.accept(legacy ? 0n : 1n << 32n);
    if (!legacy) driver.status |= 0x08;
    driver.set('QueueSel', 0);
    driver.set('QueueSize', 8);
    if (legacy) {
      driver.set('QueueAlign', 4096);
      driver.set('QueuePFN', 0xffff_ffff);
    } else {
      driver.set('QueueDesc', 1n << 40n);
      driver.set('QueueReady', 1);
    }
    driver.status |= 0x04;
    expect([driver.status, line.level]).toEqual([alive | 0x40, true]);
    expect(faults[0]).toMatch(/^virtio-echo-device: queue 0: a part of the queue is not in RAM/);
    const queue = await started();
    const reply = offer(queue, 'back');
    driver.kick(0);
    expect(reply()).toBe('back');
  });
});

test.each([0, 3, 0xffff_ffff])('a legacy queue whose used ring is to be aligned to %d is refused', (align) => {
  const { driver, faults } = rig({ legacy: true });
  driver.status = 0x03;
  driver.set('QueueSel', 0);
  driver.set('QueueSize', 8);
  driver.set('QueueAlign', align);
  driver.set('QueuePFN', 1);
  expect(driver.status).toBe(0x43);
  expect(faults[0]).toMatch(/not aligned as it must be \(used ring at multiples of/);
});

test('a legacy driver that never set a page size places nothing', () => {
  const { driver, faults } = rig({ legacy: true });
  driver.set('GuestPageSize', 0);
  driver.status = 0x03;
  driver.set('QueueAlign', 4096);
  driver.set('QueuePFN', 7);
  expect([driver.get('QueuePFN'), driver.status, faults]).toEqual([0, 0x03, []]);
});
