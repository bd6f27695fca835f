import { describe, expect, test } from '@jest/globals';
import { BlkDevice } from './blk-device.ts';
import type { BlockStore } from './block-store.ts';
import { BLK_TYPE, BlkDriver, blkRanges, type DriverRequest } from './fake-driver/blk-driver.ts';
import { type DriverChoice, resetDevice, startDevice } from './fake-driver/driver-transport.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { resetQueue } from './fake-driver/queue-reset.ts';
import { WAYS } from './fake-driver/ways.ts';
import { MemoryBlockStore } from './memory-block-store.ts';

const MIB = 2 ** 20;
const SECTORS = 64;
const [OK, IOERR, UNSUPP] = [0, 1, 2];
const { IN, OUT, FLUSH, GET_ID, DISCARD, WRITE_ZEROES } = BLK_TYPE;
/** Every feature this device may offer. */
const ALL = 0x6e64n;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

interface RunningOptions {
  readonly way?: keyof typeof WAYS;
  readonly choice?: DriverChoice;
  readonly writethrough?: boolean;
  readonly store?: BlockStore;
}

async function running({ way = 'direct', choice = { features: ALL }, writethrough, store }: RunningOptions = {}) {
  const ram = GuestRam.ofLength(MIB);
  const arena = new Arena(ram, 0x1000, MIB - 0x1000);
  const bytes = Uint8Array.from({ length: SECTORS * 512 }, (_, index) => (index >> 9) + 1);
  const faults: string[] = [];
  const device = new BlkDevice({
    store: store ?? new MemoryBlockStore(bytes),
    serial: 'disk-of-the-test',
    writethrough,
    defer: (work) => void setImmediate(work),
  });
  const transport = WAYS[way]({
    device,
    memory: ram,
    rings: { packed: true },
    wait: turn,
    trace: { guestFault: (_, message) => faults.push(message) },
  });
  const [queue] = await startDevice(transport, arena, choice);
  if (queue === undefined) throw new Error('no queue');
  await turn();
  const driver = new BlkDriver(transport, queue, arena);
  const send = (request: DriverRequest) => driver.send(request);
  return { arena, bytes, device, driver, faults, queue, send, transport };
}

/** A store whose calls last until they are told to end, and which keeps count of them. */
class SlowStore extends MemoryBlockStore {
  readonly log: string[] = [];
  readonly ends: ((error?: Error) => void)[] = [];
  #wait(what: string): Promise<void> {
    this.log.push(what);
    return new Promise((resolve, reject) => {
      this.ends.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  }
  override async write(from: readonly Uint8Array[], at: number): Promise<void> {
    await this.#wait('write');
    super.write(from, at);
  }
  override async flush(): Promise<void> {
    await this.#wait('flush');
  }
  override async read(into: readonly Uint8Array[], at: number): Promise<void> {
    await this.#wait('read');
    super.read(into, at);
  }
}

describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('by %s', (way) => {
  const modern = !way.startsWith('legacy') && !way.startsWith('transitional');
  const rings = [{}, { indirect: true, eventIdx: true }, ...(modern ? [{ packed: true, indirect: true }] : [])];

  test.each(rings)('reads, writes, flushes and names itself, rings %o', async (ring) => {
    const { send, transport, bytes, faults } = await running({ way, choice: { features: ALL, ...ring } });
    expect(transport.deviceId).toBe(2);
    expect([transport.readConfig(0, 4), transport.readConfig(4, 4)]).toEqual([SECTORS, 0]);
    const written = Uint8Array.from({ length: 1024 }, (_, index) => index * 7);
    expect(await send({ type: OUT, sector: 3, from: written })).toMatchObject({ status: OK, length: 1 });
    expect(bytes.subarray(3 * 512, 5 * 512)).toEqual(written);
    const read = await send({ type: IN, sector: 2, room: 1536 });
    expect([read.status, read.length, read.data[0]]).toEqual([OK, 1537, 3]);
    expect(read.data.subarray(512)).toEqual(written);
    expect(await send({ type: FLUSH })).toMatchObject({ status: OK, length: 1 });
    const { data, status } = await send({ type: GET_ID, room: 20 });
    expect([status, new TextDecoder().decode(data)]).toEqual([OK, 'disk-of-the-test\0\0\0\0']);
    expect(faults).toEqual([]);
  });
});

test('the configuration says what there is', async () => {
  const { transport, device } = await running();
  const read = (at: number, width: 1 | 2 | 4 = 4) => transport.readConfig(at, width);
  expect(device.features).toBe(0x6e44n);
  // seg_max, geometry, blk_size, physical blocks of 4096 bytes, writeback, num_queues
  expect([read(12), read(16), read(20), read(24), read(28), read(32, 1), read(34, 2)]).toEqual([
    126, 0, 512, 0x0008_0003, 0, 1, 0,
  ]);
  expect([read(36), read(40), read(44), read(48), read(52), read(56, 1)]).toEqual([2 ** 22, 16, 8, 2 ** 17, 16, 1]);
  expect(device.configLength).toBe(60);
});

test('more than 2^32 sectors are told, and reached', async () => {
  const far = 2 ** 41;
  const seen: number[] = [];
  const store: BlockStore = {
    ...new MemoryBlockStore(new Uint8Array(0)),
    length: far + 512,
    readonly: false,
    discards: false,
    read: (_, at) => void seen.push(at),
    write: () => {},
    flush: () => {},
    discard: () => {},
    writeZeroes: () => {},
    close: () => {},
  };
  const { send, transport } = await running({ store });
  expect([transport.readConfig(0, 4), transport.readConfig(4, 4)]).toEqual([1, 1]);
  expect((await send({ type: IN, sector: 2n ** 32n, room: 512 })).status).toBe(OK);
  expect((await send({ type: IN, sector: 2n ** 32n + 1n, room: 512 })).status).toBe(IOERR);
  expect(seen).toEqual([far]);
});

describe('buffers', () => {
  const cuts = [
    { readable: [1, 15], writable: [511, 513, 1] },
    { readable: [7, 2, 7], writable: [1025] },
    { readable: [16], writable: [1, 1, 1022, 1] },
    { readable: [4, 4, 4, 4], writable: [1024, 1] },
  ];
  test.each(cuts)('of a read may be cut anywhere: %o', async (cut) => {
    const { send } = await running();
    const { status, length, data } = await send({ type: IN, sector: 5, room: 1024, cut });
    expect([status, length, data[0], data[511], data[512], data[1023]]).toEqual([OK, 1025, 6, 6, 7, 7]);
  });

  test.each([
    { readable: [17, 511], writable: [1] },
    { readable: [528], writable: [1] },
    { readable: [3, 520, 5], writable: [1] },
  ])('of a write may be cut anywhere: %o', async (cut) => {
    const { send, bytes } = await running();
    const from = Uint8Array.from({ length: 512 }, (_, index) => index);
    expect((await send({ type: OUT, sector: 9, from, cut })).status).toBe(OK);
    expect(bytes.subarray(9 * 512, 10 * 512)).toEqual(from);
    expect([bytes[9 * 512 - 1], bytes[10 * 512]]).toEqual([9, 11]);
  });
});

describe('a bad request gets its status and touches nothing', () => {
  const last = SECTORS - 1;
  const cases: [string, DriverRequest, number][] = [
    ['a read past the end', { type: IN, sector: last, room: 1024 }, IOERR],
    ['a read that begins at the end', { type: IN, sector: SECTORS, room: 512 }, IOERR],
    ['a sector whose byte offset wraps 64 bits', { type: IN, sector: 2n ** 55n, room: 512 }, IOERR],
    ['the last sector there could be', { type: IN, sector: 2n ** 64n - 1n, room: 512 }, IOERR],
    ['part of a sector', { type: IN, sector: 0, room: 100 }, IOERR],
    ['a write past the end', { type: OUT, sector: last, from: new Uint8Array(1024) }, IOERR],
    ['a write at a sector that wraps', { type: OUT, sector: 2n ** 55n, from: new Uint8Array(512) }, IOERR],
    ['a write of part of a sector', { type: OUT, sector: 0, from: new Uint8Array(511) }, IOERR],
    ['an identity with too little room', { type: GET_ID, room: 19 }, IOERR],
    ['an unknown type', { type: 77 }, UNSUPP],
    ['a SCSI command of the legacy interface', { type: 2, room: 64 }, UNSUPP],
    ['a secure erase', { type: 14, from: blkRanges([0, 1]) }, UNSUPP],
    ['a discard with the unmap flag', { type: DISCARD, from: blkRanges([0, 1, 1]) }, UNSUPP],
    ['a discard with an unknown flag', { type: DISCARD, from: blkRanges([0, 1, 2 ** 31]) }, UNSUPP],
    ['a discard past the end', { type: DISCARD, from: blkRanges([0, 1], [last, 2]) }, IOERR],
    ['a discard of nothing', { type: DISCARD, from: blkRanges() }, IOERR],
    ['a discard of half a range', { type: DISCARD, from: blkRanges([0, 1]).subarray(0, 15) }, IOERR],
    ['a discard of more ranges than told', { type: DISCARD, from: blkRanges(...new Array(17).fill([0, 1])) }, IOERR],
    ['zeroes with an unknown flag', { type: WRITE_ZEROES, from: blkRanges([0, 1, 2]) }, UNSUPP],
    ['zeroes past the end', { type: WRITE_ZEROES, from: blkRanges([2n ** 55n, 1]) }, IOERR],
    ['zeroes of 2^32 - 1 sectors', { type: WRITE_ZEROES, from: blkRanges([0, 2 ** 32 - 1]) }, IOERR],
  ];
  test.each(cases)('%s', async (_, request, status) => {
    const { send, bytes, faults } = await running();
    const before = bytes.slice();
    const reply = await send(request);
    expect([reply.status, reply.length]).toEqual([status, request.room ? 0 : 1]);
    expect(Buffer.compare(bytes, before)).toBe(0);
    expect(faults).toEqual([]);
    expect((await send({ type: IN, room: 512 })).status).toBe(OK);
  });

  test('a header that is cut short', async () => {
    const { send } = await running();
    const cut = { readable: [15], writable: [512, 1] };
    expect(await send({ type: IN, room: 512, cut })).toMatchObject({ status: IOERR, length: 0 });
  });

  test('no place for a status: the device asks for a reset', async () => {
    const { arena, queue, transport, faults } = await running();
    transport.onQueueInterrupt = () => {};
    queue.add([{ address: arena.allocate(16), length: 16 }], []);
    queue.publish();
    transport.kick(0);
    expect(transport.status & 0x40).toBe(0x40);
    expect(faults).toEqual(['queue 0: head 0: the request has no place for its status']);
    expect(queue.takeUsed()?.len).toBe(0);
  });
});

test('ranges are discarded and zeroed, no byte more', async () => {
  const { send, bytes } = await running();
  expect((await send({ type: WRITE_ZEROES, from: blkRanges([1, 2], [6, 1, 1]) })).status).toBe(OK);
  expect((await send({ type: DISCARD, from: blkRanges([SECTORS - 1, 1]) })).status).toBe(OK);
  const firsts = [0, 1, 2, 3, 5, 6, 7, SECTORS - 2, SECTORS - 1].map((sector) => bytes[512 * sector]);
  expect(firsts).toEqual([1, 0, 0, 4, 6, 0, 8, SECTORS - 1, 0]);
  expect([bytes[511], bytes[512 * 3 - 1], bytes[512 * 6 - 1]]).toEqual([1, 0, 6]);
});

test('a read-only disk says so, and refuses what would change it', async () => {
  const bytes = new Uint8Array(1024).fill(7);
  const { send, device } = await running({ store: new MemoryBlockStore(bytes, { readonly: true }) });
  expect(device.features).toBe(0x664n);
  for (const request of [
    { type: OUT, from: new Uint8Array(512) },
    { type: DISCARD, from: blkRanges([0, 1]) },
    { type: WRITE_ZEROES, from: blkRanges([0, 1]) },
  ]) {
    expect((await send(request)).status).toBe(IOERR);
  }
  expect(bytes.every((byte) => byte === 7)).toBe(true);
  expect([await send({ type: IN, room: 512 }), await send({ type: FLUSH })]).toMatchObject([
    { status: OK },
    { status: OK },
  ]);
});

test('a store that fails is an I/O error, whether it throws or rejects', async () => {
  const store = new SlowStore(new Uint8Array(4096));
  const { send } = await running({ store });
  const read = send({ type: IN, room: 512 });
  await turn();
  store.ends.shift()?.(new Error('broken'));
  expect(await read).toMatchObject({ status: IOERR, length: 0 });
  store.discard = () => {
    throw new Error('broken at once');
  };
  expect((await send({ type: DISCARD, from: blkRanges([0, 1]) })).status).toBe(IOERR);
});

describe('a write is stable', () => {
  const [BOTH, ONLY_FLUSH, NEITHER] = [ALL, ALL & ~0x800n, ALL & ~0xa00n];
  const cases: [string, bigint, boolean, number | undefined, string[]][] = [
    ['once it is flushed, usually', BOTH, false, undefined, ['write']],
    ['once it is flushed, where only that was agreed on', ONLY_FLUSH, false, undefined, ['write']],
    ['once completed, where the driver cannot flush', NEITHER, false, undefined, ['write', 'flush']],
    ['once completed, where it can choose but not flush', ALL & ~0x200n, false, undefined, ['write', 'flush']],
    ['once completed, where the configuration says so', BOTH, true, undefined, ['write', 'flush']],
    ['once completed, where the driver wrote so', BOTH, false, 0, ['write', 'flush']],
    ['once flushed, where the driver wrote so', BOTH, true, 1, ['write']],
    ['as before, where a driver writes that may not choose', ONLY_FLUSH, false, 0, ['write']],
  ];
  test.each(cases)('%s', async (_, features, writethrough, writeback, calls) => {
    const store = new SlowStore(new Uint8Array(4096));
    const { send, device } = await running({ store, writethrough, choice: { features } });
    if (writeback !== undefined) device.writeConfig(32, 1, writeback);
    expect(device.readConfig(32, 1)).toBe(calls.length === 1 ? 1 : 0);
    const write = send({ type: OUT, from: new Uint8Array(512) });
    for (const _call of calls) {
      await turn();
      store.ends.shift()?.();
    }
    expect((await write).status).toBe(OK);
    expect(store.log).toEqual(calls);
  });
});

test('requests end in any order, several at a time', async () => {
  const store = new SlowStore(new Uint8Array(4096));
  const { send } = await running({ store });
  const order: number[] = [];
  const sent = [0, 1, 2].map((sector) => send({ type: IN, sector, room: 512 }).then(() => order.push(sector)));
  await turn();
  expect(store.ends).toHaveLength(3);
  for (const which of [2, 0, 1]) {
    store.ends[which]?.();
    await turn();
    await turn();
  }
  await Promise.all(sent);
  expect(order).toEqual([2, 0, 1]);
});

test('a reset waits for requests under way, which then touch nothing of the guest', async () => {
  const store = new SlowStore(new Uint8Array(4096));
  const { send, transport, arena } = await running({ store });
  let answered = false;
  void send({ type: OUT, from: new Uint8Array(512) }).then(() => {
    answered = true;
  });
  await turn();
  const reset = resetDevice(transport);
  for (let turns = 0; turns < 5; turns += 1) await turn();
  expect(transport.status).not.toBe(0);
  store.ends[0]?.();
  await reset;
  expect([transport.status, answered]).toEqual([0, false]);
  const [queue] = await startDevice(transport, arena, { features: ALL });
  if (queue === undefined) throw new Error('no queue');
  const again = new BlkDriver(transport, queue, arena).send({ type: GET_ID, room: 20 });
  expect((await again).status).toBe(OK);
});

test('after a reset of its queue alone the new queue is served', async () => {
  const { arena, faults, send, transport } = await running({ choice: { features: ALL, queueReset: true } });
  expect((await send({ type: FLUSH })).status).toBe(OK);
  await resetQueue(transport, 0);
  const queue = makeDriverQueue(arena, { size: 8 });
  transport.enableQueue(0, queue.ring);
  const again = new BlkDriver(transport, queue, arena).send({ type: GET_ID, room: 20 });
  const silence = (async () => {
    for (let turns = 0; turns < 20; turns += 1) await turn();
    return undefined;
  })();
  expect((await Promise.race([again, silence]))?.status).toBe(OK);
  expect(faults).toEqual([]);
});

test('a driver that keeps the ring full leaves turns to others', async () => {
  const { arena, queue, transport } = await running();
  transport.onQueueInterrupt = () => {};
  for (let i = 0; i < 40; i += 1) {
    const [header, status] = [arena.allocate(16), arena.allocate(1)];
    new DataView(arena.bytes(header, 16).buffer, header, 16).setUint32(0, FLUSH, true);
    queue.add([{ address: header, length: 16 }], [{ address: status, length: 1 }]);
  }
  queue.publish();
  transport.kick(0);
  const taken = () => {
    let count = 0;
    while (queue.takeUsed() !== undefined) count += 1;
    return count;
  };
  expect(taken()).toBe(32);
  await turn();
  expect(taken()).toBe(8);
});
