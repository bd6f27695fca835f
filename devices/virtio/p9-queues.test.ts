/** The 9P device and what a driver can agree on for its queue: order of use, and resets of the queue alone. */
import { describe, expect, test } from '@jest/globals';
import type { FrameHandler } from '../../ninep/frame-handler.ts';
import { DirectTransport } from './fake-driver/direct-transport.ts';
import { type DriverChoice, startDevice } from './fake-driver/driver-transport.ts';
import { FrameDriver } from './fake-driver/frame-driver.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { resetQueue } from './fake-driver/queue-reset.ts';
import { P9Device } from './p9-device.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A 9P core whose requests end when the test says so, by their first byte. */
async function machine(choice: DriverChoice) {
  const ram = GuestRam.ofLength(1 << 20);
  const arena = new Arena(ram, 0x1000, 0xf_0000);
  const underWay = new Map<number, (length: number) => void>();
  const calls = { flushAll: 0, reset: 0 };
  const faults: string[] = [];
  const handler: FrameHandler = {
    handle: ([request], [reply]) =>
      new Promise((resolve) => {
        const name = request?.[0] ?? -1;
        underWay.set(name, (length) => {
          underWay.delete(name);
          reply?.fill(name, 0, length);
          resolve(length);
        });
      }),
    flushAll: () => {
      calls.flushAll += 1;
    },
    reset: async () => {
      calls.reset += 1;
    },
  };
  const device = new P9Device({ mountTag: 'host', handler, defer: (work) => void setImmediate(work) });
  const transport = new DirectTransport({
    device,
    memory: ram,
    rings: { packed: true, inOrder: true },
    trace: { guestFault: (_, message) => faults.push(message) },
    wait: turn,
  });
  const [queue] = await startDevice(transport, arena, { queueReset: true, queueSize: 16, ...choice });
  if (queue === undefined) throw new Error('no queue');
  // The device looks at its queue once by itself.
  await turn();
  const back: string[] = [];
  const driverOf = (on: typeof queue) => {
    const driver = new FrameDriver(on, arena, { kick: () => transport.kick(0), room: 16 });
    transport.onQueueInterrupt = () => driver.interrupt();
    return {
      send: (name: number) =>
        void driver.send(Uint8Array.of(name)).then(
          (reply) => back.push([name, ...reply].join(' ')),
          () => back.push(`${name} lost`),
        ),
      abandon: (why: string) => driver.abandon(why),
    };
  };
  const end = async (name: number, length: number) => {
    underWay.get(name)?.(length);
    for (let i = 0; i < 4; i += 1) await turn();
  };
  return { transport, arena, queue, underWay, calls, faults, back, driverOf, end };
}

describe.each([{ packed: false }, { packed: true }])('in order (%j)', (format) => {
  test('requests run side by side, and their replies wait for those before them', async () => {
    const { queue, driverOf, underWay, back, end } = await machine({ inOrder: true, ...format });
    const { send } = driverOf(queue);
    for (const name of [1, 2, 3]) send(name);
    expect([...underWay.keys()]).toEqual([1, 2, 3]);
    await end(3, 1);
    await end(2, 2);
    expect(back).toEqual([]);
    await end(1, 3);
    expect(back).toEqual(['1 1 1 1', '2 2 2', '3 3']);
  });

  test('a Tflush reaches the 9P core past what it takes back, which returns with length 0 and before it', async () => {
    const { queue, driverOf, underWay, back, end } = await machine({ inOrder: true, ...format });
    const { send } = driverOf(queue);
    const [stuck, flush] = [1, 2];
    send(stuck);
    send(flush);
    expect(underWay.has(flush)).toBe(true);
    // The core ends the target, then answers the flush.
    await end(stuck, 0);
    await end(flush, 1);
    expect(back).toEqual(['1', '2 2']);
  });

  test('without it replies come as they end', async () => {
    const { queue, driverOf, back, end } = await machine(format);
    const { send } = driverOf(queue);
    for (const name of [1, 2]) send(name);
    await end(2, 1);
    expect(back).toEqual(['2 2']);
  });
});

describe.each([{}, { packed: true }, { inOrder: true }])('a reset of the queue (%j)', (choice) => {
  test('asks the 9P core to end what is under way, waits for it, and leaves the conversation as it was', async () => {
    const { queue, driverOf, underWay, back, calls, transport, arena, end, faults } = await machine(choice);
    const first = driverOf(queue);
    for (const name of [1, 2, 3]) first.send(name);
    // Ended, but for the driver to see in its turn where there is an order.
    underWay.get(2)?.(1);
    let over = false;
    const reset = resetQueue(transport, 0).then(() => {
      over = true;
    });
    expect(calls).toEqual({ flushAll: 1, reset: 0 });
    await end(1, 0);
    expect(over).toBe(false);
    await end(3, 4);
    await reset;
    first.abandon('reset');
    await turn();
    expect(back.toSorted()).toEqual(['1 lost', '2 lost', '3 lost']);

    const again = makeDriverQueue(arena, { size: 4, ...choice });
    transport.enableQueue(0, again.ring);
    const second = driverOf(again);
    second.send(7);
    await end(7, 2);
    expect(back.at(-1)).toBe('7 7 7');
    expect([calls, faults, transport.status]).toEqual([{ flushAll: 1, reset: 0 }, [], 0x0f]);
  });
});

test('a queue that was enabled only after DRIVER_OK, by way of a reset, is served', async () => {
  const { transport, arena, driverOf, back, end } = await machine({});
  await resetQueue(transport, 0);
  const queue = makeDriverQueue(arena, { size: 4 });
  transport.enableQueue(0, queue.ring);
  driverOf(queue).send(5);
  await end(5, 1);
  expect(back).toEqual(['5 5']);
});
