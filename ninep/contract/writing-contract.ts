import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { type Bench, onBench, type Prepared } from './fixture.ts';
import { errno } from './sessions.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const O_RDWR = 2;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;

/** The part of the backend contract about names and bytes that change. `prepare` makes an empty, writable root. */
export function describeWritingContract(driver: string, prepare: () => Prepared | Promise<Prepared>): void {
  const on = (run: (bench: Bench) => Promise<void>) => () => onBench(prepare, run);
  const names = async ({ tree }: Bench, path = '') => {
    const all = (await tree.list(path)).map(({ name }) => textOf(name));
    return all.filter((name) => name !== '.' && name !== '..').sort();
  };

  describe(`${driver}: files`, () => {
    test(
      'what is created is there, open, empty and of the mode asked for',
      on(async ({ client, tree }) => {
        const fid = await tree.create('new', { mode: 0o640 });
        const attributes = await client.call('Tgetattr', { fid, request_mask: 0x7ffn });
        expect(attributes.mode).toBe(0o100640);
        expect(attributes.size).toBe(0n);
        expect((await tree.getattr('new')).qid.path).toBe(attributes.qid.path);
        expect(await tree.write(fid, 0n, utf8('text'))).toBe(4);
        expect(textOf(await tree.readFile('new'))).toBe('text');
      }),
    );

    test(
      'creating a name that exists with O_EXCL is EEXIST, and leaves the fid a directory',
      on(async ({ client, tree }) => {
        await tree.writeFile('old', 'kept');
        const fid = await tree.walk('');
        const body = { fid, name: utf8('old'), flags: O_RDWR | O_EXCL, mode: 0o644, gid: 0 };
        await expect(client.call('Tlcreate', body)).rejects.toBe(errno('EEXIST'));
        await client.call('Tlcreate', { ...body, name: utf8('new') });
        expect(textOf(await tree.readFile('old'))).toBe('kept');
      }),
    );

    test(
      'creating below a file is ENOTDIR',
      on(async ({ tree }) => {
        await tree.writeFile('file', '');
        await expect(tree.create('file/new')).rejects.toBe(errno('ENOTDIR'));
      }),
    );

    test(
      'bytes go where they are written, and gaps are zeros',
      on(async ({ tree }) => {
        const fid = await tree.create('sparse');
        await tree.write(fid, 5n, utf8('five'));
        await tree.write(fid, 0n, utf8('null'));
        expect([...(await tree.readAll(fid))]).toEqual([...utf8('null'), 0, ...utf8('five')]);
        await tree.write(fid, 1n << 40n, utf8('far'));
        expect((await tree.getattr('sparse')).size).toBe((1n << 40n) + 3n);
        expect(textOf(await tree.read(fid, 1n << 40n, 100))).toBe('far');
      }),
    );

    test(
      'a megabyte comes back as it went',
      on(async ({ tree }) => {
        const content = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) ^ (i >> 8));
        await tree.writeFile('large', content);
        expect((await tree.readFile('large')).every((byte, i) => byte === content[i])).toBe(true);
      }),
    );

    test(
      'O_APPEND writes at the end wherever the write says',
      on(async ({ tree }) => {
        await tree.writeFile('log', 'one ');
        const fid = await tree.open('log', 1 | O_APPEND);
        await tree.write(fid, 0n, utf8('two'));
        expect(textOf(await tree.readFile('log'))).toBe('one two');
      }),
    );

    test(
      'O_TRUNC empties',
      on(async ({ tree }) => {
        await tree.writeFile('file', 'content');
        await tree.open('file', O_RDWR | O_TRUNC);
        expect(await tree.readFile('file')).toHaveLength(0);
      }),
    );

    test(
      'a direction that was not opened is EBADF',
      on(async ({ tree }) => {
        await tree.writeFile('file', 'content');
        await expect(tree.write(await tree.open('file', 0), 0n, utf8('x'))).rejects.toBe(errno('EBADF'));
        await expect(tree.read(await tree.open('file', 1), 0n, 1)).rejects.toBe(errno('EBADF'));
      }),
    );

    test(
      'fsync with and without the attributes',
      on(async ({ client, tree }) => {
        const fid = await tree.create('file');
        await tree.write(fid, 0n, utf8('x'));
        expect(await client.call('Tfsync', { fid, datasync: 0 })).toEqual({});
        expect(await client.call('Tfsync', { fid, datasync: 1 })).toEqual({});
      }),
    );

    test(
      'offsets beyond the largest file are refused',
      on(async ({ tree }) => {
        const fid = await tree.create('file');
        await expect(tree.read(fid, 1n << 63n, 1)).rejects.toBe(errno('EINVAL'));
        await expect(tree.write(fid, 1n << 63n, utf8('x'))).rejects.toBe(errno('EFBIG'));
      }),
    );
  });

  describe(`${driver}: names`, () => {
    const strange = [
      utf8('x'.repeat(255)),
      utf8('naïve – ☃'),
      Uint8Array.of(0xff, 0xfe, 0x80),
      utf8('with space\nand newline'),
      utf8('-rf'),
      utf8('...'),
    ];

    test(
      'any 255 bytes but / and NUL',
      on(async ({ tree }) => {
        for (const name of strange) await tree.writeFile(name, 'x');
        const listed = (await tree.list('')).map(({ name }) => [...name].join());
        for (const name of strange) {
          expect(listed).toContain([...name].join());
          expect(textOf(await tree.readFile(name))).toBe('x');
          await tree.unlink(name);
        }
        expect(await tree.list('')).toHaveLength(2);
      }),
    );

    const illegal: [string, Uint8Array, string][] = [
      ['empty', utf8(''), 'ENOENT'],
      ['with a slash', utf8('a/b'), 'ENOENT'],
      ['that climbs', utf8('../x'), 'ENOENT'],
      ['with a NUL', utf8('a\0b'), 'ENOENT'],
      ['of 256 bytes', utf8('x'.repeat(256)), 'ENAMETOOLONG'],
    ];

    test.each(illegal)('a name %s is refused by every message', (_, name, error) =>
      onBench(prepare, async (bench) => {
        const { client, tree } = bench;
        await tree.writeFile('file', 'x');
        const fid = await tree.walk('file');
        const dfid = tree.root;
        const at = { dfid, name, gid: 0 };
        const attempts = [
          () => client.call('Twalk', { fid: dfid, newfid: tree.newFid(), wname: [name] }),
          () => client.call('Tlcreate', { fid: dfid, name, flags: 2, mode: 0o644, gid: 0 }),
          () => client.call('Tsymlink', { ...at, symtgt: utf8('x') }),
          () => client.call('Tmknod', { ...at, mode: 0o010644, major: 0, minor: 0 }),
          () => client.call('Tmkdir', { ...at, mode: 0o755 }),
          () => client.call('Tlink', { dfid, fid, name }),
          () => client.call('Trename', { fid, dfid, name }),
          () => client.call('Trenameat', { olddirfid: dfid, oldname: name, newdirfid: dfid, newname: utf8('y') }),
          () => client.call('Trenameat', { olddirfid: dfid, oldname: utf8('file'), newdirfid: dfid, newname: name }),
          () => client.call('Tunlinkat', { dirfd: dfid, name, flags: 0 }),
        ];
        for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ name: error });
        expect(await names(bench)).toEqual(['file']);
      }),
    );

    test.each(['.', '..'])('%p is no name to make, move or remove', (dots) =>
      onBench(prepare, async (bench) => {
        const { client, tree } = bench;
        await tree.writeFile('file', 'x');
        const fid = await tree.walk('file');
        const dfid = tree.root;
        const name = utf8(dots);
        const at = { dfid, name, gid: 0 };
        const exists = [
          () => client.call('Tlcreate', { fid: dfid, name, flags: 2, mode: 0o644, gid: 0 }),
          () => client.call('Tsymlink', { ...at, symtgt: utf8('x') }),
          () => client.call('Tmknod', { ...at, mode: 0o010644, major: 0, minor: 0 }),
          () => client.call('Tmkdir', { ...at, mode: 0o755 }),
          () => client.call('Tlink', { dfid, fid, name }),
        ];
        for (const attempt of exists) await expect(attempt()).rejects.toBe(errno('EEXIST'));
        const moves = [
          () => client.call('Trename', { fid, dfid, name }),
          () => client.call('Trenameat', { olddirfid: dfid, oldname: name, newdirfid: dfid, newname: utf8('y') }),
          () => client.call('Trenameat', { olddirfid: dfid, oldname: utf8('file'), newdirfid: dfid, newname: name }),
        ];
        for (const attempt of moves) await expect(attempt()).rejects.toBe(errno('EISDIR'));
        const remove = client.call('Tunlinkat', { dirfd: dfid, name, flags: 0x200 });
        await expect(remove).rejects.toBe(errno(dots === '.' ? 'EINVAL' : 'ENOTEMPTY'));
        expect(await names(bench)).toEqual(['file']);
      }),
    );
  });

  describe(`${driver}: directories and links`, () => {
    test(
      'mkdir, rmdir and their refusals',
      on(async (bench) => {
        const { tree } = bench;
        const { qid } = await tree.mkdir('dir', 0o750);
        expect(await tree.getattr('dir')).toMatchObject({ mode: 0o040750, qid: { path: qid.path, type: 0x80 } });
        await expect(tree.mkdir('dir')).rejects.toBe(errno('EEXIST'));
        await tree.writeFile('dir/file', '');
        await expect(tree.rmdir('dir')).rejects.toBe(errno('ENOTEMPTY'));
        await expect(tree.rmdir('dir/file')).rejects.toBe(errno('ENOTDIR'));
        await expect(tree.unlink('dir')).rejects.toBe(errno('EISDIR'));
        await expect(tree.unlink('absent')).rejects.toBe(errno('ENOENT'));
        await tree.unlink('dir/file');
        await tree.rmdir('dir');
        expect(await names(bench)).toEqual([]);
      }),
    );

    test(
      'unlink flags other than AT_REMOVEDIR are EINVAL',
      on(async ({ client, tree }) => {
        const call = client.call('Tunlinkat', { dirfd: tree.root, name: utf8('x'), flags: 0x201 });
        await expect(call).rejects.toBe(errno('EINVAL'));
      }),
    );

    test(
      'a symlink keeps any target and is never followed',
      on(async ({ tree }) => {
        const targets = ['/etc/passwd', '../../../x', 'dangling', 't'.repeat(4000)];
        for (const [i, target] of targets.entries()) {
          const { qid } = await tree.symlink(`link${i}`, target);
          expect(qid.type).toBe(0x02);
          expect(textOf(await tree.readlink(`link${i}`))).toBe(target);
          await expect(tree.open(`link${i}`)).rejects.toBe(errno('ELOOP'));
          await expect(tree.create(`link${i}/x`)).rejects.toBe(errno('ENOTDIR'));
        }
        await expect(tree.symlink('link0', 'x')).rejects.toBe(errno('EEXIST'));
        await expect(tree.symlink('none', '')).rejects.toBe(errno('ENOENT'));
        await expect(tree.symlink('none', 'a\0b')).rejects.toBe(errno('EINVAL'));
        await expect(tree.symlink('none', 't'.repeat(4096))).rejects.toBe(errno('ENAMETOOLONG'));
      }),
    );

    test(
      'a hard link is the same file under another name',
      on(async ({ tree }) => {
        await tree.writeFile('one', 'x');
        await tree.mkdir('dir');
        await tree.link('dir/two', 'one');
        expect(await tree.getattr('dir/two')).toMatchObject({ nlink: 2n, qid: (await tree.getattr('one')).qid });
        await expect(tree.link('dir/two', 'one')).rejects.toBe(errno('EEXIST'));
        await expect(tree.link('three', 'dir')).rejects.toBe(errno('EPERM'));
        await tree.unlink('one');
        expect((await tree.getattr('dir/two')).nlink).toBe(1n);
        expect(textOf(await tree.readFile('dir/two'))).toBe('x');
      }),
    );

    test(
      'rename moves, replaces, and refuses as rename(2) does',
      on(async (bench) => {
        const { tree } = bench;
        await tree.writeFile('a', 'A');
        await tree.writeFile('b', 'B');
        await tree.mkdir('dir');
        await tree.mkdir('empty');
        await tree.writeFile('dir/c', 'C');
        await tree.rename('a', 'b');
        expect(textOf(await tree.readFile('b'))).toBe('A');
        await tree.rename('b', 'dir/b');
        expect(await names(bench)).toEqual(['dir', 'empty']);
        expect(await names(bench, 'dir')).toEqual(['b', 'c']);
        await expect(tree.rename('absent', 'x')).rejects.toBe(errno('ENOENT'));
        await expect(tree.rename('empty', 'dir')).rejects.toBe(errno('ENOTEMPTY'));
        await expect(tree.rename('dir/c', 'empty')).rejects.toBe(errno('EISDIR'));
        await expect(tree.rename('empty', 'dir/c')).rejects.toBe(errno('ENOTDIR'));
        await expect(tree.rename('dir', 'dir/inside')).rejects.toBe(errno('EINVAL'));
        await tree.rename('dir', 'empty');
        expect(await names(bench, 'empty')).toEqual(['b', 'c']);
      }),
    );

    test(
      'mknod makes a fifo, which cannot be opened for I/O, and refuses what it cannot make',
      on(async ({ tree }) => {
        const { qid } = await tree.mknod('fifo', 0o010600);
        expect(await tree.getattr('fifo')).toMatchObject({ mode: 0o010600, qid });
        await expect(tree.open('fifo', 0)).rejects.toBe(errno('ENXIO'));
        await expect(tree.open('fifo', O_RDWR)).rejects.toBe(errno('ENXIO'));
        await tree.mknod('file', 0o600);
        expect((await tree.getattr('file')).mode).toBe(0o100600);
        await expect(tree.mknod('dir', 0o040755)).rejects.toBe(errno('EPERM'));
        await expect(tree.mknod('link', 0o120777)).rejects.toBe(errno('EINVAL'));
        await expect(tree.mknod('odd', 0o170644)).rejects.toBe(errno('EINVAL'));
        await expect(tree.mknod('fifo', 0o010600)).rejects.toBe(errno('EEXIST'));
      }),
    );

    test(
      'a hundred things at once',
      on(async (bench) => {
        const { tree } = bench;
        const numbers = Array.from({ length: 100 }, (_, i) => i);
        await Promise.all(numbers.map((i) => tree.writeFile(`f${i}`, `content ${i}`)));
        const read = await Promise.all(numbers.map((i) => tree.readFile(`f${i}`)));
        expect(read.map(textOf)).toEqual(numbers.map((i) => `content ${i}`));
        await Promise.all(numbers.map((i) => (i % 2 === 0 ? tree.unlink(`f${i}`) : tree.rename(`f${i}`, `g${i}`))));
        expect(await names(bench)).toHaveLength(50);
      }),
    );
  });
}
