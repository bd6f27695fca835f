import { describe, expect, test } from '@jest/globals';
import type { PackedDriverQueue } from './fake-driver/packed-driver-queue.ts';
import { type PackedDescriptor, putPackedDescriptor } from './fake-driver/packed-driver-ring.ts';
import { joinPackedQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import type { Chain, PopOutcome } from './virtqueue.ts';

// Bits of the flags, as in virtio 1.2 §2.8.13.
const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;
const AVAIL = 0x80;
const USED = 0x8000;

const TABLE_AT = 0x8_0000;

type Pair = QueuePair<PackedDriverQueue>;

function chainOf(outcome: PopOutcome): Chain {
  if (outcome === 'empty' || outcome.kind === 'fault') throw new Error(`no chain: ${JSON.stringify(outcome)}`);
  return outcome;
}

function buffer(pair: Pair, length = 16) {
  return { address: pair.arena.allocate(length), length };
}

/** A driver's descriptors in the ring from slot 0 on, as given; `table` is an indirect one. */
function popOf(ring: readonly PackedDescriptor[], table: readonly PackedDescriptor[] = [], indirect = true) {
  const pair = joinPackedQueue({ size: 4, indirect });
  const bytes = pair.ram.view(TABLE_AT as Parameters<typeof pair.ram.view>[0], 64 * 16) ?? new Uint8Array();
  table.forEach((descriptor, i) => {
    putPackedDescriptor(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), i * 16, descriptor);
  });
  ring.forEach((descriptor, slot) => {
    pair.driver.ring.setDescriptor(slot, descriptor);
  });
  return pair.device.pop();
}

describe('a fault, and not an empty queue, is what pop finds when', () => {
  test.each<[string, readonly PackedDescriptor[], string, boolean?]>([
    [
      'a chain has no end',
      [0, 1, 2, 3].map((at) => ({ addr: at * 16, len: 1, id: 0, flags: AVAIL | NEXT })),
      'ring-overrun',
    ],
    ['a buffer is outside RAM', [{ addr: 1n << 40n, len: 1, flags: AVAIL }], 'buffer-outside-ram'],
    ['a buffer wraps at 2^64', [{ addr: 2n ** 64n - 1n, len: 2, flags: AVAIL }], 'buffer-outside-ram'],
    [
      'a readable buffer follows a writable one',
      [
        { addr: 0, len: 1, flags: AVAIL | WRITE | NEXT },
        { addr: 0, len: 1, flags: AVAIL },
      ],
      'readable-after-writable',
    ],
    ['an indirect table is empty', [{ addr: TABLE_AT, len: 0, flags: AVAIL | INDIRECT }], 'indirect-length'],
    ['an indirect table has 17 bytes', [{ addr: TABLE_AT, len: 17, flags: AVAIL | INDIRECT }], 'indirect-length'],
    [
      'an indirect table is not in RAM',
      [{ addr: 1n << 33n, len: 16, flags: AVAIL | INDIRECT }],
      'indirect-outside-ram',
    ],
    [
      'an indirect table has more entries than the queue',
      [{ addr: TABLE_AT, len: 5 * 16, flags: AVAIL | INDIRECT }],
      'chain-too-long',
    ],
    [
      'an indirect table has 2^28 entries',
      [{ addr: TABLE_AT, len: 0xffff_fff0, flags: AVAIL | INDIRECT }],
      'chain-too-long',
    ],
    [
      'an indirect descriptor begins a chain',
      [
        { addr: TABLE_AT, len: 16, flags: AVAIL | INDIRECT | NEXT },
        { addr: 0, len: 1, flags: AVAIL },
      ],
      'indirect-with-next',
    ],
    [
      'an indirect descriptor ends a chain',
      [
        { addr: 0, len: 1, flags: AVAIL | NEXT },
        { addr: TABLE_AT, len: 16, flags: AVAIL | INDIRECT },
      ],
      'indirect-with-next',
    ],
    [
      'a table is used that was not negotiated',
      [{ addr: TABLE_AT, len: 16, flags: AVAIL | INDIRECT }],
      'indirect-not-negotiated',
      false,
    ],
  ])('%s', (_, ring, reason, indirect = true) => {
    expect(popOf(ring, [], indirect)).toMatchObject({ kind: 'fault', reason });
  });

  test('a buffer id comes twice without having been used', () => {
    const pair = joinPackedQueue({ size: 4 });
    for (const slot of [0, 1]) pair.driver.ring.setDescriptor(slot, { addr: 0, len: 4, id: 7, flags: AVAIL });
    expect(chainOf(pair.device.pop()).head).toBe(7);
    expect(pair.device.pop()).toMatchObject({ kind: 'fault', reason: 'id-in-flight' });
  });

  test('the driver makes available again what the device has not returned', () => {
    const pair = joinPackedQueue({ size: 2 });
    for (const slot of [0, 1]) pair.driver.ring.setDescriptor(slot, { addr: 0, len: 4, id: slot, flags: AVAIL });
    chainOf(pair.device.pop());
    chainOf(pair.device.pop());
    // The second lap of the ring: AVAIL clear, USED set.
    pair.driver.ring.setDescriptor(0, { addr: 0, len: 4, id: 2, flags: USED });
    const fault = pair.device.pop();
    expect(fault).toMatchObject({ kind: 'fault', reason: 'ring-overrun' });
    pair.driver.ring.setFlags(0, 0);
    expect(pair.device.pop()).toBe(fault);
    expect(pair.device.allowKicks()).toBe(false);
  });
});

describe('the words of the ring', () => {
  test('a buffer is available with AVAIL set and USED clear in the first lap, and the other way round in the second', () => {
    for (const flags of [0, USED, AVAIL | USED]) expect(popOf([{ addr: 0, len: 4, flags }])).toBe('empty');
    chainOf(popOf([{ addr: 0, len: 4, flags: AVAIL }]));

    const pair = joinPackedQueue({ size: 1 });
    pair.driver.ring.setDescriptor(0, { addr: 0, len: 4, id: 3, flags: AVAIL | WRITE });
    pair.device.push(chainOf(pair.device.pop()), 2);
    expect(pair.driver.ring.flags(0)).toBe(AVAIL | USED | WRITE);
    expect(pair.driver.ring.used(0)).toEqual({ id: 3, len: 2 });
    pair.driver.ring.setFlags(0, AVAIL);
    expect(pair.device.pop()).toBe('empty');
    pair.driver.ring.setDescriptor(0, { addr: 0, len: 4, id: 4, flags: USED });
    pair.device.push(chainOf(pair.device.pop()), 0);
    expect(pair.driver.ring.flags(0)).toBe(0);
    expect(pair.driver.ring.used(0)).toEqual({ id: 4, len: 0 });
  });

  test('one used descriptor answers for a chain, and the next stands behind all of its entries', () => {
    const pair = joinPackedQueue({ size: 8 });
    pair.driver.add([buffer(pair), buffer(pair)], [buffer(pair)]);
    pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    const [long, short] = [chainOf(pair.device.pop()), chainOf(pair.device.pop())];
    pair.device.push(long, 9);
    pair.device.push(short, 4);
    const { ring } = pair.driver;
    expect([ring.flags(0), ring.used(0)]).toEqual([AVAIL | USED | WRITE, { id: 0, len: 9 }]);
    expect([ring.flags(3), ring.used(3)]).toEqual([AVAIL | USED | WRITE, { id: 1, len: 4 }]);
  });

  test('of the flags in an indirect table only WRITE means anything', () => {
    const table = [
      { addr: 0x1000, len: 8, flags: NEXT | INDIRECT },
      { addr: 0x2000, len: 4, flags: WRITE | AVAIL | USED },
    ];
    const chain = chainOf(popOf([{ addr: TABLE_AT, len: 32, id: 9, flags: AVAIL | INDIRECT }], table));
    expect([chain.head, chain.readableLength, chain.writableLength]).toEqual([9, 8, 4]);
  });

  test('the device asks for kicks by flag, or by place and wrap counter with EVENT_IDX', () => {
    const plain = joinPackedQueue({ size: 4 });
    plain.device.suppressKicks();
    expect(plain.driver.ring.deviceEvent).toEqual({ desc: 0, flags: 1 });
    plain.device.allowKicks();
    expect(plain.driver.ring.deviceEvent).toEqual({ desc: 0, flags: 0 });

    const pair = joinPackedQueue({ size: 4, eventIdx: true });
    const places: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      pair.device.allowKicks();
      expect(pair.driver.ring.deviceEvent.flags).toBe(2);
      places.push(pair.driver.ring.deviceEvent.desc);
      pair.driver.add([], [buffer(pair)]);
      pair.driver.publish();
      pair.device.push(chainOf(pair.device.pop()), 1);
      pair.driver.takeUsed();
    }
    expect(places).toEqual([0x8000, 0x8001, 0x8002, 0x8003, 0x0000]);
  });

  // Bursts of one end at slots 1, 2, 3, 0 (next lap), 1; the driver names the entry after which it wants to hear.
  test.each([
    [0x8000, [true, false, false, false, false]],
    [0x8002, [false, false, true, false, false]],
    [0x8003, [false, false, false, true, false]],
    [0x0000, [false, false, false, false, true]],
    [0x0003, [false, false, false, false, false]],
  ])('an event at %i comes for the bursts %j', (desc, expected) => {
    const pair = joinPackedQueue({ size: 4, eventIdx: true });
    pair.driver.ring.driverEvent = { desc, flags: 2 };
    const told = expected.map(() => {
      pair.driver.add([], [buffer(pair)]);
      pair.driver.publish();
      pair.device.push(chainOf(pair.device.pop()), 1);
      pair.driver.takeUsed();
      return pair.device.takeInterrupt();
    });
    expect(told).toEqual(expected);
  });

  test('without EVENT_IDX the reserved flag of a place counts as a wish for every interrupt', () => {
    const pair = joinPackedQueue({ size: 4 });
    pair.driver.ring.driverEvent = { desc: 0x8003, flags: 2 };
    pair.driver.add([], [buffer(pair)]);
    pair.driver.publish();
    pair.device.push(chainOf(pair.device.pop()), 1);
    expect(pair.device.takeInterrupt()).toBe(true);
  });
});
