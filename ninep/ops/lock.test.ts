import { expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { LockRange } from '../backend.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { fidNumber } from '../wire-types.ts';

const OFFSET_MAX = (1n << 63n) - 1n;
const fid = fidNumber(0);

/** Asks for locks on a file that grants them all; what it was asked for. */
async function asked(...ranges: readonly (readonly [start: bigint, length: bigint])[]) {
  const seen: LockRange[] = [];
  const note = (range: LockRange) => {
    seen.push(range);
    return undefined;
  };
  const file = stubFile({ lock: (range) => note(range) ?? 0, getlock: note });
  const { client, bugs } = await attached(stubBackend(stubNode({ open: () => file })));
  await client.call('Tlopen', { fid, flags: 2 });
  const common = { fid, type: 1, proc_id: 1, client_id: utf8('guest') };
  for (const [start, length] of ranges) {
    await client.call('Tlock', { ...common, flags: 0, start, length });
    await client.call('Tgetlock', { ...common, start, length });
  }
  expect(bugs).toEqual([]);
  return seen.map(({ start, length }) => [start, length]);
}

test('a range up to the last byte a file can have is one to its end, and a shorter one is not', async () => {
  const ranges = [
    [0n, 1n << 63n],
    [5n, OFFSET_MAX - 4n],
    [OFFSET_MAX, 1n],
    [0n, OFFSET_MAX],
  ] as const;
  const expected = [
    [0n, 0n],
    [5n, 0n],
    [OFFSET_MAX, 0n],
    [0n, OFFSET_MAX],
  ];
  expect(await asked(...ranges)).toEqual(expected.flatMap((range) => [range, range]));
});

test.each([
  ['beyond it', OFFSET_MAX + 1n, 1n],
  ['past it', OFFSET_MAX, 2n],
  ['of all bytes and one more', 0n, (1n << 63n) + 1n],
  ['whose end wraps', 1n, (1n << 64n) - 1n],
])('a range %s is EINVAL', async (_, start, length) => {
  await expect(asked([start, length])).rejects.toBe(errno('EINVAL'));
});
