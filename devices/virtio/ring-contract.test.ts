/** What holds of a virtqueue whatever its format, size and features: one suite, run for every combination. */
import { describe, expect, test } from '@jest/globals';
import type { DriverQueueOptions, DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { joinPackedQueue, joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import type { Chain, PopOutcome } from './virtqueue.ts';

type Pair = QueuePair<DriverVirtqueue>;

function join(options: DriverQueueOptions): Pair {
  return options.packed === true ? joinPackedQueue(options) : joinQueue(options);
}

function chainOf(outcome: PopOutcome): Chain {
  if (outcome === 'empty' || outcome.kind === 'fault') throw new Error(`no chain: ${JSON.stringify(outcome)}`);
  return outcome;
}

function buffer(pair: Pair, length = 16) {
  return { address: pair.arena.allocate(length), length };
}

const BOOLEANS = [false, true];
const BY_FORMAT: readonly (Pick<DriverQueueOptions, 'packed' | 'legacy'> & { sizes: readonly number[] })[] = [
  { sizes: [1, 2, 8, 32] },
  { packed: true, sizes: [1, 2, 5, 33] },
  // In one piece; IN_ORDER is not to be had by the legacy interface.
  { legacy: true, sizes: [2, 32] },
];
const COMBINATIONS: readonly DriverQueueOptions[] = BY_FORMAT.flatMap(({ sizes, ...format }) =>
  BOOLEANS.flatMap((indirect) =>
    BOOLEANS.flatMap((eventIdx) =>
      (format.legacy === true ? [false] : BOOLEANS).flatMap((inOrder) =>
        sizes.map((size) => ({ ...format, indirect, eventIdx, inOrder, size })),
      ),
    ),
  ),
);

describe.each(COMBINATIONS)('%j', (options) => {
  const { size } = options;

  test('carries requests and replies round the ring many times, in bursts of every length', () => {
    const pair = join(options);
    const { driver, device, arena } = pair;
    const request = buffer(pair, 8);
    const reply = buffer(pair, 8);
    const perChain = options.indirect === true ? 1 : 2;
    if (size < 2) return expectOneByOne(pair, request);
    const most = Math.floor(size / perChain);
    let sent = 0;
    for (let lap = 0; sent < 7 * size; lap += 1) {
      const burst = 1 + (lap % most);
      const ids = Array.from({ length: burst }, () => driver.add([request], [reply]));
      expect(ids).not.toContain(undefined);
      arena.bytes(request.address, 8).fill(lap);
      driver.publish();
      const chains = Array.from({ length: burst }, () => chainOf(device.pop()));
      expect(device.pop()).toBe('empty');
      expect(device.inFlight).toBe(burst);
      // Returned in another order than they came.
      for (const chain of lap % 2 === 0 ? chains : chains.toReversed()) {
        expect([chain.readableLength, chain.writableLength]).toEqual([8, 8]);
        chain.writable[0]?.set(chain.readable[0] ?? []);
        device.push(chain, 8);
      }
      const used = Array.from({ length: burst }, () => driver.takeUsed());
      const returned = used.map((entry) => entry?.id);
      if (options.inOrder === true) expect(returned).toEqual(ids);
      else expect(returned.toSorted()).toEqual([...ids].toSorted());
      expect(used.every((entry) => entry?.len === 8)).toBe(true);
      expect(driver.takeUsed()).toBeUndefined();
      expect([...arena.bytes(reply.address, 8)]).toEqual(new Array(8).fill(lap & 0xff));
      sent += burst;
    }
    expect([driver.inFlight, device.inFlight]).toEqual([0, 0]);
  });

  /** A queue of one descriptor carries chains of one. */
  function expectOneByOne({ driver, device }: Pair, one: ReturnType<typeof buffer>): void {
    for (let i = 0; i < 7; i += 1) {
      const id = driver.add([], [one]);
      expect(driver.add([], [one])).toBeUndefined();
      driver.publish();
      device.push(chainOf(device.pop()), i);
      expect(device.pop()).toBe('empty');
      expect(driver.takeUsed()).toEqual({ id, len: i });
    }
  }

  test('a full queue is told from an empty one, and stays full until a chain returns', () => {
    const pair = join(options);
    for (let lap = 0; lap < 3; lap += 1) {
      for (let i = 0; i < size; i += 1) expect(pair.driver.add([buffer(pair)], [])).toBeDefined();
      expect(pair.driver.add([buffer(pair)], [])).toBeUndefined();
      pair.driver.publish();
      const chains = Array.from({ length: size }, () => chainOf(pair.device.pop()));
      expect(pair.device.pop()).toBe('empty');
      for (const chain of chains) pair.device.push(chain, 0);
      for (let i = 0; i < size; i += 1) expect(pair.driver.takeUsed()?.len).toBe(0);
      expect(pair.driver.takeUsed()).toBeUndefined();
    }
  });

  test('the longest chain has as many buffers as the queue has entries', () => {
    const pair = join(options);
    const parts = Array.from({ length: size }, () => buffer(pair, 4));
    pair.driver.add(parts, []);
    pair.driver.publish();
    const chain = chainOf(pair.device.pop());
    expect([chain.readable.length, chain.readableLength, chain.writableLength]).toEqual([size, 4 * size, 0]);
    expect(() => pair.driver.add([...parts, buffer(pair)], [])).toThrow(RangeError);
  });

  test('nothing is visible before it is published', () => {
    const pair = join(options);
    pair.driver.add([buffer(pair)], []);
    expect([pair.device.hasNext(), pair.device.pop()]).toEqual([false, 'empty']);
    pair.driver.publish();
    expect(pair.device.hasNext()).toBe(true);
    chainOf(pair.device.pop());
    expect(pair.device.hasNext()).toBe(false);
  });

  test('what is there is seen all the way round the ring, and looking takes nothing', () => {
    const pair = join(options);
    for (let lap = 0; lap < 3 * size + 1; lap += 1) {
      expect(pair.device.hasNext()).toBe(false);
      pair.driver.add([], [buffer(pair)]);
      pair.driver.publish();
      expect([pair.device.hasNext(), pair.device.hasNext(), pair.device.inFlight]).toEqual([true, true, 0]);
      pair.device.push(chainOf(pair.device.pop()), 1);
      pair.driver.takeUsed();
    }
  });

  test('interrupts: one for a burst, none while suppressed, and none is lost when they are allowed again', () => {
    const pair = join(options);
    const complete = () => {
      pair.driver.add([], [buffer(pair)]);
      pair.driver.publish();
      pair.device.push(chainOf(pair.device.pop()), 1);
    };
    expect(pair.device.takeInterrupt()).toBe(false);
    for (let lap = 0; lap < 3 * size + 1; lap += 1) {
      expect(pair.driver.allowInterrupts()).toBe(false);
      complete();
      expect([pair.device.takeInterrupt(), pair.device.takeInterrupt()]).toEqual([true, false]);
      pair.driver.takeUsed();

      pair.driver.suppressInterrupts();
      complete();
      expect(pair.device.takeInterrupt()).toBe(false);
      // Asked for too late: the driver's own second look finds the chain.
      expect(pair.driver.allowInterrupts()).toBe(true);
      pair.driver.takeUsed();
    }
  });

  test('kicks: none while suppressed, and none is lost when they are allowed again', () => {
    const pair = join(options);
    const offer = () => {
      pair.driver.add([buffer(pair)], []);
      return pair.driver.publish();
    };
    const serve = () => {
      pair.device.push(chainOf(pair.device.pop()), 0);
      pair.driver.takeUsed();
    };
    for (let lap = 0; lap < 3 * size + 1; lap += 1) {
      expect(pair.device.allowKicks()).toBe(false);
      expect(offer()).toBe(true);
      pair.device.suppressKicks();
      serve();
      expect(pair.device.pop()).toBe('empty');
      // The driver publishes between the device's last look and its asking for kicks.
      expect(offer()).toBe(false);
      expect(pair.device.allowKicks()).toBe(true);
      pair.device.suppressKicks();
      serve();
    }
  });

  test('a chain returned twice, of another queue, or with a length it cannot have is our bug', () => {
    const pair = join(options);
    const other = join(options);
    for (const each of [pair, other]) {
      each.driver.add([], [buffer(each)]);
      each.driver.publish();
    }
    const chain = chainOf(pair.device.pop());
    const foreign = chainOf(other.device.pop());
    expect(() => pair.device.push(foreign, 0)).toThrow('not in flight');
    for (const length of [17, -1, 0.5, Number.NaN]) expect(() => pair.device.push(chain, length)).toThrow(RangeError);
    expect(pair.device.inFlight).toBe(1);
    pair.device.push(chain, 16);
    expect(() => pair.device.push(chain, 0)).toThrow('not in flight');
    expect(pair.driver.takeUsed()?.len).toBe(16);
    expect(pair.driver.takeUsed()).toBeUndefined();
  });

  test('lengths arrive whatever they are and in whatever order chains come back', () => {
    const pair = join(options);
    const count = Math.max(1, Math.floor(size / 2));
    for (let lap = 0; lap < 9; lap += 1) {
      const ids = Array.from({ length: count }, () => pair.driver.add([], [buffer(pair, 8)]) ?? -1);
      pair.driver.publish();
      const chains = Array.from({ length: count }, () => chainOf(pair.device.pop()));
      // Whole ones, which a batch may skip, and others, which it may not.
      const lengths = new Map(ids.map((id, i) => [id, (i + lap) % 3 === 0 ? (i * 5 + lap) % 8 : 8]));
      const turn = (lap * 3) % count;
      for (const chain of [...chains.slice(turn), ...chains.slice(0, turn)]) {
        pair.device.push(chain, lengths.get(chain.head) ?? -1);
      }
      const used = Array.from({ length: count }, () => pair.driver.takeUsed());
      expect(new Map(used.map((entry) => [entry?.id, entry?.len]))).toEqual(lengths);
      expect(pair.driver.takeUsed()).toBeUndefined();
    }
  });

  test('after detach nothing is written, taken or wanted, and it is known when the device has done with it', async () => {
    const pair = join(options);
    pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    const chain = chainOf(pair.device.pop());
    pair.device.detach();
    let drained = false;
    void pair.device.drained().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect([pair.device.inFlight, drained]).toEqual([1, false]);
    pair.device.push(chain, 5);
    await Promise.resolve();
    expect(drained).toBe(true);
    expect(() => pair.device.push(chain, 5)).toThrow('not in flight');
    expect(pair.driver.takeUsed()).toBeUndefined();
    pair.driver.publish();
    expect([pair.device.hasNext(), pair.device.pop()]).toEqual([false, 'empty']);
    expect([pair.device.inFlight, pair.device.takeInterrupt(), pair.device.allowKicks()]).toEqual([0, false, false]);
  });
});
