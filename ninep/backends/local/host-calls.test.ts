/** Which system calls of the host an operation takes: the lists are what it costs. */
import { chmodSync, chownSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DT, E, type Hostfs, loadHostfs, O, RWF } from 'node-hostfs';
import { sliceSegments, totalLength } from '../../../bytes/segments.ts';
import type { OpenFile } from '../../backend.ts';
import { bytes, Fixture, isRoot, now, REQUEST, user } from './local-fixture.ts';
import { observedCalls } from './observed-calls.ts';
import type { SecurityModelName } from './security-model.ts';

const [UID, GID] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
const NOBODY = 65534;
const asRoot = isRoot ? test : test.skip;

let made: string[];
let fixture: Fixture;
let umask: number;
beforeEach(() => {
  umask = process.umask(0o022);
  // What is asked only of files that were opened a while ago depends on the time.
  jest.spyOn(performance, 'now').mockReturnValue(1);
  made = [];
  fixture = new Fixture({ hostfs: watched(loadHostfs()) }, user(UID));
  writeFileSync(fixture.at('f'), 'text');
  mkdirSync(fixture.at('a/b'), { recursive: true });
  // What is asked once for each file system is asked now.
  now(opened('f', O.RDONLY).release());
});
afterEach(async () => {
  jest.restoreAllMocks();
  process.umask(umask);
  expect(await fixture.close()).toBe(0);
});

function watched(hostfs: Hostfs): Hostfs {
  return observedCalls(
    hostfs,
    () => 0,
    ({ name }) => void made.push(name),
  );
}

function opened(name: string, flags: number, at = fixture): OpenFile {
  return now(at.node(name).open(flags));
}

function callsOf(operation: () => unknown): string[] {
  made.length = 0;
  operation();
  return made.splice(0);
}

describe('what gets the owner and the mode that it is born with', () => {
  test('takes no call to set them', () => {
    const { root } = fixture;
    const looks = ['openat2', 'statx', 'close'];
    expect(callsOf(() => now(root.mkdir(bytes('d'), 0o755, GID)))).toEqual(['mkdirat', ...looks]);
    expect(callsOf(() => now(root.mknod(bytes('n'), 0o100644, 0, 0, GID)))).toEqual(['mknodat', ...looks]);
    expect(callsOf(() => now(root.symlink(bytes('l'), bytes('f'), GID)))).toEqual(['symlinkat', ...looks]);
  });

  test('is a file with one descriptor', () => {
    const calls = callsOf(() => {
      const { node, file } = now(fixture.root.create(bytes('new'), O.RDWR, 0o644, GID));
      now(file.release());
      now(node.release());
    });
    expect(calls).toEqual(['openat2', 'statx', 'close']);
  });
});

test('a walk looks at each object once', () => {
  const walk = (...names: string[]) => callsOf(() => now(now(fixture.root.walk(names.map(bytes))).node?.release()));
  expect(walk('f')).toEqual(['openat2', 'statx', 'close']);
  expect(walk('a', 'b')).toEqual(['openat2', 'statx', 'openat2', 'statx', 'close', 'close']);
});

test('a listing begins where a directory opened just now is, and is at its end when the host says so', () => {
  const list = (file: OpenFile) => callsOf(() => now(file.readdir(0n, () => true)));
  const directory = opened('a', O.RDONLY);
  expect(list(directory)).toEqual(['getdents64', 'getdents64']);
  expect(list(directory)).toEqual(['lseek', 'getdents64', 'getdents64']);
  now(directory.release());
});

test('a truncation by somebody other than root looks once', () => {
  const node = fixture.keep(attached(fixture, 1000));
  expect(callsOf(() => now(node.setattr({ size: 1n })))).toEqual(['open_fd', 'statx', 'ftruncate', 'close']);
});

describe('under mapped-xattr', () => {
  let mapped: Fixture;
  beforeEach(() => {
    mapped = new Fixture({ hostfs: watched(loadHostfs()), securityModel: 'mapped-xattr' });
    const { node, file } = now(mapped.root.create(bytes('f'), O.RDWR, 0o640, GID));
    now(file.release());
    now(node.release());
    now(mapped.root.symlink(bytes('l'), bytes('t'), GID));
  });
  afterEach(async () => {
    await mapped.close();
  });

  test('a walk asks for the mode alone, a listing for each name’s by one call', () => {
    const walk = () => now(now(mapped.root.walk([bytes('l')])).node?.release());
    expect(callsOf(walk)).toEqual(['openat2', 'statx', 'fgetxattr', 'close']);
    const directory = now(mapped.root.open(O.RDONLY));
    const types: (readonly [name: string, type: number])[] = [];
    const calls = callsOf(() =>
      now(
        directory.readdir(0n, ({ name, type }) => {
          types.push([Buffer.from(name).toString(), type]);
          return true;
        }),
      ),
    );
    expect(calls.sort()).toEqual(['getdents64', 'getdents64', 'lgetxattr', 'lgetxattr']);
    expect(types.filter(([name]) => !name.startsWith('.')).sort()).toEqual([
      ['f', DT.REG],
      ['l', DT.LNK],
    ]);
    now(directory.release());
  });

  test('a device number is asked for of devices alone', () => {
    const calls = callsOf(() => now(mapped.node('f').getattr(0n)));
    expect(calls.slice(3)).toEqual(['fgetxattr', 'fgetxattr', 'fgetxattr', 'statx']);
  });
});

test('an attribute is read by one call, however long the usual ones are', () => {
  const node = fixture.node('f');
  const value = (length: number) => new Uint8Array(length).fill(length);
  for (const length of [0, 1, 511, 512]) {
    now(node.setxattr(bytes('user.a'), value(length), 0));
    expect(callsOf(() => expect(now(node.getxattr(bytes('user.a')))).toEqual(value(length)))).toEqual(['fgetxattr']);
  }
  now(node.setxattr(bytes('user.a'), value(513), 0));
  expect(callsOf(() => expect(now(node.getxattr(bytes('user.a')))).toEqual(value(513)))).toHaveLength(3);
  expect(callsOf(() => now(node.listxattr()))).toEqual(['flistxattr']);
});

test('names are taken away and changed by one call', () => {
  const { root } = fixture;
  expect(callsOf(() => now(root.rename(bytes('f'), root, bytes('g'))))).toEqual(['renameat2']);
  expect(callsOf(() => now(root.unlink(bytes('g'), false)))).toEqual(['unlinkat']);
});

describe('a read of the page cache alone', () => {
  const [EXT4, OVERLAYFS] = [0xef53n, 0x794c7630n];
  const PAGE = 4096;

  /** Reads 20,000 bytes of a file of `length`, of which `cached` are, on a file system that calls itself `magic`. */
  async function readAll(magic: bigint, length: number, cached = length) {
    const real = loadHostfs();
    const preadv2: Hostfs['preadv2'] = (fd, buffers, offset, flags) => {
      if (flags === RWF.NOWAIT && length > cached && offset >= cached) return -E.AGAIN;
      const most = flags === RWF.NOWAIT ? Math.max(cached - Number(offset), 0) : length;
      const pieces = buffers instanceof Uint8Array ? [buffers] : buffers;
      return real.preadv2(fd, sliceSegments(pieces, 0, Math.min(totalLength(pieces), most)), offset, 0);
    };
    const fstatfs: Hostfs['fstatfs'] = (_fd, out) => {
      new DataView(out.buffer, out.byteOffset).setBigUint64(0, magic, true);
      return 0;
    };
    const share = new Fixture({ hostfs: watched({ ...real, preadv2, fstatfs }) });
    writeFileSync(share.at('f'), Buffer.alloc(length, 'x'));
    const file = opened('f', O.RDONLY, share);
    made.length = 0;
    const got = await file.read(0n, [new Uint8Array(15_000), new Uint8Array(5000)], REQUEST);
    const calls = made.splice(0);
    now(file.release());
    await share.close();
    return [got, calls.length];
  }

  test('that ends within a page has come to the end of the file', async () => {
    expect(await readAll(EXT4, 5000)).toEqual([5000, 1]);
    expect(await readAll(EXT4, 4 * PAGE + 1)).toEqual([4 * PAGE + 1, 1]);
  });

  test('that ends with a page is followed by another', async () => {
    expect(await readAll(EXT4, PAGE)).toEqual([PAGE, 2]);
    expect(await readAll(EXT4, 5000, PAGE)).toEqual([5000, 3]);
    expect(await readAll(EXT4, 18_000, 3 * PAGE)).toEqual([18_000, 3]);
  });

  test('is followed by another where files may be of any file system', async () => {
    expect(await readAll(OVERLAYFS, 5000)).toEqual([5000, 2]);
    expect(await readAll(OVERLAYFS, 15_001, 5000)).toEqual([15_001, 3]);
  });
});

describe('a node that outlives the file it was made with', () => {
  test('does not keep the file open for writing', () => {
    const { node, file } = now(fixture.root.create(bytes('new'), O.RDWR, 0o644, GID));
    const other = now(node.clone());
    now(file.write(0n, [bytes('text')], REQUEST));
    now(file.release());
    now(node.release());
    const held = descriptorsOf(fixture.at('new'));
    expect(held.map((flags) => flags & (O.PATH | O.ACCMODE))).toEqual([O.PATH]);
    expect(now(other.getattr(0n)).size).toBe(4n);
    now(other.release());
  });

  test('leaves the file its descriptor, whoever goes first', () => {
    const { node, file } = now(fixture.root.create(bytes('new'), O.RDWR, 0o644, GID));
    now(node.release());
    expect(now(file.write(0n, [bytes('text')], REQUEST))).toBe(4);
    now(file.release());
    expect(descriptorsOf(fixture.at('new'))).toEqual([]);
  });
});

/** Flags of the descriptors that this process has of a file. */
function descriptorsOf(path: string): number[] {
  const found: number[] = [];
  for (let fd = 0; fd < 1000; fd++) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== path) continue;
    } catch {
      continue;
    }
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    found.push(Number.parseInt(flags ?? '', 8));
  }
  return found;
}

describe('a write by somebody other than root', () => {
  const write = (file: OpenFile) => callsOf(() => now(file.write(0n, [bytes('x')], REQUEST)));
  const mode = () => statSync(fixture.at('f')).mode & 0o7777;

  asRoot('asks for setuid and setgid each time where the server’s rights keep them on', () => {
    const file = now(fixture.keep(attached(fixture, 1000)).open(O.RDWR));
    expect(write(file)).toEqual(['statx', 'pwritev2']);
    chmodSync(fixture.at('f'), 0o6755);
    expect(write(file)).toEqual(['statx', 'fchmod', 'pwritev2']);
    expect(mode()).toBe(0o755);
    now(file.release());
  });

  describe('on a server without rights', () => {
    let unprivileged: Fixture;
    const begin = (securityModel: SecurityModelName) => {
      chownSync(fixture.around, NOBODY, NOBODY);
      process.setegid?.(NOBODY);
      process.seteuid?.(NOBODY);
      unprivileged = new Fixture({ hostfs: watched(loadHostfs()), securityModel }, user(1000));
    };
    afterEach(async () => {
      await unprivileged.close();
      process.seteuid?.(0);
      process.setegid?.(0);
    });

    asRoot('leaves them to the kernel, which takes them off by itself', () => {
      begin('none');
      writeFileSync(unprivileged.at('f'), 'text');
      const file = opened('f', O.RDWR, unprivileged);
      for (let again = 0; again < 2; again++) {
        expect(write(file)).toEqual(['pwritev2']);
        chmodSync(unprivileged.at('f'), 0o6755);
        expect(write(file)).toEqual(['pwritev2']);
        expect(statSync(unprivileged.at('f')).mode & 0o7777).toBe(0o755);
      }
      now(file.release());
    });

    asRoot('takes them off what a mapped model keeps', () => {
      begin('mapped-xattr');
      const { node, file } = now(unprivileged.root.create(bytes('f'), O.RDWR, 0o6755, 1000));
      write(file);
      expect(now(node.getattr(0n)).mode & 0o7777).toBe(0o755);
      now(file.release());
      now(node.release());
    });
  });
});

function attached(share: Fixture, uid: number) {
  const root = share.keep(now(share.backend.attach(user(uid))));
  return now(root.walk([bytes('f')])).node ?? root;
}
