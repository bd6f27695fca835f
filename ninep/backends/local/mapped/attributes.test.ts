import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { AT, loadHostfs, O } from 'node-hostfs';
import { bytes, errorOf, Fixture, now, text } from '../local-fixture.ts';
import type { SecurityModelName } from '../security-model.ts';

const ACCESS = bytes('system.posix_acl_access');
const DEFAULT = bytes('system.posix_acl_default');

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

/** An attribute on the host as text, in hexadecimal; or set there. */
function onHost(path: string, name: string, value?: Uint8Array): string {
  const hostfs = loadHostfs();
  const fd = hostfs.openat(AT.FDCWD, bytes(path), O.PATH, 0);
  const out = Buffer.alloc(256);
  const length =
    value === undefined ? hostfs.getxattr(fd, bytes(name), out) : hostfs.setxattr(fd, bytes(name), value, 0);
  hostfs.close(fd);
  return length < 0 ? String(length) : out.toString('hex', 0, length);
}

test('mapped-xattr keeps what QEMU keeps, as QEMU keeps it', () =>
  share('mapped-xattr', async (fixture) => {
    const node = fixture.node('f');
    await node.setattr({ uid: 0x01020304, gid: 4_000_000_000, mode: 0o4755 });
    now(fixture.root.mknod(bytes('disk'), 0o060660, 259, 70_000, 6));
    const values = ['uid', 'gid', 'mode'].map((name) => onHost(fixture.at('f'), `user.virtfs.${name}`));
    expect(values).toEqual(['04030201', '00286bee', 'ed890000']);
    expect(onHost(fixture.at('disk'), 'user.virtfs.rdev')).toBe('7003111100000000');
    onHost(fixture.at('f'), 'user.virtfs.uid', Buffer.from('0100', 'hex'));
    onHost(fixture.at('f'), 'user.virtfs.gid', Buffer.alloc(12));
    expect(now(node.getattr(0n))).toMatchObject({ uid: process.geteuid?.(), gid: process.getegid?.(), mode: 0o104755 });
  }));

describe.each(['mapped-xattr', 'mapped', 'mapped-file'] as const)('%s', (model) => {
  test('what the model keeps for itself is hidden', () =>
    share(model, async (fixture) => {
      const node = fixture.node('f');
      await node.setattr({ uid: 5 });
      onHost(fixture.at('f'), 'user.virtfs.uid', Buffer.from('05000000', 'hex'));
      now(node.setxattr(bytes('user.mine'), bytes('1'), 0));
      for (const name of ['user.virtfs.uid', 'user.virtfs.system.posix_acl_access', 'user.virtfs.other']) {
        expect(await errorOf(() => node.getxattr(bytes(name)))).toBe('ENODATA');
        expect(await errorOf(() => node.setxattr(bytes(name), bytes('1'), 0))).toBe('EACCES');
        expect(await errorOf(() => node.removexattr(bytes(name)))).toBe('EACCES');
      }
      expect(text(now(node.listxattr()))).toBe('user.mine\0');
      expect(await errorOf(() => node.getxattr(bytes('security.capability')))).toBe('EOPNOTSUPP');
    }));

  test('ACLs are kept, listed by their own names, and give nobody rights on the host', () =>
    share(model, async (fixture) => {
      const node = fixture.node('f');
      now(fixture.root.mkdir(bytes('d'), 0o755, 0));
      const directory = fixture.node('d');
      expect(await errorOf(() => node.getxattr(ACCESS))).toBe('ENODATA');
      expect(await errorOf(() => node.removexattr(ACCESS))).toBe('success');
      now(node.setxattr(ACCESS, ACL, 0));
      now(directory.setxattr(DEFAULT, ACL, 0));
      expect(Buffer.from(now(node.getxattr(ACCESS))).equals(ACL)).toBe(true);
      expect(text(now(node.listxattr()))).toBe('system.posix_acl_access\0');
      expect(text(now(directory.listxattr()))).toBe('system.posix_acl_default\0');
      expect(onHost(fixture.at('f'), 'user.virtfs.system.posix_acl_access')).toBe(ACL.toString('hex'));
      expect(onHost(fixture.at('f'), 'system.posix_acl_access')).toBe('-61');
      now(node.removexattr(ACCESS));
      expect(await errorOf(() => node.getxattr(ACCESS))).toBe('ENODATA');
      expect(now(node.listxattr())).toHaveLength(0);
    }));
});

test('the ACLs that QEMU put on the host’s files under mapped-file are read, and removed', () =>
  share('mapped-file', async (fixture) => {
    onHost(fixture.at('f'), 'system.posix_acl_access', ACL);
    const node = fixture.node('f');
    expect(Buffer.from(now(node.getxattr(ACCESS))).equals(ACL)).toBe(true);
    expect(text(now(node.listxattr()))).toBe('system.posix_acl_access\0');
    now(node.removexattr(ACCESS));
    expect(await errorOf(() => node.getxattr(ACCESS))).toBe('ENODATA');
    expect(onHost(fixture.at('f'), 'system.posix_acl_access')).toBe('-61');
  }));
