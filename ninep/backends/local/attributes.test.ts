import { chmodSync, lstatSync, mkdirSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import { GETATTR } from '../../backend.ts';
import { bytes, errorOf, Fixture, isRoot, now, REQUEST, withOpen } from './local-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture({ securityModel: 'passthrough' });
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});
const asRoot = isRoot ? test : test.skip;

describe('getattr', () => {
  test('says what lstat says', () => {
    writeFileSync(fixture.at('f'), 'four');
    const host = lstatSync(fixture.at('f'), { bigint: true });
    const got = now(fixture.node('f').getattr(GETATTR.all));
    expect(got.valid & GETATTR.basic).toBe(GETATTR.basic);
    expect([BigInt(got.mode), BigInt(got.uid), BigInt(got.gid)]).toEqual([host.mode, host.uid, host.gid]);
    expect([got.nlink, got.size, got.blocks, got.rdev]).toEqual([host.nlink, 4n, host.blocks, 0n]);
    expect(got.mtime.seconds * 1_000_000_000n + BigInt(got.mtime.nanoseconds)).toBe(host.mtimeNs);
    expect(got.qid.path).toBe(host.ino);
    if ((got.valid & GETATTR.btime) !== 0n) {
      expect(got.btime.seconds * 1_000_000_000n + BigInt(got.btime.nanoseconds)).toBe(host.birthtimeNs);
    }
  });

  test('statfs says what the file system says', () => {
    const status = now(fixture.root.statfs());
    expect(status.namelen).toBe(255);
    expect(status.bsize).toBeGreaterThanOrEqual(512);
    expect(status.bavail).toBeLessThanOrEqual(status.blocks);
  });
});

describe('setattr', () => {
  test('works on an object without a name: mode, owner, length, times', () => {
    writeFileSync(fixture.at('f'), 'text');
    const node = fixture.node('f');
    unlinkSync(fixture.at('f'));
    const { uid, gid } = now(node.getattr(0n));
    now(node.setattr({ mode: 0o4711, uid, gid, size: 10n, atime: { seconds: 1n, nanoseconds: 2 }, mtime: 'now' }));
    const got = now(node.getattr(0n));
    expect([got.mode, got.size, got.atime]).toEqual([0o104711, 10n, { seconds: 1n, nanoseconds: 2 }]);
    expect(got.mtime.seconds).toBeGreaterThan(1_000_000n);
  });

  asRoot('gives away, and takes setuid off as the kernel does, unless a mode comes with it', () => {
    writeFileSync(fixture.at('f'), '');
    chmodSync(fixture.at('f'), 0o4755);
    now(fixture.node('f').setattr({ uid: 1234, gid: 4321 }));
    expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o755);
    now(fixture.node('f').setattr({ uid: 1235, mode: 0o4755 }));
    const host = statSync(fixture.at('f'));
    expect([host.uid, host.gid, host.mode & 0o7777]).toEqual([1235, 4321, 0o4755]);
  });

  test('a symbolic link has owner and times of its own, and no mode', async () => {
    writeFileSync(fixture.at('f'), '');
    symlinkSync('f', fixture.at('l'));
    const link = fixture.node('l');
    now(link.setattr({ mtime: { seconds: 5n, nanoseconds: 0 } }));
    expect(lstatSync(fixture.at('l')).mtimeMs).toBe(5000);
    expect(statSync(fixture.at('f')).mtimeMs).not.toBe(5000);
    expect(await errorOf(() => link.setattr({ mode: 0o600 }))).toBe('EOPNOTSUPP');
    expect(await errorOf(() => link.setattr({ size: 0n }))).toBe('EINVAL');
    now(link.setattr({ ctime: true }));
  });

  asRoot('a setattr refused for a symbolic link has not given it away', async () => {
    symlinkSync('f', fixture.at('l'));
    expect(await errorOf(() => fixture.node('l').setattr({ uid: 1234, mode: 0o600 }))).toBe('EOPNOTSUPP');
    expect(lstatSync(fixture.at('l')).uid).toBe(0);
  });

  test('times before 1970 come as the wire has them, and the kernel’s special values do not pass', async () => {
    writeFileSync(fixture.at('f'), '');
    const node = fixture.node('f');
    now(node.setattr({ mtime: { seconds: 2n ** 64n - 5n, nanoseconds: 1 } }));
    expect(now(node.getattr(0n)).mtime).toEqual({ seconds: -5n, nanoseconds: 1 });
    for (const nanoseconds of [1_000_000_000, 0x3fffffff, 0x3ffffffe, 0xffffffff]) {
      expect(await errorOf(() => node.setattr({ mtime: { seconds: 0n, nanoseconds } }))).toBe('EINVAL');
    }
    expect(now(node.getattr(0n)).mtime).toEqual({ seconds: -5n, nanoseconds: 1 });
  });

  test('a length no file can have, or of what has none, changes nothing', async () => {
    writeFileSync(fixture.at('f'), 'text');
    mkdirSync(fixture.at('d'));
    const node = fixture.node('f');
    expect(await errorOf(() => node.setattr({ size: 1n << 63n, mode: 0o777 }))).toBe('EFBIG');
    expect(await errorOf(() => node.setattr({ size: (1n << 63n) - 1n, mode: 0o777 }))).toBe('EFBIG');
    expect(await errorOf(() => fixture.node('d').setattr({ size: 0n, mode: 0o777 }))).toBe('EISDIR');
    expect(statSync(fixture.at('f')).mode & 0o777).not.toBe(0o777);
    expect(statSync(fixture.at('d')).mode & 0o777).not.toBe(0o777);
  });

  test('ctime alone moves, and setuid stays', async () => {
    writeFileSync(fixture.at('f'), '');
    chmodSync(fixture.at('f'), 0o4755);
    const node = fixture.node('f');
    const before = now(node.getattr(0n));
    await new Promise((resolve) => setTimeout(resolve, 20));
    now(node.setattr({ ctime: true }));
    const after = now(node.getattr(0n));
    expect(after.ctime).not.toEqual(before.ctime);
    expect([after.mtime, after.mode]).toEqual([before.mtime, 0o104755]);
  });

  test('cutting off much goes through the pool and is done when it says so', async () => {
    writeFileSync(fixture.at('big'), '');
    const node = fixture.node('big');
    await withOpen(node, O.WRONLY, async (file) => {
      const chunk = Buffer.alloc(1 << 20, 1);
      for (let i = 0; i < 66; i++) await file.write(BigInt(i << 20), [chunk], REQUEST);
      await file.fsync(true);
    });
    await node.setattr({ size: 3n, mode: 0o600 });
    const host = statSync(fixture.at('big'));
    expect([host.size, host.mode & 0o777]).toEqual([3, 0o600]);
  });
});

describe('qids', () => {
  test('one file has one path under all its names; versions move with the content', () => {
    writeFileSync(fixture.at('f'), 'a');
    const node = fixture.node('f');
    now(fixture.root.link(bytes('g'), node));
    expect(fixture.node('g').qid).toEqual(now(node.getattr(0n)).qid);
    const before = now(node.getattr(0n)).qid.version;
    utimesSync(fixture.at('f'), 1, 1);
    const after = now(node.getattr(0n)).qid.version;
    expect(after).not.toBe(before);
    expect(after).not.toBe(0);
  });
});
