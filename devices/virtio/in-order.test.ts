import { describe, expect, test } from '@jest/globals';
import { DeviceMisbehaved, type DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { joinPackedQueue, joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import type { Chain, PopOutcome } from './virtqueue.ts';

function chainOf(outcome: PopOutcome): Chain {
  if (outcome === 'empty' || outcome.kind === 'fault') throw new Error(`no chain: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** `count` chains of 8 writable bytes each, in the hands of the device. */
function offered<Driver extends DriverVirtqueue>(pair: QueuePair<Driver>, count: number): Chain[] {
  for (let i = 0; i < count; i += 1) pair.driver.add([], [{ address: pair.arena.allocate(8), length: 8 }]);
  pair.driver.publish();
  return Array.from({ length: count }, () => chainOf(pair.device.pop()));
}

const used = ({ driver }: { driver: DriverVirtqueue }) => {
  const lengths: number[] = [];
  for (let entry = driver.takeUsed(); entry !== undefined; entry = driver.takeUsed()) lengths.push(entry.len);
  return lengths;
};

const options = { size: 8, inOrder: true };

describe.each([
  ['split', () => joinQueue(options)],
  ['packed', () => joinPackedQueue(options)],
])('IN_ORDER, %s', (_, join) => {
  test('a chain that ends early is held back until the older ones have ended', () => {
    const pair: QueuePair<DriverVirtqueue> = join();
    const [a, b, c] = offered(pair, 3) as [Chain, Chain, Chain];
    pair.device.push(c, 3);
    pair.device.push(b, 2);
    expect([used(pair), pair.device.takeInterrupt(), pair.device.inFlight]).toEqual([[], false, 1]);
    pair.device.push(a, 1);
    expect([used(pair), pair.device.takeInterrupt(), pair.device.inFlight]).toEqual([[1, 2, 3], true, 0]);
  });

  test("what is held back is no longer the device's: to give it back again is our bug", () => {
    const pair: QueuePair<DriverVirtqueue> = join();
    const [, second] = offered(pair, 2) as [Chain, Chain];
    pair.device.push(second, 8);
    expect(() => pair.device.push(second, 8)).toThrow('not in flight');
  });

  test('what is held back when the queue is detached is not waited for', async () => {
    const pair: QueuePair<DriverVirtqueue> = join();
    const [first, second] = offered(pair, 2) as [Chain, Chain];
    pair.device.push(second, 8);
    pair.device.detach();
    pair.device.push(first, 8);
    await pair.device.drained();
    expect(used(pair)).toEqual([]);
  });
});

describe('what one used entry stands for', () => {
  test('split: the last of the chains written completely, and the first that was not ends the batch', () => {
    const pair = joinQueue(options);
    const [a, b, c, d] = offered(pair, 4) as [Chain, Chain, Chain, Chain];
    const view = new DataView(pair.ram.view(pair.driver.ring.areas.device, 6 + 64)?.buffer ?? new ArrayBuffer(0));
    const entry = (slot: number) =>
      [0, 4].map((at) => view.getUint32(pair.driver.ring.areas.device + 4 + 8 * slot + at, true));
    pair.device.push(d, 8);
    pair.device.push(c, 5);
    pair.device.push(b, 8);
    pair.device.push(a, 8);
    // One entry for a, b and c, at the place of a; one for d, at its own.
    expect([entry(0), entry(1), entry(2), entry(3)]).toEqual([
      [c.head, 5],
      [0, 0],
      [0, 0],
      [d.head, 8],
    ]);
    expect(used(pair)).toEqual([8, 8, 5, 8]);
  });

  test('packed: the same, over the descriptor of the first', () => {
    const pair = joinPackedQueue(options);
    const [a, b, c] = offered(pair, 3) as [Chain, Chain, Chain];
    pair.device.push(c, 8);
    pair.device.push(b, 8);
    pair.device.push(a, 8);
    expect(pair.driver.ring.used(0)).toEqual({ id: c.head, len: 8 });
    // AVAIL and USED are both set in entry 0 alone: the others still say available.
    expect([0, 1, 2].map((slot) => pair.driver.ring.flags(slot) & 0x8080)).toEqual([0x8080, 0x0080, 0x0080]);
    expect(used(pair)).toEqual([8, 8, 8]);
  });
});

describe('a driver that makes a held-back chain available again', () => {
  test('split: breaks the rule of heads in flight', () => {
    const pair = joinQueue(options);
    const [, second] = offered(pair, 2) as [Chain, Chain];
    pair.device.push(second, 8);
    pair.driver.ring.setAvailEntry(2, second.head);
    pair.driver.ring.availIdx = 3;
    expect(pair.device.pop()).toMatchObject({ kind: 'fault', reason: 'head-in-flight' });
  });

  test('packed: breaks that of buffer ids', () => {
    const pair = joinPackedQueue(options);
    const [, second] = offered(pair, 2) as [Chain, Chain];
    pair.device.push(second, 8);
    pair.driver.ring.setDescriptor(2, { addr: 0, len: 8, id: second.head, flags: 0x80 });
    expect(pair.device.pop()).toMatchObject({ kind: 'fault', reason: 'id-in-flight' });
  });
});

test('the driver catches a device that uses buffers out of order', () => {
  const pair = joinQueue(options);
  offered(pair, 2);
  const area = pair.ram.view(pair.driver.ring.areas.device, 6 + 64);
  const words = new DataView(area?.buffer ?? new ArrayBuffer(0), area?.byteOffset);
  words.setUint32(4, 1, true);
  words.setUint16(2, 1, true);
  expect(() => pair.driver.takeUsed()).toThrow(DeviceMisbehaved);
});
