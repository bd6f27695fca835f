import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { E, type Hostfs, loadHostfs } from 'node-hostfs';
import { FileBlockStore, type FileBlockStoreOptions } from './file-block-store.ts';
import { openImage } from './image-file.ts';

const MIB = 2 ** 20;
const hostfs = loadHostfs();
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-store-'));
const path = join(scratch, 'image');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const CONTENT = Buffer.alloc(4 * MIB);
for (let at = 0; at < CONTENT.length; at += 512) CONTENT.fill((at >> 9) * 3 + 1, at, at + 512);
const fresh = () => Buffer.from(CONTENT);

async function withStore(options: Partial<FileBlockStoreOptions>, use: (store: FileBlockStore) => Promise<void>) {
  writeFileSync(path, fresh());
  const image = openImage(hostfs, { kind: 'disk', path });
  const store = new FileBlockStore(image, { hostfs, ...options });
  try {
    await use(store);
  } finally {
    store.close();
  }
}

/** The host's calls, some of which answer otherwise. */
function changed(calls: Partial<Hostfs>): Hostfs {
  return Object.assign(Object.create(hostfs), calls);
}

test('reads and writes in pieces of any size', async () => {
  await withStore({}, async (store) => {
    expect([store.length, store.readonly, store.discards]).toEqual([4 * MIB, false, true]);
    const pieces = [new Uint8Array(1), new Uint8Array(700), new Uint8Array(323)];
    await store.read(pieces, 512);
    expect(Buffer.concat(pieces).equals(fresh().subarray(512, 1536))).toBe(true);
    await store.write(pieces, MIB);
    await store.flush();
  });
  expect(
    readFileSync(path)
      .subarray(MIB, MIB + 1024)
      .equals(fresh().subarray(512, 1536)),
  ).toBe(true);
});

test('goes on where the host moves less than it was asked to, and with more pieces than a call takes', async () => {
  const few =
    (call: 'preadv2Async' | 'pwritev2Async') => (fd: number, buffers: unknown, offset: unknown, flags: number) => {
      const [first = new Uint8Array(0)] = buffers as Uint8Array[];
      return hostfs[call](fd, [first.subarray(0, 100)], offset as number, flags);
    };
  const short = changed({
    preadv2: () => -E.AGAIN,
    preadv2Async: few('preadv2Async'),
    pwritev2Async: few('pwritev2Async'),
  });
  await withStore({ hostfs: short }, async (store) => {
    const bytes = [new Uint8Array(1000), new Uint8Array(24)];
    await store.read(bytes, 1024);
    expect(Buffer.concat(bytes).equals(fresh().subarray(1024, 2048))).toBe(true);
    await store.write(bytes, 0);
  });
  expect(readFileSync(path).subarray(0, 1024).equals(fresh().subarray(1024, 2048))).toBe(true);
  await withStore({}, async (store) => {
    const many = Array.from({ length: 2048 }, () => new Uint8Array(1));
    await store.read(many, 2048);
    expect(Buffer.concat(many).equals(fresh().subarray(2048, 4096))).toBe(true);
  });
});

test.each([
  ['discard', (store: FileBlockStore) => store.discard(MIB, MIB), true],
  ['zeroes that may give storage back', (store: FileBlockStore) => store.writeZeroes(MIB, MIB, true), true],
  ['zeroes that keep it', (store: FileBlockStore) => store.writeZeroes(MIB, MIB, false), false],
])('%s: zeroes where asked, and nowhere else', async (_, act, givesBack) => {
  let before = 0;
  await withStore({}, async (store) => {
    before = statSync(path).blocks;
    await act(store);
  });
  const expected = fresh().fill(0, MIB, 2 * MIB);
  expect(readFileSync(path).equals(expected)).toBe(true);
  const after = statSync(path).blocks;
  // Blocks of 512 bytes; a file system may keep a few of its own.
  if (givesBack) expect(before - after).toBeGreaterThan(1900);
  else expect(after).toBeGreaterThanOrEqual(before - 8);
});

test('where the file system has no call for it, a discard does nothing and zeroes are written', async () => {
  const without = changed({ fallocateAsync: async () => -E.OPNOTSUPP });
  await withStore({ hostfs: without }, async (store) => {
    await store.discard(0, MIB);
    await store.writeZeroes(512, 2 * MIB + 512, true);
  });
  expect(readFileSync(path).equals(fresh().fill(0, 512, 2 * MIB + 1024))).toBe(true);
});

test('a disk that keeps its storage zeroes without giving any back', async () => {
  const asked: number[] = [];
  const watched = changed({
    fallocateAsync: (fd, mode, offset, length) => {
      asked.push(mode);
      return hostfs.fallocateAsync(fd, mode, offset, length);
    },
  });
  await withStore({ hostfs: watched, discards: false }, async (store) => store.writeZeroes(0, 512, true));
  // ZERO_RANGE | KEEP_SIZE
  expect(asked).toEqual([0x11]);
});

test('failures reject, and each kind is told of once', async () => {
  const notices: string[] = [];
  const full = changed({ pwritev2Async: async () => -E.NOSPC, fdatasyncAsync: async () => -E.IO });
  await withStore({ hostfs: full, notice: (line) => notices.push(line) }, async (store) => {
    for (let round = 0; round < 2; round += 1) {
      await expect(store.write([new Uint8Array(512)], 0)).rejects.toThrow('ENOSPC');
      await expect(store.flush()).rejects.toThrow('EIO');
    }
    truncateSync(path, MIB);
    await expect(store.read([new Uint8Array(1024)], MIB - 512)).rejects.toThrow('shorter');
  });
  expect(notices).toEqual([
    'cannot write: ENOSPC; the guest sees an I/O error',
    'cannot flush: EIO; the guest sees an I/O error',
    'cannot read: the image has become shorter; the guest sees an I/O error',
  ]);
});

test('flushing reaches the medium unless told otherwise', async () => {
  let flushed = 0;
  const watched = changed({
    fdatasyncAsync: async () => {
      flushed += 1;
      return 0;
    },
  });
  await withStore({ hostfs: watched }, (store) => store.flush());
  expect(flushed).toBe(1);
  await withStore({ hostfs: watched, unsafe: true }, (store) => store.flush());
  expect(flushed).toBe(1);
});
