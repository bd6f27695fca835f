import { describe, expect, test } from '@jest/globals';
import type { Gpa, GuestMemory } from '../ports.ts';
import { DriverQueue } from './fake-driver/driver-queue.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import { QueueSetup } from './queue-setup.ts';
import { isRingFault } from './ring-fault.ts';
import type { Chain, PopOutcome, Virtqueue } from './virtqueue.ts';

function chainOf(outcome: PopOutcome): Chain {
  if (outcome === 'empty' || outcome.kind === 'fault') throw new Error(`no chain: ${JSON.stringify(outcome)}`);
  return outcome;
}

function buffer(pair: QueuePair, length = 16) {
  return { address: pair.arena.allocate(length), length };
}

/** One request through the whole ring. */
function turn(pair: QueuePair, one: ReturnType<typeof buffer>): void {
  pair.driver.add([], [one]);
  pair.driver.publish();
  pair.device.push(chainOf(pair.device.pop()), 1);
  pair.driver.takeUsed();
}

describe('a fault, and not an empty queue, is what pop finds when', () => {
  test('the available index is ahead by more than the queue size', () => {
    const { driver, device } = joinQueue({ size: 4 });
    driver.ring.availIdx = 5;
    expect(device.pop()).toMatchObject({ kind: 'fault', reason: 'avail-idx' });
  });

  test('the available index went back', () => {
    const pair = joinQueue({ size: 4 });
    turn(pair, buffer(pair));
    pair.driver.ring.availIdx = 0;
    expect(pair.device.pop()).toMatchObject({ kind: 'fault', reason: 'avail-idx' });
  });

  test('a head is the queue size', () => {
    const { driver, device } = joinQueue({ size: 4 });
    driver.ring.setAvailEntry(0, 4);
    driver.ring.availIdx = 1;
    expect(device.pop()).toMatchObject({ kind: 'fault', reason: 'head-range' });
  });

  test('a head comes twice without having been used', () => {
    const pair = joinQueue({ size: 4 });
    const head = pair.driver.add([buffer(pair)], []) ?? -1;
    pair.driver.ring.setAvailEntry(1, head);
    pair.driver.ring.availIdx = 2;
    chainOf(pair.device.pop());
    expect(pair.device.pop()).toMatchObject({ kind: 'fault', reason: 'head-in-flight' });
    expect(pair.device.inFlight).toBe(1);
  });

  test('a chain is broken; and it stays so after the guest mends it', () => {
    const pair = joinQueue({ size: 4 });
    pair.driver.ring.setDescriptor(0, { addr: 1n << 40n, len: 1 });
    pair.driver.ring.availIdx = 1;
    const fault = pair.device.pop();
    expect(fault).toMatchObject({ kind: 'fault', reason: 'buffer-outside-ram' });
    pair.driver.ring.setDescriptor(0, { addr: 0, len: 1 });
    expect(pair.device.pop()).toBe(fault);
    expect(pair.device.allowKicks()).toBe(false);
  });
});

describe('indices', () => {
  test('run on through 65535', () => {
    const pair = joinQueue({ size: 2, eventIdx: true });
    const one = buffer(pair);
    for (let i = 0; i < 65535; i += 1) turn(pair, one);
    expect([pair.driver.ring.availIdx, pair.driver.ring.usedIdx]).toEqual([65535, 65535]);
    pair.device.takeInterrupt();

    pair.driver.allowInterrupts();
    pair.driver.add([], [one]);
    pair.driver.add([], [one]);
    pair.driver.publish();
    expect(pair.driver.ring.availIdx).toBe(1);
    pair.device.push(chainOf(pair.device.pop()), 3);
    pair.device.push(chainOf(pair.device.pop()), 4);
    expect(pair.driver.ring.usedIdx).toBe(1);
    expect(pair.device.takeInterrupt()).toBe(true);
    expect([pair.driver.takeUsed()?.len, pair.driver.takeUsed()?.len]).toEqual([3, 4]);
    expect(pair.device.pop()).toBe('empty');
  });

  test('tell a full queue from an empty one', () => {
    const pair = joinQueue({ size: 4 });
    for (let i = 0; i < 4; i += 1) pair.driver.add([buffer(pair)], []);
    expect(pair.driver.add([buffer(pair)], [])).toBeUndefined();
    pair.driver.publish();
    const heads = [0, 1, 2, 3].map(() => chainOf(pair.device.pop()).head);
    expect(new Set(heads).size).toBe(4);
    expect(pair.device.pop()).toBe('empty');
    expect(pair.device.inFlight).toBe(4);
  });
});

describe('push', () => {
  test('returns chains in any order, each with its length', () => {
    const pair = joinQueue({ size: 4 });
    const [a, b] = [pair.driver.add([], [buffer(pair)]), pair.driver.add([], [buffer(pair)])];
    pair.driver.publish();
    const [first, second] = [chainOf(pair.device.pop()), chainOf(pair.device.pop())];
    pair.device.push(second, 16);
    pair.device.push(first, 0);
    expect([pair.driver.takeUsed(), pair.driver.takeUsed(), pair.driver.takeUsed()]).toEqual([
      { id: b, len: 16 },
      { id: a, len: 0 },
      undefined,
    ]);
  });

  test('of a chain returned already, or of another queue, is our bug', () => {
    const pair = joinQueue({ size: 4 });
    const other = joinQueue({ size: 4 });
    for (const { driver } of [pair, other]) driver.add([buffer(pair)], []);
    for (const { driver } of [pair, other]) driver.publish();
    const chain = chainOf(pair.device.pop());
    const foreign = chainOf(other.device.pop());
    expect(() => pair.device.push(foreign, 0)).toThrow('not in flight');
    pair.device.push(chain, 0);
    expect(() => pair.device.push(chain, 0)).toThrow('not in flight');
    expect(pair.driver.ring.usedIdx).toBe(1);
  });

  test.each([17, -1, 0.5, Number.NaN])('of %d bytes into a chain of 16 is our bug', (length) => {
    const pair = joinQueue({ size: 4 });
    pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    const chain = chainOf(pair.device.pop());
    expect(() => pair.device.push(chain, length)).toThrow(RangeError);
    expect(pair.device.inFlight).toBe(1);
  });

  test('after detach writes nothing, so a late completion cannot reach the next life', () => {
    const pair = joinQueue({ size: 4 });
    pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    const chain = chainOf(pair.device.pop());
    pair.device.detach();
    pair.device.push(chain, 5);
    expect(pair.driver.ring.usedIdx).toBe(0);
    expect(pair.device.pop()).toBe('empty');
    expect([pair.device.inFlight, pair.device.takeInterrupt(), pair.device.allowKicks()]).toEqual([0, false, false]);
  });
});

describe('used buffer notifications', () => {
  function complete(pair: QueuePair, count: number): void {
    for (let i = 0; i < count; i += 1) pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    for (let i = 0; i < count; i += 1) pair.device.push(chainOf(pair.device.pop()), 1);
  }

  test.each([{ eventIdx: false }, { eventIdx: true }])('come once for a burst (%j)', ({ eventIdx }) => {
    const pair = joinQueue({ size: 8, eventIdx });
    expect(pair.device.takeInterrupt()).toBe(false);
    complete(pair, 5);
    expect([pair.device.takeInterrupt(), pair.device.takeInterrupt()]).toEqual([true, false]);
  });

  test('are suppressed by VRING_AVAIL_F_NO_INTERRUPT', () => {
    const pair = joinQueue({ size: 8 });
    pair.driver.suppressInterrupts();
    complete(pair, 2);
    expect(pair.device.takeInterrupt()).toBe(false);
  });

  test('ignore the flag when EVENT_IDX was negotiated', () => {
    const pair = joinQueue({ size: 8, eventIdx: true });
    pair.driver.ring.availFlags = 1;
    complete(pair, 1);
    expect(pair.device.takeInterrupt()).toBe(true);
  });

  // The device writes entries 0, 1, 2 in bursts; used_event names the entry after which the driver wants to hear.
  test.each([
    [0, [true, false, false]],
    [1, [false, true, false]],
    [2, [false, false, true]],
    [65535, [false, false, false]],
  ])('with used_event %d come for the bursts %j', (event, expected) => {
    const pair = joinQueue({ size: 8, eventIdx: true });
    pair.driver.ring.usedEvent = event;
    expect(
      [0, 1, 2].map(() => {
        complete(pair, 1);
        return pair.device.takeInterrupt();
      }),
    ).toEqual(expected);
  });

  test('that the driver asks for too late are found by its own second look', () => {
    const pair = joinQueue({ size: 8, eventIdx: true });
    pair.driver.ring.usedEvent = 100;
    complete(pair, 1);
    expect(pair.device.takeInterrupt()).toBe(false);
    expect(pair.driver.allowInterrupts()).toBe(true);
  });
});

describe('available buffer notifications', () => {
  test.each([{ eventIdx: false }, { eventIdx: true }])(
    'are not lost when a buffer slips in before they are allowed again (%j)',
    ({ eventIdx }) => {
      const pair = joinQueue({ size: 8, eventIdx });
      pair.driver.add([buffer(pair)], []);
      expect(pair.driver.publish()).toBe(true);
      pair.device.suppressKicks();
      chainOf(pair.device.pop());
      expect(pair.device.pop()).toBe('empty');

      // The driver publishes between the device's last look and its asking for kicks.
      pair.driver.add([buffer(pair)], []);
      expect(pair.driver.publish()).toBe(false);
      expect(pair.device.allowKicks()).toBe(true);
      pair.device.suppressKicks();
      chainOf(pair.device.pop());
      expect(pair.device.pop()).toBe('empty');

      // And after it: now the kick comes.
      expect(pair.device.allowKicks()).toBe(false);
      pair.driver.add([buffer(pair)], []);
      expect(pair.driver.publish()).toBe(true);
    },
  );

  test('use flags and leave avail_event alone without EVENT_IDX', () => {
    const { driver, device } = joinQueue({ size: 4 });
    device.suppressKicks();
    expect([driver.ring.usedFlags, driver.ring.availEvent]).toEqual([1, 0]);
    device.allowKicks();
    expect(driver.ring.usedFlags).toBe(0);
  });

  test('use avail_event and leave flags at 0 with EVENT_IDX', () => {
    const pair = joinQueue({ size: 4, eventIdx: true });
    pair.device.suppressKicks();
    turn(pair, buffer(pair));
    expect([pair.driver.ring.usedFlags, pair.driver.ring.availEvent]).toEqual([0, 0]);
    pair.device.allowKicks();
    expect([pair.driver.ring.usedFlags, pair.driver.ring.availEvent]).toEqual([0, 1]);
  });
});

describe('when the memory grows and detaches its views', () => {
  /** Memory whose buffer can be moved, as WebAssembly memory does when it grows. */
  class MovingMemory implements GuestMemory {
    #buffer = new ArrayBuffer(0x10000);
    present = true;
    view(address: Gpa, length: number): Uint8Array | undefined {
      return this.present && address + length <= this.#buffer.byteLength
        ? new Uint8Array(this.#buffer, address, length)
        : undefined;
    }
    move(): void {
      this.#buffer = structuredClone(this.#buffer, { transfer: [this.#buffer] });
    }
  }

  function moving(): { memory: MovingMemory; driver: () => DriverQueue['ring']; device: Virtqueue } {
    const memory = new MovingMemory();
    const { areas } = new DriverQueue(new Arena(memory, 0, 0x8000), { size: 4 }).ring;
    const setup = new QueueSetup(0, 4);
    setup.setAddress('desc', BigInt(areas.desc));
    setup.setAddress('driver', BigInt(areas.driver));
    setup.setAddress('device', BigInt(areas.device));
    setup.writeEnable(1);
    const device = setup.activate(memory, 0n);
    if (isRingFault(device)) throw new Error(device.message);
    // The driver's views were detached with the buffer; a fresh arena finds the same words again.
    return { memory, driver: () => wordsAt(memory), device };
  }

  function wordsAt(memory: MovingMemory): DriverQueue['ring'] {
    return new DriverQueue(new Arena(memory, 0, 0x8000), { size: 4 }).ring;
  }

  test('the queue finds its rings again', () => {
    const { memory, driver, device } = moving();
    memory.move();
    const ring = driver();
    ring.setDescriptor(0, { addr: 0x9000, len: 4, flags: 2 });
    ring.availIdx = 1;
    const chain = chainOf(device.pop());
    device.push(chain, 4);
    expect([ring.usedIdx, ring.usedEntry(0)]).toEqual([1, { id: 0, len: 4 }]);
    expect(device.takeInterrupt()).toBe(true);
  });

  test('a queue that is no longer in RAM is a fault', () => {
    const { memory, device } = moving();
    memory.move();
    memory.present = false;
    expect(device.takeInterrupt()).toBe(false);
    expect(device.pop()).toMatchObject({ kind: 'fault', reason: 'queue-outside-ram' });
  });
});

test('shared memory works as plain memory does', () => {
  const ram = new GuestRam([{ base: 0, length: 0x10000 }], [new SharedArrayBuffer(0x10000)]);
  const pair = joinQueue({ size: 4, indirect: true, eventIdx: true }, ram);
  pair.driver.add([buffer(pair), buffer(pair)], [buffer(pair)]);
  expect(pair.driver.publish()).toBe(true);
  const chain = chainOf(pair.device.pop());
  expect([chain.readableLength, chain.writableLength, chain.readable.length]).toEqual([32, 16, 1]);
});
