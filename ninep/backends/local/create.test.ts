import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { loadHostfs, O } from 'node-hostfs';
import { bytes, errorOf, Fixture, isRoot, now, REQUEST, readText, text, user } from './local-fixture.ts';

const asRoot = isRoot ? test : test.skip;
const GID = process.getegid?.() ?? 0;

/** Creates a file, releases everything, and returns what was in it before that. */
async function create(fixture: Fixture, name: string, flags: number, mode = 0o644, gid = GID): Promise<string> {
  const { node, file } = await fixture.root.create(bytes(name), flags, mode, gid);
  const content = (flags & O.ACCMODE) === O.WRONLY ? '' : await readText(file);
  await file.release();
  await node.release();
  return content;
}

describe('in a share with security_model=none', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture({ securityModel: 'none' }, user(process.geteuid?.()));
  });
  afterEach(async () => {
    expect(await fixture.close()).toBe(0);
  });

  test('a link swapped in under the name is not followed', async () => {
    const outside = join(fixture.around, 'outside');
    symlinkSync(outside, fixture.at('l'));
    expect(await errorOf(() => create(fixture, 'l', O.WRONLY))).toBe('ELOOP');
    expect(await errorOf(() => create(fixture, 'l', O.WRONLY | O.EXCL))).toBe('EEXIST');
    expect(await errorOf(() => fixture.root.mkdir(bytes('l'), 0o755, GID))).toBe('EEXIST');
    expect(await errorOf(() => fixture.root.mknod(bytes('l'), 0o100644, 0, 0, GID))).toBe('EEXIST');
    expect(existsSync(outside)).toBe(false);
  });

  test('a file of the host linked in under the name just made keeps its owner and mode', async () => {
    const victim = join(fixture.around, 'victim');
    writeFileSync(victim, 'secret', { mode: 0o600 });
    const hostfs = loadHostfs();
    const { mknodat } = hostfs;
    const swapped = jest.spyOn(hostfs, 'mknodat').mockImplementation((...args) => {
      const result = mknodat(...args);
      unlinkSync(fixture.at('n'));
      linkSync(victim, fixture.at('n'));
      return result;
    });
    try {
      expect(await errorOf(() => fixture.root.mknod(bytes('n'), 0o100666, 0, 0, GID))).toBe('ESTALE');
    } finally {
      swapped.mockRestore();
    }
    expect(statSync(victim).mode & 0o7777).toBe(0o600);
    expect(existsSync(fixture.at('n'))).toBe(true);
  });

  test('O_EXCL refuses what is there; without it, that is opened as it is', async () => {
    writeFileSync(fixture.at('f'), 'old', { mode: 0o640 });
    expect(await errorOf(() => create(fixture, 'f', O.RDWR | O.EXCL))).toBe('EEXIST');
    expect(await create(fixture, 'f', O.RDWR, 0o777)).toBe('old');
    expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o640);
    await create(fixture, 'f', O.RDWR | O.TRUNC);
    expect(readFileSync(fixture.at('f'), 'latin1')).toBe('');
    mkdirSync(fixture.at('d'));
    expect(await errorOf(() => create(fixture, 'd', O.RDONLY))).toBe('EISDIR');
  });

  test('the mode is the one asked for, whatever the umask', async () => {
    const old = process.umask(0o077);
    try {
      await create(fixture, 'f', O.RDWR, 0o4755);
      now(fixture.root.mkdir(bytes('d'), 0o1777, GID));
      now(fixture.root.mknod(bytes('p'), 0o010622, 0, 0, GID));
    } finally {
      process.umask(old);
    }
    expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o4755);
    expect(statSync(fixture.at('d')).mode & 0o7777).toBe(0o1777);
    expect(statSync(fixture.at('p')).mode).toBe(0o010622);
  });

  asRoot('a new file keeps its setuid bit, O_TRUNC or not', async () => {
    const plain = new Fixture({ securityModel: 'passthrough' }, user(1000));
    await create(plain, 'f', O.RDWR | O.TRUNC, 0o4755);
    expect(statSync(plain.at('f')).mode & 0o7777).toBe(0o4755);
    expect(await plain.close()).toBe(0);
  });

  test('a file that only its owner may read can be written through its creation', async () => {
    const { node, file } = await fixture.root.create(bytes('f'), O.WRONLY, 0o400, GID);
    expect(await file.write(0n, [bytes('x')], REQUEST)).toBe(1);
    await file.setattr?.({ size: 5n });
    await file.release();
    await node.release();
    expect(statSync(fixture.at('f')).size).toBe(5);
  });

  test('the node that comes with the file is the file, even if its name has gone', async () => {
    const { node, file } = await fixture.root.create(bytes('f'), O.RDWR, 0o600, GID);
    now(fixture.root.unlink(bytes('f'), false));
    expect(now(node.getattr(0n)).qid.path).toBe(file.qid.path);
    expect(now(node.getattr(0n)).nlink).toBe(0n);
    await file.release();
    await node.release();
  });

  test('the qid of what was made is the one a walk finds', () => {
    const made = [
      now(fixture.root.mkdir(bytes('d'), 0o755, GID)),
      now(fixture.root.symlink(bytes('l'), bytes('../x'), GID)),
      now(fixture.root.mknod(bytes('r'), 0o100600, 0, 0, GID)),
      now(fixture.root.mkdir(bytes('sticky'), 0o1777, GID)),
      now(fixture.root.mknod(bytes('setuid'), 0o104640, 0, 0, GID)),
    ];
    expect(made.map(({ type }) => type)).toEqual([0x80, 0x02, 0x00, 0x80, 0x00]);
    const found = ['d', 'l', 'r', 'sticky', 'setuid'].map((name) => fixture.node(name).qid);
    expect(found).toEqual(made);
  });

  test('a symbolic link keeps its target byte for byte', async () => {
    const target = Buffer.from([0xff, 0x2f, 0x2e, 0x2e, 0x01]);
    now(fixture.root.symlink(bytes('l'), target, GID));
    expect(readlinkSync(fixture.at('l'), 'buffer').equals(target)).toBe(true);
    expect([...now(fixture.node('l').readlink())]).toEqual([...target]);
    expect(await errorOf(() => fixture.root.symlink(bytes('m'), bytes('a\0b'), GID))).toBe('EINVAL');
    expect(await errorOf(() => fixture.root.symlink(bytes('m'), bytes(''), GID))).toBe('ENOENT');
    expect(await errorOf(() => fixture.root.readlink())).toBe('EINVAL');
    const longest = bytes('x'.repeat(4095));
    now(fixture.root.symlink(bytes('long'), longest, GID));
    expect(text(now(fixture.node('long').readlink())).length).toBe(4095);
  });

  test('mknod makes no directories and no links', async () => {
    for (const format of [0o040000, 0o120000, 0o150000, 0]) {
      expect(await errorOf(() => fixture.root.mknod(bytes('x'), format | 0o644, 0, 0, GID))).toBe('EINVAL');
    }
    expect(existsSync(fixture.at('x'))).toBe(false);
  });

  test('hard links are to the object, and directories get none', async () => {
    writeFileSync(fixture.at('f'), 'x');
    const node = fixture.node('f');
    now(fixture.root.link(bytes('g'), node));
    expect(statSync(fixture.at('g')).ino).toBe(statSync(fixture.at('f')).ino);
    expect(now(node.getattr(0n)).nlink).toBe(2n);
    expect(await errorOf(() => fixture.root.link(bytes('g'), node))).toBe('EEXIST');
    mkdirSync(fixture.at('d'));
    expect(await errorOf(() => fixture.root.link(bytes('e'), fixture.node('d')))).toBe('EPERM');
  });

  test('links and renames stay within one share', async () => {
    const other = new Fixture();
    writeFileSync(fixture.at('f'), '');
    expect(await errorOf(() => other.root.link(bytes('g'), fixture.node('f')))).toBe('EXDEV');
    expect(await errorOf(() => fixture.root.rename(bytes('f'), other.root, bytes('g')))).toBe('EXDEV');
    await other.close();
  });

  test('rename moves across directories and replaces what is there', async () => {
    mkdirSync(fixture.at('a/b'), { recursive: true });
    writeFileSync(fixture.at('f'), 'new');
    writeFileSync(fixture.at('a/g'), 'old');
    const held = fixture.node('f');
    now(fixture.root.rename(bytes('f'), fixture.node('a'), bytes('g')));
    expect(readFileSync(fixture.at('a/g'), 'latin1')).toBe('new');
    expect(now(held.getattr(0n)).nlink).toBe(1n);
    expect(await errorOf(() => fixture.root.rename(bytes('a'), fixture.node('a', 'b'), bytes('a')))).toBe('EINVAL');
    expect(await errorOf(() => fixture.root.rename(bytes('none'), fixture.root, bytes('x')))).toBe('ENOENT');
  });

  test('unlink keeps files and directories apart', async () => {
    mkdirSync(fixture.at('d'));
    writeFileSync(fixture.at('f'), '');
    expect(await errorOf(() => fixture.root.unlink(bytes('d'), false))).toBe('EISDIR');
    expect(await errorOf(() => fixture.root.unlink(bytes('f'), true))).toBe('ENOTDIR');
    now(fixture.root.unlink(bytes('d'), true));
    now(fixture.root.unlink(bytes('f'), false));
    expect(await errorOf(() => fixture.root.unlink(bytes('f'), false))).toBe('ENOENT');
  });

  asRoot('an owner that cannot be set is let pass', async () => {
    execFileSync('chown', ['65534:65534', fixture.path]);
    process.seteuid?.(65534);
    try {
      const stranger = now(fixture.backend.attach(user(1234)));
      const { node, file } = await stranger.create(bytes('f'), O.RDWR, 0o640, 4321);
      now(stranger.mkdir(bytes('d'), 0o750, 4321));
      now(stranger.symlink(bytes('l'), bytes('t'), 4321));
      now(node.setattr({ uid: 1, gid: 1 }));
      await file.release();
      await node.release();
      await stranger.release();
    } finally {
      process.seteuid?.(0);
    }
    for (const name of ['f', 'd', 'l']) expect(lstatSync(fixture.at(name)).uid).toBe(65534);
    expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o640);
  });
});

describe('in a share with security_model=passthrough', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture({ securityModel: 'passthrough' }, user(1234));
  });
  afterEach(async () => {
    expect(await fixture.close()).toBe(0);
  });

  asRoot('what is made belongs to the client’s user and the group asked for, with setuid intact', async () => {
    await create(fixture, 'f', O.RDWR, 0o6755, 4321);
    now(fixture.root.mkdir(bytes('d'), 0o2755, 4321));
    now(fixture.root.symlink(bytes('l'), bytes('t'), 4321));
    now(fixture.root.mknod(bytes('p'), 0o010600, 0, 0, 4321));
    now(fixture.root.mknod(bytes('dev'), 0o020600, 1, 3, 4321));
    for (const name of ['f', 'd', 'l', 'p', 'dev']) {
      const { uid, gid } = lstatSync(fixture.at(name));
      expect([name, uid, gid]).toEqual([name, 1234, 4321]);
    }
    expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o6755);
    expect(statSync(fixture.at('d')).mode & 0o7777).toBe(0o2755);
    expect(statSync(fixture.at('dev')).rdev).toBe(0x103);
  });

  asRoot('a client without a user leaves the server’s', async () => {
    const anonymous = fixture.keep(now(fixture.backend.attach(user(undefined))));
    now(anonymous.mkdir(bytes('d'), 0o755, 4321));
    expect([statSync(fixture.at('d')).uid, statSync(fixture.at('d')).gid]).toEqual([0, 4321]);
  });

  asRoot('if the owner cannot be set, nothing was made', async () => {
    execFileSync('chown', ['65534:65534', fixture.path]);
    process.seteuid?.(65534);
    try {
      const { root } = fixture;
      expect(await errorOf(() => create(fixture, 'f', O.RDWR))).toBe('EPERM');
      expect(await errorOf(() => root.mkdir(bytes('d'), 0o755, 0))).toBe('EPERM');
      expect(await errorOf(() => root.symlink(bytes('l'), bytes('t'), 0))).toBe('EPERM');
      expect(await errorOf(() => root.mknod(bytes('p'), 0o010600, 0, 0, 0))).toBe('EPERM');
      expect(await errorOf(() => root.setattr({ uid: 0 }))).toBe('EPERM');
    } finally {
      process.seteuid?.(0);
    }
    for (const name of ['f', 'd', 'l', 'p']) expect(existsSync(fixture.at(name))).toBe(false);
  });
});
