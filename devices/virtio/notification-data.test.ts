import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { Doorbell, Gpa } from '../ports.ts';
import { startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { PciDriverTransport } from './fake-driver/pci-driver-transport.ts';
import { pciRig } from './fake-driver/pci-rig.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';
import { notificationData, readNotification } from './notification-data.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const BASE = 0xd000_0000 as Gpa;
const rings = { packed: true, notificationData: true };

/** Offers one request of four bytes; returns where its reply goes. */
function offer(arena: Arena, queue: DriverVirtqueue, text = 'ping') {
  const [from, to] = [arena.allocate(4), arena.allocate(4)];
  arena.bytes(from, 4).set(new TextEncoder().encode(text));
  queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
  queue.publish();
  return () => new TextDecoder().decode(arena.bytes(to, 4));
}

test.each([
  [{ queue: 1, next: 0 }, 0x0000_0001],
  [{ queue: 0, next: 0xffff }, 0xffff_0000],
  [{ queue: 0xffff, next: 0x8000 }, 0x8000_ffff],
])('%j is 0x%i', (notification, written) => {
  expect(notificationData(notification)).toBe(written);
  expect(readNotification(written)).toEqual(notification);
});

/** A rig whose writes of four bytes are noted. */
async function pci(choice: Parameters<typeof startDevice>[2]) {
  const rig = pciRig({ rings, doorbells: false });
  const transport = new PciDriverTransport(rig.driver, { wait: turn });
  const queues = await startDevice(transport, rig.arena, choice);
  const kicks: string[] = [];
  const { write } = rig.memory;
  rig.memory.write = (address, width, value) => {
    kicks.push(`${address - rig.driver.address('notify')} ${width} 0x${value.toString(16)}`);
    write.call(rig.memory, address, width, value);
  };
  return { ...rig, transport, queues, kicks };
}

describe('over PCI', () => {
  test('a driver that agreed on it writes 32 bits: of a split ring the available index', async () => {
    const { transport, queues, kicks, arena, faults } = await pci({ notificationData: true, queueSize: 4 });
    const [, second] = queues;
    if (second === undefined) throw new Error('no queue');
    for (let i = 0; i < 6; i += 1) {
      const reply = offer(arena, second, `no ${i}`);
      transport.kick(1);
      second.takeUsed();
      expect(reply()).toBe(`no ${i}`);
    }
    expect(kicks).toEqual([1, 2, 3, 4, 5, 6].map((next) => `4 4 0x${next}0001`));
    expect(faults).toEqual([]);
  });

  test('of a packed ring the place in it, with the wrap counter on top', async () => {
    const { transport, queues, kicks, arena } = await pci({ notificationData: true, packed: true, queueSize: 4 });
    const [first] = queues;
    if (first === undefined) throw new Error('no queue');
    for (let i = 0; i < 3; i += 1) {
      offer(arena, first);
      transport.kick(0);
      first.takeUsed();
    }
    // Two descriptors each, a ring of four: after the second request it begins again, with the other counter.
    expect(kicks).toEqual(['0 4 0x80020000', '0 4 0x0', '0 4 0x20000']);
  });

  test('a driver that did not agree writes 16 bits, and nothing is said of other values', async () => {
    const { transport, kicks, queues, arena, faults, memory, driver } = await pci({ queueSize: 4 });
    const [first] = queues;
    if (first === undefined) throw new Error('no queue');
    const reply = offer(arena, first);
    transport.kick(0);
    expect([kicks, reply()]).toEqual([['0 2 0x0'], 'ping']);
    memory.write(driver.address('notify'), 4, 0xdead_beef);
    expect(faults).toEqual([]);
  });

  test('one that agreed and writes something else is told off, and served', async () => {
    const { queues, arena, faults, memory, driver } = await pci({ notificationData: true, queueSize: 4 });
    const [first] = queues;
    if (first === undefined) throw new Error('no queue');
    const reply = offer(arena, first);
    memory.write(driver.address('notify'), 2, 0);
    expect(reply()).toBe('ping');
    memory.write(driver.address('notify'), 4, 0x0001_0001);
    expect(faults).toEqual([
      'virtio-echo-pci: queue 0 was rung with 2 bytes 0x0, not with notification data',
      'virtio-echo-pci: queue 0 was rung with 4 bytes 0x10001, not with notification data',
    ]);
  });
});

/** A device by MMIO whose doorbells are known by what they match. */
async function mmio(queueSizes: readonly number[], notification: boolean) {
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(1 << 20);
  const device = Object.assign(new EchoDevice(), { queueSizes });
  const bells: (number | undefined)[] = [];
  const virtio = new VirtioMmioTransport({
    device,
    memory: ram,
    line: { set: () => {} },
    rings,
    doorbells: {
      bind({ datamatch }: Doorbell) {
        bells.push(datamatch);
        return () => {};
      },
    },
  });
  memory.map(BASE, MMIO_LENGTH, virtio.target);
  virtio.placed(BASE);
  const transport = new MmioDriverTransport(memory, BASE, turn);
  const arena = new Arena(ram, 0x1000, 0xf_0000);
  const queues = await startDevice(transport, arena, { notificationData: notification, queueSize: 4 });
  return { memory, transport, arena, queues, bells };
}

describe('by MMIO', () => {
  test('the queue is in the low half of what is written', async () => {
    const { transport, arena, queues } = await mmio([16, 16], true);
    const [, second] = queues;
    if (second === undefined) throw new Error('no queue');
    for (let i = 0; i < 6; i += 1) {
      const reply = offer(arena, second, `no ${i}`);
      transport.kick(1);
      second.takeUsed();
      expect(reply()).toBe(`no ${i}`);
    }
  });

  test.each([
    ['of several queues without it', [16, 16], false, [0, 1]],
    ['of several queues with it: none, since the value varies', [16, 16], true, []],
    ['of one queue with it: any value', [16], true, [undefined]],
  ])('doorbells %s', async (_, sizes, notification, expected) => {
    expect((await mmio(sizes, notification)).bells).toEqual(expected);
  });
});
