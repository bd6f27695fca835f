/** Resetting one queue, on every transport that has it. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { Gpa } from '../ports.ts';
import { DirectTransport } from './fake-driver/direct-transport.ts';
import { type DriverChoice, type DriverTransport, startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { PciDriverTransport } from './fake-driver/pci-driver-transport.ts';
import { pciRig } from './fake-driver/pci-rig.ts';
import { resetQueue } from './fake-driver/queue-reset.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';
import { STATUS } from './status.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const MESSAGES = { address: 0xfee0_0000, data: 0x40 };

interface Rig {
  readonly transport: DriverTransport;
  readonly device: EchoDevice;
  readonly arena: Arena;
  readonly faults: string[];
  /** Registers that hold what the driver chose of a queue: its size, its three addresses, its vector if there is one. */
  readonly chosen: (index: number) => unknown[];
}

function direct(): Rig {
  const ram = GuestRam.ofLength(1 << 20);
  const device = new EchoDevice();
  const faults: string[] = [];
  const transport = new DirectTransport({
    device,
    memory: ram,
    trace: { guestFault: (_, message) => faults.push(message) },
    rings: { packed: true, inOrder: true },
    wait: turn,
  });
  const chosen = (index: number) => [transport.maxQueueSize(index)];
  return { transport, device, arena: new Arena(ram, 0x1000, 0xf_0000), faults, chosen };
}

function mmio(): Rig {
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(1 << 20);
  const device = new EchoDevice();
  const faults: string[] = [];
  const base = 0xd000_0000 as Gpa;
  let onLine = (): void => {};
  const virtio = new VirtioMmioTransport({
    device,
    memory: ram,
    line: { set: (level) => void (level && queueMicrotask(() => onLine())) },
    trace: { guestFault: (_, message) => faults.push(message) },
    rings: { packed: true, inOrder: true },
  });
  memory.map(base, MMIO_LENGTH, virtio.target);
  const transport = new MmioDriverTransport(memory, base, turn);
  onLine = () => transport.lineRaised();
  const chosen = (index: number) => {
    transport.set('QueueSel', index);
    return [transport.get('QueueSizeMax'), ...['QueueDesc', 'QueueDriver', 'QueueDevice'].map((r) => transport.get(r))];
  };
  return { transport, device, arena: new Arena(ram, 0x1000, 0xf_0000), faults, chosen };
}

function pci(): Rig {
  const rig = pciRig({ rings: { packed: true, inOrder: true }, doorbells: false });
  const transport = new PciDriverTransport(rig.driver, { messages: MESSAGES, wait: turn });
  const send = rig.messages.push.bind(rig.messages);
  rig.messages.push = (...lines: string[]) => {
    for (const line of lines) queueMicrotask(() => transport.message(Number.parseInt(line.split('=')[1] ?? '', 16)));
    return send(...lines);
  };
  const chosen = (index: number) => {
    rig.driver.set('queue_select', index);
    return ['queue_size', 'queue_desc', 'queue_driver', 'queue_device', 'queue_msix_vector'].map((r) =>
      rig.driver.get(r),
    );
  };
  return { transport, device: rig.device, arena: rig.arena, faults: rig.faults, chosen };
}

const DEFAULTS: Readonly<Record<string, unknown[]>> = {
  direct: [128],
  mmio: [128, 0, 0, 0],
  pci: [128, 0, 0, 0, 0xffff],
};

describe.each([
  ['direct', direct],
  ['mmio', mmio],
  ['pci', pci],
])('%s', (name, make) => {
  let rig: Rig;
  const interrupts: number[] = [];
  let configInterrupts = 0;

  beforeEach(() => {
    rig = make();
    interrupts.length = 0;
    configInterrupts = 0;
    rig.transport.onQueueInterrupt = (index) => interrupts.push(index);
    rig.transport.onConfigInterrupt = () => {
      configInterrupts += 1;
    };
  });

  /** What was traced, without the name of the device. */
  const faults = () => rig.faults.map((line) => line.replace(/^virtio-echo-pci: /, ''));
  const started = async (choice: DriverChoice = {}): Promise<DriverVirtqueue> => {
    const [queue] = await startDevice(rig.transport, rig.arena, { queueReset: true, queueSize: 8, ...choice });
    if (queue === undefined) throw new Error('no queue');
    return queue;
  };
  const offer = (queue: DriverVirtqueue, text: string) => {
    const [from, to] = [rig.arena.allocate(4), rig.arena.allocate(4)];
    rig.arena.bytes(from, 4).set(new TextEncoder().encode(text));
    queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
    queue.publish();
    return () => new TextDecoder().decode(rig.arena.bytes(to, 4));
  };
  const again = (options: Parameters<typeof makeDriverQueue>[1]): DriverVirtqueue => {
    const queue = makeDriverQueue(rig.arena, options);
    rig.transport.enableQueue(0, queue.ring);
    return queue;
  };
  const registers = (index = 0) => [rig.transport.readQueueReset(index), rig.transport.queueEnabled(index)];

  test('with nothing in flight is complete at once: not enabled, everything at its default', async () => {
    await started();
    expect(registers()).toEqual([0, true]);
    rig.transport.writeQueueReset(0, 1);
    expect(registers()).toEqual([0, false]);
    expect(rig.chosen(0)).toEqual(DEFAULTS[name]);
    expect([registers(1), rig.transport.status, faults()]).toEqual([[0, true], 0x0f, []]);
  });

  test('with requests in flight reads 1 until they have ended; they are not answered, the other queue is', async () => {
    const queue = await started();
    rig.device.hold = true;
    offer(queue, 'old ');
    rig.transport.kick(0);
    rig.transport.writeQueueReset(0, 1);
    expect(rig.device.log.at(-1)).toBe('queue reset 0');
    for (let i = 0; i < 5; i += 1) await turn();
    expect(registers()).toEqual([1, true]);
    rig.transport.kick(0);
    rig.device.release();
    await turn();
    expect(registers()).toEqual([0, false]);
    expect([queue.takeUsed(), interrupts, faults()]).toEqual([undefined, [], []]);
  });

  test.each([
    ['smaller', { size: 4 }],
    ['larger', { size: 128 }],
  ])('the queue comes back %s, in another place, and works from its start', async (_, options) => {
    for (const choice of [{}, { packed: true }, { inOrder: true, eventIdx: true }]) {
      const first = await started(choice);
      offer(first, 'one ');
      rig.transport.kick(0);
      first.takeUsed();
      await resetQueue(rig.transport, 0);
      const queue = again({ ...options, ...choice });
      expect(registers()).toEqual([0, true]);
      for (let i = 0; i < 10; i += 1) {
        const reply = offer(queue, `no ${i}`);
        rig.transport.kick(0);
        expect([queue.takeUsed()?.len, reply()]).toEqual([4, `no ${i}`]);
      }
      expect(first.takeUsed()).toBeUndefined();
    }
    expect(faults()).toEqual([]);
  });

  test('nothing of the old ring completes into the new one, in the same place, under the same numbers', async () => {
    const queue = await started();
    rig.device.hold = true;
    offer(queue, 'old ');
    offer(queue, 'old ');
    rig.transport.kick(0);
    const old = rig.device.held.splice(0);
    rig.transport.writeQueueReset(0, 1);
    for (const { queue: from, chain } of old) from.push(chain, 4);
    await turn();
    expect(registers()).toEqual([0, false]);
    const area = rig.arena.bytes(queue.ring.areas.desc, 4096).fill(0);
    rig.transport.enableQueue(0, queue.ring);
    await turn();
    expect([...area].every((byte) => byte === 0)).toBe(true);
    expect(interrupts).toEqual([]);
    for (const { queue: from, chain } of old) expect(() => from.push(chain, 4)).toThrow('not in flight');
  });

  test('buffers that are there when the queue comes back are found without a kick, and announced', async () => {
    await started();
    await resetQueue(rig.transport, 0);
    const queue = makeDriverQueue(rig.arena, { size: 8 });
    const reply = offer(queue, 'here');
    rig.transport.enableQueue(0, queue.ring);
    await turn();
    expect([reply(), interrupts.includes(0)]).toEqual(['here', true]);
  });

  test('before DRIVER_OK takes back what was configured', async () => {
    const { transport } = rig;
    transport.status = 0;
    transport.status = STATUS.ACKNOWLEDGE | STATUS.DRIVER;
    transport.accept((1n << 32n) | (1n << 40n));
    transport.status |= STATUS.FEATURES_OK;
    again({ size: 8 });
    transport.writeQueueReset(0, 1);
    expect([registers(), rig.chosen(0)]).toEqual([[0, false], DEFAULTS[name]]);
    const queue = again({ size: 16 });
    transport.status |= STATUS.DRIVER_OK;
    const reply = offer(queue, 'late');
    transport.kick(0);
    expect([reply(), faults()]).toEqual(['late', []]);
  });

  test('a device reset in the midst of it leads to a new life, in which the old requests end without effect', async () => {
    const queue = await started();
    rig.device.hold = true;
    offer(queue, 'old ');
    rig.transport.kick(0);
    rig.transport.writeQueueReset(0, 1);
    const late = rig.device.held.splice(0);
    rig.device.hold = false;
    const fresh = await started();
    expect(registers()).toEqual([0, true]);
    for (const { queue: from, chain } of late) from.push(chain, 4);
    await turn();
    // The reset that those ended was of the old life.
    expect(registers()).toEqual([0, true]);
    const reply = offer(fresh, 'new ');
    rig.transport.kick(0);
    expect([reply(), fresh.takeUsed()?.len, faults()]).toEqual(['new ', 4, []]);
  });

  describe('a driver that breaks the rules', () => {
    test('not agreed on, it does nothing', async () => {
      const queue = await started({ queueReset: false });
      rig.transport.writeQueueReset(0, 1);
      expect([registers(), faults()]).toEqual([
        [0, true],
        ['queue 0 may not be reset: VIRTIO_F_RING_RESET is not agreed on'],
      ]);
      const reply = offer(queue, 'ping');
      rig.transport.kick(0);
      expect(reply()).toBe('ping');
    });

    test.each([0, 2, 0xffff])('a value of %d does nothing', async (value) => {
      await started();
      rig.transport.writeQueueReset(0, value);
      expect([registers(), faults()]).toEqual([[0, true], [`the reset register of queue 0 takes 1, not ${value}`]]);
    });

    test('a second time while it goes on is the same reset', async () => {
      const queue = await started();
      rig.device.hold = true;
      offer(queue, 'old ');
      rig.transport.kick(0);
      rig.transport.writeQueueReset(0, 1);
      rig.transport.writeQueueReset(0, 1);
      expect(rig.device.log.filter((line) => line === 'queue reset 0')).toHaveLength(1);
      rig.device.release();
      await turn();
      expect([registers(), faults()]).toEqual([[0, false], []]);
    });

    test('configuring a queue whose reset is not complete needs a reset of the device, told by interrupt', async () => {
      const queue = await started();
      rig.device.hold = true;
      offer(queue, 'old ');
      rig.transport.kick(0);
      rig.transport.writeQueueReset(0, 1);
      again({ size: 8 });
      await turn();
      expect(rig.transport.status & STATUS.DEVICE_NEEDS_RESET).toBe(STATUS.DEVICE_NEEDS_RESET);
      expect([configInterrupts, faults()[0]]).toEqual([
        1,
        'queue 0: the driver configured a queue whose reset is not complete (size 8)',
      ]);
      rig.device.release();
      await turn();
      rig.device.hold = false;
      const fresh = await started();
      // By MMIO the new life begins once the old one has ended, which the status does not say.
      await turn();
      const reply = offer(fresh, 'ping');
      rig.transport.kick(0);
      expect(reply()).toBe('ping');
    });

    test('enabling it in a place that is not RAM needs a reset of the device', async () => {
      await started();
      await resetQueue(rig.transport, 0);
      rig.transport.enableQueue(0, {
        size: 8,
        areas: { desc: 0xdddd_0000 as Gpa, driver: 0x1000 as Gpa, device: 0x2000 as Gpa },
      });
      await turn();
      expect(rig.transport.status & STATUS.DEVICE_NEEDS_RESET).toBe(STATUS.DEVICE_NEEDS_RESET);
      expect([configInterrupts, faults()[0]]).toEqual([1, expect.stringContaining('not in RAM')]);
    });

    test('a queue that the device does not have cannot be reset', async () => {
      await started();
      rig.transport.writeQueueReset(7, 1);
      expect([rig.transport.readQueueReset(7), rig.transport.status]).toEqual([0, 0x0f]);
    });
  });
});
