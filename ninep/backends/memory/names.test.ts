import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { errno } from '../../contract/sessions.ts';
import { createMemory, type Memory } from './memory.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function on(run: (bench: Bench & { memory: Memory }) => Promise<void>) {
  const memory = createMemory();
  return onBench(
    () => ({ backend: memory }),
    (bench) => run({ ...bench, memory }),
  );
}

describe('a listing under way', () => {
  const some = async ({ tree }: Bench, fid: Awaited<ReturnType<Bench['tree']['open']>>, offset: bigint) => {
    const entries = await tree.readdir(fid, offset, 120);
    return { names: entries.map(({ name }) => textOf(name)), next: entries.at(-1)?.offset ?? offset };
  };

  test('shows what stays exactly once, whatever is removed and added meanwhile', () =>
    on(async (bench) => {
      const { tree, memory } = bench;
      memory.mkdir('dir');
      for (let i = 0; i < 400; i++) memory.writeFile(`dir/f${i}`, '');
      const fid = await tree.open('dir');
      const seen: string[] = [];
      let removed = 0;
      for (let at = 0n; ; ) {
        const { names, next } = await some(bench, fid, at);
        if (next === at) break;
        seen.push(...names);
        at = next;
        // Before, at and behind the place where the listing is; every fourth name stays.
        for (let i = 0; i < 12 && removed < 400; i++, removed++) {
          if (removed % 4 !== 0) memory.remove(`dir/f${(removed * 7) % 400}`);
        }
        if (seen.length < 300) memory.writeFile(`dir/new${seen.length}`, '');
      }
      const stayed = Array.from({ length: 100 }, (_, i) => `f${(i * 4 * 7) % 400}`);
      for (const name of stayed) expect(seen.filter((other) => other === name)).toEqual([name]);
      expect(new Set(seen).size).toBe(seen.length);
    }));

  test('goes on after an entry that has been removed', () =>
    on(async (bench) => {
      const { tree, memory } = bench;
      for (const name of ['a', 'b', 'c', 'd']) memory.writeFile(name, '');
      const fid = await tree.open('');
      const all = await tree.readdir(fid, 0n, 1000);
      for (const name of ['b', 'c']) memory.remove(name);
      const after = await tree.readdir(fid, all[3]?.offset ?? 0n, 1000);
      expect(after.map(({ name }) => textOf(name))).toEqual(['d']);
    }));

  test('shows a name that is replaced once, in its place', () =>
    on(async ({ tree, memory }) => {
      for (const name of ['a', 'b', 'c']) memory.writeFile(name, '');
      const fid = await tree.open('');
      const all = await tree.readdir(fid, 0n, 1000);
      memory.rename('c', 'a');
      expect(memory.list('')).toEqual(['a', 'b']);
      const after = await tree.readdir(fid, all[2]?.offset ?? 0n, 1000);
      expect(after.map(({ name }) => textOf(name))).toEqual(['b']);
    }));

  test('takes any cookie a client makes up', () =>
    on(async ({ tree, memory }) => {
      memory.writeFile('a', '');
      const fid = await tree.open('');
      for (const offset of [1n << 53n, 1n << 63n, (1n << 64n) - 1n, 4n]) {
        expect(await tree.readdir(fid, offset, 1000)).toEqual([]);
      }
    }));

  test('a directory from which names come and go does not grow', () =>
    on(async ({ memory }) => {
      memory.writeFile('first', '');
      for (let i = 0; i < 20_000; i++) {
        memory.writeFile('x', '');
        memory.remove('x');
      }
      expect(memory.list('')).toEqual(['first']);
      expect(memory.usage.inodes).toBe(2);
    }));
});

describe('removed directories', () => {
  test('a chain held only at its end is given back with its end', () =>
    on(async ({ tree, memory, client }) => {
      const depth = 5000;
      const deepest = await tree.walk('');
      const name = utf8('d');
      for (let i = 0; i < depth; i++) {
        await client.call('Tmkdir', { dfid: deepest, name, mode: 0o755, gid: 0 });
        await client.call('Twalk', { fid: deepest, newfid: deepest, wname: [name] });
      }
      const at = tree.newFid();
      await client.call('Twalk', { fid: deepest, newfid: at, wname: [utf8('..')] });
      for (let i = 0; i < depth; i++) {
        await client.call('Tunlinkat', { dirfd: at, name, flags: 0x200 });
        await client.call('Twalk', { fid: at, newfid: at, wname: [utf8('..')] });
      }
      // What one fid keeps alive is counted, so that nobody can keep more than the limit.
      expect(memory.usage.inodes).toBe(depth + 1);
      await tree.clunk(deepest);
      expect(memory.usage.inodes).toBe(1);
    }));

  test('lead back to where they were, and list and take nothing', () =>
    on(async ({ tree, client }) => {
      await tree.mkdir('dir');
      const fid = await tree.walk('dir');
      const open = await tree.open('dir');
      await tree.rmdir('dir');
      const { wqid } = await client.call('Twalk', { fid, newfid: tree.newFid(), wname: [utf8('..')] });
      expect(wqid[0]?.path).toBe((await tree.getattr('')).qid.path);
      await expect(tree.readdir(open, 0n, 1000)).rejects.toBe(errno('ENOENT'));
      await tree.writeFile('file', '');
      const into = { olddirfid: tree.root, oldname: utf8('file'), newdirfid: fid, newname: utf8('x') };
      await expect(client.call('Trenameat', into)).rejects.toBe(errno('ENOENT'));
      const target = await tree.walk('file');
      await expect(client.call('Tlink', { dfid: fid, fid: target, name: utf8('x') })).rejects.toBe(errno('ENOENT'));
      expect((await client.call('Tgetattr', { fid, request_mask: 0x3fffn })).nlink).toBe(0n);
    }));
});

describe('renames', () => {
  test('a directory moved elsewhere has another parent and counts there', () =>
    on(async ({ tree, client }) => {
      await tree.mkdir('a');
      await tree.mkdir('a/dir');
      await tree.mkdir('b');
      const fid = await tree.walk('a/dir');
      await tree.rename('a/dir', 'b/moved');
      const { wqid } = await client.call('Twalk', { fid, newfid: tree.newFid(), wname: [utf8('..')] });
      expect(wqid[0]?.path).toBe((await tree.getattr('b')).qid.path);
      expect([(await tree.getattr('a')).nlink, (await tree.getattr('b')).nlink]).toEqual([2n, 3n]);
    }));

  test.each([
    ['into itself', 'a', 'a/x', 'EINVAL'],
    ['below itself', 'a', 'a/b/c/x', 'EINVAL'],
    ['over what it is below', 'a/b/c', 'a', 'ENOTEMPTY'],
    ['a file over what it is below', 'a/file', 'a', 'ENOTEMPTY'],
  ] as const)('%s is refused', (_, from, to, error) =>
    on(async ({ tree, memory }) => {
      memory.mkdir('a');
      memory.mkdir('a/b');
      memory.mkdir('a/b/c');
      memory.writeFile('a/file', '');
      await expect(tree.rename(from, to)).rejects.toBe(errno(error));
      expect(memory.list('a')).toEqual(['b', 'file']);
    }),
  );

  test('two names of one file stay as they are, and no time moves', () =>
    on(async ({ tree }) => {
      await tree.writeFile('one', '');
      await tree.link('two', 'one');
      const before = [await tree.getattr(''), await tree.getattr('one')];
      await tree.rename('one', 'two');
      expect([await tree.getattr(''), await tree.getattr('one')]).toEqual(before);
      expect((await tree.getattr('two')).nlink).toBe(2n);
    }));

  test('a fid reached by a name that went removes nothing else', () =>
    on(async ({ tree, client, memory }) => {
      memory.writeFile('file', 'old');
      await tree.link('other', 'file');
      const fid = await tree.walk('file');
      memory.remove('file');
      memory.writeFile('file', 'new');
      const move = client.call('Trename', { fid, dfid: tree.root, name: utf8('x') });
      await expect(move).rejects.toBe(errno('ENOENT'));
      await expect(client.call('Tremove', { fid })).rejects.toBe(errno('ENOENT'));
      expect(memory.list('')).toEqual(['other', 'file']);
    }));

  test('another tree is another file system', async () => {
    const credential = { uname: utf8(''), uid: 0, aname: utf8('') };
    const memory = createMemory();
    memory.writeFile('file', '');
    const root = memory.attach(credential);
    const other = createMemory().attach(credential);
    expect(() => root.link(utf8('x'), other)).toThrow(expect.objectContaining({ name: 'EXDEV' }));
    expect(() => root.rename(utf8('file'), other, utf8('x'))).toThrow(expect.objectContaining({ name: 'EXDEV' }));
  });
});
