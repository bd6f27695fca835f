import { expect, test } from '@jest/globals';
import { Arena, GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { makeDriverQueue } from '../../devices/virtio/fake-driver/make-driver-queue.ts';
import { ramChanges } from './ram-changes.ts';
import { partAt, ramParts } from './ram-parts.ts';
import { DriverRequests } from './requests.ts';

const LENGTH = 0x2_0000;

function requestsWith(options: { readonly packed?: boolean; readonly indirect?: boolean }): DriverRequests {
  const arena = new Arena(GuestRam.ofLength(LENGTH), 0x1000, LENGTH - 0x1000);
  return new DriverRequests(
    makeDriverQueue(arena, { size: 8, ...options }),
    arena,
    options.packed ? 'packed' : 'split',
  );
}

test.each([[false], [true]])('the areas and the buffers of a request are found in RAM, packed %s', (packed) => {
  const requests = requestsWith({ packed });
  requests.place(new Uint8Array(23), 100);
  requests.queue.publish();
  const parts = ramParts(requests, LENGTH);
  expect(parts.map(({ kind }) => kind)).toEqual(['desc', 'driver', 'device', 'readable', 'writable']);
  expect(parts.slice(3).map(({ length }) => length)).toEqual([23, 100]);
  expect(partAt(parts, requests.queue.ring.areas.driver)?.kind).toBe('driver');
  expect(partAt(parts, 0)).toBeUndefined();
});

test('a table and what it points to are found through the descriptor that refers to it', () => {
  const requests = requestsWith({ indirect: true });
  requests.place(new Uint8Array(23), 100);
  const parts = ramParts(requests, LENGTH).slice(3);
  expect(parts.map(({ kind, length }) => [kind, length])).toEqual([
    ['indirect', 32],
    ['readable', 23],
    ['writable', 100],
  ]);
});

test('descriptors that point outside RAM make no part', () => {
  const requests = requestsWith({});
  requests.split.setDescriptor(0, { addr: 1n << 60n, len: 16 });
  requests.split.setDescriptor(1, { addr: LENGTH - 8, len: 9 });
  expect(ramParts(requests, LENGTH)).toHaveLength(3);
});

test('requests are as many as there is room for, and not larger', () => {
  const requests = requestsWith({});
  for (let placed = 0; placed < 4; placed += 1) requests.place(new Uint8Array(7));
  expect(() => requests.place(new Uint8Array(7))).toThrow('4 requests are under way: take a reply first');
  expect(() => requests.place(new Uint8Array(8193))).toThrow('a request and its reply have 8192 bytes at most');
});

test('changes next to each other are one, of one part', () => {
  const [before, after] = [new Uint8Array(64), new Uint8Array(64)];
  after.set([1, 1, 0, 0, 1], 10);
  after.set([1, 1], 31);
  const part = { kind: 'desc', name: 'table', address: 0, length: 32 } as const;
  expect(ramChanges(before, after, [part])).toEqual([
    { address: 10, length: 5, part: 'table', offset: 10, bytes: Uint8Array.of(1, 1, 0, 0, 1) },
    { address: 31, length: 1, part: 'table', offset: 31, bytes: Uint8Array.of(1) },
    { address: 32, length: 1, part: '', offset: 0, bytes: Uint8Array.of(1) },
  ]);
});
