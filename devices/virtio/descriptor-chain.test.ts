import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../ports.ts';
import { BufferViews } from './buffer-views.ts';
import { ChainSegments } from './chain-segments.ts';
import { readChain } from './descriptor-chain.ts';
import { type Descriptor, putDescriptor } from './fake-driver/driver-ring.ts';
import { GuestRam } from './fake-driver/guest-ram.ts';

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

/** RAM with the hole of a PC in small: 0 to 0x10000, then 0x20000 to 0x30000. */
const TABLE_AT = 0x1000;
const INDIRECT_AT = 0x8000;
const SIZE = 8;

function read(table: readonly Descriptor[], indirectTable: readonly Descriptor[] = [], indirect = true, head = 0) {
  const memory = new GuestRam([
    { base: 0, length: 0x10000 },
    { base: 0x20000, length: 0x10000 },
  ]);
  const dataView = (address: number, length: number): DataView => {
    const bytes = memory.view(address as Gpa, length);
    if (bytes === undefined) throw new Error('test outside RAM');
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  const tableView = dataView(TABLE_AT, SIZE * 16);
  table.forEach((descriptor, i) => {
    putDescriptor(tableView, i * 16, descriptor);
  });
  indirectTable.forEach((descriptor, i) => {
    putDescriptor(dataView(INDIRECT_AT, 0x4000), i * 16, descriptor);
  });
  return readChain(
    new ChainSegments({ queue: 0, size: SIZE, buffers: new BufferViews(memory), indirect }),
    tableView,
    head,
  );
}

function reasonOf(...args: Parameters<typeof read>): string {
  const outcome = read(...args);
  return outcome.kind === 'fault' ? outcome.reason : 'chain';
}

function shape(...args: Parameters<typeof read>) {
  const outcome = read(...args);
  if (outcome.kind === 'fault') return outcome.message;
  return {
    readable: outcome.readable.map((s) => [s.byteOffset, s.length]),
    writable: outcome.writable.map((s) => [s.byteOffset, s.length]),
    lengths: [outcome.readableLength, outcome.writableLength],
  };
}

/** What memory behind real views does with a length that none of them has. */
function withinOneView(length: number): number {
  if (length > 2 ** 30) throw new RangeError(`${length} bytes are more than one view holds`);
  return length;
}

/** `count` descriptors of 1 byte, each linked to the one after it. */
function run(count: number): Descriptor[] {
  return Array.from({ length: count }, (_, i) => ({
    addr: 0x4000 + i,
    len: 1,
    flags: i === count - 1 ? 0 : NEXT,
    next: i + 1,
  }));
}

describe('a chain is refused when', () => {
  test.each<[string, readonly Descriptor[], readonly Descriptor[], string]>([
    ['a descriptor is its own next', [{ addr: 0, len: 1, flags: NEXT, next: 0 }], [], 'chain-too-long'],
    [
      'two descriptors loop',
      [
        { addr: 0, len: 1, flags: NEXT, next: 1 },
        { addr: 0, len: 1, flags: NEXT, next: 0 },
      ],
      [],
      'chain-too-long',
    ],
    ['zero-length descriptors loop', [{ addr: 0, len: 0, flags: NEXT, next: 0 }], [], 'chain-too-long'],
    ['next is the queue size', [{ addr: 0, len: 1, flags: NEXT, next: 8 }], [], 'next-range'],
    ['next is 65535', [{ addr: 0, len: 1, flags: NEXT, next: 65535 }], [], 'next-range'],
    [
      'a readable part follows a writable one',
      [
        { addr: 0, len: 1, flags: NEXT | WRITE, next: 1 },
        { addr: 0, len: 1 },
      ],
      [],
      'readable-after-writable',
    ],
    [
      'a readable part of length 0 follows a writable one',
      [
        { addr: 0, len: 1, flags: NEXT | WRITE, next: 1 },
        { addr: 0, len: 0 },
      ],
      [],
      'readable-after-writable',
    ],
    ['a buffer starts in the hole', [{ addr: 0x10000, len: 1 }], [], 'buffer-outside-ram'],
    ['a buffer reaches one byte into the hole', [{ addr: 0xfff0, len: 17 }], [], 'buffer-outside-ram'],
    ['a buffer spans the hole', [{ addr: 0xfff0, len: 0x10020 }], [], 'buffer-outside-ram'],
    ['a buffer wraps at 2^64', [{ addr: 0xffff_ffff_ffff_ffffn, len: 2 }], [], 'buffer-outside-ram'],
    ['a buffer is at 2^53', [{ addr: 1n << 53n, len: 1 }], [], 'buffer-outside-ram'],
    ['a buffer of 4 GiB - 1 starts in RAM', [{ addr: 0, len: 0xffff_ffff }], [], 'buffer-outside-ram'],
    ['an indirect table is empty', [{ addr: INDIRECT_AT, len: 0, flags: INDIRECT }], [], 'indirect-length'],
    ['an indirect table has 17 bytes', [{ addr: INDIRECT_AT, len: 17, flags: INDIRECT }], [], 'indirect-length'],
    ['an indirect table lies in the hole', [{ addr: 0x10000, len: 16, flags: INDIRECT }], [], 'indirect-outside-ram'],
    [
      'an indirect descriptor has a next',
      [
        { addr: INDIRECT_AT, len: 16, flags: INDIRECT | NEXT, next: 1 },
        { addr: 0, len: 1 },
      ],
      run(1),
      'indirect-with-next',
    ],
    [
      'an indirect table holds another',
      [{ addr: INDIRECT_AT, len: 16, flags: INDIRECT }],
      [{ addr: INDIRECT_AT, len: 16, flags: INDIRECT }],
      'indirect-nested',
    ],
    [
      'next in an indirect table is its number of entries',
      [{ addr: INDIRECT_AT, len: 32, flags: INDIRECT }],
      [{ addr: 0, len: 1, flags: NEXT, next: 2 }],
      'next-range',
    ],
    [
      'an indirect table loops',
      [{ addr: INDIRECT_AT, len: 16, flags: INDIRECT }],
      [{ addr: 0, len: 1, flags: NEXT, next: 0 }],
      'chain-too-long',
    ],
    [
      'an indirect chain is longer than the queue',
      [{ addr: INDIRECT_AT, len: 9 * 16, flags: INDIRECT }],
      run(9),
      'chain-too-long',
    ],
    [
      'direct and indirect descriptors together are more than the queue size',
      [
        { addr: 0, len: 1, flags: NEXT, next: 1 },
        { addr: INDIRECT_AT, len: 8 * 16, flags: INDIRECT },
      ],
      run(8),
      'chain-too-long',
    ],
  ])('%s', (_, table, indirectTable, reason) => {
    expect(reasonOf(table, indirectTable)).toBe(reason);
  });

  test('it is indirect and that was not negotiated', () => {
    expect(reasonOf([{ addr: INDIRECT_AT, len: 16, flags: INDIRECT }], run(1), false)).toBe('indirect-not-negotiated');
  });

  test('its indirect table is longer than memory can be seen at once and goes on behind what next can name', () => {
    const table = new Uint8Array(2 ** 20);
    putDescriptor(new DataView(table.buffer), 0, { addr: 0, len: 0, flags: NEXT, next: 65535 });
    const memory = { view: (_at: Gpa, length: number) => table.subarray(0, withinOneView(length)) };
    const bytes = new DataView(new ArrayBuffer(16));
    putDescriptor(bytes, 0, { addr: 0, len: 2 ** 30 + 16, flags: INDIRECT });
    const segments = new ChainSegments({ queue: 0, size: 4, buffers: new BufferViews(memory), indirect: true });
    expect(readChain(segments, bytes, 0)).toMatchObject({ kind: 'chain', readableLength: 0 });
  });

  test('its buffers exceed 2^32 bytes, and is not at 2^32', () => {
    // Memory that claims to have everything, so that lengths alone decide.
    const one = new Uint8Array(1);
    const memory = { view: () => one };
    const bytes = new DataView(new ArrayBuffer(3 * 16));
    putDescriptor(bytes, 0, { addr: 0, len: 0xffff_ffff, flags: NEXT, next: 1 });
    putDescriptor(bytes, 16, { addr: 0, len: 1, flags: NEXT | WRITE, next: 2 });
    putDescriptor(bytes, 32, { addr: 0, len: 0, flags: WRITE });
    const segments = new ChainSegments({ queue: 0, size: 4, buffers: new BufferViews(memory), indirect: false });
    expect(readChain(segments, bytes, 0)).toMatchObject({
      kind: 'chain',
      readableLength: 0xffff_ffff,
      writableLength: 1,
    });
    putDescriptor(bytes, 32, { addr: 0, len: 1, flags: WRITE });
    expect(readChain(segments, bytes, 0)).toMatchObject({ kind: 'fault', reason: 'chain-too-large' });
  });
});

describe('a chain is read', () => {
  test('in pieces where a buffer is longer than memory can be seen at once', () => {
    const seen: [at: number, length: number][] = [];
    const memory = {
      view(at: Gpa, length: number) {
        seen.push([at, withinOneView(length)]);
        return new Uint8Array(1);
      },
    };
    const bytes = new DataView(new ArrayBuffer(16));
    putDescriptor(bytes, 0, { addr: 0x1_0000_0000, len: 0xffff_ffff, flags: WRITE });
    const segments = new ChainSegments({ queue: 0, size: 4, buffers: new BufferViews(memory), indirect: false });
    expect(readChain(segments, bytes, 0)).toMatchObject({ kind: 'chain', writableLength: 0xffff_ffff });
    expect(seen).toEqual([
      [0x1_0000_0000, 0x4000_0000],
      [0x1_4000_0000, 0x4000_0000],
      [0x1_8000_0000, 0x4000_0000],
      [0x1_c000_0000, 0x3fff_ffff],
    ]);
  });

  test('into its readable and writable parts, in order', () => {
    expect(
      shape([
        { addr: 0x2000, len: 7, flags: NEXT, next: 3 },
        { addr: 0x3000, len: 16, flags: WRITE },
        { addr: 0, len: 0 },
        { addr: 0x2800, len: 9, flags: NEXT, next: 4 },
        { addr: 0x5000, len: 11, flags: NEXT | WRITE, next: 1 },
      ]),
    ).toEqual({
      readable: [
        [0x2000, 7],
        [0x2800, 9],
      ],
      writable: [
        [0x5000, 11],
        [0x3000, 16],
      ],
      lengths: [16, 27],
    });
  });

  test('with as many descriptors as the queue has', () => {
    expect(reasonOf(run(8))).toBe('chain');
    expect(reasonOf([{ addr: INDIRECT_AT, len: 8 * 16, flags: INDIRECT }], run(8))).toBe('chain');
  });

  test('from an indirect table larger than the queue, at an odd address, behind an ordinary descriptor, its WRITE flag ignored', () => {
    expect(
      shape(
        [
          { addr: 0x2000, len: 3, flags: NEXT, next: 1 },
          { addr: INDIRECT_AT, len: 100 * 16, flags: INDIRECT | WRITE },
        ],
        [
          { addr: 0x3000, len: 5, flags: NEXT, next: 99 },
          ...Array.from({ length: 98 }, () => ({ addr: 0, len: 0 })),
          { addr: 0x4000, len: 6, flags: WRITE },
        ],
      ),
    ).toEqual({
      readable: [
        [0x2000, 3],
        [0x3000, 5],
      ],
      writable: [[0x4000, 6]],
      lengths: [8, 6],
    });
  });

  test('without the descriptors of length 0, wherever they point', () => {
    expect(
      shape([
        { addr: 0x10000, len: 0, flags: NEXT, next: 1 },
        { addr: 0x2000, len: 2, flags: NEXT, next: 2 },
        { addr: 0xffff_ffff_ffff_ffffn, len: 0, flags: WRITE },
      ]),
    ).toEqual({ readable: [[0x2000, 2]], writable: [], lengths: [2, 0] });
  });

  test('with buffers that lie side by side as one segment, but for the end of a part', () => {
    const page = (addr: number, flags: number, next: number) => ({ addr, len: 0x1000, flags: flags | NEXT, next });
    expect(
      shape([
        page(0x2000, 0, 1),
        page(0x3000, 0, 2),
        page(0x4000, WRITE, 3),
        { addr: 0, len: 0, flags: NEXT | WRITE, next: 4 },
        page(0x5000, WRITE, 5),
        page(0x8000, WRITE, 6),
        page(0x7000, WRITE, 7),
        { addr: 0x8000, len: 7, flags: WRITE },
      ]),
    ).toEqual({
      readable: [[0x2000, 0x2000]],
      writable: [
        [0x4000, 0x2000],
        [0x8000, 0x1000],
        [0x7000, 0x1007],
      ],
      lengths: [0x2000, 0x4007],
    });
  });

  test('with buffers apart that lie side by side in the host’s memory alone', () => {
    const host = new ArrayBuffer(0x4000);
    // RAM below and above a hole, one after the other in the host's memory.
    const view = (at: Gpa, length: number) => {
      const offset = at < 0x2000 ? at : at - 0x10_0000 + 0x2000;
      const end = at < 0x2000 ? 0x2000 : 0x4000;
      return offset < 0 || offset + length > end ? undefined : new Uint8Array(host, offset, length);
    };
    const segments = new ChainSegments({ queue: 0, size: 8, buffers: new BufferViews({ view }), indirect: false });
    const lengths = (...addresses: readonly number[]) => {
      const table = new DataView(new ArrayBuffer(addresses.length * 16));
      addresses.forEach((addr, i) => {
        putDescriptor(table, i * 16, { addr, len: 0x1000, flags: i < addresses.length - 1 ? NEXT : 0, next: i + 1 });
      });
      const chain = readChain(segments, table, 0);
      return chain.kind === 'fault' ? chain.message : chain.readable.map(({ length }) => length);
    };
    expect(lengths(0x1000, 0x10_0000, 0x10_1000)).toEqual([0x1000, 0x2000]);
    for (const behind of [[], [0], [0, 0x1000]]) {
      expect(lengths(0x10_0000, 0x10_1000, 0x10_2000, ...behind)).toBe(
        'queue 0: a descriptor points outside RAM (head 0: 12288 bytes at 0x100000)',
      );
    }
    expect(lengths(0x1000)).toEqual([0x1000]);
  });

  test('up to the last byte before the hole and from the first after it', () => {
    expect(
      shape([
        { addr: 0xfff0, len: 16, flags: NEXT, next: 1 },
        { addr: 0x20000, len: 16, flags: WRITE },
      ]),
    ).toMatchObject({ lengths: [16, 16] });
  });

  test('with unknown flags ignored', () => {
    expect(reasonOf([{ addr: 0, len: 1, flags: 0xfff8 }])).toBe('chain');
  });
});

test('each word of a descriptor is loaded exactly once', () => {
  const loads: number[] = [];
  const bytes = new ArrayBuffer(16);
  const table = new DataView(bytes);
  putDescriptor(table, 0, { addr: 0x2000, len: 4 });
  const spy: DataView = Object.create(table, {
    getUint32: {
      value: (at: number, littleEndian: boolean) => {
        loads.push(at);
        return table.getUint32(at, littleEndian);
      },
    },
  });
  readChain(
    new ChainSegments({ queue: 0, size: 1, buffers: new BufferViews(GuestRam.ofLength(0x4000)), indirect: false }),
    spy,
    0,
  );
  expect(loads).toEqual([0, 4, 8, 12]);
});

test('a chain keeps its parts when later chains are read, of the same buffers or others', () => {
  const memory = GuestRam.ofLength(0x4000);
  const segments = new ChainSegments({ queue: 0, size: 8, buffers: new BufferViews(memory), indirect: false });
  const table = new DataView(new ArrayBuffer(6 * 16));
  const put = (first: number, ...buffers: readonly [addr: number, len: number, flags: number][]) => {
    buffers.forEach(([addr, len, flags], i) => {
      const last = i === buffers.length - 1;
      putDescriptor(table, (first + i) * 16, { addr, len, flags: last ? flags : flags | NEXT, next: first + i + 1 });
    });
  };
  const parts = (head: number) => {
    const chain = readChain(segments, table, head);
    if (chain.kind === 'fault') throw new Error(chain.message);
    return chain;
  };
  const shown = ({ readable, writable }: ReturnType<typeof parts>) =>
    [readable, writable].map((part) => part.map((view) => [view.byteOffset, view.length]));
  put(0, [0x100, 8, 0], [0x200, 11, WRITE], [0x300, 64, WRITE]);
  put(3, [0x100, 8, 0], [0x200, 11, WRITE]);
  const [three, two] = [parts(0), parts(3)];
  put(3, [0x100, 8, 0], [0x180, 8, 0], [0x200, 11, WRITE]);
  const other = parts(3);
  expect([three, two, other].map(shown)).toEqual([
    [
      [[0x100, 8]],
      [
        [0x200, 11],
        [0x300, 64],
      ],
    ],
    [[[0x100, 8]], [[0x200, 11]]],
    [
      [
        [0x100, 8],
        [0x180, 8],
      ],
      [[0x200, 11]],
    ],
  ]);
  expect(parts(0).readable).toBe(three.readable);
});
