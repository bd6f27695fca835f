import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DT, FALLOC, LOCK, LOCK_TYPE, O, RWF, SEEK, XATTR } from './constants.ts';
import { Dirents } from './dirents.ts';
import { E } from './errno.ts';
import { loadHostfs } from './load.ts';
import { LockWords } from './lock-words.ts';
import { bytes, NO_NAME, openDescriptors, scratchDirectory } from './scratch-directory.ts';

const hostfs = loadHostfs();
const scratch = scratchDirectory();
const at = (name: string) => `${scratch.path}/${name}`;
let before = 0;
beforeAll(() => {
  before = openDescriptors();
});
afterAll(() => {
  expect(openDescriptors()).toBe(before);
  scratch.remove();
});

async function withFile(name: string, use: (fd: number) => void | Promise<void>): Promise<void> {
  const fd = hostfs.openat(scratch.fd, bytes(name), O.RDWR | O.CREAT, 0o600);
  expect(fd).toBeGreaterThanOrEqual(0);
  try {
    await use(fd);
  } finally {
    expect(hostfs.close(fd)).toBe(0);
  }
}

describe('preadv2 and pwritev2', () => {
  test('gather and scatter, at offsets that need 64 bits', () =>
    withFile('vector', (fd) => {
      const far = 1n << 40n;
      expect(hostfs.pwritev2(fd, [bytes('ab'), NO_NAME, bytes('cde')], far, 0)).toBe(5);
      const first = new Uint8Array(3);
      const second = new Uint8Array(10);
      expect(hostfs.preadv2(fd, [first, second], far, 0)).toBe(5);
      expect(Buffer.from(first).toString()).toBe('abc');
      expect(Buffer.from(second.subarray(0, 2)).toString()).toBe('de');
      expect(hostfs.preadv2(fd, first, far + 5n, 0)).toBe(0);
    }));

  test('only the bytes of the view are written to, not its neighbours', () =>
    withFile('view', (fd) => {
      hostfs.pwritev2(fd, bytes('xxxx'), 0, 0);
      const whole = new Uint8Array(8);
      expect(hostfs.preadv2(fd, whole.subarray(2, 5), 0, 0)).toBe(3);
      expect([...whole]).toEqual([0, 0, 120, 120, 120, 0, 0, 0]);
    }));

  test('with one buffer and a part of it: those bytes and no others', () =>
    withFile('part', async (fd) => {
      const text = bytes('abcdefgh');
      expect(hostfs.pwrite(fd, text, 2, 5, 1n << 40n, 0)).toBe(3);
      expect(await hostfs.pwriteAsync(fd, text, 7, 8, 2 ** 40 + 3, 0)).toBe(1);
      const whole = new Uint8Array(8);
      expect(hostfs.pread(fd, whole, 3, 6, 2 ** 40, 0)).toBe(3);
      expect(Buffer.from(whole).toString()).toBe('\0\0\0cde\0\0');
      expect(await hostfs.preadAsync(fd, whole, 6, 8, 2 ** 40 + 3, 0)).toBe(1);
      expect(Buffer.from(whole).toString()).toBe('\0\0\0cdeh\0');
      expect(hostfs.pread(fd, whole, 8, 8, 0, 0)).toBe(0);
      for (const [from, to] of [
        [0, 9],
        [5, 4],
        [0xffff_ffff, 0xffff_ffff],
      ] as const) {
        expect(() => hostfs.pread(fd, whole, from, to, 0, 0)).toThrow(/hostfs.pread: argument 4 \(to\)/);
        expect(() => hostfs.pwrite(fd, whole, from, to, 0, 0)).toThrow(/hostfs.pwrite: argument 4 \(to\)/);
      }
    }));

  test('at most 1,024 buffers in one call', () =>
    withFile('many', (fd) => {
      const buffers = Array.from({ length: 1024 }, () => Uint8Array.of(7));
      expect(hostfs.pwritev2(fd, buffers, 0, 0)).toBe(1024);
    }));

  test('RWF_NOWAIT answers from the page cache or not at all', () =>
    withFile('nowait', (fd) => {
      hostfs.pwritev2(fd, bytes('cached'), 0, 0);
      expect([6, -E.AGAIN, -E.OPNOTSUPP]).toContain(hostfs.preadv2(fd, new Uint8Array(6), 0, RWF.NOWAIT));
    }));

  test('a resizable buffer and a shared one are as good as any', () =>
    withFile('shared', (fd) => {
      hostfs.pwritev2(fd, bytes('1234'), 0, 0);
      const shared = new Uint8Array(new SharedArrayBuffer(4));
      expect(hostfs.preadv2(fd, shared, 0, 0)).toBe(4);
      expect([...shared]).toEqual([49, 50, 51, 52]);
    }));
});

describe('the pool', () => {
  test('buffers and their array may be forgotten while a call runs', () =>
    withFile('pool', async (fd) => {
      hostfs.pwritev2(fd, new Uint8Array(65536).fill(1), 0, 0);
      const results: Promise<number>[] = [];
      for (let i = 0; i < 200; i++) {
        const list = [new Uint8Array(4096), new Uint8Array(4096)];
        results.push(hostfs.preadv2Async(fd, list, i, 0));
        list.length = 0;
      }
      expect(new Set(await Promise.all(results))).toEqual(new Set([8192]));
    }));

  test('what the kernel refuses resolves to a negative errno', async () => {
    expect(await hostfs.fsyncAsync(999_999)).toBe(-E.BADF);
    expect(await hostfs.openat2Async(scratch.fd, bytes('none'), O.RDONLY, 0, 0)).toBe(-E.NOENT);
  });

  test('durability and allocation', () =>
    withFile('durable', async (fd) => {
      expect(await hostfs.pwritev2Async(fd, bytes('data'), 0n, 0)).toBe(4);
      expect(await hostfs.fdatasyncAsync(fd)).toBe(0);
      expect(await hostfs.fsyncAsync(fd)).toBe(0);
      expect(hostfs.syncFileRange(fd, 0, 4, 2)).toBe(0);
      expect(await hostfs.ftruncateAsync(fd, 8192)).toBe(0);
      expect([0, -E.OPNOTSUPP]).toContain(await hostfs.fallocateAsync(fd, FALLOC.KEEP_SIZE, 0, 4096));
      expect(readFileSync(at('durable')).length).toBe(8192);
    }));
});

describe('position and flags', () => {
  test('lseek finds data and holes', () =>
    withFile('sparse', (fd) => {
      hostfs.ftruncate(fd, 1 << 20);
      hostfs.pwritev2(fd, bytes('x'), 1 << 19, 0);
      const data = hostfs.lseek(fd, 0, SEEK.DATA);
      expect(data === 0 || data === 1 << 19).toBe(true);
      expect(hostfs.lseek(fd, 1 << 20, SEEK.DATA)).toBe(-E.NXIO);
      expect(hostfs.lseek(fd, -1, SEEK.SET)).toBe(-E.INVAL);
    }));

  test('O_NONBLOCK can be taken away again', () =>
    withFile('flags', (fd) => {
      expect(hostfs.setFlags(fd, O.NONBLOCK)).toBe(0);
      expect(hostfs.getFlags(fd) & O.NONBLOCK).toBe(O.NONBLOCK);
      expect(hostfs.setFlags(fd, 0)).toBe(0);
      expect(hostfs.getFlags(fd) & O.NONBLOCK).toBe(0);
    }));
});

describe('getdents64', () => {
  test('a buffer too small for an entry is refused', () => {
    expect(() => new Dirents(279)).toThrow(RangeError);
  });

  test('all of 3,000 entries come in batches, and a cookie continues where it was taken', () => {
    mkdirSync(at('many.d'));
    for (let i = 0; i < 3000; i++) writeFileSync(at(`many.d/entry-${i}`), '');
    const fd = hostfs.openat(scratch.fd, bytes('many.d'), O.RDONLY | O.DIRECTORY, 0);
    const dirents = new Dirents(4096);
    const seen: { name: string; offset: bigint; type: number }[] = [];
    for (let n = hostfs.getdents64(fd, dirents.bytes); n !== 0; n = hostfs.getdents64(fd, dirents.bytes)) {
      expect(n).toBeGreaterThan(0);
      dirents.fill(n);
      while (dirents.next()) {
        seen.push({ name: Buffer.from(dirents.name).toString(), offset: dirents.offset, type: dirents.type });
      }
    }
    const names = seen.map(({ name }) => name).filter((name) => name !== '.' && name !== '..');
    expect(names.sort()).toEqual(readdirSync(at('many.d')).sort());
    expect([DT.REG, DT.UNKNOWN]).toContain(seen.find(({ name }) => name === 'entry-5')?.type);
    const middle = seen[1500];
    expect(hostfs.seekdir(fd, middle?.offset ?? -1n)).toBe(0);
    dirents.fill(hostfs.getdents64(fd, dirents.bytes));
    expect(dirents.next()).toBe(true);
    expect(Buffer.from(dirents.name).toString()).toBe(seen[1501]?.name);
    expect(hostfs.close(fd)).toBe(0);
  });
});

describe('extended attributes', () => {
  test('are set, listed, read and removed through an O_PATH descriptor', () => {
    writeFileSync(at('xattr'), '');
    const fd = hostfs.openat(scratch.fd, bytes('xattr'), O.PATH, 0);
    const name = bytes('user.key');
    expect(hostfs.getxattr(fd, name, NO_NAME)).toBe(-E.NODATA);
    expect(hostfs.setxattr(fd, name, bytes('value'), XATTR.REPLACE)).toBe(-E.NODATA);
    expect(hostfs.setxattr(fd, name, bytes('value'), XATTR.CREATE)).toBe(0);
    expect(hostfs.setxattr(fd, name, bytes('value'), XATTR.CREATE)).toBe(-E.EXIST);
    expect(hostfs.getxattr(fd, name, NO_NAME)).toBe(5);
    expect(hostfs.getxattr(fd, name, new Uint8Array(4))).toBe(-E.RANGE);
    const list = new Uint8Array(100);
    expect(hostfs.listxattr(fd, list)).toBe(9);
    expect(Buffer.from(list.subarray(0, 9)).toString()).toBe('user.key\0');
    expect(hostfs.removexattr(fd, name)).toBe(0);
    expect(hostfs.removexattr(fd, name)).toBe(-E.NODATA);
    hostfs.close(fd);
  });

  test('of a name in a directory are those of that name and of nothing it leads to', () => {
    mkdirSync(at('xattr-dir'));
    writeFileSync(at('xattr-dir/named'), '');
    symlinkSync('named', at('xattr-dir/link'));
    const key = bytes('user.key');
    const [directory, fd] = ['xattr-dir', 'xattr-dir/named'].map((name) =>
      hostfs.openat(scratch.fd, bytes(name), O.PATH, 0),
    ) as [number, number];
    expect(hostfs.setxattr(fd, key, bytes('value'), 0)).toBe(0);
    const value = new Uint8Array(8);
    expect(hostfs.getxattrAt(directory, bytes('named'), key, value)).toBe(5);
    expect(Buffer.from(value.subarray(0, 5)).toString()).toBe('value');
    expect(hostfs.getxattrAt(directory, bytes('named'), key, new Uint8Array(4))).toBe(-E.RANGE);
    expect([-E.NODATA, -E.PERM]).toContain(hostfs.getxattrAt(directory, bytes('link'), key, value));
    expect(hostfs.getxattrAt(directory, bytes('none'), key, value)).toBe(-E.NOENT);
    for (const name of ['', '../xattr-dir/named', '/etc/passwd', 'link/']) {
      expect(hostfs.getxattrAt(directory, bytes(name), key, value)).toBe(-E.INVAL);
    }
    expect(hostfs.getxattrAt(999_999, bytes('named'), key, value)).toBe(-E.BADF);
    hostfs.close(directory);
    hostfs.close(fd);
  });

  test('of a symbolic link never reach its target', () => {
    writeFileSync(at('xattr-target'), '');
    expect(hostfs.symlinkat(bytes('xattr-target'), scratch.fd, bytes('xattr-link'))).toBe(0);
    const target = hostfs.openat(scratch.fd, bytes('xattr-target'), O.PATH, 0);
    hostfs.setxattr(target, bytes('user.secret'), bytes('1'), 0);
    const link = hostfs.openat(scratch.fd, bytes('xattr-link'), O.PATH | O.NOFOLLOW, 0);
    expect([-E.NODATA, -E.PERM]).toContain(hostfs.getxattr(link, bytes('user.secret'), NO_NAME));
    expect(hostfs.setxattr(link, bytes('user.other'), bytes('1'), 0)).toBe(-E.PERM);
    hostfs.close(target);
    hostfs.close(link);
  });
});

describe('locks', () => {
  test('belong to the open file, so two opens of one process exclude each other', () =>
    withFile('locked', (one) =>
      withFile('locked', (two) => {
        const { RDLCK, WRLCK, UNLCK } = LOCK_TYPE;
        expect(hostfs.ofdSetLock(one, WRLCK, 10, 5)).toBe(0);
        expect(hostfs.ofdSetLock(two, RDLCK, 14, 1)).toBe(-E.AGAIN);
        expect(hostfs.ofdSetLock(two, RDLCK, 15, 1)).toBe(0);
        const words = new LockWords();
        expect(hostfs.ofdGetLock(two, RDLCK, 0, 0, words.bytes)).toBe(0);
        expect([words.type, words.start, words.length, words.pid]).toEqual([WRLCK, 10n, 5n, -1]);
        expect(hostfs.ofdSetLock(one, UNLCK, 0, 0)).toBe(0);
        expect(hostfs.ofdGetLock(two, RDLCK, 0, 0, words.bytes)).toBe(0);
        expect(words.type).toBe(UNLCK);
        expect(hostfs.ofdSetLock(one, 7, 0, 0)).toBe(-E.INVAL);
      }),
    ));

  test('flock does the same for the whole file', () =>
    withFile('flocked', (one) =>
      withFile('flocked', (two) => {
        expect(hostfs.flock(one, LOCK.EX)).toBe(0);
        expect(hostfs.flock(two, LOCK.SH | LOCK.NB)).toBe(-E.AGAIN);
        expect(hostfs.flock(one, LOCK.UN)).toBe(0);
        expect(hostfs.flock(two, LOCK.SH | LOCK.NB)).toBe(0);
      }),
    ));
});

describe('hugePages', () => {
  test('marks the memory for huge pages, as far as the kernel knows of any', () => {
    const before = markedKiB();
    const room = Buffer.allocUnsafeSlow(16 * 2 ** 20);
    const known = existsSync('/sys/kernel/mm/transparent_hugepage');
    expect(hostfs.hugePages(room)).toBe(known ? 0 : -E.INVAL);
    expect(markedKiB() - before).toBeGreaterThanOrEqual(known ? 16 * 1024 - 8 : 0);
    expect(room.length).toBe(16 * 2 ** 20);
  });

  test.each([0, 1, 4095])('has nothing to say to %p bytes, which are no whole page', (length) => {
    expect(hostfs.hugePages(new Uint8Array(8192).subarray(1, 1 + length))).toBe(0);
  });

  test('takes bytes only', () => {
    expect(() => hostfs.hugePages('bytes' as unknown as Uint8Array)).toThrow('must be a Uint8Array');
  });
});

/** KiB of this process's memory that are marked for huge pages. */
function markedKiB(): number {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').matchAll(/^Size: +(\d+) kB\n(?:.*\n)*?VmFlags:(.*)$/gm);
  return [...mappings].reduce((sum, [, size, flags]) => sum + (/ hg\b/.test(flags ?? '') ? Number(size) : 0), 0);
}
