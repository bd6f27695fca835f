import { describe, expect, test } from '@jest/globals';
import { copyIn } from '../../../bytes/segments.ts';
import { utf8 } from '../../../bytes/wire.ts';
import type { Request } from '../../backend.ts';
import { gather, TakenBack } from '../../client/client.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { describeReadingContract } from '../../contract/reading-contract.ts';
import { READING_TREE, readingTree } from '../../contract/reading-tree.ts';
import { errno } from '../../contract/sessions.ts';
import { Gate } from '../../contract/stubs.ts';
import { fail } from '../../errno.ts';
import { createSynth, type Synth } from './synth.ts';

describeReadingContract('synth', () => ({ backend: readingTree() }));

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const on = (synth: Synth, run: (bench: Bench) => Promise<void>) => onBench(() => ({ backend: synth }), run);

describe('synth refuses every change', () => {
  test.each([
    ['mkdir', ({ tree }: Bench) => tree.mkdir('new')],
    ['create', ({ tree }: Bench) => tree.create('new')],
    ['mknod', ({ tree }: Bench) => tree.mknod('new', 0o010644)],
    ['symlink', ({ tree }: Bench) => tree.symlink('new', 'file')],
    ['link', ({ tree }: Bench) => tree.link('new', 'file')],
    ['rename', ({ tree }: Bench) => tree.rename('file', 'new')],
    ['unlink', ({ tree }: Bench) => tree.unlink('file')],
    ['rmdir', ({ tree }: Bench) => tree.rmdir('dir')],
    ['chmod', ({ tree }: Bench) => tree.setattr('file', { mode: 0o777 })],
    ['chown', ({ tree }: Bench) => tree.setattr('file', { uid: 1 })],
    ['utimes', ({ tree }: Bench) => tree.setattr('file', { mtime: 'now' })],
    ['remove', async ({ client, tree }: Bench) => client.call('Tremove', { fid: await tree.walk('file') })],
  ])('%s is EPERM', (_, change) =>
    on(readingTree(), async (bench) => {
      await expect(change(bench)).rejects.toBe(errno('EPERM'));
      expect(textOf(await bench.tree.readFile('file'))).toBe(READING_TREE.file);
    }),
  );

  test('writing to a static file is EACCES, truncating it too', () =>
    on(readingTree(), async ({ tree }) => {
      for (const flags of [1, 2, 0o1000]) await expect(tree.open('file', flags)).rejects.toBe(errno('EACCES'));
      await expect(tree.setattr('file', { size: 0n })).rejects.toBe(errno('EACCES'));
    }));

  test('attributes are EOPNOTSUPP to set and none to list', () =>
    on(readingTree(), async ({ tree }) => {
      await expect(tree.setxattr('file', 'user.x', utf8('1'))).rejects.toBe(errno('EOPNOTSUPP'));
      expect(await tree.getxattr('file', '')).toHaveLength(0);
    }));
});

describe('synth nodes', () => {
  test('numbers count from 0 in the order of making, versions are 0, times 0', () =>
    on(readingTree(), async ({ tree }) => {
      const root = await tree.getattr('');
      expect(root).toMatchObject({ mode: 0o040555, uid: 0, gid: 0, qid: { path: 0n, version: 0, type: 0x80 } });
      const file = await tree.getattr('file');
      expect(file).toMatchObject({ mode: 0o100444, mtime_sec: 0n, qid: { path: 1n, version: 0, type: 0 } });
      expect((await tree.getattr('')).nlink).toBe(4n);
    }));

  test('mode and owner can be chosen, with a default owner', () => {
    const synth = createSynth({ uid: 5, gid: 6, mode: 0o700 });
    synth.root.file('a', 'x', { mode: 0o640, uid: 7 });
    return on(synth, async ({ tree }) => {
      expect(await tree.getattr('')).toMatchObject({ mode: 0o040700, uid: 5, gid: 6 });
      expect(await tree.getattr('a')).toMatchObject({ mode: 0o100640, uid: 7, gid: 6 });
    });
  });

  test('a function is asked at each open and each look, and one open file does not change under its reader', () => {
    const synth = createSynth();
    let content = 'one';
    synth.root.file('now', () => utf8(content));
    synth.root.file('later', async () => utf8(content));
    return on(synth, async ({ tree }) => {
      for (const name of ['now', 'later']) {
        content = 'one';
        const fid = await tree.open(name);
        content = 'longer';
        expect(textOf(await tree.readAll(fid))).toBe('one');
        expect((await tree.getattr(name)).size).toBe(6n);
        expect(textOf(await tree.readFile(name))).toBe('longer');
      }
    });
  });

  test('what the host adds and removes shows at once; a listing under way skips and repeats nothing', () => {
    const synth = readingTree();
    return on(synth, async ({ tree }) => {
      const many = synth.root.child('many');
      if (many?.kind !== 'directory') throw new Error('many is a directory');
      const fid = await tree.open('many');
      const first = await tree.readdir(fid, 0n, 600);
      const seen = first.map(({ name }) => textOf(name));
      expect(many.remove('f0')).toBe(true);
      expect(many.remove('f100')).toBe(true);
      expect(many.remove('f100')).toBe(false);
      many.file('added', '');
      const rest = await tree.readdir(fid, first.at(-1)?.offset ?? 0n, 60_000);
      const restNames = rest.map(({ name }) => textOf(name));
      expect(seen.length + restNames.length).toBe(302 - 1 + 1);
      expect(new Set([...seen, ...restNames]).size).toBe(302);
      expect(restNames).not.toContain('f100');
      expect(restNames.at(-1)).toBe('added');
    });
  });

  test('a removed file lives on in the hands of those who hold it', () => {
    const synth = readingTree();
    return on(synth, async ({ tree }) => {
      const fid = await tree.open('file');
      synth.root.remove('file');
      expect(textOf(await tree.readAll(fid))).toBe(READING_TREE.file);
      await expect(tree.walk('file')).rejects.toBe(errno('ENOENT'));
    });
  });

  test.each(['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256)])('the host cannot make a file called %p', (name) => {
    expect(() => createSynth().root.file(name, '')).toThrow(RangeError);
  });

  test('the host cannot make a name twice, nor a symlink to nothing', () => {
    const { root } = createSynth();
    root.directory('a');
    expect(() => root.file('a', '')).toThrow(RangeError);
    expect(() => root.symlink('b', '')).toThrow(RangeError);
  });
});

describe('synth special files', () => {
  test('reads and writes are callbacks, in place', () => {
    const synth = createSynth();
    const written: string[] = [];
    synth.root.special('both', {
      size: () => 9,
      read: (offset, into) => copyIn(into, 0, utf8(`at ${offset}`), 4),
      write(offset, from) {
        const length = from.reduce((sum, piece) => sum + piece.length, 0);
        written.push(`${offset}:${textOf(gather(from, length))}`);
        return length;
      },
    });
    return on(synth, async ({ tree }) => {
      const fid = await tree.open('both', 2);
      expect(textOf(await tree.read(fid, 5n, 100))).toBe('at 5');
      expect(await tree.write(fid, 3n, utf8('some bytes'))).toBe(10);
      expect(written).toEqual(['3:some bytes']);
      expect(await tree.getattr('both')).toMatchObject({ mode: 0o100644, size: 9n });
    });
  });

  test('a direction without a callback is EACCES to open and EBADF on an open file', () => {
    const synth = createSynth();
    synth.root.special('in', { read: () => 0 });
    synth.root.special('out', { write: () => 0 });
    synth.root.special('both', { read: () => 0, write: () => 0 });
    return on(synth, async ({ tree }) => {
      for (const flags of [1, 2]) await expect(tree.open('in', flags)).rejects.toBe(errno('EACCES'));
      for (const flags of [0, 2]) await expect(tree.open('out', flags)).rejects.toBe(errno('EACCES'));
      await expect(tree.write(await tree.open('both', 0), 0n, utf8('x'))).rejects.toBe(errno('EBADF'));
      await expect(tree.read(await tree.open('both', 1), 0n, 1)).rejects.toBe(errno('EBADF'));
    });
  });

  test('`> file` works: O_TRUNC and a size of 0 are let through', () => {
    const synth = createSynth();
    synth.root.special('out', { write: (_, from) => from.reduce((sum, piece) => sum + piece.length, 0) });
    synth.root.special('in', { read: () => 0 });
    return on(synth, async ({ tree }) => {
      await tree.setattr('out', { size: 0n, mtime: 'now' });
      await tree.writeAll(await tree.open('out', 0o1001), utf8('text'));
      await expect(tree.setattr('in', { size: 0n })).rejects.toBe(errno('EACCES'));
    });
  });

  test('open may give each open file callbacks of its own, and release ends each once', () => {
    const synth = createSynth();
    const log: string[] = [];
    let next = 0;
    synth.root.special('counter', {
      async open(flags, { uid }) {
        const number = next++;
        log.push(`open ${number} flags ${flags} uid ${uid}`);
        return {
          read: (_, into) => copyIn(into, 0, utf8(`${number}`), 1),
          release() {
            log.push(`release ${number}`);
          },
        };
      },
    });
    return on(synth, async ({ tree }) => {
      const first = await tree.open('counter');
      const second = await tree.open('counter');
      expect(textOf(await tree.read(second, 0n, 10))).toBe('1');
      expect(textOf(await tree.read(first, 0n, 10))).toBe('0');
      await tree.clunk(first);
      await tree.clunk(second);
      await expect(tree.open('counter', 1)).rejects.toBe(errno('EACCES'));
      expect(log).toEqual([
        'open 0 flags 0 uid 0',
        'open 1 flags 0 uid 0',
        'release 0',
        'release 1',
        'open 2 flags 1 uid 0',
        'release 2',
      ]);
    });
  });

  test('open may refuse', () => {
    const synth = createSynth();
    synth.root.special('busy', { open: () => fail('EBUSY'), read: () => 0 });
    return on(synth, async ({ tree }) => {
      await expect(tree.open('busy')).rejects.toBe(errno('EBUSY'));
    });
  });

  test('a read waits for the host, and a flush ends the waiting', () => {
    const synth = createSynth();
    const waiting: Gate<number>[] = [];
    synth.root.special('stdin', {
      read(_offset, _into, request: Request) {
        const gate = new Gate<number>();
        waiting.push(gate);
        request.onFlush(() => gate.reject(errno('EINTR')));
        return gate.promise;
      },
    });
    return on(synth, async ({ client, tree }) => {
      const fid = await tree.open('stdin');
      const first = client.send('Tread', { fid, offset: 0n, count: 10 });
      const taken = expect(first.reply).rejects.toBeInstanceOf(TakenBack);
      await client.call('Tflush', { oldtag: first.tag });
      await taken;
      const second = tree.read(fid, 0n, 10);
      waiting[1]?.resolve(0);
      expect(await second).toHaveLength(0);
    });
  });
});
