import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { AT, loadHostfs, O } from 'node-hostfs';
import { bytes, errorOf, Fixture, isRoot, now, text, withOpen } from './local-fixture.ts';
import { type Multidevs, QidPaths } from './qid-paths.ts';

/** Whether this process may mount, as some roots in containers may not. */
function canMount(): boolean {
  if (!isRoot) return false;
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const mounting = canMount() ? test : test.skip;

async function share(multidevs: Multidevs, use: (fixture: Fixture, notices: string[]) => Promise<void> | void) {
  const notices: string[] = [];
  const fixture = new Fixture({ multidevs, notice: (line) => notices.push(line) });
  const mounted = ['one', 'two'].map((name) => fixture.at(name));
  for (const [i, path] of mounted.entries()) {
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', `tmpfs-${i}`, path]);
    for (let n = 0; n < 5; n++) writeFileSync(`${path}/file-${n}`, '');
  }
  try {
    await use(fixture, notices);
  } finally {
    for (const path of mounted) execFileSync('umount', ['-l', path]);
    expect(await fixture.close()).toBe(0);
  }
}

/** The paths of all files on both file systems, as getattr tells them. */
function paths(fixture: Fixture): bigint[] {
  return ['one', 'two'].flatMap((name) =>
    Array.from({ length: 5 }, (_, n) => now(fixture.node(name, `file-${n}`).getattr(0n)).qid.path),
  );
}

describe('multidevs', () => {
  mounting('warn tells once, and keeps the files apart', () =>
    share('warn', (fixture, notices) => {
      expect(notices).toEqual([]);
      expect(new Set(paths(fixture)).size).toBe(10);
      expect(notices).toEqual([
        `${JSON.stringify(fixture.path)} holds more than one file system: the guest sees made-up inode numbers; multidevs=remap keeps them apart and stable, multidevs=forbid hides them`,
      ]);
    }),
  );

  mounting('remap keeps inode numbers, below a tag that does not depend on who came first', () =>
    share('remap', async (fixture, notices) => {
      const before = paths(fixture);
      expect(new Set(before).size).toBe(10);
      const inode = BigInt(statSync(fixture.at('one/file-3')).ino);
      expect(before[3]).toBe(((before[3] ?? 0n) & ~0xffff_ffff_ffffn) | inode);
      expect((before[3] ?? 0n) >> 63n).toBe(1n);

      const later = new Map<string, bigint>();
      await withOpen(fixture.root, O.RDONLY, (file) =>
        file.readdir(0n, ({ name, qid }) => later.set(text(name), qid.path).size > 0),
      );
      for (const name of ['one', 'two']) expect(later.get(name)).toBe(now(fixture.node(name).getattr(0n)).qid.path);

      expect(notices).toEqual([]);
    }),
  );

  mounting('forbid: ENODEV, and the listing goes on', () =>
    share('forbid', async (fixture, notices) => {
      expect(await errorOf(() => fixture.root.walk([bytes('one')]))).toBe('ENODEV');
      const names: string[] = [];
      await withOpen(fixture.root, O.RDONLY, (file) => file.readdir(0n, ({ name }) => names.push(text(name)) > 0));
      expect(names.sort()).toEqual(['.', '..', 'one', 'two']);
      expect(notices).toEqual([]);
    }),
  );
});

describe('paths', () => {
  const hostfs = loadHostfs();
  const make = (multidevs: Multidevs) =>
    new QidPaths(hostfs, { devMajor: 8, devMinor: 1 }, { multidevs, path: '/x', notice: () => {} });

  test('are inode numbers on the device of the root, scrambled by device elsewhere', () => {
    const paths = make('warn');
    expect(paths.path(8, 1, 42n)).toBe(42n);
    const elsewhere = new Set<bigint>();
    for (let minor = 1; minor < 12; minor++)
      for (let ino = 0n; ino < 200n; ino++) elsewhere.add(paths.path(8, minor, ino));
    expect(elsewhere.size).toBe(2200);
    for (const path of elsewhere) expect(path >= 0n && path < 1n << 64n).toBe(true);
    expect(make('warn').path(0, 40, 7n)).toBe(paths.path(0, 40, 7n));
  });

  test('under remap differ for all devices and inode numbers, also the longest, whoever came first', () => {
    const fd = hostfs.openat(AT.FDCWD, bytes('/'), O.PATH, 0);
    const [one, other] = [make('remap'), make('remap')];
    const devices = Array.from({ length: 40 }, (_, devMinor) => ({ devMajor: 0, devMinor: devMinor + 1000 }));
    const inodes = [1n, 2n, 1n << 48n, (1n << 48n) + 1n, 1n << 63n, (1n << 64n) - 1n];
    for (const device of devices) one.meet(fd, device);
    for (const device of devices) other.meet(fd, device);
    hostfs.close(fd);
    const all = new Map<bigint, string>();
    for (const { devMajor, devMinor } of [{ devMajor: 8, devMinor: 1 }, ...devices]) {
      for (const ino of inodes) all.set(one.path(devMajor, devMinor, ino), `${devMinor} ${ino}`);
    }
    expect(all.size).toBe(41 * inodes.length);
    const first = devices.slice(0, 3);
    const told = first.map(({ devMinor }) => one.path(0, devMinor, 1n));
    expect(first.toReversed().map(({ devMinor }) => other.path(0, devMinor, 1n))).toEqual(told.toReversed());
  });

  test('under remap run out with ENFILE, and are never used twice', async () => {
    const paths = make('remap');
    const seen = new Set<bigint>();
    const error = await errorOf(() => {
      for (let prefix = 1n << 15n; ; prefix++) seen.add(paths.path(8, 1, prefix << 48n));
    });
    expect(error).toBe('ENFILE');
    expect(seen.size).toBe(32_768);
  });
});
