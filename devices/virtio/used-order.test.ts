import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Gpa } from '../ports.ts';
import { BlkDevice } from './blk-device.ts';
import type { VirtioDevice } from './device.ts';
import { BLK_TYPE, BlkDriver } from './fake-driver/blk-driver.ts';
import { type DriverTransport, startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { WAYS } from './fake-driver/ways.ts';
import { MemoryBlockStore } from './memory-block-store.ts';
import { USED } from './queue-layout.ts';
import { RngDevice } from './rng-device.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const defer = (work: () => void) => void setImmediate(work);

afterEach(() => {
  jest.restoreAllMocks();
});

/** Calls `seen` when the device is about to store one of these words, just before it does. */
function beforeStores(within: { readonly at: number; readonly length: number }, seen: () => void): void {
  const store = Atomics.store;
  jest.spyOn(Atomics, 'store').mockImplementation(((words: Uint16Array, index: number, value: number) => {
    const at = words.byteOffset + index * words.BYTES_PER_ELEMENT;
    if (at >= within.at && at < within.at + within.length) seen();
    return store(words, index, value);
  }) as typeof Atomics.store);
}

async function running(device: VirtioDevice, packed: boolean) {
  const ram = GuestRam.ofLength(0x10_0000);
  const arena = new Arena(ram, 0, 0x10_0000);
  const parts = { device, memory: ram, rings: { packed: true }, trace: { guestFault: () => {} }, wait: turn };
  const transport: DriverTransport = WAYS['modern PCI'](parts);
  const [queue] = await startDevice(transport, arena, { packed });
  if (queue === undefined) throw new Error('no queue');
  await turn();
  return { arena, transport, queue };
}

function send({ transport, queue }: { transport: DriverTransport; queue: DriverVirtqueue }): void {
  queue.publish();
  transport.kick(0);
}

const DEVICES: [string, () => VirtioDevice][] = [
  ['entropy', () => new RngDevice({ random: (into) => into.fill(0x5a), defer })],
  ['block', () => new BlkDevice({ store: new MemoryBlockStore(new Uint8Array(4096).fill(0x5a)), defer })],
];

describe.each(DEVICES)('the %s device', (kind, make) => {
  test.each([
    ['split', 'idx'],
    ['packed', 'flags'],
  ])('has written data and length of a %s ring before %s shows the buffer', async (format) => {
    const packed = format === 'packed';
    const life = await running(make(), packed);
    const { arena, queue } = life;
    const [header, data, status] = [arena.allocate(16), arena.allocate(512), arena.allocate(1)];
    arena.bytes(header, 16)[0] = BLK_TYPE.IN;
    const writable = [
      { address: data, length: 512 },
      { address: status, length: 1 },
    ];
    queue.add(kind === 'block' ? [{ address: header, length: 16 }] : [], writable);
    const { desc, device } = queue.ring.areas;
    const seen: number[] = [];
    /** The descriptor but for its flags, or the entry of the used ring. */
    const entry = () => [...arena.bytes((packed ? desc : device + USED.ring) as Gpa, packed ? 14 : 8)];
    let shown: number[] = [];
    const len = packed ? desc + 8 : device + USED.ring + 4;
    // The word that makes the entry used: the first descriptor's flags, or idx of the used ring.
    const shows = packed ? { at: desc + 14, length: 2 } : { at: device + USED.idx, length: 2 };
    queue.publish();
    beforeStores(shows, () => {
      const written = arena.bytes(data, 512).filter((byte) => byte === 0x5a).length;
      seen.push(written, new DataView(arena.bytes(len as Gpa, 4).slice().buffer).getUint32(0, true));
      shown = entry();
    });
    send(life);
    await turn();
    expect(seen).toEqual([512, 513]);
    expect(entry()).toEqual(shown);
    expect(queue.takeUsed()?.len).toBe(513);
  });
});

test.each([{ packed: false }, { packed: true }])(
  'what a device may only read is as it was afterwards (%j)',
  async ({ packed }) => {
    const device = new BlkDevice({ store: new MemoryBlockStore(new Uint8Array(4096)), defer });
    const life = await running(device, packed);
    const { arena, queue } = life;
    for (const type of [BLK_TYPE.IN, BLK_TYPE.OUT, BLK_TYPE.FLUSH, BLK_TYPE.DISCARD, 77]) {
      const [header, data, status] = [arena.allocate(16), arena.allocate(512), arena.allocate(1)];
      arena.bytes(data, 512).fill(0xa5);
      arena.bytes(header, 16)[0] = type;
      const readable = [
        { address: header, length: 16 },
        { address: data, length: 512 },
      ];
      queue.add(readable, [{ address: status, length: 1 }]);
      const before = readable.map(({ address, length }) => [...arena.bytes(address, length)]);
      send(life);
      await turn();
      expect(queue.takeUsed()?.len).toBe(1);
      expect(readable.map(({ address, length }) => [...arena.bytes(address, length)])).toEqual(before);
    }
  },
);

test('a flush ends when the store has flushed, and not before', async () => {
  let flushed = () => {};
  const store = new MemoryBlockStore(new Uint8Array(4096));
  store.flush = () =>
    new Promise<void>((resolve) => {
      flushed = resolve;
    });
  const { transport, queue, arena } = await running(new BlkDevice({ store, defer }), false);
  const log: string[] = [];
  const flush = new BlkDriver(transport, queue, arena).send({ type: BLK_TYPE.FLUSH }).then(({ status }) => {
    log.push(`status ${status}`);
  });
  for (let i = 0; i < 3; i += 1) await turn();
  log.push('on the medium');
  flushed();
  await flush;
  expect(log).toEqual(['on the medium', 'status 0']);
});
