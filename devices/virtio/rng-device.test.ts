import { expect, test } from '@jest/globals';
import { DirectTransport } from './fake-driver/direct-transport.ts';
import { startDevice } from './fake-driver/driver-transport.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { RngDevice } from './rng-device.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function running() {
  const ram = GuestRam.ofLength(1 << 20);
  const arena = new Arena(ram, 0, 1 << 20);
  const asked: number[] = [];
  const faults: string[] = [];
  let due = 0;
  let mostDue = 0;
  const device = new RngDevice({
    random: (into) => {
      asked.push(into.length);
      into.fill(0x5a);
    },
    defer: (work) => {
      due += 1;
      mostDue = Math.max(mostDue, due);
      setImmediate(() => {
        due -= 1;
        work();
      });
    },
  });
  const transport = new DirectTransport({
    device,
    memory: ram,
    wait: turn,
    trace: { guestFault: (_, message) => faults.push(message) },
  });
  const [queue] = await startDevice(transport, arena);
  if (queue === undefined) throw new Error('no queue');
  await turn();
  let interrupts = 0;
  transport.onQueueInterrupt = () => {
    interrupts += 1;
  };
  const offer = (...lengths: number[]) => {
    // A byte in between keeps them apart.
    const buffers = lengths.map((length) => ({ address: arena.allocate(length + 1), length }));
    queue.add([], buffers);
    if (queue.publish()) transport.kick(0);
    return () => buffers.map(({ address, length }) => [...arena.bytes(address, length)]);
  };
  return { arena, asked, faults, transport, queue, offer, interrupts: () => interrupts, mostDue: () => mostDue };
}

test('buffers come back full, with an interrupt', async () => {
  const { queue, offer, interrupts, transport } = await running();
  expect([transport.deviceId, transport.queueCount]).toEqual([4, 1]);
  const bytes = offer(3, 5);
  expect(queue.takeUsed()?.len).toBe(8);
  expect(bytes()).toEqual([new Array(3).fill(0x5a), new Array(5).fill(0x5a)]);
  expect(interrupts()).toBe(1);
});

test('what was offered before DRIVER_OK is served without a kick', async () => {
  const { queue, offer, transport, arena } = await running();
  transport.status = 0;
  const [again] = await startDevice(transport, arena);
  again?.add([], [{ address: arena.allocate(4), length: 4 }]);
  again?.publish();
  await turn();
  expect(again?.takeUsed()?.len).toBe(4);
  offer(1);
  expect(queue.takeUsed()).toBeUndefined();
});

test('one request makes 64 KiB at most, whatever the buffers would hold', async () => {
  const { queue, offer, asked } = await running();
  const bytes = offer(40_000, 40_000, 8);
  expect(queue.takeUsed()?.len).toBe(65_536);
  expect(asked).toEqual([40_000, 25_536]);
  expect(bytes()[2]).toEqual(new Array(8).fill(0));
});

test('a driver that offers without end leaves turns to others, and loses nothing', async () => {
  const { queue, transport, arena } = await running();
  for (let i = 0; i < 40; i += 1) queue.add([], [{ address: arena.allocate(1), length: 1 }]);
  queue.publish();
  transport.kick(0);
  const taken = () => {
    let count = 0;
    while (queue.takeUsed() !== undefined) count += 1;
    return count;
  };
  expect(taken()).toBe(16);
  await turn();
  expect(taken()).toBe(16);
  await turn();
  expect(taken()).toBe(8);
});

test('a driver that rings without end has one later turn due at a time', async () => {
  const { queue, transport, arena, mostDue } = await running();
  for (let i = 0; i < 64; i += 1) queue.add([], [{ address: arena.allocate(1), length: 1 }]);
  queue.publish();
  for (let i = 0; i < 3; i += 1) transport.kick(0);
  expect(mostDue()).toBe(1);
});

test('a broken chain asks for a reset, and nothing is made', async () => {
  const { queue, transport, faults, asked } = await running();
  queue.add([], [{ address: 0 as Parameters<typeof queue.add>[1][number]['address'], length: 2 ** 31 }]);
  queue.publish();
  transport.kick(0);
  expect([transport.status & 0x40, asked.length]).toEqual([0x40, 0]);
  expect(faults[0]).toMatch(/outside RAM/);
});
