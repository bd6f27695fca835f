import { describe, expect, test } from '@jest/globals';
import { ConsoleDevice } from './console-device.ts';
import { resetDevice, startDevice } from './fake-driver/driver-transport.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { resetQueue } from './fake-driver/queue-reset.ts';
import { WAYS } from './fake-driver/ways.ts';

const MIB = 2 ** 20;
const [SIZE, EMERG_WRITE] = [1n, 4n];
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const text = (bytes: readonly Uint8Array[]) => Buffer.concat(bytes).toString('latin1');
const bytes = (string: string) => new TextEncoder().encode(string);

async function running(way: keyof typeof WAYS = 'direct', features = SIZE | EMERG_WRITE, queueReset = false) {
  const ram = GuestRam.ofLength(2 * MIB);
  const arena = new Arena(ram, 0x1000, 2 * MIB - 0x1000);
  const output: Uint8Array[] = [];
  const faults: string[] = [];
  const seen = { ready: 0, configInterrupts: 0 };
  const host = { takes: true };
  const device = new ConsoleDevice({
    rows: 24,
    columns: 80,
    defer: (work) => void setImmediate(work),
    transmit: (piece) => {
      output.push(piece);
      return host.takes;
    },
    readyForInput: () => {
      seen.ready += 1;
    },
  });
  const transport = WAYS[way]({
    device,
    memory: ram,
    rings: { packed: true },
    wait: turn,
    trace: { guestFault: (_, message) => faults.push(message) },
  });
  transport.onConfigInterrupt = () => {
    seen.configInterrupts += 1;
  };
  const start = async (packed = false) => {
    const [receiveq, transmitq] = await startDevice(transport, arena, { features, packed, queueReset });
    if (receiveq === undefined || transmitq === undefined) throw new Error('no queues');
    await turn();
    return { receiveq, transmitq };
  };
  const queues = await start();
  /** Offers output in pieces; as a whole it is one buffer. */
  const print = (...pieces: string[]) => {
    const buffers = pieces.map((piece) => {
      const address = arena.allocate(piece.length);
      arena.bytes(address, piece.length).set(bytes(piece));
      return { address, length: piece.length };
    });
    queues.transmitq.add(buffers, []);
    if (queues.transmitq.publish()) transport.kick(1);
  };
  /** Offers room for input; returns what is in it by now. */
  const room = (...lengths: number[]) => {
    const buffers = lengths.map((length) => ({ address: arena.allocate(length), length }));
    queues.receiveq.add([], buffers);
    if (queues.receiveq.publish()) transport.kick(0);
    return () => text(buffers.map(({ address, length }) => arena.bytes(address, length)));
  };
  return { device, transport, output, faults, seen, host, queues, print, room, arena, start };
}

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('by %s', (way) => {
  test('prints, is typed on, and knows its size', async () => {
    const { device, transport, output, print, room, queues, faults } = await running(way);
    expect([transport.deviceId, transport.queueCount]).toEqual([3, 2]);
    expect([transport.readConfig(0, 2), transport.readConfig(2, 2), transport.readConfig(4, 4)]).toEqual([80, 24, 1]);
    print('hello, ', 'host');
    expect(text(output)).toBe('hello, host');
    expect(queues.transmitq.takeUsed()?.len).toBe(0);
    const got = room(3, 4);
    expect(device.receive(bytes('guest'))).toBe(5);
    expect(got().replaceAll('\0', '')).toBe('guest');
    expect(queues.receiveq.takeUsed()?.len).toBe(5);
    expect(faults).toEqual([]);
  });
});

test('works with packed rings', async () => {
  const { start, device, arena, transport } = await running('modern PCI');
  const { receiveq, transmitq } = await start(true);
  transmitq.add([{ address: arena.allocate(1), length: 1 }], []);
  if (transmitq.publish()) transport.kick(1);
  const address = arena.allocate(8);
  receiveq.add([], [{ address, length: 8 }]);
  if (receiveq.publish()) transport.kick(0);
  expect(device.receive(bytes('abc'))).toBe(3);
  expect(receiveq.takeUsed()?.len).toBe(3);
});

test('what there is no room for stays with the host, which hears of room', async () => {
  const { device, room, seen, print } = await running();
  print('hear me');
  expect(device.receive(bytes('abcdef'))).toBe(0);
  const before = seen.ready;
  const [first, second] = [room(2), room(3)];
  expect(seen.ready).toBeGreaterThan(before);
  expect(device.receive(bytes('abcdef'))).toBe(5);
  expect([first(), second()]).toEqual(['ab', 'cde']);
});

test('nothing is typed before the guest has written, when Linux would throw it away, nor after a reset', async () => {
  const { device, room, transport, print, seen } = await running();
  room(16);
  room(16);
  expect(device.receive(bytes('x'))).toBe(0);
  const before = seen.ready;
  print('# ');
  await turn();
  expect(seen.ready).toBeGreaterThan(before);
  expect(device.receive(bytes('x'))).toBe(1);
  await resetDevice(transport);
  expect(device.receive(bytes('x'))).toBe(0);
});

test('a pause holds the guest only after a while, and nothing is lost or doubled', async () => {
  const { device, host, print, output, queues } = await running();
  host.takes = false;
  const line = (index: number) => `${String(index).padStart(4, '0')}${'.'.repeat(8188)}`;
  for (let index = 0; index < 48; index += 1) {
    print(line(index));
    while (queues.transmitq.takeUsed() !== undefined);
  }
  await turn();
  // 256 KiB are taken all the same, 8 KiB each.
  expect(output).toHaveLength(32);
  host.takes = true;
  device.resumeOutput();
  await turn();
  await turn();
  expect(output.map((piece) => text([piece]).slice(0, 4))).toEqual(
    Array.from({ length: 48 }, (_, index) => String(index).padStart(4, '0')),
  );
});

test('a reset of the output queue drops what the host has paused, and the new queue prints', async () => {
  const { arena, device, host, output, print, transport } = await running('direct', SIZE, true);
  host.takes = false;
  print('a'.repeat(400_000));
  await turn();
  const shown = text(output).length;
  expect(shown).toBeLessThan(400_000);
  await resetQueue(transport, 1);
  const queue = makeDriverQueue(arena, { size: 8 });
  transport.enableQueue(1, queue.ring);
  host.takes = true;
  device.resumeOutput();
  const address = arena.allocate(3);
  arena.bytes(address, 3).set(bytes('new'));
  queue.add([{ address, length: 3 }], []);
  queue.publish();
  transport.kick(1);
  await turn();
  expect(text(output).slice(shown)).toBe('new');
  expect(queue.takeUsed()).toEqual({ id: 0, len: 0 });
});

test('a long buffer is handed over in pieces, and leaves turns to others', async () => {
  const { print, output, queues } = await running();
  const long = 'ab'.repeat(50_000);
  print(long, 'end');
  expect(output.map(({ length }) => length)).toEqual([65_536, 100_003 - 65_536]);
  expect(text(output)).toBe(`${long}end`);
  for (let index = 0; index < 40; index += 1) queues.transmitq.takeUsed();
});

test('a resize is told to a driver that asked for sizes, once for each size', async () => {
  const { device, transport, seen } = await running();
  device.resize(50, 132);
  device.resize(50, 132);
  expect(seen.configInterrupts).toBe(1);
  expect([transport.readConfig(0, 2), transport.readConfig(2, 2)]).toEqual([132, 50]);
  const other = await running('direct', 0n);
  other.device.resize(50, 132);
  expect(other.seen.configInterrupts).toBe(0);
});

test('an emergency write needs no queue and no driver', async () => {
  const { device, output, transport } = await running();
  await resetDevice(transport);
  for (const character of bytes('Oops')) device.writeConfig(8, 4, character);
  expect(text(output)).toBe('Oops');
  expect(device.readConfig(8, 4)).toBe(0);
  device.writeConfig(0, 4, 0xffff_ffff);
  expect(device.readConfig(0, 4)).toBe(0x0018_0050);
});

test('a broken chain asks for a reset, and a new life works', async () => {
  const { transport, queues, faults, print, output, arena } = await running();
  queues.transmitq.add([{ address: arena.allocate(1), length: 2 ** 31 }], []);
  queues.transmitq.publish();
  transport.kick(1);
  expect(transport.status & 0x40).toBe(0x40);
  expect(faults).toHaveLength(1);
  print('unheard');
  expect(output).toEqual([]);
  await resetDevice(transport);
  expect(transport.status).toBe(0);
});
