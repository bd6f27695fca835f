import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Listed } from '../client/tree.ts';
import { fidNumber } from '../wire-types.ts';
import { type Bench, onBench, type Prepared } from './fixture.ts';
import { READING_TREE } from './reading-tree.ts';
import { errno } from './sessions.ts';

const DIRECTORY_TYPE = 0x80;
const SYMLINK_TYPE = 0x02;
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const namesOf = (entries: readonly Listed[]) => entries.map(({ name }) => textOf(name));

/** The part of the backend contract that any tree can fulfil, even one that cannot be changed. `prepare` makes a `READING_TREE`. */
export function describeReadingContract(driver: string, prepare: () => Prepared | Promise<Prepared>): void {
  const on = (run: (bench: Bench) => Promise<void>) => () => onBench(prepare, run);

  describe(`${driver}: walking`, () => {
    test(
      'a missing first name is ENOENT and makes no fid',
      on(async ({ client, session }) => {
        const call = client.call('Twalk', { fid: fidNumber(0), newfid: fidNumber(1), wname: [utf8('absent')] });
        await expect(call).rejects.toBe(errno('ENOENT'));
        expect(session.fidCount).toBe(1);
      }),
    );

    test.each([
      ['a missing later name', ['dir', 'absent', 'x']],
      ['a name below a file', ['file', 'x']],
      ['a name below a symlink, which is not followed', ['link', 'x']],
    ])('%s ends the walk with the qids so far and makes no fid', (_, names) =>
      onBench(prepare, async ({ client, session }) => {
        const wname = names.map(utf8);
        const { wqid } = await client.call('Twalk', { fid: fidNumber(0), newfid: fidNumber(1), wname });
        expect(wqid).toHaveLength(1);
        expect(session.fidCount).toBe(1);
      }),
    );

    test(
      'a name below a file alone is ENOTDIR',
      on(async ({ client, tree }) => {
        const fid = await tree.walk('file');
        const call = client.call('Twalk', { fid, newfid: tree.newFid(), wname: [utf8('x')] });
        await expect(call).rejects.toBe(errno('ENOTDIR'));
      }),
    );

    test(
      "'..' at the root stays there, however often",
      on(async ({ client, tree }) => {
        const { qid: root } = await tree.getattr('');
        const wname = new Array(16).fill(utf8('..'));
        const { wqid } = await client.call('Twalk', { fid: tree.root, newfid: tree.newFid(), wname });
        expect(wqid).toHaveLength(16);
        for (const qid of wqid) expect(qid.path).toBe(root.path);
      }),
    );

    test(
      "'..' leads back, '.' stays",
      on(async ({ client, tree }) => {
        const { qid: root } = await tree.getattr('');
        const wname = ['dir', '.', '..', 'file'].map(utf8);
        const { wqid } = await client.call('Twalk', { fid: tree.root, newfid: tree.newFid(), wname });
        expect(wqid.map(({ type }) => type & DIRECTORY_TYPE)).toEqual([0x80, 0x80, 0x80, 0]);
        expect(wqid[1]?.path).toBe(wqid[0]?.path);
        expect(wqid[2]?.path).toBe(root.path);
      }),
    );

    test(
      'a fid walked in place is the new node, and stays the old one if the walk ends early',
      on(async ({ client, tree }) => {
        const fid = await tree.walk('dir');
        const { wqid } = await client.call('Twalk', { fid, newfid: fid, wname: [utf8('inner'), utf8('x')] });
        expect(wqid).toHaveLength(1);
        await client.call('Twalk', { fid, newfid: fid, wname: [utf8('inner')] });
        await client.call('Tlopen', { fid, flags: 0 });
        expect(textOf(await tree.readAll(fid))).toBe(READING_TREE.inner);
      }),
    );

    test(
      'a clone lives on without its origin',
      on(async ({ client, tree }) => {
        const fid = await tree.walk('dir');
        const clone = tree.newFid();
        await client.call('Twalk', { fid, newfid: clone, wname: [] });
        await tree.clunk(fid);
        await client.call('Twalk', { fid: clone, newfid: clone, wname: [utf8('inner')] });
      }),
    );

    test(
      'an open directory can be walked from',
      on(async ({ client, tree }) => {
        const fid = await tree.open('dir');
        await client.call('Twalk', { fid, newfid: tree.newFid(), wname: [utf8('inner')] });
      }),
    );
  });

  describe(`${driver}: attributes`, () => {
    test.each([
      ['file', 0o100000, 0, BigInt(READING_TREE.file.length)],
      ['empty', 0o100000, 0, 0n],
      ['link', 0o120000, SYMLINK_TYPE, BigInt(READING_TREE.linkTarget.length)],
    ])('of %s', (path, type, qidType, size) =>
      onBench(prepare, async ({ tree }) => {
        const attributes = await tree.getattr(path);
        expect(attributes.valid & 0x7ffn).toBe(0x7ffn);
        expect(attributes.mode & 0o170000).toBe(type);
        expect(attributes.qid.type).toBe(qidType);
        expect(attributes.size).toBe(size);
        expect(attributes.nlink).toBeGreaterThanOrEqual(1n);
      }),
    );

    test(
      'of a directory',
      on(async ({ tree }) => {
        const attributes = await tree.getattr('dir');
        expect(attributes.mode & 0o170000).toBe(0o040000);
        expect(attributes.qid.type).toBe(DIRECTORY_TYPE);
      }),
    );

    test(
      'two ways to one file give one qid, two files two',
      on(async ({ client, tree }) => {
        const direct = await tree.getattr('file');
        const wname = ['dir', '..', 'file'].map(utf8);
        const { wqid } = await client.call('Twalk', { fid: tree.root, newfid: tree.newFid(), wname });
        expect(wqid[2]).toEqual(direct.qid);
        expect((await tree.getattr('empty')).qid.path).not.toBe(direct.qid.path);
      }),
    );

    test(
      'the file system has names of 255 bytes',
      on(async ({ tree }) => {
        expect((await tree.statfs('dir')).namelen).toBe(255);
      }),
    );

    test(
      'an absent extended attribute is ENODATA',
      on(async ({ tree }) => {
        await expect(tree.getxattr('file', 'user.absent')).rejects.toBe(errno('ENODATA'));
      }),
    );
  });

  describe(`${driver}: reading`, () => {
    test(
      'a file, whole, in part, and beyond its end',
      on(async ({ tree }) => {
        expect(textOf(await tree.readFile('file'))).toBe(READING_TREE.file);
        const fid = await tree.open('file');
        expect(textOf(await tree.read(fid, 7n, 100))).toBe('reader');
        expect(textOf(await tree.read(fid, 0n, 5))).toBe('hello');
        expect(await tree.read(fid, BigInt(READING_TREE.file.length), 5)).toHaveLength(0);
        expect(await tree.read(fid, 1n << 40n, 5)).toHaveLength(0);
        expect(await tree.read(fid, 0n, 0)).toHaveLength(0);
      }),
    );

    test(
      'an empty file',
      on(async ({ tree }) => {
        expect(await tree.readFile('empty')).toHaveLength(0);
      }),
    );

    test(
      'a fid that is not open is EBADF',
      on(async ({ tree }) => {
        const fid = await tree.walk('file');
        await expect(tree.read(fid, 0n, 5)).rejects.toBe(errno('EBADF'));
      }),
    );

    test(
      'a directory is EISDIR, listing a file ENOTDIR',
      on(async ({ tree }) => {
        await expect(tree.read(await tree.open('dir'), 0n, 5)).rejects.toBe(errno('EISDIR'));
        await expect(tree.readdir(await tree.open('file'), 0n, 1000)).rejects.toBe(errno('ENOTDIR'));
      }),
    );

    test.each([
      ['a directory for writing', 'dir', 1, 'EISDIR'],
      ['a file as a directory', 'file', 0o200000, 'ENOTDIR'],
      ['a symlink', 'link', 0, 'ELOOP'],
    ] as const)('opening %s fails', (_, path, flags, error) =>
      onBench(prepare, async ({ tree }) => {
        await expect(tree.open(path, flags)).rejects.toBe(errno(error));
      }),
    );

    test(
      'an open fid cannot be opened again',
      on(async ({ client, tree }) => {
        const fid = await tree.open('file');
        await expect(client.call('Tlopen', { fid, flags: 0 })).rejects.toBe(errno('EINVAL'));
        expect(textOf(await tree.readAll(fid))).toBe(READING_TREE.file);
      }),
    );

    test(
      'a symlink has its target, a file has none',
      on(async ({ tree }) => {
        expect(textOf(await tree.readlink('link'))).toBe(READING_TREE.linkTarget);
        await expect(tree.readlink('file')).rejects.toBe(errno('EINVAL'));
      }),
    );
  });

  describe(`${driver}: listing`, () => {
    const expected = ['.', '..', ...READING_TREE.many].sort();

    test.each([65_000, 4096, 100, 64, 31])('a directory is complete in messages of %i bytes of entries', (count) =>
      onBench(prepare, async ({ tree }) => {
        expect(namesOf(await tree.list('many', count)).sort()).toEqual(expected);
      }),
    );

    test(
      'too little room for one entry is EINVAL, not the end',
      on(async ({ tree }) => {
        const fid = await tree.open('many');
        await expect(tree.readdir(fid, 0n, 24)).rejects.toBe(errno('EINVAL'));
        await expect(tree.readdir(fid, 0n, 0)).rejects.toBe(errno('EINVAL'));
      }),
    );

    test(
      'goes on after any entry, and starts again at 0',
      on(async ({ tree }) => {
        const fid = await tree.open('many');
        const all = await tree.list('many');
        for (const place of [0, 1, 2, 150, all.length - 2, all.length - 1]) {
          const rest = await tree.readdir(fid, all[place]?.offset ?? 0n, 60_000);
          expect(namesOf(rest)).toEqual(namesOf(all).slice(place + 1));
        }
        expect(namesOf(await tree.readdir(fid, 0n, 60_000))).toEqual(namesOf(all));
      }),
    );

    test(
      'entries have the type and qid path of what they name',
      on(async ({ tree }) => {
        const entries = new Map((await tree.list('')).map((entry) => [textOf(entry.name), entry]));
        const types = { file: 8, dir: 4, link: 10 };
        for (const [name, type] of Object.entries(types)) {
          const entry = entries.get(name);
          expect([0, type]).toContain(entry?.type);
          expect(entry?.qid.path).toBe((await tree.getattr(name)).qid.path);
        }
      }),
    );
  });
}
