import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import { isPending } from '../../maybe-async.ts';
import {
  bytes,
  errorOf,
  Fixture,
  isRoot,
  now,
  REQUEST,
  readText,
  text,
  user,
  walk,
  withOpen,
} from './local-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});
/** A disk that others use may take long to write something out. */
const DISK_MS = 300_000;
const asRoot = isRoot ? test : test.skip;

describe('only regular files and directories open', () => {
  test('a FIFO is ENXIO at once, with nobody at its other end', async () => {
    execFileSync('mkfifo', [fixture.at('fifo')]);
    const fifo = fixture.node('fifo');
    for (const flags of [O.RDONLY, O.WRONLY, O.RDWR]) expect(await errorOf(() => fifo.open(flags))).toBe('ENXIO');
    expect(await errorOf(() => fixture.root.create(bytes('fifo'), O.WRONLY, 0o600, 0))).toBe('ENXIO');
    expect(now(fifo.getattr(0n)).mode & 0o170000).toBe(0o010000);
  });

  test('a socket is ENXIO', async () => {
    const server = createServer().listen(fixture.at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const socket = walk(fixture.root, 'socket');
    expect(await errorOf(() => socket.open(O.RDWR))).toBe('ENXIO');
    await socket.release();
    await new Promise((resolve) => server.close(resolve));
  });

  asRoot('a device is ENXIO', async () => {
    now(fixture.root.mknod(bytes('null'), 0o020666, 1, 3, 0));
    expect(await errorOf(() => fixture.node('null').open(O.RDWR))).toBe('ENXIO');
    expect(statSync(fixture.at('null')).rdev).toBe(0x103);
  });

  test('a directory opens for reading only, and reads as no file', async () => {
    mkdirSync(fixture.at('d'));
    const directory = fixture.node('d');
    expect(await errorOf(() => directory.open(O.WRONLY))).toBe('EISDIR');
    expect(await errorOf(() => directory.open(O.RDWR))).toBe('EISDIR');
    expect(await errorOf(() => directory.open(O.RDONLY | O.TRUNC))).toBe('EISDIR');
    await withOpen(directory, O.RDONLY | O.DIRECTORY, async (file) => {
      expect(await errorOf(() => file.read(0n, [new Uint8Array(1)], REQUEST))).toBe('EISDIR');
      expect(await errorOf(() => file.write(0n, [new Uint8Array(1)], REQUEST))).toBe('EISDIR');
      await file.fsync(false);
    });
  });

  test('O_DIRECTORY refuses a file, and an access mode of 3 anything', async () => {
    writeFileSync(fixture.at('f'), '');
    expect(await errorOf(() => fixture.node('f').open(O.DIRECTORY))).toBe('ENOTDIR');
    expect(await errorOf(() => fixture.node('f').open(3))).toBe('EINVAL');
  });

  test('flags that would reach the disk or the terminal are dropped, O_NOATIME is tried', async () => {
    writeFileSync(fixture.at('f'), 'x');
    const flags = O.DIRECT | O.NOATIME | O.NONBLOCK | O.ASYNC | O.NOCTTY | O.CREAT | O.EXCL | O.LARGEFILE;
    const open = await withOpen(fixture.node('f'), flags, () => {
      const infos = openFlagsOf(fixture.at('f'));
      return infos.filter((flags) => (flags & O.PATH) === 0);
    });
    expect(open.length).toBe(1);
    expect((open[0] ?? 0) & (O.DIRECT | O.ASYNC)).toBe(0);
    expect((open[0] ?? 0) & O.CLOEXEC).toBe(O.CLOEXEC);
  });

  test('a read of a file that waits for its content, such as /proc/kmsg, holds no thread of the pool', async () => {
    writeFileSync(fixture.at('f'), 'x');
    const flags = await withOpen(fixture.node('f'), O.APPEND | O.RDWR, () => openFlagsOf(fixture.at('f')));
    expect(flags.filter((flags) => (flags & O.PATH) === 0)).toEqual([
      O.RDWR | O.APPEND | O.NONBLOCK | O.LARGEFILE | O.CLOEXEC,
    ]);
  });

  asRoot('O_NOATIME on the file of another is dropped rather than refused', async () => {
    writeFileSync(fixture.at('f'), 'x');
    chmodSync(fixture.at('f'), 0o644);
    const node = fixture.node('f');
    process.seteuid?.(65534);
    try {
      expect(await withOpen(node, O.NOATIME, readText)).toBe('x');
    } finally {
      process.seteuid?.(0);
    }
  });
});

/** The flags of every descriptor of this process that is open on a path. */
function openFlagsOf(path: string): number[] {
  const found = execFileSync('find', [`/proc/${process.pid}/fd`, '-lname', path], { encoding: 'latin1' });
  return found
    .trim()
    .split('\n')
    .map((fd) => readFileSync(fd.replace('/fd/', '/fdinfo/'), 'latin1'))
    .map((info) => Number.parseInt(/^flags:\t(\d+)$/m.exec(info)?.[1] ?? '0', 8));
}

describe('reading and writing', () => {
  test('survive rename and unlink', async () => {
    writeFileSync(fixture.at('f'), 'before');
    const node = fixture.node('f');
    await withOpen(node, O.RDWR, async (file) => {
      renameSync(fixture.at('f'), fixture.at('g'));
      unlinkSync(fixture.at('g'));
      expect(await file.write(6n, [bytes('+af'), bytes('ter')], REQUEST)).toBe(6);
      expect(await readText(file)).toBe('before+after');
      await withOpen(node, O.RDONLY, async (again) => expect(await readText(again)).toBe('before+after'));
      await file.fsync(false);
      await file.fsync(true);
    });
  });

  test('a read is cut only by the end of the file', async () => {
    const content = Buffer.alloc(300_000, 'abcdefg');
    writeFileSync(fixture.at('f'), content);
    await withOpen(fixture.node('f'), O.RDONLY, async (file) => {
      const into = [new Uint8Array(100_000), new Uint8Array(0), new Uint8Array(250_000)];
      expect(await file.read(7n, into, REQUEST)).toBe(299_993);
      const got = Buffer.concat(into).subarray(0, 299_993);
      expect(got.equals(content.subarray(7))).toBe(true);
      expect(await file.read(300_000n, into, REQUEST)).toBe(0);
      expect(await file.read(1n << 62n, into, REQUEST)).toBe(0);
    });
  });

  test(
    'a file of which the cache knows a part is read whole',
    async () => {
      const content = Buffer.from(Uint8Array.from({ length: 4 << 20 }, (_, i) => (i >> 12) & 0xff));
      writeFileSync(fixture.at('f'), content);
      const evict = 'import os, sys; f = os.open(sys.argv[1], os.O_RDWR); os.fsync(f); os.posix_fadvise(f, 0, 0, 4)';
      for (const cached of [0, 4096]) {
        execFileSync('python3', ['-c', `${evict}; os.pread(f, ${cached}, 0)`, fixture.at('f')]);
        await withOpen(fixture.node('f'), O.RDONLY, async (file) => {
          const into = [new Uint8Array(1 << 20), new Uint8Array(3 << 20)];
          expect(await file.read(0n, into, REQUEST)).toBe(4 << 20);
          expect(Buffer.concat(into).equals(content)).toBe(true);
        });
      }
    },
    DISK_MS,
  );

  test('holes that no cache knows of are read whole', async () => {
    writeFileSync(fixture.at('sparse'), 'start');
    truncateSync(fixture.at('sparse'), 1 << 30);
    await withOpen(fixture.node('sparse'), O.RDONLY, async (file) => {
      const into = new Uint8Array(1 << 20).fill(1);
      expect(await file.read(0n, [into], REQUEST)).toBe(1 << 20);
      expect(text(into.subarray(0, 5))).toBe('start');
      expect(into.subarray(5).every((byte) => byte === 0)).toBe(true);
      expect(await file.read(BigInt((1 << 30) - 3), [into], REQUEST)).toBe(3);
    });
  });

  test(
    'large and small, durable and not, end up the same',
    async () => {
      for (const flags of [O.WRONLY, O.WRONLY | O.SYNC, O.WRONLY | O.DSYNC]) {
        writeFileSync(fixture.at('f'), '');
        await withOpen(fixture.node('f'), flags, async (file) => {
          expect(await file.write(0n, [Buffer.alloc(200_000, 1)], REQUEST)).toBe(200_000);
          expect(await file.write(200_000n, [Buffer.alloc(10, 2)], REQUEST)).toBe(10);
        });
        const expected = Buffer.concat([Buffer.alloc(200_000, 1), Buffer.alloc(10, 2)]);
        expect(readFileSync(fixture.at('f')).equals(expected)).toBe(true);
      }
    },
    DISK_MS,
  );

  test('O_APPEND writes at the end, wherever the client thinks it is', async () => {
    writeFileSync(fixture.at('log'), 'one,');
    await withOpen(fixture.node('log'), O.WRONLY | O.APPEND, async (file) => {
      await file.write(0n, [bytes('two,')], REQUEST);
      await file.write(1n, [bytes('three')], REQUEST);
    });
    expect(readFileSync(fixture.at('log'), 'latin1')).toBe('one,two,three');
  });

  test('O_TRUNC empties, also a file without a name', async () => {
    writeFileSync(fixture.at('f'), 'text');
    const node = fixture.node('f');
    unlinkSync(fixture.at('f'));
    await withOpen(node, O.WRONLY | O.TRUNC, () => undefined);
    expect(now(node.getattr(0n)).size).toBe(0n);
  });

  test('the wrong direction is EBADF', async () => {
    writeFileSync(fixture.at('f'), 'text');
    await withOpen(fixture.node('f'), O.RDONLY, async (file) => {
      expect(await errorOf(() => file.write(0n, [bytes('x')], REQUEST))).toBe('EBADF');
      expect(await errorOf(() => file.readdir(0n, () => true))).toBe('ENOTDIR');
    });
    await withOpen(fixture.node('f'), O.WRONLY, async (file) => {
      expect(await errorOf(() => file.read(0n, [new Uint8Array(1)], REQUEST))).toBe('EBADF');
    });
  });

  test('a write beyond what a file can hold is EFBIG', async () => {
    writeFileSync(fixture.at('f'), '');
    await withOpen(fixture.node('f'), O.WRONLY, async (file) => {
      const offset = (1n << 63n) - 2n;
      expect(['EFBIG', 'EINVAL']).toContain(await errorOf(() => file.write(offset, [bytes('x')], REQUEST)));
    });
  });

  test('many at once, each in its place', async () => {
    writeFileSync(fixture.at('f'), '');
    await withOpen(fixture.node('f'), O.RDWR, async (file) => {
      const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(70_000, i));
      await Promise.all(chunks.map((chunk, i) => file.write(BigInt(i * 70_000), [chunk], REQUEST)));
      const read = chunks.map(() => new Uint8Array(70_000));
      await Promise.all(read.map((into, i) => file.read(BigInt(i * 70_000), [into], REQUEST)));
      expect(read.every((got, i) => got.every((byte) => byte === i))).toBe(true);
    });
  });

  test('closing an unlinked file of many blocks gives them back', async () => {
    writeFileSync(fixture.at('big'), '');
    const node = walk(fixture.root, 'big');
    const file = await node.open(O.RDWR);
    const megabyte = Buffer.alloc(1 << 20, 7);
    for (let i = 0; i < 65; i++) await file.write(BigInt(i << 20), [megabyte], REQUEST);
    await file.fsync(true);
    now(fixture.root.unlink(bytes('big'), false));
    await file.release();
    await node.release();
  });
});

test('O_TRUNC of a large file takes the pool, so that nobody waits for it', async () => {
  writeFileSync(fixture.at('big'), Buffer.alloc(65 << 20, 1));
  writeFileSync(fixture.at('small'), 'x');
  const small = now(fixture.node('small').open(O.RDWR | O.TRUNC));
  const big = fixture.node('big').open(O.RDWR | O.TRUNC);
  expect(isPending(big)).toBe(true);
  for (const file of [small, await big]) {
    expect(await readText(file)).toBe('');
    await file.release();
  }
  expect([statSync(fixture.at('small')).size, statSync(fixture.at('big')).size]).toEqual([0, 0]);
});

describe('setuid and setgid', () => {
  const modeAfter = async (uid: number | undefined, change: (share: Fixture) => Promise<void>, mode = 0o6755) => {
    const share = new Fixture({ securityModel: 'none' }, user(uid));
    try {
      writeFileSync(share.at('f'), 'text');
      chmodSync(share.at('f'), mode);
      await change(share);
      return statSync(share.at('f')).mode & 0o7777;
    } finally {
      expect(await share.close()).toBe(0);
    }
  };
  const write = (share: Fixture) =>
    withOpen(share.node('f'), O.WRONLY, async (file) => void (await file.write(0n, [bytes('x')], REQUEST)));
  const truncate = async (share: Fixture) => void (await share.node('f').setattr({ size: 1n }));
  const openTruncating = (share: Fixture) => withOpen(share.node('f'), O.WRONLY | O.TRUNC, () => undefined);

  test.each([
    ['a write', write],
    ['a truncation', truncate],
    ['O_TRUNC', openTruncating],
  ])('%s by an ordinary user takes them off', async (_what, change) => {
    expect(await modeAfter(1000, change)).toBe(0o755);
  });

  test('setgid without group execution means something else and stays', async () => {
    expect(await modeAfter(1000, write, 0o2745 & ~0o10)).toBe(0o2745 & ~0o10);
  });

  asRoot('a write by the superuser leaves them', async () => {
    expect(await modeAfter(0, write)).toBe(0o6755);
  });

  test('merely opening leaves them', async () => {
    expect(await modeAfter(1000, (share) => withOpen(share.node('f'), O.RDWR, () => undefined))).toBe(0o6755);
  });
});
