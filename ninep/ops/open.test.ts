import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { fidNumber as fid } from '../wire-types.ts';

describe('open flags', () => {
  test.each([
    ['access modes, as they are', 0o2, 0o2],
    ['O_TRUNC, O_APPEND, O_NONBLOCK, O_DSYNC, O_SYNC, O_DIRECTORY, O_NOATIME', 0o5217000, 0o5217000],
    ['not O_CREAT, O_EXCL, O_NOCTTY', 0o700, 0],
    ['not FASYNC, O_DIRECT, O_LARGEFILE, O_NOFOLLOW, O_CLOEXEC', 0o2560000, 0],
    ['not the bits nobody knows', 0o37770000000, 0],
  ])('a backend gets %s', async (_, sent, passed) => {
    const seen: number[] = [];
    const node = stubNode({
      open(flags) {
        seen.push(flags);
        return stubFile();
      },
    });
    const { client } = await attached(stubBackend(node));
    await client.call('Tlopen', { fid: fid(0), flags: sent });
    expect(seen).toEqual([passed]);
  });

  test('create passes O_EXCL, and the permission bits of the mode only', async () => {
    const seen: number[][] = [];
    const node = stubNode({
      create(_name, flags, mode, gid) {
        seen.push([flags, mode, gid]);
        return { node: stubNode(), file: stubFile() };
      },
    });
    const { client } = await attached(stubBackend(node));
    await client.call('Tlcreate', { fid: fid(0), name: utf8('x'), flags: 0o40302, mode: 0o177777, gid: 9 });
    expect(seen).toEqual([[0o202, 0o7777, 9]]);
  });

  test('an access mode of 3 is EINVAL', async () => {
    const { client } = await attached(stubBackend(stubNode()));
    await expect(client.call('Tlopen', { fid: fid(0), flags: 3 })).rejects.toBe(errno('EINVAL'));
    const create = client.call('Tlcreate', { fid: fid(0), name: utf8('x'), flags: 3, mode: 0, gid: 0 });
    await expect(create).rejects.toBe(errno('EINVAL'));
  });

  test('after a create the fid is the file', async () => {
    const file = stubNode({ qid: { type: 0, version: 0, path: 77n }, getattr: () => Promise.reject(errno('EROFS')) });
    const node = stubNode({ create: () => ({ node: file, file: stubFile({ read: () => 0 }) }) });
    const { client } = await attached(stubBackend(node));
    await client.call('Tlcreate', { fid: fid(0), name: utf8('x'), flags: 2, mode: 0o600, gid: 0 });
    await expect(client.call('Tgetattr', { fid: fid(0), request_mask: 1n })).rejects.toBe(errno('EROFS'));
    expect((await client.call('Tread', { fid: fid(0), offset: 0n, count: 1 })).data.length).toBe(0);
  });
});
