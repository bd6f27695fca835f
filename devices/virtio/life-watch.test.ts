import { expect, test } from '@jest/globals';
import type { DeviceEvents, EventId, EventPort } from '../events.ts';
import { DirectTransport } from './fake-driver/direct-transport.ts';
import { type DriverChoice, startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { resetQueue } from './fake-driver/queue-reset.ts';

interface Told {
  readonly id: EventId;
  readonly kind: keyof DeviceEvents;
  readonly cause: EventId | undefined;
  readonly fields: Record<string, unknown>;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A watched device with its driver's side of queue 0. */
async function watched(choice: DriverChoice = {}) {
  const told: Told[] = [];
  let cause: EventId | undefined;
  const events: EventPort = {
    snippet: 4,
    emit(kind, fields) {
      const made = typeof fields === 'function' ? fields() : fields;
      told.push({ id: told.length + 1, kind, cause, fields: { ...made } });
      return told.length;
    },
    causing(event, work) {
      const before = cause;
      cause = event;
      try {
        return work();
      } finally {
        cause = before;
      }
    },
    brought: () => {},
    of: () => events,
  };
  const ram = GuestRam.ofLength(1 << 20);
  const arena = new Arena(ram, 0x1000, 0xf_0000);
  const device = new EchoDevice();
  const rings = { packed: true, inOrder: true };
  const transport = new DirectTransport({
    device,
    memory: ram,
    trace: { guestFault: () => {}, events },
    rings,
    wait: turn,
  });
  const [queue] = await startDevice(transport, arena, { queueReset: true, queueSize: 8, ...choice });
  if (queue === undefined) throw new Error('no queue');
  const offer = (on: DriverVirtqueue, text: string) => {
    const [from, to] = [arena.allocate(text.length), arena.allocate(8)];
    arena.bytes(from, text.length).set(new TextEncoder().encode(text));
    on.add([{ address: from, length: text.length }], [{ address: to, length: 8 }]);
    on.publish();
  };
  const of = (kind: Told['kind']) => told.filter((one) => one.kind === kind);
  return { told, of, arena, device, transport, queue, offer };
}

test.each<[string, DriverChoice]>([
  ['split', {}],
  ['packed', { packed: true }],
  ['in order', { inOrder: true }],
])('a chain is told with its first bytes when taken, and when returned: %s', async (_, choice) => {
  const { of, offer, queue, transport, device } = await watched(choice);
  offer(queue, 'abcdef');
  offer(queue, 'xy');
  transport.kick(0);
  device.context?.notifyUsed(device.context.queue(0) as never);
  const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
  expect(
    of('chain').map(({ fields, cause }) => [text(fields.bytes), fields.readableLength, fields.kick, cause]),
  ).toEqual([
    ['abcd', 6, of('kick')[0]?.id, of('kick')[0]?.id],
    ['xy', 2, of('kick')[0]?.id, of('kick')[0]?.id],
  ]);
  const chains = of('chain').map(({ id }) => id);
  expect(of('used').map(({ fields }) => [text(fields.bytes), fields.length, fields.chain])).toEqual([
    ['abcd', 8, chains[0]],
    // The echo leaves the rest of the buffer as it was.
    ['xy\0\0', 8, chains[1]],
  ]);
  expect(new Set(of('notification').flatMap(({ fields }) => fields.used))).toEqual(
    new Set(of('used').map(({ id }) => id)),
  );
});

test('a queue that is reset by itself ends, and is told of again when it comes back', async () => {
  const { of, offer, queue, transport, arena } = await watched();
  offer(queue, 'one');
  transport.kick(0);
  await resetQueue(transport, 0);
  expect(of('queue-end').map(({ fields }) => fields)).toEqual([{ queue: 0, inFlight: 0 }]);
  const again = makeDriverQueue(arena, { size: 4 });
  transport.enableQueue(0, again.ring);
  expect(of('queue').at(-1)?.fields).toMatchObject({
    queue: 0,
    size: 4,
    descriptorArea: BigInt(again.ring.areas.desc),
  });
  offer(again, 'two');
  transport.kick(0);
  expect(of('chain').length).toBe(2);
  expect(of('chain').at(-1)?.fields.kick).toBe(of('kick').at(-1)?.id);
});

test('features that are refused are told with the objection', async () => {
  const { of, transport } = await watched();
  transport.status = 0;
  await turn();
  transport.status = 1;
  transport.status = 3;
  transport.accept(1n << 60n);
  transport.status = 3 | 8;
  expect(of('features').at(-1)?.fields).toMatchObject({ accepted: 1n << 60n, names: 'bit 60' });
  expect(of('features-refused').map(({ fields }) => fields.why)).toEqual([
    'the driver accepted feature bits that are not offered: 0x1000000000000000',
  ]);
  expect(of('guest-fault').at(-1)?.fields.message).toMatch(/refused: the driver accepted feature bits/);
});

test('what the driver does not want to hear of is announced by nothing', async () => {
  const { of, offer, queue, transport, device } = await watched();
  queue.suppressInterrupts();
  offer(queue, 'one');
  transport.kick(0);
  device.context?.notifyUsed(device.context.queue(0) as never);
  queue.allowInterrupts();
  offer(queue, 'two');
  transport.kick(0);
  device.context?.notifyUsed(device.context.queue(0) as never);
  const used = of('used').map(({ id }) => id);
  expect(of('notification').map(({ fields }) => fields.used)).toEqual([[used[1]]]);
});
