import { statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { AT, loadHostfs, O } from 'node-hostfs';
import { bytes, errorOf, Fixture, isRoot, now, text } from './local-fixture.ts';
import type { SecurityModelName } from './security-model.ts';

const asRoot = isRoot ? test : test.skip;
const ACCESS = bytes('system.posix_acl_access');

/** user::rw-, user 1000:r--, group::r--, mask::r--, other::---, as Linux stores it. */
const ACL = Buffer.from(
  '02000000' + '01000600ffffffff' + '02000400e8030000' + '04000400ffffffff' + '10000400ffffffff' + '20000000ffffffff',
  'hex',
);

async function share(securityModel: SecurityModelName, use: (fixture: Fixture) => Promise<void> | void) {
  const fixture = new Fixture({ securityModel });
  try {
    writeFileSync(fixture.at('f'), '');
    await use(fixture);
  } finally {
    expect(await fixture.close()).toBe(0);
  }
}

/** Sets an attribute on the host, behind the share's back. */
function setOnHost(path: string, name: string, value: string): number {
  const hostfs = loadHostfs();
  const fd = hostfs.openat(AT.FDCWD, bytes(path), O.PATH, 0);
  const result = hostfs.setxattr(fd, bytes(name), bytes(value), 0);
  hostfs.close(fd);
  return result;
}

describe('extended attributes', () => {
  test('of the user are read, written, listed and removed, with or without a name', () =>
    share('none', async (fixture) => {
      const node = fixture.node('f');
      unlinkSync(fixture.at('f'));
      const name = bytes('user.key');
      expect(await errorOf(() => node.getxattr(name))).toBe('ENODATA');
      now(node.setxattr(name, bytes('value'), 1));
      expect(await errorOf(() => node.setxattr(name, bytes('other'), 1))).toBe('EEXIST');
      expect(text(now(node.getxattr(name)))).toBe('value');
      now(node.setxattr(bytes('user.empty'), bytes(''), 0));
      expect(now(node.getxattr(bytes('user.empty'))).length).toBe(0);
      expect(text(now(node.listxattr())).split('\0').sort()).toEqual(['', 'user.empty', 'user.key']);
      now(node.removexattr(name));
      expect(await errorOf(() => node.removexattr(name))).toBe('ENODATA');
      expect(await errorOf(() => node.setxattr(name, bytes('x'), 2))).toBe('ENODATA');
    }));

  test('values of any bytes, and of several pages where the file system takes them', () =>
    share('none', async (fixture) => {
      const node = fixture.node('f');
      const value = Uint8Array.from({ length: 2000 }, (_, i) => i & 0xff);
      now(node.setxattr(bytes('user.bytes'), value, 0));
      expect(Buffer.from(now(node.getxattr(bytes('user.bytes')))).equals(value)).toBe(true);
      expect(['success', 'ENOSPC', 'E2BIG']).toContain(
        await errorOf(() => node.setxattr(bytes('user.big'), new Uint8Array(65_536), 0)),
      );
    }));

  test('of a symbolic link are never those of its target', () =>
    share('passthrough', async (fixture) => {
      setOnHost(fixture.at('f'), 'user.secret', '1');
      symlinkSync('f', fixture.at('l'));
      const link = fixture.node('l');
      expect(['ENODATA', 'EPERM']).toContain(await errorOf(() => link.getxattr(bytes('user.secret'))));
      expect(await errorOf(() => link.setxattr(bytes('user.x'), bytes('1'), 0))).toBe('EPERM');
      expect(now(link.listxattr()).length).toBe(0);
    }));

  test('names with NUL or of a kind the model keeps away', () =>
    share('passthrough', async (fixture) => {
      const node = fixture.node('f');
      expect(await errorOf(() => node.getxattr(bytes('user.a\0b')))).toBe('EINVAL');
      for (const name of ['security.selinux', 'trusted.overlay.opaque', 'system.other', 'userx', '']) {
        expect(await errorOf(() => node.getxattr(bytes(name)))).toBe('EOPNOTSUPP');
        expect(await errorOf(() => node.setxattr(bytes(name), bytes('1'), 0))).toBe('EOPNOTSUPP');
        expect(await errorOf(() => node.removexattr(bytes(name)))).toBe('EOPNOTSUPP');
      }
    }));

  asRoot('what the model keeps away is not listed either', () =>
    share('passthrough', (fixture) => {
      expect(setOnHost(fixture.at('f'), 'trusted.hidden', '1')).toBe(0);
      expect(setOnHost(fixture.at('f'), 'user.shown', '1')).toBe(0);
      expect(text(now(fixture.node('f').listxattr()))).toBe('user.shown\0');
    }),
  );

  test('POSIX ACLs are the host’s own under passthrough', () =>
    share('passthrough', (fixture) => {
      const node = fixture.node('f');
      now(node.setxattr(ACCESS, ACL, 0));
      expect(Buffer.from(now(node.getxattr(ACCESS))).equals(ACL)).toBe(true);
      expect(text(now(node.listxattr()))).toBe('system.posix_acl_access\0');
      expect(statSync(fixture.at('f')).mode & 0o777).toBe(0o640);
      now(node.removexattr(ACCESS));
    }));

  test('POSIX ACLs are not supported under none', () =>
    share('none', async (fixture) => {
      const node = fixture.node('f');
      expect(await errorOf(() => node.getxattr(ACCESS))).toBe('EOPNOTSUPP');
      expect(await errorOf(() => node.setxattr(ACCESS, ACL, 0))).toBe('EOPNOTSUPP');
      expect(await errorOf(() => node.removexattr(ACCESS))).toBe('EOPNOTSUPP');
    }));
});
