import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import type { Node } from '../../../backend.ts';
import { bytes, errorOf, Fixture, now, REQUEST, readText, text, user, withOpen } from '../local-fixture.ts';

const attributes = (node: Node) => now(node.getattr(0x7ffn));

/** What both mapped models do; each keeps it elsewhere. */
describe.each(['mapped-xattr', 'mapped-file'] as const)('%s', (securityModel) => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture({ securityModel }, user(1000));
  });
  afterEach(async () => {
    expect(await fixture.close()).toBe(0);
  });

  async function create(name: string, mode: number, content = 'text'): Promise<Node> {
    const { node, file } = await fixture.root.create(bytes(name), O.RDWR, mode, 100);
    await file.write(0n, [bytes(content)], REQUEST);
    await file.release();
    return fixture.keep(node);
  }

  test('what is created belongs to the client’s user for it, and to the server’s on the host', async () => {
    const node = await create('file', 0o4755);
    now(fixture.root.mkdir(bytes('dir'), 0o1777, 100));
    expect(attributes(node)).toMatchObject({ uid: 1000, gid: 100 });
    expect(attributes(fixture.node('dir'))).toMatchObject({ uid: 1000, gid: 100, mode: 0o041777 });
    const [file, dir] = [statSync(fixture.at('file')), statSync(fixture.at('dir'))];
    expect([file.mode, file.uid, dir.mode, dir.uid]).toEqual([
      0o100600,
      process.geteuid?.(),
      0o040700,
      process.geteuid?.(),
    ]);
  });

  test('fmode and dmode are the modes on the host', async () => {
    const other = new Fixture({ securityModel, fmode: 0o640, dmode: 0o755 }, user(7));
    try {
      const { node, file } = await other.root.create(bytes('file'), O.RDWR, 0o600, 7);
      now(other.root.mkdir(bytes('dir'), 0o700, 7));
      now(other.root.mknod(bytes('fifo'), 0o010666, 0, 0, 7));
      const modes = ['file', 'dir', 'fifo'].map((name) => statSync(other.at(name)).mode & 0o777);
      expect(modes).toEqual([0o640, 0o755, 0o640]);
      expect(attributes(node).mode).toBe(0o100600);
      await file.release();
      await node.release();
    } finally {
      expect(await other.close()).toBe(0);
    }
  });

  test('devices, FIFOs, sockets and links are regular files on the host, which nobody opens for I/O', async () => {
    const made: [string, number, bigint][] = [
      ['char', 0o020666, 0x11110370n],
      ['block', 0o060660, 0x11110370n],
      ['fifo', 0o010600, 0n],
      ['socket', 0o140700, 0n],
    ];
    for (const [name, mode, rdev] of made) {
      const qid = now(fixture.root.mknod(bytes(name), mode, 259, 70_000, 0));
      const node = fixture.node(name);
      expect(attributes(node)).toMatchObject({ mode, qid, rdev });
      expect(await errorOf(() => node.open(O.RDWR))).toBe('ENXIO');
      expect(lstatSync(fixture.at(name)).isFile()).toBe(true);
    }
    const qid = now(fixture.root.symlink(bytes('link'), bytes('/etc/passwd'), 0));
    const link = fixture.node('link');
    expect([qid.type, link.qid.type, attributes(link).mode]).toEqual([2, 2, 0o120777]);
    expect(text(now(link.readlink()))).toBe('/etc/passwd');
    expect(readFileSync(fixture.at('link'), 'latin1')).toBe('/etc/passwd');
    expect(await errorOf(() => link.open(O.RDONLY))).toBe('ELOOP');
    expect(await errorOf(() => link.setattr({ size: 0n }))).toBe('EINVAL');
    expect(await errorOf(() => link.setattr({ mode: 0o700 }))).toBe('EOPNOTSUPP');
  });

  test('a listing tells the types that getattr tells', async () => {
    await create('file', 0o600);
    now(fixture.root.mkdir(bytes('dir'), 0o700, 0));
    now(fixture.root.mknod(bytes('fifo'), 0o010600, 0, 0, 0));
    now(fixture.root.symlink(bytes('link'), bytes('x'), 0));
    symlinkSync('x', fixture.at('real'));
    const types = new Map<string, [number, number]>();
    await withOpen(fixture.root, O.RDONLY, (file) =>
      file.readdir(0n, ({ name, type, qid }) => types.set(text(name), [type, qid.type]).size > 0),
    );
    expect(Object.fromEntries(types)).toEqual({
      '.': [4, 0x80],
      '..': [4, 0x80],
      file: [8, 0],
      dir: [4, 0x80],
      fifo: [1, 0],
      link: [10, 2],
      real: [10, 2],
    });
  });

  test('links the host made are readable, and not followed', async () => {
    symlinkSync('/etc/passwd', fixture.at('real'));
    const link = fixture.node('real');
    expect(link.qid.type).toBe(2);
    expect(text(now(link.readlink()))).toBe('/etc/passwd');
    expect(await errorOf(() => link.open(O.RDONLY))).toBe('ELOOP');
  });

  test('what the host made shows as it is, until something of it is set', async () => {
    writeFileSync(fixture.at('host'), 'x');
    chmodSync(fixture.at('host'), 0o640);
    const node = fixture.node('host');
    expect(attributes(node)).toMatchObject({ mode: 0o100640, uid: process.geteuid?.() });
    await node.setattr({ gid: 4_000_000_000 });
    expect(attributes(node)).toMatchObject({ mode: 0o100640, uid: process.geteuid?.(), gid: 4_000_000_000 });
    await node.setattr({ mode: 0o444 });
    expect(attributes(node)).toMatchObject({ mode: 0o100444, gid: 4_000_000_000 });
    expect(statSync(fixture.at('host')).mode).toBe(0o100640);
  });

  test('a chmod moves ctime', async () => {
    const node = await create('file', 0o600);
    const before = attributes(node).ctime;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await node.setattr({ mode: 0o644 });
    expect(attributes(node).ctime).not.toEqual(before);
  });

  describe('setuid and setgid', () => {
    const modeAfter = async (mode: number, change: (node: Node) => unknown) => {
      const node = await create('set', mode);
      await node.setattr({ mode });
      await change(node);
      return attributes(node).mode & 0o7777;
    };
    const write = (node: Node) =>
      withOpen(node, O.WRONLY, async (file) => void (await file.write(0n, [bytes('x')], REQUEST)));

    test.each([
      ['a write', write],
      ['a truncation', (node: Node) => node.setattr({ size: 1n })],
      ['O_TRUNC', (node: Node) => withOpen(node, O.WRONLY | O.TRUNC, () => undefined)],
      ['a new owner', (node: Node) => node.setattr({ uid: 5 })],
      ['a new group', (node: Node) => node.setattr({ gid: 5 })],
    ])('%s takes them off', async (_what, change) => {
      expect(await modeAfter(0o6755, change)).toBe(0o755);
    });

    test('a write through a fid that saw the file without them', async () => {
      const node = await create('file', 0o755);
      await withOpen(node, O.RDWR, async (file) => {
        await file.write(0n, [bytes('one')], REQUEST);
        await node.setattr({ mode: 0o4755 });
        expect(await file.write(0n, [bytes('two')], REQUEST)).toBe(3);
        expect(attributes(node).mode & 0o7777).toBe(0o755);
        expect(await readText(file)).toBe('twot');
      });
    });

    test('setgid without group execution stays, and so do those of a directory that is given away', async () => {
      expect(await modeAfter(0o2745 & ~0o10, write)).toBe(0o2745 & ~0o10);
      now(fixture.root.mkdir(bytes('dir'), 0o2770, 0));
      await fixture.node('dir').setattr({ gid: 9 });
      expect(attributes(fixture.node('dir')).mode).toBe(0o042770);
    });

    test('a mode that is set with the owner counts', async () => {
      expect(await modeAfter(0o755, (node) => node.setattr({ uid: 5, mode: 0o4711 }))).toBe(0o4711);
    });
  });

  test('an object keeps what it is when its name moves, goes, or means another', async () => {
    const node = await create('old', 0o751);
    now(fixture.root.mkdir(bytes('dir'), 0o755, 0));
    await fixture.root.rename(bytes('old'), fixture.node('dir'), bytes('new'));
    expect(attributes(node)).toMatchObject({ mode: 0o100751, uid: 1000 });
    await node.setattr({ uid: 5 });
    await fixture.node('dir').unlink(bytes('new'), false);
    expect(attributes(node)).toMatchObject({ mode: 0o100751, uid: 5, nlink: 0n });
    await node.setattr({ mode: 0o600, uid: 6 });
    const { node: other, file } = await fixture.node('dir').create(bytes('new'), O.RDWR, 0o644, 1);
    expect(attributes(node)).toMatchObject({ mode: 0o100600, uid: 6 });
    expect(attributes(other)).toMatchObject({ mode: 0o100644, uid: 1000 });
    await file.release();
    await other.release();
  });

  test('what is replaced keeps its own attributes for whoever holds it', async () => {
    const winner = await create('winner', 0o600);
    const loser = await create('loser', 0o4755);
    await loser.setattr({ uid: 77 });
    await fixture.root.rename(bytes('winner'), fixture.root, bytes('loser'));
    expect(attributes(winner)).toMatchObject({ mode: 0o100600, uid: 1000 });
    expect(attributes(fixture.node('loser'))).toMatchObject({ mode: 0o100600, uid: 1000 });
    expect(attributes(loser)).toMatchObject({ uid: 77, nlink: 0n });
  });

  test('all names of a file say the same, whichever of them is left', async () => {
    const one = await create('one', 0o600);
    await fixture.root.link(bytes('two'), one);
    await fixture.root.link(bytes('three'), one);
    await fixture.node('two').setattr({ uid: 42, mode: 0o640 });
    for (const name of ['one', 'two', 'three']) {
      expect(attributes(fixture.node(name))).toMatchObject({ uid: 42, mode: 0o100640, nlink: 3n });
    }
    await fixture.root.unlink(bytes('one'), false);
    await one.setattr({ uid: 43 });
    expect(attributes(fixture.node('three'))).toMatchObject({ uid: 43 });
    await fixture.node('three').setattr({ gid: 44 });
    for (const node of [one, fixture.node('two')]) expect(attributes(node)).toMatchObject({ uid: 43, gid: 44 });
    await fixture.root.rename(bytes('two'), fixture.root, bytes('three'));
    expect(attributes(fixture.node('two'))).toMatchObject({ uid: 43, gid: 44 });
  });

  test('a file the host made and a client linked is one file still', async () => {
    writeFileSync(fixture.at('host'), 'x');
    await fixture.root.link(bytes('linked'), fixture.node('host'));
    await fixture.node('linked').setattr({ uid: 8 });
    expect(attributes(fixture.node('host'))).toMatchObject({ uid: 8 });
  });

  test('the exported directory itself has an owner and a mode', async () => {
    await fixture.root.setattr({ uid: 12, mode: 0o1751 });
    expect(attributes(fixture.root)).toMatchObject({ uid: 12, mode: 0o041751 });
    expect(statSync(fixture.path).mode & 0o7777).toBe(0o700);
  });

  test('two changes at once are both made', async () => {
    const node = await create('file', 0o600);
    await Promise.all([
      ...Array.from({ length: 5 }, (_, i) => node.setattr({ uid: 100 + i })),
      node.setattr({ mode: 0o640 }),
      node.setattr({ gid: 9 }),
    ]);
    expect(attributes(node)).toMatchObject({ gid: 9, mode: 0o100640 });
    expect(attributes(node).uid).toBeGreaterThanOrEqual(100);
  });

  test('a change under way survives what happens to the name', async () => {
    const node = await create('file', 0o600);
    now(fixture.root.mkdir(bytes('dir'), 0o755, 0));
    const changed = node.setattr({ uid: 5 });
    await fixture.root.rename(bytes('file'), fixture.node('dir'), bytes('moved'));
    await changed;
    expect(attributes(fixture.node('dir', 'moved'))).toMatchObject({ uid: 5, mode: 0o100600 });
    const again = node.setattr({ uid: 6 });
    await fixture.node('dir').unlink(bytes('moved'), false);
    await again;
    expect(attributes(node)).toMatchObject({ uid: 6, mode: 0o100600 });
  });

  test('a directory removed and made again begins anew', async () => {
    now(fixture.root.mkdir(bytes('dir'), 0o700, 0));
    const { node, file } = await fixture.node('dir').create(bytes('x'), O.RDWR, 0o600, 0);
    await file.release();
    await node.release();
    expect(await errorOf(() => fixture.root.unlink(bytes('dir'), true))).toBe('ENOTEMPTY');
    await fixture.node('dir').unlink(bytes('x'), false);
    await fixture.root.unlink(bytes('dir'), true);
    now(fixture.root.mkdir(bytes('dir'), 0o711, 3));
    expect(attributes(fixture.node('dir'))).toMatchObject({ mode: 0o040711, gid: 3 });
  });

  test('a failed create leaves nothing behind', async () => {
    mkdirSync(fixture.at('there'));
    expect(await errorOf(() => fixture.root.mkdir(bytes('there'), 0o777, 5))).toBe('EEXIST');
    expect(await errorOf(() => fixture.root.mknod(bytes('there'), 0o010777, 0, 0, 5))).toBe('EEXIST');
    expect(await errorOf(() => fixture.root.symlink(bytes('there'), bytes('x'), 5))).toBe('EEXIST');
    expect(attributes(fixture.node('there'))).toMatchObject({ gid: process.getegid?.() });
  });

  test('moves on the host are followed as far as they can be', () => {
    writeFileSync(fixture.at('host'), 'x');
    const node = fixture.node('host');
    renameSync(fixture.at('host'), fixture.at('elsewhere'));
    expect(attributes(node).mode & 0o170000).toBe(0o100000);
    unlinkSync(fixture.at('elsewhere'));
    expect(attributes(node)).toMatchObject({ nlink: 0n });
  });
});
