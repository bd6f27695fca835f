import { describe, expect, test } from '@jest/globals';
import { GuestRam } from './fake-driver/guest-ram.ts';
import { QueueSetup } from './queue-setup.ts';
import { isRingFault } from './ring-fault.ts';

const RAM = 0x10000;

function setUp(change: {
  size?: number;
  desc?: bigint;
  driver?: bigint;
  device?: bigint;
  maxSize?: number;
}): QueueSetup {
  const setup = new QueueSetup(3, change.maxSize ?? 128);
  setup.setSize(change.size ?? 128);
  setup.setAddress('desc', change.desc ?? 0x1000n);
  setup.setAddress('driver', change.driver ?? 0x2000n);
  setup.setAddress('device', change.device ?? 0x3000n);
  expect(setup.writeEnable(1)).toBeUndefined();
  return setup;
}

function outcome(change: Parameters<typeof setUp>[0], ram = GuestRam.ofLength(RAM)): string {
  const result = setUp(change).activate(ram, 0n);
  return isRingFault(result) ? result.reason : `queue of ${result.size}`;
}

describe('a queue is refused at activation when', () => {
  test.each([
    ['its size is 0', { size: 0 }, 'queue-size'],
    ['its size is not a power of two', { size: 96 }, 'queue-size'],
    ['its size is above the maximum', { size: 256 }, 'queue-size'],
    ['its size is 65535', { size: 65535, maxSize: 32768 }, 'queue-size'],
    ['the descriptor table is not a multiple of 16', { desc: 0x1008n }, 'queue-alignment'],
    ['the available ring is not a multiple of 2', { driver: 0x2001n }, 'queue-alignment'],
    ['the used ring is not a multiple of 4', { device: 0x3002n }, 'queue-alignment'],
    ['the descriptor table ends one entry past RAM', { desc: BigInt(RAM - 128 * 16 + 16) }, 'queue-outside-ram'],
    ['the available ring ends two bytes past RAM', { driver: BigInt(RAM - 262 + 2) }, 'queue-outside-ram'],
    ['the used ring ends four bytes past RAM', { device: BigInt(RAM - 1028) }, 'queue-outside-ram'],
    ['an address is 2^64 - 16', { desc: 0xffff_ffff_ffff_fff0n }, 'queue-outside-ram'],
    ['an address is 2^53', { driver: 1n << 53n }, 'queue-outside-ram'],
  ])('%s', (_, change, reason) => {
    expect(outcome(change)).toBe(reason);
  });

  test('a part passes through the hole between two regions of RAM', () => {
    const ram = new GuestRam([
      { base: 0, length: 0x4000 },
      { base: 0x5000, length: 0x4000 },
    ]);
    expect(outcome({ device: 0x3f00n }, ram)).toBe('queue-outside-ram');
    expect(outcome({ device: 0x5000n }, ram)).toBe('queue of 128');
  });

  test('and the message names the queue and the number', () => {
    const result = setUp({ size: 96 }).activate(GuestRam.ofLength(RAM), 0n);
    expect(isRingFault(result) && result.message).toBe(
      'queue 3: the queue size is not a power of two between 1 and the maximum of this queue (size 96, at most 128)',
    );
  });
});

describe('a queue is accepted', () => {
  const MIB = 1 << 20;
  test.each([
    ['with its parts touching the end of RAM', { device: BigInt(MIB - 1032) }, 'queue of 128'],
    ['with one entry', { size: 1 }, 'queue of 1'],
    ['with a smaller size than offered', { size: 64 }, 'queue of 64'],
    [
      'with 32768 entries',
      { size: 32768, maxSize: 32768, desc: 0n, driver: 0x80000n, device: 0xa0000n },
      'queue of 32768',
    ],
  ])('%s', (_, change, expected) => {
    expect(outcome(change, GuestRam.ofLength(MIB))).toBe(expected);
  });
});

describe('while a queue is enabled', () => {
  test.each([
    ['enabling it again', (q: QueueSetup) => q.writeEnable(1), 'queue-enabled-twice'],
    ['writing 0 to its enable register', (q: QueueSetup) => q.writeEnable(0), 'queue-disabled'],
    ['changing its size', (q: QueueSetup) => q.setSize(64), 'queue-changed-while-enabled'],
    ['moving a part', (q: QueueSetup) => q.setAddress('device', 0x4000n), 'queue-changed-while-enabled'],
    ['writing 2 to its enable register', (q: QueueSetup) => q.writeEnable(2), 'queue-enable-value'],
  ])('%s is a fault and changes nothing', (_, act, reason) => {
    const setup = setUp({});
    expect(act(setup)?.reason).toBe(reason);
    expect([setup.enabled, setup.size, setup.address('device')]).toEqual([true, 128, 0x3000n]);
  });

  test('a reset makes it configurable again, with the values after power-on', () => {
    const setup = setUp({ size: 64 });
    setup.reset();
    expect([
      setup.enabled,
      setup.size,
      setup.address('desc'),
      setup.address('driver'),
      setup.address('device'),
    ]).toEqual([false, 128, 0n, 0n, 0n]);
    expect(setup.setSize(32)).toBeUndefined();
  });
});

test('activating a queue that is not enabled is our bug', () => {
  expect(() => new QueueSetup(0, 128).activate(GuestRam.ofLength(RAM), 0n)).toThrow('not enabled');
});

test.each([0, 3, 65536])('offering a queue of %d entries is our bug', (maxSize) => {
  expect(() => new QueueSetup(0, maxSize)).toThrow(RangeError);
});
