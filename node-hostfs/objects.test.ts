import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AT, CAP, KEEP_ID, O, RENAME, RESOLVE, S, STATX, UTIME } from './constants.ts';
import { E } from './errno.ts';
import { loadHostfs } from './load.ts';
import { bytes, NO_NAME, openDescriptors, scratchDirectory } from './scratch-directory.ts';
import { Statfs } from './statfs.ts';
import { makedev, Statx } from './statx.ts';

const hostfs = loadHostfs();
const scratch = scratchDirectory();
const at = (name: string) => `${scratch.path}/${name}`;
const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
let before = 0;
beforeAll(() => {
  before = openDescriptors();
});
afterAll(() => {
  expect(openDescriptors()).toBe(before);
  scratch.remove();
});

/** Runs `use` with an O_PATH descriptor of `name`, symbolic links not followed. */
function withObject(name: string, use: (fd: number) => void): void {
  const fd = hostfs.openat2(scratch.fd, bytes(name), O.PATH | O.NOFOLLOW, 0, RESOLVE.BENEATH);
  expect(fd).toBeGreaterThanOrEqual(0);
  try {
    use(fd);
  } finally {
    expect(hostfs.close(fd)).toBe(0);
  }
}

describe('openat2', () => {
  test('refuses to leave the directory, through a link, an absolute path or ..', () => {
    symlinkSync('/etc', at('out'));
    const open = (name: string, resolve: number) => hostfs.openat2(scratch.fd, bytes(name), O.RDONLY, 0, resolve);
    expect(open('out/passwd', RESOLVE.BENEATH)).toBe(-E.XDEV);
    expect(open('../x', RESOLVE.BENEATH)).toBe(-E.XDEV);
    expect(open('/etc/passwd', RESOLVE.BENEATH)).toBe(-E.XDEV);
    expect(open('out', RESOLVE.NO_SYMLINKS)).toBe(-E.LOOP);
  });

  test('an O_PATH descriptor of a link is the link', () => {
    symlinkSync('nowhere', at('dangling'));
    withObject('dangling', (fd) => {
      const out = new Uint8Array(100);
      expect(hostfs.readlinkat(fd, NO_NAME, out)).toBe(7);
      expect(Buffer.from(out.subarray(0, 7)).toString()).toBe('nowhere');
      expect(hostfs.reopen(fd, O.RDONLY)).toBe(-E.LOOP);
    });
  });

  test('descriptors are closed on exec', () => {
    writeFileSync(at('cloexec'), '');
    for (const flags of [O.RDONLY, O.PATH]) {
      const fd = hostfs.openat(scratch.fd, bytes('cloexec'), flags, 0);
      expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')).toMatch(/^flags:\t0?[0-7]*[2367]\d{6}$/m);
      hostfs.close(fd);
    }
  });

  test('names are bytes, UTF-8 or not', () => {
    const name = Buffer.from([0xff, 0xfe, 0x80]);
    expect(hostfs.mkdirat(scratch.fd, name, 0o700)).toBe(0);
    expect(statSync(Buffer.concat([bytes(`${scratch.path}/`), name])).isDirectory()).toBe(true);
    expect(hostfs.unlinkat(scratch.fd, name, AT.REMOVEDIR)).toBe(0);
  });
});

describe('an object descriptor survives rename and unlink', () => {
  test('read, chmod, utimes, stat after both', () => {
    writeFileSync(at('a'), 'hello');
    withObject('a', (fd) => {
      renameSync(at('a'), at('b'));
      expect(hostfs.fchmod(fd, 0o4751)).toBe(0);
      expect(statSync(at('b')).mode & 0o7777).toBe(0o4751);
      unlinkSync(at('b'));
      expect(hostfs.fchmod(fd, 0o640)).toBe(0);
      expect(hostfs.futimens(fd, 1, 2, -3n, 999_999_999)).toBe(0);
      const stat = new Statx();
      expect(hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, STATX.BASIC_STATS, stat.bytes)).toBe(0);
      expect(stat.atime).toEqual({ seconds: 1n, nanoseconds: 2 });
      expect(stat.mtime).toEqual({ seconds: -3n, nanoseconds: 999_999_999 });
      expect(hostfs.fchownat(fd, NO_NAME, KEEP_ID, KEEP_ID, AT.EMPTY_PATH)).toBe(0);
      const io = hostfs.reopen(fd, O.RDWR);
      const out = new Uint8Array(10);
      expect(hostfs.preadv2(io, out, 0, 0)).toBe(5);
      expect(hostfs.ftruncate(io, 3)).toBe(0);
      expect(hostfs.close(io)).toBe(0);
      expect(hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, STATX.BASIC_STATS, stat.bytes)).toBe(0);
      expect(stat.mode).toBe(0o100640);
      expect(stat.nlink).toBe(0);
      expect(stat.size).toBe(3n);
    });
  });

  test('linkFd links the object, not whoever took its name', () => {
    writeFileSync(at('first'), '1');
    withObject('first', (fd) => {
      renameSync(at('first'), at('moved'));
      writeFileSync(at('first'), '2');
      expect(hostfs.linkFd(fd, scratch.fd, bytes('linked'))).toBe(0);
      expect(readFileSync(at('linked'), 'latin1')).toBe('1');
      expect(hostfs.linkFd(fd, scratch.fd, bytes('linked'))).toBe(-E.EXIST);
    });
  });

  test('linkFd of a symbolic link links the link', () => {
    symlinkSync('nowhere', at('link-a'));
    withObject('link-a', (fd) => expect(hostfs.linkFd(fd, scratch.fd, bytes('link-b'))).toBe(0));
    expect(lstatSync(at('link-b')).isSymbolicLink()).toBe(true);
  });

  asRoot('linkFd works without privilege, also for symbolic links', () => {
    mkdirSync(at('mine'));
    expect(hostfs.fchownat(scratch.fd, bytes('mine'), 65534, 65534, 0)).toBe(0);
    expect(hostfs.fchmod(scratch.fd, 0o755)).toBe(0);
    process.seteuid?.(65534);
    try {
      writeFileSync(at('mine/f'), 'x');
      symlinkSync('nowhere', at('mine/l'));
      for (const name of ['mine/f', 'mine/l']) {
        withObject(name, (fd) => expect(hostfs.linkFd(fd, scratch.fd, bytes(`${name}2`))).toBe(0));
      }
    } finally {
      process.seteuid?.(0);
    }
    expect(lstatSync(at('mine/f')).nlink).toBe(2);
    expect(lstatSync(at('mine/l')).nlink).toBe(2);
  });

  test('an unlinked object gets no new name', () => {
    writeFileSync(at('lost'), '');
    withObject('lost', (fd) => {
      unlinkSync(at('lost'));
      expect(hostfs.linkFd(fd, scratch.fd, bytes('found'))).toBe(-E.NOENT);
    });
  });
});

describe('attributes', () => {
  test('chmod of a symbolic link changes nothing', () => {
    writeFileSync(at('target'), '');
    symlinkSync('target', at('to-target'));
    const mode = statSync(at('target')).mode;
    withObject('to-target', (fd) => expect(hostfs.fchmod(fd, 0o777)).toBe(-E.OPNOTSUPP));
    expect(statSync(at('target')).mode).toBe(mode);
  });

  test('times of a symbolic link are its own', () => {
    writeFileSync(at('timed'), '');
    symlinkSync('timed', at('to-timed'));
    withObject('to-timed', (fd) => expect(hostfs.futimens(fd, 0, UTIME.OMIT, 5, 0)).toBe(0));
    expect(lstatSync(at('to-timed')).mtimeMs).toBe(5000);
    expect(statSync(at('timed')).mtimeMs).not.toBe(5000);
  });

  test('statx fields agree with lstat', () => {
    writeFileSync(at('fields'), 'four');
    linkSync(at('fields'), at('fields2'));
    const stat = new Statx();
    const mask = STATX.BASIC_STATS | STATX.BTIME | STATX.MNT_ID;
    expect(hostfs.statx(scratch.fd, bytes('fields'), AT.SYMLINK_NOFOLLOW, mask, stat.bytes)).toBe(0);
    const node = lstatSync(at('fields'), { bigint: true });
    expect(stat.mask & STATX.BASIC_STATS).toBe(STATX.BASIC_STATS);
    expect(stat.mode & S.IFMT).toBe(S.IFREG);
    expect([stat.ino, stat.size, stat.blocks, stat.dev]).toEqual([node.ino, 4n, node.blocks, node.dev]);
    expect([BigInt(stat.uid), BigInt(stat.gid), BigInt(stat.mode)]).toEqual([node.uid, node.gid, node.mode]);
    expect(stat.nlink).toBe(2);
    expect(stat.mtime.seconds * 1_000_000_000n + BigInt(stat.mtime.nanoseconds)).toBe(node.mtimeNs);
    expect(stat.ctime.seconds * 1_000_000_000n + BigInt(stat.ctime.nanoseconds)).toBe(node.ctimeNs);
    expect(stat.mountId).toBeGreaterThan(0n);
  });

  test('a device number keeps both its parts', () => {
    const stat = new Statx();
    expect(hostfs.statx(AT.FDCWD, bytes('/dev/null'), 0, STATX.BASIC_STATS, stat.bytes)).toBe(0);
    expect(stat.rdev).toBe(0x103n);
    expect(makedev(8, 1)).toBe(0x801n);
    expect(makedev(0x1234, 0x56789)).toBe(0x0000_1000_5672_3489n);
  });

  test('statfs agrees with the kernel', () => {
    const status = new Statfs();
    expect(hostfs.fstatfs(scratch.fd, status.bytes)).toBe(0);
    expect(status.namelen).toBe(255n);
    expect(status.blocks).toBeGreaterThanOrEqual(status.bfree);
  });
});

describe('names', () => {
  test('renameat2 with NOREPLACE leaves the other file alone', () => {
    writeFileSync(at('r1'), '1');
    writeFileSync(at('r2'), '2');
    expect(hostfs.renameat2(scratch.fd, bytes('r1'), scratch.fd, bytes('r2'), RENAME.NOREPLACE)).toBe(-E.EXIST);
    expect(hostfs.renameat2(scratch.fd, bytes('r1'), scratch.fd, bytes('r2'), RENAME.EXCHANGE)).toBe(0);
    expect(readFileSync(at('r2'), 'latin1')).toBe('1');
  });

  test('unlinkat keeps files and directories apart', () => {
    mkdirSync(at('dir'));
    expect(hostfs.unlinkat(scratch.fd, bytes('dir'), 0)).toBe(-E.ISDIR);
    expect(hostfs.unlinkat(scratch.fd, bytes('dir'), AT.REMOVEDIR)).toBe(0);
    expect(hostfs.unlinkat(scratch.fd, bytes('dir'), AT.REMOVEDIR)).toBe(-E.NOENT);
  });

  test('symlinkat and mknodat make what they say', () => {
    expect(hostfs.symlinkat(bytes('a/b/c'), scratch.fd, bytes('made-link'))).toBe(0);
    expect(lstatSync(at('made-link')).isSymbolicLink()).toBe(true);
    expect(hostfs.mknodat(scratch.fd, bytes('made-fifo'), S.IFIFO | 0o600, 0)).toBe(0);
    expect(lstatSync(at('made-fifo')).isFIFO()).toBe(true);
  });

  test('umask returns what it replaces', () => {
    const old = hostfs.umask(0o027);
    expect(hostfs.umask(old)).toBe(0o027);
  });

  test('a capability is effective or not', () => {
    const status = readFileSync('/proc/thread-self/status', 'latin1');
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]}`);
    const inStatus = (capability: number) => Number((effective >> BigInt(capability)) & 1n);
    for (const capability of [0, CAP.FSETID, 38]) {
      expect(hostfs.hasCapability(capability)).toBe(inStatus(capability));
    }
    expect(hostfs.hasCapability(63)).toBe(-E.INVAL);
  });

  test('the descriptor limit is a number', () => {
    expect(hostfs.descriptorLimit()).toBeGreaterThan(16);
  });
});
