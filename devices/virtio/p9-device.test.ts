import { describe, expect, test } from '@jest/globals';
import { FrameError, type FrameHandler, type Segments } from '../../ninep/frame-handler.ts';
import type { DeviceContext } from './device.ts';
import { activateFor, joinQueue, type QueuePair } from './fake-driver/queue-pair.ts';
import { P9Device } from './p9-device.ts';
import type { Virtqueue } from './virtqueue.ts';

type Answer = number | Promise<number>;

/** A 9P core that answers as told. */
class ScriptedHandler implements FrameHandler {
  readonly requests: string[] = [];
  resets = 0;
  answer: (request: Segments, reply: Segments) => Answer = () => 7;
  finishReset: () => Promise<void> = async () => {};

  handle(request: Segments, reply: Segments): Answer {
    this.requests.push(request.map((part) => part.length).join('+'));
    return this.answer(request, reply);
  }

  async reset(): Promise<void> {
    this.resets += 1;
    await this.finishReset();
  }
}

/** One device on one queue, with a transport that only counts, and an event loop turned by hand. */
function machine(size = 128) {
  const handler = new ScriptedHandler();
  const deferred: (() => void)[] = [];
  const device = new P9Device({ mountTag: 'host', handler, defer: (work) => deferred.push(work) });
  const options = { size, eventIdx: false, indirect: true };
  const pair = joinQueue(options);
  const seen = { interrupts: 0, resets: [] as string[] };
  const context = (queue: Virtqueue | undefined): DeviceContext => ({
    memory: pair.ram,
    features: 0n,
    queue: (index) => (index === 0 ? queue : undefined),
    notifyUsed: (used) => {
      if (used.takeInterrupt()) seen.interrupts += 1;
    },
    notifyConfigChange: () => {},
    needsReset: (why) => seen.resets.push(why),
  });
  /** Runs one turn of the event loop; false when nothing was waiting. */
  const turn = (): boolean => {
    const due = deferred.splice(0);
    for (const work of due) work();
    return due.length > 0;
  };
  const activate = (): void => {
    device.activate(context(pair.device));
    turn();
  };
  const request = (readable = 11, writable = 100): void => {
    pair.driver.add(
      [{ address: pair.arena.allocate(readable), length: readable }],
      writable === 0 ? [] : [{ address: pair.arena.allocate(writable), length: writable }],
    );
  };
  const kick = (): void => {
    if (pair.driver.publish()) device.queueNotify(0);
  };
  const secondLife = (): Virtqueue => activateFor(pair.driver, pair.ram, options);
  return { handler, device, pair, seen, turn, activate, request, kick, context, secondLife };
}

function used(pair: QueuePair): number[] {
  const lengths: number[] = [];
  for (let entry = pair.driver.takeUsed(); entry !== undefined; entry = pair.driver.takeUsed()) lengths.push(entry.len);
  return lengths;
}

describe('the mount tag', () => {
  const deviceFor = (mountTag: string) => new P9Device({ mountTag, handler: new ScriptedHandler(), defer: () => {} });

  test.each([
    ['', "mount tag '' has 0 bytes: give it 1 to 31 bytes (UTF-8)"],
    ['t'.repeat(32), `mount tag '${'t'.repeat(32)}' has 32 bytes: give it 1 to 31 bytes (UTF-8)`],
    ['ü'.repeat(16), `mount tag '${'ü'.repeat(16)}' has 32 bytes: give it 1 to 31 bytes (UTF-8)`],
    ['a\0b', 'mount tag holds a NUL byte: leave it out'],
  ])('%j is refused in one line', (tag, message) => {
    expect(() => deviceFor(tag)).toThrow(message);
  });

  test('stands in configuration space as a length and bytes without NUL', () => {
    const device = deviceFor('host');
    expect(device.configLength).toBe(6);
    expect([device.readConfig(0, 2), device.readConfig(2, 4), device.readConfig(4, 1)]).toEqual([4, 0x74736f68, 0x73]);
    expect(device.readConfig(4, 4)).toBe(0x7473);
    device.writeConfig(0, 1, 0);
    expect(device.readConfig(0, 4)).toBe(0x6f680004);
  });

  test('may have 31 bytes', () => {
    expect(deviceFor('t'.repeat(31)).configLength).toBe(33);
  });
});

test('the device is what drivers look for', () => {
  const { device } = machine();
  expect([device.name, device.deviceId, device.queueSizes, device.features]).toEqual(['virtio-9p', 9, [128], 1n]);
});

describe('a fault of the driver', () => {
  test('asks for a reset once, says why, and takes nothing more', () => {
    const { activate, pair, handler, seen, device } = machine();
    activate();
    pair.driver.ring.setDescriptor(0, { addr: 1n << 50n, len: 7 });
    pair.driver.ring.availIdx = 1;
    device.queueNotify(0);
    device.queueNotify(0);
    expect(seen.resets).toEqual([
      'queue 0: a descriptor points outside RAM (head 0: descriptor 0: 7 bytes at 0x4000000000000)',
    ]);
    expect(handler.requests).toEqual([]);
  });

  test('leaves the requests before it to be answered', async () => {
    const { activate, pair, request, handler, seen, kick, device, turn } = machine();
    activate();
    let answer: (length: number) => void = () => {};
    handler.answer = () => new Promise((resolve) => (answer = resolve));
    request();
    kick();
    pair.driver.ring.availIdx = 200;
    device.queueNotify(0);
    expect(seen).toMatchObject({ interrupts: 0, resets: [expect.stringContaining('available index')] });
    answer(9);
    await Promise.resolve();
    turn();
    expect(used(pair)).toEqual([9]);
    expect(seen.interrupts).toBe(1);
  });

  test.each([
    [
      'at once',
      () => {
        throw new FrameError('the reply has room for 6 bytes, a header needs 7');
      },
    ],
    ['later', () => Promise.reject(new FrameError('the reply has room for 6 bytes, a header needs 7'))],
  ])('found %s by the 9P core returns the chain empty and asks for a reset', async (_, answer) => {
    const { activate, pair, request, handler, seen, kick, turn } = machine();
    activate();
    handler.answer = answer;
    request(11, 6);
    kick();
    await Promise.resolve();
    await Promise.resolve();
    turn();
    expect(used(pair)).toEqual([0]);
    expect(seen).toEqual({
      interrupts: 1,
      resets: ['queue 0: head 0: the reply has room for 6 bytes, a header needs 7'],
    });
  });
});

test('a 9P core that throws anything else has a bug: contained in its device, and told as one', () => {
  const { activate, pair, request, handler, seen, kick } = machine();
  activate();
  handler.answer = () => {
    throw new TypeError('x is undefined');
  };
  request();
  kick();
  expect(used(pair)).toEqual([0]);
  expect(seen.resets).toEqual(['queue 0: head 0: internal error: TypeError: x is undefined']);
});

test('a 9P core that claims more bytes than there was room for is our bug', () => {
  const { activate, request, handler, kick } = machine();
  activate();
  handler.answer = () => 101;
  request(11, 100);
  expect(kick).toThrow(RangeError);
});

describe('requests', () => {
  test('go to the 9P core as they lie in memory, and their replies share one interrupt', () => {
    const { activate, pair, request, handler, seen, kick } = machine();
    activate();
    handler.answer = (_, reply) => {
      reply[0]?.fill(0xaa, 0, 20);
      return 20;
    };
    for (let i = 0; i < 5; i += 1) request(23 + i, 20);
    kick();
    expect(handler.requests).toEqual(['23', '24', '25', '26', '27']);
    expect(seen).toEqual({ interrupts: 1, resets: [] });
    expect(used(pair)).toEqual([20, 20, 20, 20, 20]);
  });

  test('made available before DRIVER_OK are found without a kick', () => {
    const { activate, pair, request, handler } = machine();
    request();
    pair.driver.publish();
    activate();
    expect(handler.requests).toHaveLength(1);
  });

  test('that take long are answered in the order they end, and one interrupt serves all that ended', async () => {
    const { activate, pair, request, handler, seen, kick, turn } = machine();
    activate();
    const answers: ((length: number) => void)[] = [];
    handler.answer = () => new Promise((resolve) => answers.push(resolve));
    for (let i = 0; i < 3; i += 1) request();
    kick();
    expect([seen.interrupts, pair.device.inFlight]).toEqual([0, 3]);
    answers[2]?.(32);
    answers[0]?.(30);
    await Promise.resolve();
    expect(pair.driver.ring.usedIdx).toBe(2);
    expect(seen.interrupts).toBe(0);
    turn();
    expect(seen.interrupts).toBe(1);
    expect(used(pair)).toEqual([32, 30]);
    expect(pair.device.inFlight).toBe(1);
  });

  test('taken back by a Tflush are returned with length 0', () => {
    const { activate, pair, request, handler, kick } = machine();
    activate();
    handler.answer = () => 0;
    request();
    kick();
    expect(used(pair)).toEqual([0]);
  });

  test('that never end hold up no others', () => {
    const { activate, pair, request, handler, kick } = machine();
    activate();
    handler.answer = () => (handler.requests.length === 1 ? new Promise(() => {}) : 7);
    request();
    request();
    kick();
    expect(used(pair)).toEqual([7]);
  });

  test('of a guest that keeps the ring full are served in turns, so that others get theirs', () => {
    const { activate, pair, request, handler, turn, device } = machine(64);
    activate();
    for (let i = 0; i < 64; i += 1) request();
    pair.driver.publish();
    device.queueNotify(0);
    expect(handler.requests).toHaveLength(32);
    device.queueNotify(0);
    expect(handler.requests).toHaveLength(32);
    turn();
    expect(handler.requests).toHaveLength(64);
    expect(turn()).toBe(true);
    expect(turn()).toBe(false);
    expect(used(pair)).toHaveLength(64);
  });

  test('arriving while the device looks need no kick', () => {
    const { activate, pair, request, handler, kick } = machine();
    activate();
    let more = 3;
    handler.answer = () => {
      if (more > 0) {
        more -= 1;
        request();
        expect(pair.driver.publish()).toBe(false);
      }
      return 7;
    };
    request();
    kick();
    expect(handler.requests).toHaveLength(4);
    request();
    expect(pair.driver.publish()).toBe(true);
  });

  test('on a queue that the device does not have, or that was never enabled, are ignored', () => {
    const { device, context, handler } = machine();
    device.activate(context(undefined));
    device.queueNotify(0);
    device.queueNotify(1);
    expect(handler.requests).toEqual([]);
  });
});

describe('a reset', () => {
  test('with a request in flight waits for the 9P core, and the late answer writes nothing', async () => {
    const { activate, device, pair, request, handler, seen, kick, turn } = machine();
    activate();
    let answer: (length: number) => void = () => {};
    handler.answer = () => new Promise((resolve) => (answer = resolve));
    request();
    kick();
    let finish: () => void = () => {};
    handler.finishReset = () => new Promise((resolve) => (finish = resolve));
    let done = false;
    const reset = device.reset().then(() => (done = true));
    await Promise.resolve();
    expect(done).toBe(false);
    answer(50);
    await Promise.resolve();
    turn();
    finish();
    await reset;
    expect([pair.driver.ring.usedIdx, seen.interrupts, handler.resets]).toEqual([0, 0, 1]);
  });

  test('drops a turn that was due', async () => {
    const { activate, device, pair, request, handler, turn } = machine(64);
    activate();
    for (let i = 0; i < 64; i += 1) request();
    pair.driver.publish();
    device.queueNotify(0);
    await device.reset();
    turn();
    expect(handler.requests).toHaveLength(32);
  });

  test('makes a broken device work again', async () => {
    const { activate, device, pair, handler, context, turn, secondLife, seen } = machine();
    activate();
    pair.driver.ring.availIdx = 1000;
    device.queueNotify(0);
    expect(seen.resets).toHaveLength(1);
    await device.reset();
    pair.driver.ring.availIdx = 0;
    const again = secondLife();
    device.activate(context(again));
    pair.driver.add(
      [{ address: pair.arena.allocate(11), length: 11 }],
      [{ address: pair.arena.allocate(99), length: 99 }],
    );
    pair.driver.publish();
    turn();
    expect(handler.requests).toEqual(['11']);
    expect(used(pair)).toEqual([7]);
  });

  test('that failed in the 9P core is not swallowed', async () => {
    const { activate, device, handler } = machine();
    activate();
    handler.finishReset = () => Promise.reject(new Error('backend stuck'));
    await expect(device.reset()).rejects.toThrow('backend stuck');
  });

  test('may not overlap an activation', async () => {
    const { activate, device, context, secondLife } = machine();
    activate();
    const reset = device.reset();
    expect(() => device.activate(context(secondLife()))).toThrow('while it is active');
    await reset;
    device.activate(context(secondLife()));
    expect(() => device.activate(context(secondLife()))).toThrow('while it is active');
  });
});

test('two devices of one machine do not disturb each other', async () => {
  const [one, two] = [machine(), machine()];
  one.activate();
  two.activate();
  one.request();
  two.request();
  one.kick();
  await one.device.reset();
  two.kick();
  expect([used(one.pair), used(two.pair)]).toEqual([[7], [7]]);
});
