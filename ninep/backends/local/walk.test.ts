import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { QID_TYPE } from '../../backend.ts';
import { bytes, errorOf, Fixture, now, readText, walk, withOpen } from './local-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});

const walkTo = (...names: string[]) => errorOf(() => now(fixture.root.walk(names.map(bytes))).node?.release());

describe('a walk never leaves the share', () => {
  test('.. at the root is the root, however often', () => {
    const node = fixture.node('..', '..', '..');
    expect(node.qid.path).toBe(fixture.root.qid.path);
  });

  test('.. goes up within the share and no further', () => {
    mkdirSync(fixture.at('a/b'), { recursive: true });
    expect(fixture.node('a', 'b', '..').qid.path).toBe(fixture.node('a').qid.path);
    expect(fixture.node('a', 'b', '..', '..', '..', 'a').qid.path).toBe(fixture.node('a').qid.path);
  });

  test('.. of a directory the host moved out of the share leads nowhere', async () => {
    mkdirSync(fixture.at('in/inner'), { recursive: true });
    const inner = fixture.node('in', 'inner');
    renameSync(fixture.at('in'), join(fixture.around, 'out'));
    expect(await errorOf(() => inner.walk([bytes('..')]))).toBe('ENOENT');
  });

  test('.. of a directory moved next to the share, under a name that begins like it', async () => {
    mkdirSync(fixture.at('in'));
    const moved = fixture.node('in');
    const beside = `${fixture.path}x`;
    mkdirSync(beside);
    renameSync(fixture.at('in'), join(beside, 'in'));
    expect(await errorOf(() => moved.walk([bytes('..')]))).toBe('ENOENT');
  });

  test('.. of a directory moved within the share is where it is now', () => {
    mkdirSync(fixture.at('old/dir'), { recursive: true });
    mkdirSync(fixture.at('new'));
    const dir = fixture.node('old', 'dir');
    renameSync(fixture.at('old/dir'), fixture.at('new/dir'));
    expect(fixture.keep(walk(dir, '..')).qid.path).toBe(fixture.node('new').qid.path);
  });

  test('a symbolic link is itself, and nothing lies behind it', async () => {
    symlinkSync('/', fixture.at('slash'));
    symlinkSync('..', fixture.at('up'));
    expect(fixture.node('slash').qid.type).toBe(QID_TYPE.symlink);
    for (const link of ['slash', 'up']) {
      expect(now(fixture.root.walk([bytes(link), bytes('etc')])).node).toBeUndefined();
      const node = fixture.node(link);
      expect(await errorOf(() => node.walk([bytes('etc')]))).toBe('ENOTDIR');
      expect(await errorOf(() => node.walk([bytes('..')]))).toBe('ENOTDIR');
      expect(await errorOf(() => node.walk([bytes('.')]))).toBe('ENOTDIR');
      expect(await errorOf(() => node.open(0))).toBe('ELOOP');
      expect(await errorOf(() => node.create(bytes('x'), 1, 0o600, 0))).toBe('ENOTDIR');
    }
  });

  test('a directory swapped for a link is not followed by those who walk anew, and stays itself for those who hold it', async () => {
    mkdirSync(fixture.at('dir'));
    writeFileSync(fixture.at('dir/f'), 'inside');
    mkdirSync(join(fixture.around, 'secret'));
    writeFileSync(join(fixture.around, 'secret/f'), 'outside');
    const held = fixture.node('dir');
    renameSync(fixture.at('dir'), fixture.at('dir2'));
    symlinkSync(join(fixture.around, 'secret'), fixture.at('dir'));
    expect(now(fixture.root.walk([bytes('dir'), bytes('f')])).node).toBeUndefined();
    const inside = fixture.keep(walk(held, 'f'));
    expect(await withOpen(inside, 0, readText)).toBe('inside');
  });

  test('names no file can have', async () => {
    for (const name of ['', 'a/b', '/', '/etc', 'a\0b']) expect(await walkTo(name)).toBe('ENOENT');
    expect(await walkTo('x'.repeat(256))).toBe('ENAMETOOLONG');
    expect(await walkTo('x'.repeat(255))).toBe('ENOENT');
  });

  test('names that may not be made, moved or removed', async () => {
    const { root } = fixture;
    writeFileSync(fixture.at('f'), '');
    const f = fixture.node('f');
    for (const name of ['', 'a/b', '../x', '\0']) {
      const bad = bytes(name);
      expect(await errorOf(() => root.mkdir(bad, 0o755, 0))).toBe('ENOENT');
      expect(await errorOf(() => root.create(bad, 1, 0o644, 0))).toBe('ENOENT');
      expect(await errorOf(() => root.mknod(bad, 0o100644, 0, 0, 0))).toBe('ENOENT');
      expect(await errorOf(() => root.symlink(bad, bytes('t'), 0))).toBe('ENOENT');
      expect(await errorOf(() => root.link(bad, f))).toBe('ENOENT');
      expect(await errorOf(() => root.rename(bytes('f'), root, bad))).toBe('ENOENT');
      expect(await errorOf(() => root.rename(bad, root, bytes('g')))).toBe('ENOENT');
      expect(await errorOf(() => root.unlink(bad, false))).toBe('ENOENT');
      expect(await errorOf(() => f.renameSelf(root, bad))).toBe('ENOENT');
    }
    for (const dots of ['.', '..']) {
      expect(await errorOf(() => root.mkdir(bytes(dots), 0o755, 0))).toBe('EEXIST');
      expect(await errorOf(() => root.create(bytes(dots), 1, 0o644, 0))).toBe('EEXIST');
      expect(await errorOf(() => root.rename(bytes('f'), root, bytes(dots)))).toBe('EISDIR');
    }
    expect(await errorOf(() => root.unlink(bytes('.'), true))).toBe('EINVAL');
    expect(await errorOf(() => root.unlink(bytes('..'), true))).toBe('ENOTEMPTY');
  });
});

describe('how far a walk comes', () => {
  test('the first name fails it, a later one ends it', async () => {
    mkdirSync(fixture.at('a/b'), { recursive: true });
    expect(await walkTo('none', 'a')).toBe('ENOENT');
    const { qids, node } = now(fixture.root.walk(['a', 'b', 'none', 'x'].map(bytes)));
    expect(qids.length).toBe(2);
    expect(node).toBeUndefined();
  });

  test('through a file is ENOTDIR', async () => {
    writeFileSync(fixture.at('f'), '');
    expect(await errorOf(() => fixture.node('f').walk([bytes('x')]))).toBe('ENOTDIR');
    expect(await errorOf(() => fixture.node('f').walk([bytes('..')]))).toBe('ENOTDIR');
  });

  test('names are bytes', () => {
    const name = Buffer.from([0xff, 0x80, 0x01]);
    mkdirSync(Buffer.concat([bytes(`${fixture.path}/`), name]));
    const { node } = now(fixture.root.walk([name]));
    expect(node?.qid.type).toBe(QID_TYPE.dir);
    if (node !== undefined) fixture.keep(node);
  });
});

describe('a node is an object, not a path', () => {
  test('the share may be renamed while it is exported', () => {
    writeFileSync(fixture.at('f'), '');
    mkdirSync(fixture.at('d'));
    const d = fixture.node('d');
    const moved = join(fixture.around, 'moved');
    renameSync(fixture.path, moved);
    expect(now(fixture.node('f').getattr(0n)).nlink).toBe(1n);
    expect(fixture.keep(walk(d, '..')).qid.path).toBe(fixture.root.qid.path);
    renameSync(moved, fixture.path);
  });

  test('another directory in its place is not it', async () => {
    writeFileSync(fixture.at('f'), '');
    renameSync(fixture.path, join(fixture.around, 'moved'));
    mkdirSync(fixture.path);
    writeFileSync(fixture.at('other'), '');
    expect(await walkTo('other')).toBe('ENOENT');
    expect(await walkTo('f')).toBe('success');
  });

  test('unlinked on the host: it is still there, read, written and described', async () => {
    writeFileSync(fixture.at('f'), 'text');
    const node = fixture.node('f');
    unlinkSync(fixture.at('f'));
    const attributes = now(node.getattr(0n));
    expect([attributes.nlink, attributes.size]).toEqual([0n, 4n]);
    expect(await withOpen(node, 0, readText)).toBe('text');
    now(node.setattr({ mode: 0o600, size: 2n, mtime: { seconds: 7n, nanoseconds: 8 } }));
    const after = now(node.getattr(0n));
    expect([after.mode, after.size, after.mtime]).toEqual([0o100600, 2n, { seconds: 7n, nanoseconds: 8 }]);
    expect(await errorOf(() => node.removeSelf())).toBe('ENOENT');
    expect(await errorOf(() => fixture.root.link(bytes('again'), node))).toBe('ENOENT');
  });

  test('a removed directory holds nothing and takes nothing', async () => {
    mkdirSync(fixture.at('d'));
    const node = fixture.node('d');
    rmSync(fixture.at('d'), { recursive: true });
    expect(await errorOf(() => node.create(bytes('f'), 1, 0o600, 0))).toBe('ENOENT');
    expect(await errorOf(() => node.walk([bytes('f')]))).toBe('ENOENT');
    expect(now(node.getattr(0n)).nlink).toBe(0n);
  });

  test('a clone is independent of its original', async () => {
    writeFileSync(fixture.at('f'), 'x');
    const original = walk(fixture.root, 'f');
    const clone = fixture.keep(now(original.clone()));
    await original.release();
    expect(await withOpen(clone, 0, readText)).toBe('x');
  });
});

describe('removing and moving an object by its own name', () => {
  test('removes what the node means, under the name it has now', () => {
    writeFileSync(fixture.at('f'), 'mine');
    const node = fixture.node('f');
    renameSync(fixture.at('f'), fixture.at('g'));
    writeFileSync(fixture.at('f'), 'other');
    now(node.removeSelf());
    expect(readFileSync(fixture.at('f'), 'latin1')).toBe('other');
    expect(() => readFileSync(fixture.at('g'))).toThrow();
  });

  test('removes a directory only when empty', async () => {
    mkdirSync(fixture.at('d/e'), { recursive: true });
    expect(await errorOf(() => fixture.node('d').removeSelf())).toBe('ENOTEMPTY');
    now(fixture.node('d', 'e').removeSelf());
    now(fixture.node('d').removeSelf());
  });

  test('a symbolic link is removed, not its target', () => {
    writeFileSync(fixture.at('f'), '');
    symlinkSync('f', fixture.at('l'));
    now(fixture.node('l').removeSelf());
    expect(readFileSync(fixture.at('f'), 'latin1')).toBe('');
  });

  test('never reaches what the host moved out of the share', async () => {
    writeFileSync(fixture.at('f'), '');
    const node = fixture.node('f');
    renameSync(fixture.at('f'), join(fixture.around, 'f'));
    expect(await errorOf(() => node.removeSelf())).toBe('ESTALE');
    expect(await errorOf(() => node.renameSelf(fixture.root, bytes('back')))).toBe('ESTALE');
    expect(readFileSync(join(fixture.around, 'f'), 'latin1')).toBe('');
  });

  test('the root cannot be removed', async () => {
    expect(await errorOf(() => fixture.root.removeSelf())).toBe('EBUSY');
  });

  test('moves across directories', () => {
    mkdirSync(fixture.at('a'));
    mkdirSync(fixture.at('b'));
    writeFileSync(fixture.at('a/f'), 'x');
    now(fixture.node('a', 'f').renameSelf(fixture.node('b'), bytes('g')));
    expect(readFileSync(fixture.at('b/g'), 'latin1')).toBe('x');
  });
});
