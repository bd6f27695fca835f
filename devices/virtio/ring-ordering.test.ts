/**
 * Which words of a ring the device reads and writes in which order, seen from outside. A race on two threads meets the
 * windows that these orders close so seldom that it proves nothing; here a missing barrier is a missing line.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DriverQueueOptions, DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { joinPackedQueue, joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import type { Chain } from './virtqueue.ts';

/** Accesses by `Atomics`, as "store device+2": which area, and how far in. */
let seen: string[] = [];
let pair: QueuePair<DriverVirtqueue>;

function note(kind: string, words: Uint16Array | Uint32Array, index: number): void {
  const at = words.byteOffset + index * words.BYTES_PER_ELEMENT;
  const { areas, size } = pair.driver.ring;
  const inside = (['device', 'driver', 'desc'] as const).find(
    (area) => at >= areas[area] && at < areas[area] + 16 * size + 6,
  );
  seen.push(`${kind} ${inside}+${inside === undefined ? at : at - areas[inside]}`);
}

beforeEach(() => {
  const { load, store } = Atomics;
  jest.spyOn(Atomics, 'load').mockImplementation(((words: Uint16Array, index: number) => {
    note('load', words, index);
    return load(words, index);
  }) as typeof Atomics.load);
  jest.spyOn(Atomics, 'store').mockImplementation(((words: Uint16Array, index: number, value: number) => {
    note('store', words, index);
    return store(words, index, value);
  }) as typeof Atomics.store);
});

afterEach(() => {
  jest.restoreAllMocks();
});

function joined(options: DriverQueueOptions): void {
  pair = options.packed === true ? joinPackedQueue(options) : joinQueue(options);
  pair.driver.add([], [{ address: pair.arena.allocate(8), length: 8 }]);
  pair.driver.publish();
}

const during = (act: () => unknown): string[] => {
  seen = [];
  act();
  return seen;
};
const taken = (): Chain => pair.device.pop() as Chain;

const SIZE = 4;
/** Offsets: used idx, used flags, avail idx, avail flags; used_event and avail_event behind the entries. */
const [USED_EVENT, AVAIL_EVENT] = [4 + 2 * SIZE, 4 + 8 * SIZE];

describe.each([false, true])('split (IN_ORDER %s)', (inOrder) => {
  test.each([
    [false, 'driver+0'],
    [true, `driver+${USED_EVENT}`],
  ])('the used index is stored before what the driver wants to hear is read (EVENT_IDX %s)', (eventIdx, wish) => {
    joined({ size: SIZE, eventIdx, inOrder });
    const chain = taken();
    expect(during(() => pair.device.push(chain, 8))).toEqual(['store device+2']);
    expect(during(() => pair.device.takeInterrupt())).toEqual([`load ${wish}`]);
  });

  test('kicks are asked for before the available index is read again', () => {
    joined({ size: SIZE, eventIdx: true, inOrder });
    expect(during(() => pair.device.allowKicks())).toEqual([`store device+${AVAIL_EVENT}`, 'load driver+2']);
    joined({ size: SIZE, inOrder });
    pair.device.suppressKicks();
    expect(during(() => pair.device.allowKicks())).toEqual(['store device+0', 'load driver+2']);
  });

  test('the available index is read before an entry is', () => {
    joined({ size: SIZE, inOrder });
    expect(during(taken)).toEqual(['load driver+2']);
  });
});

describe.each([false, true])('packed (IN_ORDER %s)', (inOrder) => {
  test.each([false, true])('flags of the used descriptor, then what the driver wants (EVENT_IDX %s)', (eventIdx) => {
    joined({ packed: true, size: SIZE, eventIdx, inOrder });
    const chain = taken();
    expect(during(() => pair.device.push(chain, 8))).toEqual(['store desc+14']);
    expect(during(() => pair.device.takeInterrupt())).toEqual(['load driver+0']);
  });

  test('kicks are asked for before the flags of the next descriptor are read again', () => {
    joined({ packed: true, size: SIZE, eventIdx: true, inOrder });
    expect(during(() => pair.device.allowKicks())).toEqual(['store device+0', 'load desc+14']);
    joined({ packed: true, size: SIZE, inOrder });
    pair.device.suppressKicks();
    expect(during(() => pair.device.allowKicks())).toEqual(['store device+0', 'load desc+14']);
  });

  test('the flags of a descriptor are read before the rest of it', () => {
    joined({ packed: true, size: SIZE, inOrder });
    expect(during(taken)).toEqual(['load desc+14']);
  });
});

test.each([
  ['split: len in the used ring', {}, 'device', 8],
  ['packed: len in the descriptor', { packed: true }, 'desc', 8],
] as const)('%s is written before what shows it', (_, format, area, offset) => {
  joined({ size: SIZE, ...format });
  const chain = taken();
  jest.restoreAllMocks();
  const { buffer = new ArrayBuffer(0) } = pair.ram.view(pair.driver.ring.areas[area], 16) ?? {};
  const length = () => new DataView(buffer).getUint32(pair.driver.ring.areas[area] + offset, true);
  const { store } = Atomics;
  let shown = -1;
  jest.spyOn(Atomics, 'store').mockImplementation(((words: Uint16Array, index: number, value: number) => {
    shown = length();
    return store(words, index, value);
  }) as typeof Atomics.store);
  pair.device.push(chain, 5);
  expect(shown).toBe(5);
});
