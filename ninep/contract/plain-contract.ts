import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { Client } from '../client/client.ts';
import { PlainTree } from '../client/plain-tree.ts';
import { Tree } from '../client/tree.ts';
import { DM, OPEN } from '../plan9.ts';
import type { PlainVersion } from '../plan9-modes.ts';
import { createSession } from '../session.ts';
import { type Stat, UNTOUCHED } from '../stat.ts';
import { counting } from './counting.ts';
import type { Prepared } from './fixture.ts';
import { errno } from './sessions.ts';

const PLAIN_VERSIONS = ['9P2000', '9P2000.u'] as const;
const OWRITE = 1;
const ORDWR = 2;
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const namesOf = (stats: readonly Stat[]) => stats.map(({ name }) => textOf(name)).sort();

/** What a test works with. */
interface PlainBench {
  readonly client: Client;
  readonly tree: Tree;
  readonly plain: PlainTree;
}

/**
 * The backend contract as clients of 9P2000 and 9P2000.u see it. `prepare` makes an empty, writable root whose mode lets
 * everybody read and its owner write.
 */
export function describePlainContract(driver: string, prepare: () => Prepared | Promise<Prepared>): void {
  const on = (version: PlainVersion, run: (bench: PlainBench) => Promise<void>) => async () => {
    const { backend, cleanUp } = await prepare();
    const bugs: unknown[] = [];
    const counted = counting(backend);
    const session = createSession(counted, { onBug: (error) => bugs.push(error) });
    try {
      const client = new Client(session);
      await client.version(version);
      const tree = await Tree.attach(client);
      await run({ client, tree, plain: new PlainTree(tree) });
      await session.reset();
      expect(bugs).toEqual([]);
      expect(counted.tally).toEqual({ nodes: 0, files: 0 });
    } finally {
      await session.reset();
      await backend.close();
      await cleanUp?.();
    }
  };

  describe.each(PLAIN_VERSIONS)(`${driver}, %s`, (version) => {
    test(
      'what is written is read, and a stat tells its name, length and mode',
      on(version, async ({ plain }) => {
        await plain.writeFile('file', 'content', 0o640);
        expect(await plain.readFile('file')).toBe('content');
        const { name, length, mode, uid, gid, mtime } = await plain.stat('file');
        expect({ name: textOf(name), length, mode }).toEqual({ name: 'file', length: 7n, mode: 0o640 });
        expect([uid, gid]).toEqual([expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]);
        expect(Math.abs(mtime - Date.now() / 1000)).toBeLessThan(60);
      }),
    );

    test(
      'a directory is made, listed without dots in pieces of any size, and removed when it is empty',
      on(version, async ({ plain }) => {
        await plain.make('dir', (DM.DMDIR | 0o755) >>> 0);
        const made = Array.from({ length: 50 }, (_, i) => `name-${i}`);
        for (const name of made) await plain.writeFile(`dir/${name}`, name);
        for (const count of [120, 200, 1000, 60_000])
          expect(namesOf(await plain.list('dir', count))).toEqual(made.sort());
        const { qid, mode, length } = await plain.stat('dir');
        expect({ type: qid.type, mode, length }).toEqual({ type: 0x80, mode: 0x8000_01ed, length: 0n });
        expect((await plain.list('dir')).every((stat) => stat.length === BigInt(stat.name.length))).toBe(true);
        await expect(plain.remove('dir')).rejects.toBe(errno('ENOTEMPTY'));
        for (const name of made) await plain.remove(`dir/${name}`);
        expect(await plain.list('dir')).toEqual([]);
        await plain.remove('dir');
        await expect(plain.stat('dir')).rejects.toBe(errno('ENOENT'));
      }),
    );

    test(
      'a directory is read from the start or from where the last read ended, and nowhere else',
      on(version, async ({ plain, tree }) => {
        for (const name of ['a', 'b', 'c']) await plain.writeFile(name, '');
        const fid = await plain.open('');
        const first = await tree.read(fid, 0n, 100);
        expect(plain.records(first)).toHaveLength(1);
        await expect(tree.read(fid, BigInt(first.length) + 1n, 100)).rejects.toBe(errno('EINVAL'));
        await expect(tree.read(fid, 1n, 100)).rejects.toBe(errno('EINVAL'));
        const second = await tree.read(fid, BigInt(first.length), 100);
        expect(plain.records(second)).not.toEqual(plain.records(first));
        expect(await tree.read(fid, 0n, 100)).toEqual(first);
        expect(await tree.read(fid, BigInt(first.length), first.length - 2)).toHaveLength(0);
        await expect(tree.write(fid, 0n, utf8('x'))).rejects.toBe(errno('EISDIR'));
      }),
    );

    test(
      'a name that is there is not created again',
      on(version, async ({ plain }) => {
        await plain.writeFile('old', 'kept');
        await expect(plain.create('old')).rejects.toBe(errno('EEXIST'));
        await expect(plain.create('old', DM.DMDIR | 0o755, 0)).rejects.toBe(errno('EEXIST'));
        expect(await plain.readFile('old')).toBe('kept');
      }),
    );

    test(
      'a directory hands on no more than its own permissions',
      on(version, async ({ plain }) => {
        await plain.make('narrow', (DM.DMDIR | 0o750) >>> 0);
        await plain.writeFile('narrow/file', '', 0o777);
        await plain.make('narrow/dir', (DM.DMDIR | 0o777) >>> 0);
        // perm & (~0666 | 0750 & 0666), and perm & (~0777 | 0750 & 0777).
        expect((await plain.stat('narrow/file')).mode).toBe(0o751);
        expect((await plain.stat('narrow/dir')).mode).toBe((DM.DMDIR | 0o750) >>> 0);
      }),
    );

    test(
      'open modes: OTRUNC empties, OEXEC wants an executable, a directory is only read',
      on(version, async ({ plain, tree }) => {
        await plain.writeFile('file', 'content');
        await tree.clunk(await plain.open('file', OWRITE | OPEN.OTRUNC));
        expect((await plain.stat('file')).length).toBe(0n);
        await expect(plain.open('file', 3)).rejects.toBe(errno('EACCES'));
        await plain.wstat('file', { mode: 0o755 });
        await tree.clunk(await plain.open('file', 3 | OPEN.OCEXEC));
        for (const mode of [OWRITE, ORDWR, 3, OPEN.OTRUNC, OPEN.ORCLOSE]) {
          await expect(plain.open('', mode)).rejects.toBe(errno('EISDIR'));
        }
        await expect(plain.open('file', 0x04)).rejects.toBe(errno('EINVAL'));
        await expect(tree.read(await plain.open('file', OWRITE), 0n, 1)).rejects.toBe(errno('EBADF'));
      }),
    );

    test(
      'ORCLOSE removes when the fid is clunked, on open and on create',
      on(version, async ({ plain, tree }) => {
        await plain.writeFile('opened', 'x');
        const fids = [
          await plain.open('opened', OPEN.ORCLOSE),
          await plain.create('created', 0o644, ORDWR | OPEN.ORCLOSE),
        ];
        expect(namesOf(await plain.list(''))).toEqual(['created', 'opened']);
        for (const fid of fids) await tree.clunk(fid);
        expect(await plain.list('')).toEqual([]);
      }),
    );

    test(
      'ORCLOSE removes at the end of the conversation, and Tremove does it once',
      on(version, async ({ plain, client }) => {
        const fid = await plain.create('removed', 0o644, ORDWR | OPEN.ORCLOSE);
        await client.call('Tremove', { fid });
        await plain.create('left', 0o644, ORDWR | OPEN.ORCLOSE);
        expect(namesOf(await plain.list(''))).toEqual(['left']);
        await client.version(version);
        expect(await new PlainTree(await Tree.attach(client)).list('')).toEqual([]);
      }),
    );

    test(
      'a wstat changes what it names and nothing else',
      on(version, async ({ plain }) => {
        await plain.writeFile('file', 'content');
        const before = await plain.stat('file');
        await plain.wstat('file', { mtime: 1_000_000_000 });
        await plain.wstat('file', { mode: 0o600 });
        expect(await plain.stat('file')).toMatchObject({ mtime: 1_000_000_000, mode: 0o600, length: 7n });
        await plain.wstat('file', { length: 3n });
        expect(await plain.readFile('file')).toBe('con');
        expect(await plain.stat('file')).toMatchObject({
          mode: 0o600,
          uid: before.uid,
          gid: before.gid,
          name: before.name,
        });
      }),
    );

    test(
      'an untouched wstat is an fsync, and what was read may be written back',
      on(version, async ({ plain, client }) => {
        await plain.writeFile('file', 'content');
        await plain.wstat('file', {});
        await plain.wstat('', {});
        await plain.wstat('file', await plain.stat('file'));
        const fid = await plain.open('file', ORDWR);
        await client.call('Twstat', { fid, stat: await plain.stat('file') });
        expect(await plain.readFile('file')).toBe('content');
      }),
    );

    test.each([
      ['its type', { mode: (DM.DMDIR | 0o755) >>> 0 }],
      ['append-only', { mode: (DM.DMAPPEND | 0o644) >>> 0 }],
      ['its owner by name', { uid: '4242' }],
      ['its qid', { qid: { type: 0xff, version: 0xffff_ffff, path: 42n } }],
      ['the device it is on', { dev: 42 }],
    ] as const)('a wstat of %s is EPERM and changes nothing', (_, change) =>
      on(version, async ({ plain }) => {
        await plain.writeFile('file', 'content');
        await expect(plain.wstat('file', { ...change, length: 0n, name: utf8('other') })).rejects.toBe(errno('EPERM'));
        expect(await plain.readFile('file')).toBe('content');
      })(),
    );

    test(
      'a rename within the directory is followed by the fid and its clones',
      on(version, async ({ plain, tree, client }) => {
        await plain.make('dir', (DM.DMDIR | 0o755) >>> 0);
        await plain.writeFile('dir/old', 'content');
        const fid = await tree.walk('dir/old');
        const clone = tree.newFid();
        await client.call('Twalk', { fid, newfid: clone, wname: [] });
        await client.call('Twstat', { fid, stat: { ...UNTOUCHED, name: utf8('new') } });
        expect(await plain.readFile('dir/new')).toBe('content');
        await expect(plain.stat('dir/old')).rejects.toBe(errno('ENOENT'));
        const { stat } = await client.call('Tstat', { fid: clone });
        expect(textOf(stat.name)).toBe('new');
        await client.call('Twstat', { fid: clone, stat: { ...UNTOUCHED, name: utf8('third') } });
        expect(namesOf(await plain.list('dir'))).toEqual(['third']);
        await plain.rename('dir/third', 'third');
        await plain.rename('dir', 'moved');
        expect(await plain.readFile('moved/third')).toBe('content');
        // The fid was come to through a directory that is not there any more.
        const stale = client.call('Twstat', { fid, stat: { ...UNTOUCHED, name: utf8('fourth') } });
        await expect(stale).rejects.toBe(errno('ESTALE'));
        // Nor does what is called so now, there, take its place.
        await plain.make('dir', (DM.DMDIR | 0o755) >>> 0);
        await plain.writeFile('dir/third', 'another');
        const other = client.call('Twstat', { fid, stat: { ...UNTOUCHED, name: utf8('fourth') } });
        await expect(other).rejects.toBe(errno('ESTALE'));
        expect(namesOf(await plain.list('dir'))).toEqual(['third']);
        expect(namesOf(await plain.list('moved'))).toEqual(['third']);
      }),
    );

    test(
      'a name is that of the last step, whatever way was taken',
      on(version, async ({ plain }) => {
        await plain.make('dir', (DM.DMDIR | 0o755) >>> 0);
        await plain.writeFile('file', 'content');
        const called = async (path: string) => textOf((await plain.stat(path)).name);
        expect(await called('')).toBe('/');
        expect(await called('..')).toBe('/');
        expect(await called('dir/..')).toBe('/');
        expect(await called('dir/.')).toBe('dir');
        expect(await called('dir/../file')).toBe('file');
        await plain.rename('dir/../dir/../file', 'new');
        expect(namesOf(await plain.list(''))).toEqual(['dir', 'new']);
      }),
    );

    test(
      'names that cannot be are refused, the root has none to give up',
      on(version, async ({ plain }) => {
        await plain.writeFile('file', 'content');
        await expect(plain.rename('file', 'a/b')).rejects.toBe(errno('ENOENT'));
        await expect(plain.rename('file', '..')).rejects.toBe(errno('EISDIR'));
        await expect(plain.rename('file', 'x'.repeat(256))).rejects.toBe(errno('ENAMETOOLONG'));
        await expect(plain.rename('', 'root')).rejects.toBe(errno('EBUSY'));
        await expect(plain.create('..')).rejects.toBe(errno('EEXIST'));
        expect(namesOf(await plain.list(''))).toEqual(['file']);
      }),
    );

    test(
      'a rename that comes with what cannot be done is not done',
      on(version, async ({ plain }) => {
        await plain.make('dir', (DM.DMDIR | 0o755) >>> 0);
        await plain.writeFile('dir/file', 'content');
        await expect(plain.wstat('dir', { name: utf8('other'), length: 1n })).rejects.toBe(errno('EISDIR'));
        await plain.wstat('dir/file', { name: utf8('new'), length: 3n });
        expect(await plain.readFile('dir/new')).toBe('con');
        await plain.writeFile('dir/taken', 'taken');
        await expect(plain.wstat('dir/new', { name: utf8('taken'), length: 1n })).rejects.toBe(errno('EEXIST'));
        expect(await plain.readFile('dir/new')).toBe('con');
        expect(await plain.readFile('dir/taken')).toBe('taken');
      }),
    );
  });

  test(
    `${driver}: 9P2000 does not rename over a file`,
    on('9P2000', async ({ plain }) => {
      await plain.writeFile('a', 'a');
      await plain.writeFile('b', 'b');
      await expect(plain.rename('a', 'b')).rejects.toBe(errno('EEXIST'));
      expect([await plain.readFile('a'), await plain.readFile('b')]).toEqual(['a', 'b']);
    }),
  );

  test(
    `${driver}: 9P2000 makes files and directories only`,
    on('9P2000', async ({ plain }) => {
      for (const bit of [DM.DMSYMLINK, DM.DMLINK, DM.DMSETUID, DM.DMNAMEDPIPE, DM.DMAPPEND, DM.DMEXCL]) {
        await expect(plain.create('x', (bit | 0o644) >>> 0, 0)).rejects.toBe(errno('EOPNOTSUPP'));
      }
      expect(await plain.list('')).toEqual([]);
    }),
  );

  describe(`${driver}: what 9P2000.u adds`, () => {
    const test9u = (name: string, run: (bench: PlainBench) => Promise<void>) => test(name, on('9P2000.u', run));

    test9u('symbolic links and their targets', async ({ plain }) => {
      await plain.make('link', DM.DMSYMLINK | 0o777, 'over/there');
      const { mode, qid, extension } = await plain.stat('link');
      expect([mode & DM.DMSYMLINK, qid.type, textOf(extension)]).toEqual([DM.DMSYMLINK, 0x02, 'over/there']);
      expect(textOf((await plain.list(''))[0]?.extension ?? new Uint8Array(0))).toBe('over/there');
      await expect(plain.open('link')).rejects.toBe(errno('ELOOP'));
      await expect(plain.create('empty', DM.DMSYMLINK, 0, '')).rejects.toBe(errno('ENOENT'));
    });

    test9u('hard links, made by the number of a fid, and how many there are', async ({ plain, tree }) => {
      await plain.writeFile('one', 'content');
      const fid = await tree.walk('one');
      await plain.make('two', DM.DMLINK, `${fid}\n`);
      await plain.make('three', DM.DMLINK, `${fid}`);
      expect(await plain.readFile('two')).toBe('content');
      expect(textOf((await plain.stat('three')).extension)).toBe('HARDLINKCOUNT 3');
      for (const wrong of ['', 'x', '-1', '99999999999', '1 2']) {
        await expect(plain.create('four', DM.DMLINK, 0, wrong)).rejects.toBe(errno('EINVAL'));
      }
      await expect(plain.create('four', DM.DMLINK, 0, '777')).rejects.toBe(errno('EBADF'));
    });

    test9u('pipes and sockets, which cannot be read', async ({ plain, tree }) => {
      const fid = await plain.create('pipe', DM.DMNAMEDPIPE | 0o644, 0);
      await expect(tree.read(fid, 0n, 1)).rejects.toBe(errno('EBADF'));
      await plain.make('socket', DM.DMSOCKET | 0o644);
      expect((await plain.stat('pipe')).mode).toBe(DM.DMNAMEDPIPE | 0o644);
      expect((await plain.stat('socket')).mode).toBe(DM.DMSOCKET | 0o644);
      for (const wrong of ['', 'c', 'c 1', 'd 1 2', 'c 1 2 3', 'c -1 2', 'c 4294967296 0']) {
        await expect(plain.create('device', DM.DMDEVICE | 0o644, 0, wrong)).rejects.toBe(errno('EINVAL'));
      }
      await expect(plain.create('both', DM.DMSOCKET | DM.DMNAMEDPIPE, 0)).rejects.toBe(errno('EOPNOTSUPP'));
    });

    test9u('setuid, setgid and sticky', async ({ plain }) => {
      await plain.writeFile('file', '');
      const mode = DM.DMSETUID | DM.DMSETGID | DM.DMSETVTX | 0o755;
      await plain.wstat('file', { mode });
      expect((await plain.stat('file')).mode).toBe(mode);
      await plain.wstat('file', { mode: 0o755 });
      expect((await plain.stat('file')).mode).toBe(0o755);
    });

    test9u('OAPPEND writes at the end', async ({ plain, tree }) => {
      await plain.writeFile('log', 'one ');
      const fid = await plain.open('log', OWRITE | OPEN.OAPPEND);
      await tree.write(fid, 0n, utf8('two'));
      expect(await plain.readFile('log')).toBe('one two');
    });

    test9u('a rename alone replaces, as rename(2)', async ({ plain }) => {
      await plain.writeFile('a', 'a');
      await plain.writeFile('b', 'b');
      await plain.rename('a', 'b');
      expect(await plain.readFile('b')).toBe('a');
      expect(namesOf(await plain.list(''))).toEqual(['b']);
    });
  });
}
