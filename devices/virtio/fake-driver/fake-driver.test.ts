import { describe, expect, test } from '@jest/globals';
import { P9Device, type P9DeviceOptions } from '../p9-device.ts';
import { DirectTransport } from './direct-transport.ts';
import { DriverQueue } from './driver-queue.ts';
import { DeviceRefused, resetDevice, startDevice } from './driver-transport.ts';
import { DeviceMisbehaved } from './driver-virtqueue.ts';
import { FrameDriver } from './frame-driver.ts';
import { Arena, GuestRam } from './guest-ram.ts';

type FrameHandler = P9DeviceOptions['handler'];
type Segments = readonly Uint8Array[];

/** Answers each frame with its bytes in reverse order, as far as they fit. */
function mirror(request: Segments, reply: Segments): number {
  const bytes = request.flatMap((part) => [...part]).reverse();
  let at = 0;
  for (const part of reply) {
    part.set(bytes.slice(at, at + part.length));
    at += Math.min(part.length, bytes.length - at);
  }
  return at;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function p9(handle: FrameHandler['handle'], choice = {}, frames = {}) {
  const ram = GuestRam.ofLength(1 << 20);
  const arena = new Arena(ram, 0x1000, (1 << 20) - 0x1000);
  const faults: string[] = [];
  const handler: FrameHandler = { handle, reset: async () => {} };
  const device = new P9Device({ mountTag: 'host', handler, defer: (work) => void setImmediate(work) });
  const transport = new DirectTransport({
    device,
    memory: ram,
    trace: { guestFault: (_, message) => faults.push(message) },
    wait: turn,
  });
  const [queue] = await startDevice(transport, arena, { features: 1n, ...choice });
  if (queue === undefined) throw new Error('no queue');
  const driver = new FrameDriver(queue, arena, { kick: () => transport.kick(0), ...frames });
  transport.onQueueInterrupt = () => driver.interrupt();
  return { transport, queue, driver, faults, arena, ram };
}

const frame = (length: number) => Uint8Array.from({ length }, (_, i) => i);

describe('frames go through a ring and back', () => {
  test.each([
    ['in one descriptor each', {}, {}],
    ['with indirect tables', { indirect: true }, {}],
    ['with EVENT_IDX', { eventIdx: true }, {}],
    ['in pieces of 7 bytes, indirect, with EVENT_IDX', { indirect: true, eventIdx: true }, { room: 112, piece: 7 }],
    ['in pieces of 7 bytes, direct', {}, { room: 112, piece: 7 }],
    ['with a queue of 4', { queueSize: 4, indirect: true, eventIdx: true }, {}],
  ])('%s', async (_, choice, frames) => {
    const { driver } = await p9(mirror, choice, frames);
    for (let i = 0; i < 300; i += 1) {
      const request = frame(1 + (i % 100));
      expect(await driver.send(request)).toEqual(request.toReversed());
    }
  });

  test.each([{ eventIdx: false }, { eventIdx: true }])(
    'many at once, answered late and in any order (%j)',
    async (choice) => {
      let count = 0;
      const { driver, queue } = await p9(
        (request, reply) => {
          count += 1;
          const length = mirror(request, reply);
          return count % 3 === 0 ? length : new Promise((resolve) => setTimeout(resolve, count % 4, length));
        },
        { indirect: true, ...choice },
        { depth: 16, room: 256 },
      );
      const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => driver.send(frame(10 + (i % 90)))));
      replies.forEach((reply, i) => {
        expect(reply).toEqual(frame(10 + (i % 90)).toReversed());
      });
      expect([count, queue.inFlight]).toEqual([200, 0]);
    },
  );

  test('for whoever speaks to a frame handler', async () => {
    const { driver } = await p9(mirror);
    const reply = [new Uint8Array(3), new Uint8Array(3)];
    expect(await driver.handle([frame(3), frame(2)], reply)).toBe(5);
    expect(reply).toEqual([Uint8Array.of(1, 0, 2), Uint8Array.of(1, 0, 0)]);
  });
});

describe('a device that needs a reset', () => {
  test('says so in its status, works again after one, and the old life is gone', async () => {
    const refuse = { now: true };
    const { driver, transport, faults, arena } = await p9((request, reply) => {
      if (refuse.now) throw new Error('no header');
      return mirror(request, reply);
    });
    let configInterrupts = 0;
    transport.onConfigInterrupt = () => (configInterrupts += 1);
    expect(await driver.send(frame(6))).toHaveLength(0);
    expect(transport.status & 0x40).toBe(0x40);
    expect([configInterrupts, faults]).toEqual([1, ['queue 0: head 0: internal error: Error: no header']]);

    refuse.now = false;
    const [queue] = await startDevice(transport, arena, { features: 1n });
    expect(transport.status).toBe(0x0f);
    if (queue === undefined) throw new Error('no queue');
    const again = new FrameDriver(queue, arena, { kick: () => transport.kick(0) });
    transport.onQueueInterrupt = () => again.interrupt();
    expect(await again.send(frame(9))).toEqual(frame(9).toReversed());
  });

  test('lets the driver give up what it waits for', async () => {
    const { driver, transport } = await p9(() => new Promise(() => {}), {}, { depth: 1 });
    const sent = driver.send(frame(9));
    await resetDevice(transport);
    driver.abandon('the device was reset');
    await expect(sent).rejects.toThrow('the device was reset');
  });
});

test('a device that refuses the features is named', async () => {
  const { transport, arena } = await p9(mirror);
  // A device that claims not to know VERSION_1 is asked for nothing it could agree to.
  Object.defineProperty(transport, 'offered', { value: 1n });
  await expect(startDevice(transport, arena)).rejects.toThrow(DeviceRefused);
});

describe('a device that misbehaves is caught', () => {
  function queueOf(size: number) {
    const ram = GuestRam.ofLength(0x10000);
    const arena = new Arena(ram, 0, 0x10000);
    const queue = new DriverQueue(arena, { size });
    const used = ram.view(queue.ring.areas.device, 6 + 8 * size) ?? new Uint8Array();
    return { queue, arena, words: new DataView(used.buffer, used.byteOffset) };
  }

  test('when it uses a chain that is not in flight', () => {
    const { queue, words } = queueOf(4);
    words.setUint16(2, 1, true);
    expect(() => queue.takeUsed()).toThrow(DeviceMisbehaved);
  });

  test('when its index runs ahead by more than the queue size', () => {
    const { queue, words } = queueOf(4);
    words.setUint16(2, 5, true);
    expect(() => queue.takeUsed()).toThrow('used index 5');
  });

  test('when it uses one chain twice', () => {
    const { queue, arena, words } = queueOf(4);
    queue.add([{ address: arena.allocate(16), length: 16 }], []);
    queue.publish();
    words.setUint16(2, 2, true);
    expect(queue.takeUsed()).toEqual({ id: 0, len: 0 });
    expect(() => queue.takeUsed()).toThrow(DeviceMisbehaved);
  });
});

test('an arena that is used up says so', () => {
  const arena = new Arena(GuestRam.ofLength(0x1000), 0, 0x1000);
  arena.allocate(0xff0);
  expect(() => arena.allocate(17)).toThrow('17 bytes');
  expect(() => arena.bytes(arena.allocate(16), 0x2000)).toThrow('no RAM');
});

test.each([0, 5])('a chain of %d buffers does not fit a queue of 4', (count) => {
  const arena = new Arena(GuestRam.ofLength(0x1000), 0, 0x1000);
  const queue = new DriverQueue(arena, { size: 4 });
  const buffers = Array.from({ length: count }, () => ({ address: arena.allocate(16), length: 16 }));
  expect(() => queue.add(buffers, [])).toThrow(RangeError);
});
