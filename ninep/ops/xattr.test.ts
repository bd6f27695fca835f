import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Node } from '../backend.ts';
import { gather } from '../client/client.ts';
import { counting } from '../contract/counting.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubNode } from '../contract/stubs.ts';
import { fail } from '../errno.ts';
import type { SessionOptions } from '../session.ts';
import { fidNumber as fid } from '../wire-types.ts';

const NAME = utf8('user.x');
const data = (bytes: Uint8Array) => ({ segments: [bytes], length: bytes.length });

async function withNode(given: Partial<Node>, options: SessionOptions = {}) {
  const log: string[] = [];
  const node = stubNode({
    setxattr: (name, value, flags) => void log.push(`set ${Buffer.from(name)}=${Buffer.from(value)} ${flags}`),
    removexattr: (name) => void log.push(`remove ${Buffer.from(name)}`),
    ...given,
  });
  const backend = counting(stubBackend(node));
  return { log, backend, ...(await attached(backend, options)) };
}

describe('Txattrwalk', () => {
  test('captures the value: it does not change while it is read', async () => {
    let value = utf8('first');
    const { client } = await withNode({ getxattr: () => value });
    expect(await client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: NAME })).toEqual({ size: 5n });
    value = utf8('second');
    const read = async (offset: bigint, count: number) => {
      const { data: bytes } = await client.call('Tread', { fid: fid(1), offset, count });
      return Buffer.from(gather(bytes.segments, bytes.length)).toString();
    };
    expect(await read(0n, 100)).toBe('first');
    expect(await read(3n, 100)).toBe('st');
    expect(await read(1n, 2)).toBe('ir');
    expect(await read(5n, 1)).toBe('');
    expect(await read((1n << 64n) - 1n, 1)).toBe('');
  });

  test('an empty name lists', async () => {
    const { client } = await withNode({ listxattr: () => utf8('user.a\0user.b\0') });
    expect(await client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: utf8('') })).toEqual({ size: 14n });
  });

  test('a failure leaves newfid free, and memory unused', async () => {
    const results = [() => fail('ENODATA'), () => Promise.reject(errno('EIO')), () => new Uint8Array(65_537)];
    let next = 0;
    const { client, session } = await withNode(
      { getxattr: () => results[next++]?.() ?? new Uint8Array(100) },
      { maxXattrBytes: 100 },
    );
    for (const error of ['ENODATA', 'EIO', 'E2BIG'] as const) {
      const call = client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: NAME });
      await expect(call).rejects.toBe(errno(error));
      expect(session.fidCount).toBe(1);
    }
    await client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: NAME });
  });

  test('what fids hold is bounded: ENOMEM, until one is clunked', async () => {
    const { client } = await withNode({ getxattr: () => new Uint8Array(60) }, { maxXattrBytes: 100 });
    await client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: NAME });
    const walk = () => client.call('Txattrwalk', { fid: fid(0), newfid: fid(2), name: NAME });
    await expect(walk()).rejects.toBe(errno('ENOMEM'));
    const create = client.call('Txattrcreate', { fid: fid(0), name: NAME, attr_size: 41n, flags: 0 });
    await expect(create).rejects.toBe(errno('ENOMEM'));
    await client.call('Tclunk', { fid: fid(1) });
    await walk();
  });

  test('its fid is for reading only', async () => {
    const { client } = await withNode({ getxattr: () => utf8('x') });
    await client.call('Txattrwalk', { fid: fid(0), newfid: fid(1), name: NAME });
    const misuses = [
      () => client.call('Tgetattr', { fid: fid(1), request_mask: 1n }),
      () => client.call('Tlopen', { fid: fid(1), flags: 0 }),
      () => client.call('Twalk', { fid: fid(1), newfid: fid(2), wname: [] }),
      () => client.call('Twrite', { fid: fid(1), offset: 0n, data: data(utf8('x')) }),
      () => client.call('Txattrcreate', { fid: fid(1), name: NAME, attr_size: 1n, flags: 0 }),
      () => client.call('Treaddir', { fid: fid(1), offset: 0n, count: 100 }),
      () => client.call('Tremove', { fid: fid(1) }),
    ];
    for (const misuse of misuses) await expect(misuse()).rejects.toBe(errno('EBADF'));
  });
});

describe('Txattrcreate', () => {
  const create = (attr_size: bigint, flags = 0, name = NAME) => ({ fid: fid(0), name, attr_size, flags });
  const write = (offset: bigint, text: string) => ({ fid: fid(0), offset, data: data(utf8(text)) });

  test('sets at clunk what was written in pieces', async () => {
    const { client, log, backend } = await withNode({});
    await client.call('Txattrcreate', create(7n, 1));
    expect(await client.call('Twrite', write(0n, 'abc'))).toEqual({ count: 3 });
    expect(await client.call('Twrite', write(3n, 'defg'))).toEqual({ count: 4 });
    expect(log).toEqual([]);
    await client.call('Tclunk', { fid: fid(0) });
    expect(log).toEqual(['set user.x=abcdefg 1']);
    expect(backend.tally.nodes).toBe(0);
  });

  test.each([
    ['too little', [['abc', 0n]]],
    ['nothing', []],
  ] as const)('a clunk after %s is EINVAL, sets nothing and ends the fid', async (_, writes) => {
    const { client, log, backend, session } = await withNode({});
    await client.call('Txattrcreate', create(7n));
    for (const [text, offset] of writes) await client.call('Twrite', write(offset, text));
    await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EINVAL'));
    expect(log).toEqual([]);
    expect(session.fidCount).toBe(0);
    expect(backend.tally.nodes).toBe(0);
  });

  test('writes must follow each other and stay within the size', async () => {
    const { client } = await withNode({});
    await client.call('Txattrcreate', create(4n));
    await expect(client.call('Twrite', write(1n, 'a'))).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Twrite', write((1n << 64n) - 1n, 'a'))).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Twrite', write(0n, 'abcde'))).rejects.toBe(errno('ENOSPC'));
    await client.call('Twrite', write(0n, 'abc'));
    await expect(client.call('Twrite', write(0n, 'a'))).rejects.toBe(errno('EINVAL'));
    await expect(client.call('Twrite', write(3n, 'de'))).rejects.toBe(errno('ENOSPC'));
  });

  test('a failing set is the answer to the clunk, and the fid is gone', async () => {
    for (const setxattr of [() => fail('ENOSPC'), () => Promise.reject(errno('ENOSPC'))]) {
      const { client, backend } = await withNode({ setxattr });
      await client.call('Txattrcreate', create(0n));
      await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('ENOSPC'));
      await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EBADF'));
      expect(backend.tally.nodes).toBe(0);
    }
  });

  test.each([
    ['removexattr(2), as Linux sends it', 'user.x', 2, 'remove user.x'],
    ['an empty value', 'user.x', 0, 'set user.x= 0'],
    ['an empty new value', 'user.x', 1, 'set user.x= 1'],
    ['an empty ACL', 'system.posix_acl_access', 0, 'remove system.posix_acl_access'],
    ['an empty default ACL', 'system.posix_acl_default', 0, 'remove system.posix_acl_default'],
  ])('size 0: %s', async (_, name, flags, expected) => {
    const { client, log } = await withNode({});
    await client.call('Txattrcreate', create(0n, flags, utf8(name)));
    await client.call('Tclunk', { fid: fid(0) });
    expect(log).toEqual([expected]);
  });

  test.each([
    ['65,537 bytes', create(65_537n), 'E2BIG'],
    ['2^64 - 1 bytes', create((1n << 64n) - 1n), 'E2BIG'],
    ['both flags', create(1n, 3), 'EINVAL'],
    ['an unknown flag', create(1n, 4), 'EINVAL'],
    ['no name', create(1n, 0, utf8('')), 'ERANGE'],
    ['a name of 256 bytes', create(1n, 0, utf8('x'.repeat(256))), 'ERANGE'],
    ['a NUL in the name', create(1n, 0, utf8('user.\0')), 'EINVAL'],
  ] as const)('%s is refused, and the fid stays what it was', async (_, body, error) => {
    const { client } = await withNode({});
    await expect(client.call('Txattrcreate', body)).rejects.toBe(errno(error));
    await client.call('Txattrcreate', create(65_536n));
  });

  test('a reset before the clunk sets nothing', async () => {
    const { client, log, session } = await withNode({});
    await client.call('Txattrcreate', create(0n));
    await session.reset();
    expect(log).toEqual([]);
  });
});
