import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import type { Node } from '../../backend.ts';
import { bytes, errorOf, Fixture, now, REQUEST, readText, text, withOpen } from './local-fixture.ts';

let fixture: Fixture;
beforeAll(() => {
  fixture = new Fixture({ securityModel: 'none', readonly: true });
  mkdirSync(fixture.at('d'));
  writeFileSync(fixture.at('f'), 'content');
  chmodSync(fixture.at('f'), 0o644);
  symlinkSync('f', fixture.at('l'));
});
afterAll(async () => {
  expect(readdirSync(fixture.path).sort()).toEqual(['d', 'f', 'l']);
  expect(readFileSync(fixture.at('f'), 'latin1')).toBe('content');
  expect(statSync(fixture.at('f')).mode & 0o7777).toBe(0o644);
  expect(await fixture.close()).toBe(0);
});

type Attempt = (root: Node, f: Node, d: Node) => unknown;
const CHANGES: readonly [string, Attempt][] = [
  ['open for writing', (_, f) => f.open(O.WRONLY)],
  ['open for both', (_, f) => f.open(O.RDWR)],
  ['open to truncate', (_, f) => f.open(O.RDONLY | O.TRUNC)],
  ['open to append', (_, f) => f.open(O.RDONLY | O.APPEND)],
  ['create', (root) => root.create(bytes('n'), O.RDWR, 0o600, 0)],
  ['create what is there', (root) => root.create(bytes('f'), O.RDONLY, 0o600, 0)],
  ['mkdir', (root) => root.mkdir(bytes('n'), 0o755, 0)],
  ['mknod', (root) => root.mknod(bytes('n'), 0o010600, 0, 0, 0)],
  ['symlink', (root) => root.symlink(bytes('n'), bytes('t'), 0)],
  ['link', (root, f) => root.link(bytes('n'), f)],
  ['rename', (root, _, d) => root.rename(bytes('f'), d, bytes('n'))],
  ['unlink', (root) => root.unlink(bytes('f'), false)],
  ['rmdir', (root) => root.unlink(bytes('d'), true)],
  ['remove', (_, f) => f.removeSelf()],
  ['rename by fid', (_, f, d) => f.renameSelf(d, bytes('n'))],
  ['chmod', (_, f) => f.setattr({ mode: 0o777 })],
  ['chown', (_, f) => f.setattr({ uid: 1 })],
  ['truncate', (_, f) => f.setattr({ size: 0n })],
  ['utimes', (_, f) => f.setattr({ mtime: 'now' })],
  ['ctime', (_, f) => f.setattr({ ctime: true })],
  ['setxattr', (_, f) => f.setxattr(bytes('user.x'), bytes('1'), 0)],
  ['removexattr', (_, f) => f.removexattr(bytes('user.x'))],
];

describe('readonly=on', () => {
  test.each(CHANGES)('%s is EROFS', async (_name, attempt) => {
    expect(await errorOf(() => attempt(fixture.root, fixture.node('f'), fixture.node('d')))).toBe('EROFS');
  });

  test('reading works, through every flag that does not change anything', async () => {
    expect(await withOpen(fixture.node('f'), O.RDONLY | O.NOATIME, readText)).toBe('content');
    expect(text(now(fixture.node('l').readlink()))).toBe('f');
    const names: string[] = [];
    await withOpen(fixture.root, O.RDONLY, (file) => file.readdir(0n, ({ name }) => names.push(text(name)) > 0));
    expect(names.sort()).toEqual(['.', '..', 'd', 'f', 'l']);
  });

  test('through an open file nothing changes either', async () => {
    await withOpen(fixture.node('f'), O.RDONLY, async (file) => {
      expect(await errorOf(() => file.write(0n, [bytes('x')], REQUEST))).toBe('EROFS');
      expect(await errorOf(() => file.setattr?.({ size: 0n }))).toBe('EROFS');
    });
  });

  test('read locks are granted', async () => {
    await withOpen(fixture.node('f'), O.RDONLY, (file) => {
      const range = { type: 0, start: 0n, length: 0n, procId: 1, clientId: bytes('c') } as const;
      expect(now(file.lock(range))).toBe(0);
    });
  });
});
