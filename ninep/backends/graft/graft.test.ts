import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { describeReadingContract } from '../../contract/reading-contract.ts';
import { READING_TREE, readingTree } from '../../contract/reading-tree.ts';
import { errno } from '../../contract/sessions.ts';
import { stubBackend, stubNode } from '../../contract/stubs.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import { createSynth } from '../synth/synth.ts';
import { graft } from './graft.ts';

describeReadingContract('graft, in the base', () => ({ backend: graft(readingTree(), '.tsvmm', createSynth()) }));

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

function bench(run: (bench: Bench) => Promise<void>): Promise<void> {
  const other = createSynth();
  other.root.file('init', '#!');
  other.root.directory('deep').directory('deeper').file('leaf', 'leaf');
  return onBench(() => ({ backend: graft(readingTree(), '.tsvmm', other) }), run);
}

const walk = async ({ client, tree }: Bench, ...names: string[]) =>
  (await client.call('Twalk', { fid: tree.root, newfid: tree.newFid(), wname: names.map(utf8) })).wqid;

describe('a grafted tree', () => {
  test('is found by its name in the root, and read', () =>
    bench(async ({ tree }) => {
      expect(textOf(await tree.readFile('.tsvmm/init'))).toBe('#!');
      expect(textOf(await tree.readFile('.tsvmm/deep/deeper/leaf'))).toBe('leaf');
      expect(textOf(await tree.readFile('file'))).toBe(READING_TREE.file);
    }));

  test('is found in the root only', () =>
    bench(async (b) => {
      expect(await walk(b, 'dir', '.tsvmm')).toHaveLength(1);
      expect(await walk(b, '.tsvmm', '.tsvmm')).toHaveLength(1);
      expect(await walk(b, 'dir', '..', '.tsvmm', 'init')).toHaveLength(4);
    }));

  test("'..' leads back to the base's root, from wherever in the other tree", () =>
    bench(async (b) => {
      const [root] = await walk(b, '..');
      const qids = await walk(b, '.tsvmm', 'deep', 'deeper', '..', '..', '..', 'file');
      expect(qids).toHaveLength(7);
      expect(qids[4]).toEqual(qids[0]);
      expect(qids[5]).toEqual(root);
      expect(qids[6]).toEqual((await b.tree.getattr('file')).qid);
    }));

  test('a walk that fails inside ends with the qids so far', () =>
    bench(async (b) => {
      expect(await walk(b, 'dir', '..', '.tsvmm', 'absent', 'x')).toHaveLength(3);
      await expect(walk(b, '.tsvmmx')).rejects.toBe(errno('ENOENT'));
      const inside = await b.tree.walk('.tsvmm');
      const call = b.client.call('Twalk', { fid: inside, newfid: b.tree.newFid(), wname: [utf8('absent')] });
      await expect(call).rejects.toBe(errno('ENOENT'));
    }));

  test('shares no qid path with the base', () =>
    bench(async (b) => {
      const base = await b.tree.list('');
      const other = [...(await b.tree.list('.tsvmm')), ...(await b.tree.list('.tsvmm/deep'))];
      const basePaths = new Set(base.filter(({ name }) => textOf(name) !== '.tsvmm').map(({ qid }) => qid.path));
      for (const { qid } of other) expect(basePaths.has(qid.path)).toBe(false);
      expect((await b.tree.getattr('.tsvmm/init')).qid.path).toBe(0xffff_ffff_0000_0001n);
      const fid = await b.tree.open('.tsvmm/init');
      expect(textOf(await b.tree.readAll(fid))).toBe('#!');
    }));

  test('is listed last in the root, once, in messages of any size', () =>
    bench(async ({ tree }) => {
      for (const count of [40, 64, 100, 60_000]) {
        const names = (await tree.list('', count)).map(({ name }) => textOf(name));
        expect(names).toEqual(['.', '..', 'file', 'empty', 'dir', 'link', 'many', '.tsvmm']);
      }
      const entry = (await tree.list('')).at(-1);
      expect(entry).toMatchObject({ type: 4, qid: { type: 0x80, path: (await tree.getattr('.tsvmm')).qid.path } });
      expect((await tree.list('dir')).map(({ name }) => textOf(name))).toEqual(['.', '..', 'inner']);
    }));

  test('hides a file of its name in the base', () => {
    const base = createSynth();
    base.root.file('x', 'hidden');
    const other = createSynth();
    other.root.file('y', 'seen');
    return onBench(
      () => ({ backend: graft(base, 'x', other) }),
      async ({ tree }) => {
        expect(textOf(await tree.readFile('x/y'))).toBe('seen');
        expect((await tree.list('')).map(({ name }) => textOf(name))).toEqual(['.', '..', 'x']);
      },
    );
  });

  test('may hold another one', () => {
    const outer = createSynth();
    outer.root.file('o', 'outer');
    const inner = createSynth();
    inner.root.file('i', 'inner');
    return onBench(
      () => ({ backend: graft(graft(createSynth(), 'a', outer), 'b', inner) }),
      async ({ tree }) => {
        expect(textOf(await tree.readFile('a/o'))).toBe('outer');
        expect(textOf(await tree.readFile('b/i'))).toBe('inner');
        expect(textOf(await tree.readFile('b/../a/../b/i'))).toBe('inner');
      },
    );
  });
});

describe('the grafted name', () => {
  test.each([
    ['mkdir', 'EEXIST', ({ tree }: Bench) => tree.mkdir('.tsvmm')],
    ['create', 'EEXIST', ({ tree }: Bench) => tree.create('.tsvmm')],
    ['mknod', 'EEXIST', ({ tree }: Bench) => tree.mknod('.tsvmm', 0o010644)],
    ['symlink', 'EEXIST', ({ tree }: Bench) => tree.symlink('.tsvmm', 'file')],
    ['link', 'EEXIST', ({ tree }: Bench) => tree.link('.tsvmm', 'file')],
    ['rename from', 'EBUSY', ({ tree }: Bench) => tree.rename('.tsvmm', 'new')],
    ['rename to', 'EBUSY', ({ tree }: Bench) => tree.rename('file', '.tsvmm')],
    ['unlink', 'EBUSY', ({ tree }: Bench) => tree.unlink('.tsvmm')],
    ['rmdir', 'EBUSY', ({ tree }: Bench) => tree.rmdir('.tsvmm')],
    ['remove', 'EBUSY', async ({ client, tree }: Bench) => client.call('Tremove', { fid: await tree.walk('.tsvmm') })],
    [
      'rename by fid',
      'EBUSY',
      async ({ client, tree }: Bench) =>
        client.call('Trename', { fid: await tree.walk('file'), dfid: tree.root, name: utf8('.tsvmm') }),
    ],
    ['link across', 'EXDEV', ({ tree }: Bench) => tree.link('new', '.tsvmm/init')],
    ['link back across', 'EXDEV', ({ tree }: Bench) => tree.link('.tsvmm/new', 'file')],
    ['rename across', 'EXDEV', ({ tree }: Bench) => tree.rename('file', '.tsvmm/file')],
    ['rename back across', 'EXDEV', ({ tree }: Bench) => tree.rename('.tsvmm/init', 'init')],
    ['change inside', 'EPERM', ({ tree }: Bench) => tree.unlink('.tsvmm/init')],
    ['change outside', 'EPERM', ({ tree }: Bench) => tree.unlink('file')],
    ['the name elsewhere', 'EPERM', ({ tree }: Bench) => tree.mkdir('dir/.tsvmm')],
  ] as const)('%s is %s', (_, error, act) =>
    bench(async (b) => {
      await expect(act(b)).rejects.toBe(errno(error));
    }),
  );

  test.each(['', '.', '..', 'a/b', 'x'.repeat(256)])('cannot be %p', (name) => {
    expect(() => graft(createSynth(), name, createSynth())).toThrow(RangeError);
  });
});

describe('failures', () => {
  test('a base that cannot clone its root gives the root back', async () => {
    let released = 0;
    const root = stubNode({
      clone: () => Promise.reject(errnoOf(ERRNO.EMFILE)),
      release() {
        released++;
      },
    });
    const base = { driver: 'stub', attach: () => root, close() {} };
    const credential = { uname: utf8(''), uid: 0, aname: utf8('') };
    await expect(graft(base, 'x', createSynth()).attach(credential)).rejects.toBe(errno('EMFILE'));
    expect(released).toBe(1);
  });

  test('another tree whose numbers do not fit is a bug', async () => {
    const wide = stubBackend(stubNode({ qid: { type: 0x80, version: 0, path: 1n << 32n } }));
    const credential = { uname: utf8(''), uid: 0, aname: utf8('') };
    const root = await graft(createSynth(), 'x', wide).attach(credential);
    await expect(root.walk([utf8('x')])).rejects.toThrow(RangeError);
  });

  test('closing closes both', async () => {
    const closed: string[] = [];
    const make = (name: string) => ({ ...stubBackend(stubNode()), close: () => void closed.push(name) });
    await graft(make('base'), 'x', make('other')).close();
    expect(closed).toEqual(['base', 'other']);
  });
});
