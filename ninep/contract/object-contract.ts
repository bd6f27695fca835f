import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { setattrBody } from '../client/setattr.ts';
import type { FidNumber } from '../wire-types.ts';
import { type Bench, onBench, type Prepared } from './fixture.ts';
import { errno } from './sessions.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What a backend can do beyond what all of them must. */
export interface Abilities {
  /** Extended attributes in the `user.` namespace; absent ones make Tsetxattr fail with EOPNOTSUPP. */
  readonly xattrs: boolean;
  /** Byte-range locks between fids. */
  readonly locks: boolean;
}

/**
 * The part of the backend contract that says a fid is an object and not a path: attributes, attributes by name, locks,
 * and life after rename and unlink. `prepare` makes an empty, writable root.
 */
export function describeObjectContract(
  driver: string,
  prepare: () => Prepared | Promise<Prepared>,
  abilities: Abilities,
): void {
  const on = (run: (bench: Bench) => Promise<void>) => () => onBench(prepare, run);
  const getattr = ({ client }: Bench, fid: FidNumber) => client.call('Tgetattr', { fid, request_mask: 0x3fffn });

  describe(`${driver}: setting attributes`, () => {
    test(
      'permissions, with setuid, setgid and sticky',
      on(async ({ tree }) => {
        await tree.writeFile('file', '');
        await tree.setattr('file', { mode: 0o107751 });
        expect((await tree.getattr('file')).mode).toBe(0o107751);
        await tree.setattr('file', { mode: 0o600 });
        expect((await tree.getattr('file')).mode).toBe(0o100600);
      }),
    );

    test(
      'size, up and down',
      on(async ({ tree }) => {
        await tree.writeFile('file', 'content');
        await tree.setattr('file', { size: 3n });
        expect(textOf(await tree.readFile('file'))).toBe('con');
        await tree.setattr('file', { size: 5n });
        expect(textOf(await tree.readFile('file'))).toBe('con\0\0');
        await expect(tree.setattr('file', { size: 1n << 63n })).rejects.toBe(errno('EINVAL'));
        await tree.mkdir('dir');
        await expect(tree.setattr('dir', { size: 0n })).rejects.toMatchObject({
          name: expect.stringMatching(/EISDIR|EINVAL/),
        });
      }),
    );

    test(
      'times, to the nanosecond, before 1970, and to now',
      on(async ({ tree }) => {
        await tree.writeFile('file', '');
        await tree.setattr('file', { atime: [1_000_000_000n, 123_456_789n], mtime: [1n, 999_999_999n] });
        expect(await tree.getattr('file')).toMatchObject({
          atime_sec: 1_000_000_000n,
          atime_nsec: 123_456_789n,
          mtime_sec: 1n,
          mtime_nsec: 999_999_999n,
        });
        await tree.setattr('file', { mtime: [BigInt.asUintN(64, -5n), 5n] });
        const before = await tree.getattr('file');
        expect(BigInt.asIntN(64, before.mtime_sec)).toBe(-5n);
        expect(before.atime_sec).toBe(1_000_000_000n);
        await tree.setattr('file', { mtime: 'now' });
        expect((await tree.getattr('file')).mtime_sec).toBeGreaterThan(1_600_000_000n);
        await expect(tree.setattr('file', { mtime: [0n, 1_000_000_000n] })).rejects.toBe(errno('EINVAL'));
      }),
    );

    test(
      'nothing at all, ids of -1, and bits that do not exist',
      on(async ({ client, tree }) => {
        await tree.writeFile('file', 'x');
        const { mode, uid, gid, size } = await tree.getattr('file');
        await tree.setattr('file', {});
        await tree.setattr('file', { uid: 0xffff_ffff, gid: 0xffff_ffff });
        expect(await tree.getattr('file')).toMatchObject({ mode, uid, gid, size });
        const fid = await tree.walk('file');
        const call = client.call('Tsetattr', { ...setattrBody(fid, {}), valid: 0x200 });
        await expect(call).rejects.toBe(errno('EINVAL'));
      }),
    );

    test(
      'through an open fid',
      on(async (bench) => {
        const { client, tree } = bench;
        const fid = await tree.create('file', { mode: 0o444 });
        await tree.write(fid, 0n, utf8('content'));
        await client.call('Tsetattr', setattrBody(fid, { size: 3n }));
        await client.call('Tsetattr', setattrBody(fid, { mode: 0o604, mtime: [7n, 8n] }));
        expect(await getattr(bench, fid)).toMatchObject({ size: 3n, mode: 0o100604, mtime_sec: 7n, mtime_nsec: 8n });
      }),
    );
  });

  describe(`${driver}: a fid is an object`, () => {
    test(
      'it stays itself when it is renamed, by name or by fid, and when its directory is',
      on(async (bench) => {
        const { client, tree } = bench;
        await tree.mkdir('a');
        await tree.mkdir('b');
        await tree.writeFile('a/file', 'x');
        const fid = await tree.walk('a/file');
        const { qid } = await getattr(bench, fid);
        await tree.rename('a/file', 'b/moved');
        expect((await getattr(bench, fid)).qid.path).toBe(qid.path);
        await tree.rename('b', 'c');
        expect((await getattr(bench, fid)).qid.path).toBe(qid.path);
        await client.call('Tsetattr', setattrBody(fid, { mode: 0o600 }));
        expect((await tree.getattr('c/moved')).mode).toBe(0o100600);
        await client.call('Tlopen', { fid, flags: 0 });
        expect(textOf(await tree.readAll(fid))).toBe('x');
      }),
    );

    test(
      'Trename moves the fid it is given, again and again',
      on(async ({ client, tree }) => {
        await tree.writeFile('one', 'x');
        await tree.mkdir('dir');
        const fid = await tree.walk('one');
        const dfid = await tree.walk('dir');
        await client.call('Trename', { fid, dfid, name: utf8('two') });
        expect(textOf(await tree.readFile('dir/two'))).toBe('x');
        await client.call('Trename', { fid, dfid: tree.root, name: utf8('three') });
        expect(textOf(await tree.readFile('three'))).toBe('x');
        await expect(tree.walk('dir/two')).rejects.toBe(errno('ENOENT'));
      }),
    );

    test(
      'an open file lives on after unlink, with reads, writes and attributes',
      on(async (bench) => {
        const { client, tree } = bench;
        const fid = await tree.create('file');
        await tree.write(fid, 0n, utf8('before'));
        await tree.unlink('file');
        await tree.write(fid, 6n, utf8(' after'));
        expect(textOf(await tree.read(fid, 0n, 100))).toBe('before after');
        expect(await getattr(bench, fid)).toMatchObject({ size: 12n, nlink: 0n });
        await client.call('Tsetattr', setattrBody(fid, { size: 6n, mode: 0o600 }));
        expect(await getattr(bench, fid)).toMatchObject({ size: 6n, mode: 0o100600 });
      }),
    );

    test(
      'a fid that is not open lives on after unlink too',
      on(async (bench) => {
        const { client, tree } = bench;
        await tree.writeFile('file', 'content');
        const fid = await tree.walk('file');
        await tree.unlink('file');
        expect(await getattr(bench, fid)).toMatchObject({ size: 7n, nlink: 0n });
        await client.call('Tsetattr', setattrBody(fid, { mode: 0o604 }));
        await client.call('Tlopen', { fid, flags: 0 });
        expect(textOf(await tree.readAll(fid))).toBe('content');
      }),
    );

    test(
      'a name used again does not bring another object into an old fid',
      on(async (bench) => {
        const { tree } = bench;
        await tree.writeFile('file', 'old');
        const fid = await tree.open('file');
        const { qid } = await getattr(bench, fid);
        await tree.unlink('file');
        await tree.writeFile('file', 'new!');
        expect(textOf(await tree.readAll(fid))).toBe('old');
        expect((await tree.getattr('file')).qid.path).not.toBe(qid.path);
      }),
    );

    test(
      'a directory removed under its fid is empty and takes nothing new',
      on(async ({ client, tree }) => {
        await tree.mkdir('dir');
        const dfid = await tree.walk('dir');
        await tree.rmdir('dir');
        const call = client.call('Tmkdir', { dfid, name: utf8('new'), mode: 0o755, gid: 0 });
        await expect(call).rejects.toBe(errno('ENOENT'));
      }),
    );

    test(
      'Tremove removes the file and always the fid',
      on(async ({ client, tree, session }) => {
        await tree.writeFile('file', '');
        await tree.mkdir('dir');
        await tree.writeFile('dir/inside', '');
        const count = session.fidCount;
        const file = await tree.walk('file');
        await client.call('Tremove', { fid: file });
        await expect(tree.walk('file')).rejects.toBe(errno('ENOENT'));
        const dir = await tree.walk('dir');
        await expect(client.call('Tremove', { fid: dir })).rejects.toBe(errno('ENOTEMPTY'));
        await expect(tree.clunk(dir)).rejects.toBe(errno('EBADF'));
        expect(session.fidCount).toBe(count);
      }),
    );
  });

  if (abilities.xattrs) {
    describe(`${driver}: extended attributes`, () => {
      test(
        'set, get, list, replace, remove',
        on(async ({ tree }) => {
          await tree.writeFile('file', '');
          await tree.setxattr('file', 'user.one', utf8('1'));
          await tree.setxattr('file', 'user.two', new Uint8Array(1000).fill(7));
          expect(textOf(await tree.getxattr('file', 'user.one'))).toBe('1');
          expect(await tree.getxattr('file', 'user.two')).toEqual(new Uint8Array(1000).fill(7));
          const list = textOf(await tree.getxattr('file', '')).split('\0');
          expect(list.filter((name) => name.startsWith('user.')).sort()).toEqual(['user.one', 'user.two']);
          await tree.setxattr('file', 'user.one', utf8('longer'), 2);
          expect(textOf(await tree.getxattr('file', 'user.one'))).toBe('longer');
          await tree.removexattr('file', 'user.one');
          await expect(tree.getxattr('file', 'user.one')).rejects.toBe(errno('ENODATA'));
          await expect(tree.removexattr('file', 'user.one')).rejects.toBe(errno('ENODATA'));
        }),
      );

      test(
        'create only, replace only, and empty values',
        on(async ({ tree }) => {
          await tree.writeFile('file', '');
          await expect(tree.setxattr('file', 'user.x', utf8('1'), 2)).rejects.toBe(errno('ENODATA'));
          await tree.setxattr('file', 'user.x', new Uint8Array(0), 1);
          expect(await tree.getxattr('file', 'user.x')).toHaveLength(0);
          await expect(tree.setxattr('file', 'user.x', utf8('2'), 1)).rejects.toBe(errno('EEXIST'));
          await tree.setxattr('file', 'user.x', new Uint8Array(0));
          expect(await tree.getxattr('file', 'user.x')).toHaveLength(0);
        }),
      );

      test(
        'of a file that is unlinked',
        on(async ({ client, tree }) => {
          await tree.writeFile('file', '');
          await tree.setxattr('file', 'user.x', utf8('kept'));
          const fid = await tree.walk('file');
          await tree.unlink('file');
          const newfid = tree.newFid();
          expect((await client.call('Txattrwalk', { fid, newfid, name: utf8('user.x') })).size).toBe(4n);
          expect(textOf(await tree.readAll(newfid))).toBe('kept');
        }),
      );
    });
  }

  if (abilities.locks) {
    describe(`${driver}: locks`, () => {
      const lock = ({ client }: Bench, fid: FidNumber, type: number, start = 0n, length = 0n, proc_id = 1) =>
        client
          .call('Tlock', { fid, type, flags: 0, start, length, proc_id, client_id: utf8('guest') })
          .then(({ status }) => status);

      test(
        'a write lock keeps another process out of its range, and is gone when it is given back or clunked',
        on(async (bench) => {
          const { client, tree } = bench;
          await tree.writeFile('file', 'content');
          const one = await tree.open('file', 2);
          const two = await tree.open('file', 2);
          expect(await lock(bench, one, 1, 0n, 10n, 1)).toBe(0);
          expect(await lock(bench, two, 1, 5n, 1n, 2)).toBe(1);
          expect(await lock(bench, two, 1, 10n, 5n, 2)).toBe(0);
          const ask = { fid: two, type: 1, start: 0n, length: 0n, proc_id: 2, client_id: utf8('guest') };
          expect(await client.call('Tgetlock', ask)).toMatchObject({ type: 1, start: 0n, length: 10n });
          expect(await lock(bench, one, 2, 0n, 10n, 1)).toBe(0);
          expect(await lock(bench, two, 1, 5n, 1n, 2)).toBe(0);
          await tree.clunk(two);
          expect(await lock(bench, one, 1, 0n, 0n, 1)).toBe(0);
        }),
      );

      test(
        'read locks share, and nothing stands in the way of nothing',
        on(async (bench) => {
          const { client, tree } = bench;
          await tree.writeFile('file', 'content');
          const one = await tree.open('file', 2);
          const two = await tree.open('file', 2);
          const ask = { fid: two, type: 2, start: 3n, length: 4n, proc_id: 2, client_id: utf8('guest') };
          expect(await client.call('Tgetlock', ask)).toMatchObject({ type: 2, start: 3n, length: 4n, proc_id: 2 });
          expect(await lock(bench, one, 0, 0n, 0n, 1)).toBe(0);
          expect(await lock(bench, two, 0, 0n, 0n, 2)).toBe(0);
          expect(await lock(bench, two, 1, 0n, 0n, 2)).toBe(1);
        }),
      );

      test(
        'ranges, types and flags that cannot be are EINVAL, and a fid must be open',
        on(async (bench) => {
          const { client, tree } = bench;
          await tree.writeFile('file', '');
          const fid = await tree.open('file', 2);
          await expect(lock(bench, fid, 3)).rejects.toBe(errno('EINVAL'));
          await expect(lock(bench, fid, 1, 1n << 63n)).rejects.toBe(errno('EINVAL'));
          await expect(lock(bench, fid, 1, (1n << 63n) - 1n, 2n)).rejects.toBe(errno('EINVAL'));
          const body = { fid, type: 1, start: 0n, length: 0n, proc_id: 1, client_id: utf8('') };
          await expect(client.call('Tlock', { ...body, flags: 2 })).rejects.toBe(errno('EINVAL'));
          await expect(lock(bench, await tree.walk('file'), 1)).rejects.toBe(errno('EBADF'));
        }),
      );
    });
  }
}
