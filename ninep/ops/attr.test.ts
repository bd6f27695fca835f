import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { AttributeChange, Attributes } from '../backend.ts';
import { setattrBody } from '../client/setattr.ts';
import { attached } from '../contract/sessions.ts';
import { STUB_QID, stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { fidNumber as fid, NOFID } from '../wire-types.ts';

const ATTRIBUTES: Attributes = {
  valid: 0xffff_ffff_ffff_ffffn,
  qid: STUB_QID,
  mode: 0o100644,
  uid: 1,
  gid: 2,
  nlink: 3n,
  rdev: 4n,
  size: 5n,
  blksize: 4096n,
  blocks: 6n,
  atime: { seconds: 7n, nanoseconds: 8 },
  mtime: { seconds: -9n, nanoseconds: 10 },
  ctime: { seconds: 11n, nanoseconds: 12 },
  btime: { seconds: 13n, nanoseconds: 14 },
  gen: 15n,
  dataVersion: 16n,
};

describe('Tgetattr', () => {
  test('answers what the backend says, with no bits the protocol does not have', async () => {
    const masks: bigint[] = [];
    const node = stubNode({
      getattr(mask) {
        masks.push(mask);
        return ATTRIBUTES;
      },
    });
    const { client } = await attached(stubBackend(node), { msize: 4096 });
    expect(await client.call('Tgetattr', { fid: fid(0), request_mask: 0x17ffn })).toEqual({
      valid: 0x3fffn,
      qid: STUB_QID,
      mode: 0o100644,
      uid: 1,
      gid: 2,
      nlink: 3n,
      rdev: 4n,
      size: 5n,
      blksize: 4096n,
      blocks: 6n,
      atime_sec: 7n,
      atime_nsec: 8n,
      mtime_sec: 0xffff_ffff_ffff_fff7n,
      mtime_nsec: 10n,
      ctime_sec: 11n,
      ctime_nsec: 12n,
      btime_sec: 13n,
      btime_nsec: 14n,
      gen: 15n,
      data_version: 16n,
    });
    expect(masks).toEqual([0x17ffn]);
  });

  test.each([
    [4096n, 512_000, 507_904n],
    [4096n, 8192, 4096n],
    [4096n, 8192 + 24, 8192n],
    [512n, 4096, 3584n],
    [1n << 20n, 65_536, 1n << 20n],
    [0n, 65_536, 0n],
  ])('a block of %i with msize %i is told as %i', async (blksize, msize, told) => {
    const node = stubNode({ getattr: () => ({ ...ATTRIBUTES, blksize }) });
    const { client } = await attached(stubBackend(node));
    client.msize = msize;
    await client.version();
    await client.call('Tattach', { fid: fid(0), afid: NOFID, uname: utf8(''), aname: utf8(''), n_uname: 0 });
    expect((await client.call('Tgetattr', { fid: fid(0), request_mask: 0n })).blksize).toBe(told);
  });
});

describe('Tsetattr', () => {
  async function changes(...valids: number[]): Promise<AttributeChange[]> {
    const seen: AttributeChange[] = [];
    const node = stubNode({ setattr: (change) => void seen.push(change) });
    const { client } = await attached(stubBackend(node));
    const values = { mode: 0o177777, uid: 1, gid: 2, size: 3n };
    const times = { atime_sec: 4n, atime_nsec: 5n, mtime_sec: (1n << 64n) - 6n, mtime_nsec: 7n };
    for (const valid of valids) await client.call('Tsetattr', { fid: fid(0), valid, ...values, ...times });
    return seen;
  }

  test('reduces the message to what is asked for', async () => {
    const atime = { seconds: 4n, nanoseconds: 5 };
    const mtime = { seconds: -6n, nanoseconds: 7 };
    expect(await changes(0, 1, 2, 4, 8, 0x10, 0x20, 0x90, 0x120, 0x40, 0x41, 0x80)).toEqual([
      {},
      { mode: 0o7777 },
      { uid: 1 },
      { gid: 2 },
      { size: 3n },
      { atime: 'now' },
      { mtime: 'now' },
      { atime },
      { mtime },
      { ctime: true },
      { mode: 0o7777 },
      {},
    ]);
    expect(await changes(0x1ff)).toEqual([{ mode: 0o7777, uid: 1, gid: 2, size: 3n, atime, mtime }]);
  });

  test('goes to the open file where that takes it', async () => {
    const seen: string[] = [];
    const file = stubFile({ setattr: () => void seen.push('file') });
    const files = [file, stubFile()];
    const node = stubNode({ open: () => files.shift() ?? stubFile(), setattr: () => void seen.push('node') });
    const { client } = await attached(stubBackend(node));
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    await client.call('Tsetattr', setattrBody(fid(0), { size: 0n }));
    await client.call('Tlopen', { fid: fid(0), flags: 2 });
    await client.call('Tsetattr', setattrBody(fid(0), { size: 0n }));
    await client.call('Tlopen', { fid: fid(1), flags: 2 });
    await client.call('Tsetattr', setattrBody(fid(1), { size: 0n }));
    expect(seen).toEqual(['node', 'file', 'node']);
  });
});
