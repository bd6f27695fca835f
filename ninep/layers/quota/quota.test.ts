import { describe, expect, test } from '@jest/globals';
import type { Backend } from '../../backend.ts';
import { createMemory } from '../../backends/memory/memory.ts';
import { TakenBack } from '../../client/client.ts';
import { Tree } from '../../client/tree.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { attached, errno } from '../../contract/sessions.ts';
import { Gate } from '../../contract/stubs.ts';
import { type QuotaBackend, withQuota } from './quota.ts';

const PAGE = 4096;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const bytes = (length: number) => new Uint8Array(length).fill(7);

interface QuotaBench extends Bench {
  readonly quota: QuotaBackend;
}

/** Runs a test on a share whose root alone is there, with room for so many pages and so many other inodes. */
async function onQuota(
  pages: number,
  run: (bench: QuotaBench) => Promise<void>,
  inodes = 100,
  base: Backend = createMemory(),
) {
  const quota = withQuota(base, { bytes: pages * PAGE, inodes: inodes + 1 });
  await quota.measured;
  await onBench(
    () => ({ backend: quota }),
    (bench) => run({ ...bench, quota }),
  );
}

/** Pages that statfs says are free. */
const freePages = async ({ tree }: Bench) => Number((await tree.statfs('')).bavail);

/** A file of so many pages. */
async function fill({ tree }: Bench, name: string, pages: number): Promise<void> {
  await tree.writeFile(name, bytes(pages * PAGE));
}

describe('bytes', () => {
  test('what does not fit is ENOSPC, and statfs tells how much does', () =>
    onQuota(10, async (bench) => {
      const { tree } = bench;
      expect(await tree.statfs('')).toMatchObject({ bsize: PAGE, blocks: 10n, bfree: 10n, bavail: 10n });
      await fill(bench, 'a', 8);
      expect(await freePages(bench)).toBe(2);
      const fid = await tree.open('a', O_RDWR);
      expect(await tree.write(fid, BigInt(8 * PAGE), bytes(2 * PAGE))).toBe(2 * PAGE);
      await expect(tree.write(fid, BigInt(10 * PAGE), bytes(1))).rejects.toBe(errno('ENOSPC'));
      expect(await tree.statfs('')).toMatchObject({ blocks: 10n, bfree: 0n, bavail: 0n });
    }));

  test('as many bytes of a write are written as fit', () =>
    onQuota(4, async ({ tree }) => {
      const fid = await tree.create('a', { flags: O_RDWR });
      expect(await tree.write(fid, 100n, bytes(10 * PAGE))).toBe(4 * PAGE - 100);
      expect((await tree.getattr('a')).size).toBe(BigInt(4 * PAGE));
    }));

  test('a full share can be overwritten in place, and read', () =>
    onQuota(4, async (bench) => {
      const { tree } = bench;
      await fill(bench, 'a', 4);
      const fid = await tree.open('a', O_RDWR);
      expect(await tree.write(fid, 0n, bytes(4 * PAGE))).toBe(4 * PAGE);
      expect(await tree.write(fid, 5n, bytes(PAGE))).toBe(PAGE);
      expect((await tree.readAll(fid)).length).toBe(4 * PAGE);
    }));

  test('appending takes room at the end, wherever the write says', () =>
    onQuota(4, async (bench) => {
      const { tree } = bench;
      await fill(bench, 'a', 3);
      const fid = await tree.open('a', O_WRONLY | O_APPEND);
      expect(await tree.write(fid, 0n, bytes(2 * PAGE))).toBe(PAGE);
      await expect(tree.write(fid, 0n, bytes(1))).rejects.toBe(errno('ENOSPC'));
    }));

  test('holes take nothing, and filling them does', () =>
    onQuota(4, async (bench) => {
      const { tree } = bench;
      const fid = await tree.create('sparse', { flags: O_RDWR });
      await tree.setattr('sparse', { size: 1n << 40n });
      expect(await freePages(bench)).toBe(4);
      await tree.write(fid, 1n << 30n, bytes(1));
      expect(await freePages(bench)).toBe(3);
      await tree.setattr('sparse', { size: 10n });
      expect(await freePages(bench)).toBe(4);
    }));

  test.each<[string, (bench: Bench) => Promise<unknown>]>([
    ['a shorter length', ({ tree }) => tree.setattr('a', { size: 0n })],
    ['O_TRUNC', async ({ tree }) => tree.clunk(await tree.open('a', O_RDWR | O_TRUNC))],
    [
      'creating it once more with O_TRUNC',
      async ({ tree }) => tree.clunk(await tree.create('a', { flags: O_RDWR | O_TRUNC })),
    ],
    ['removing it', ({ tree }) => tree.unlink('a')],
    ['removing it by its fid', async ({ client, tree }) => client.call('Tremove', { fid: await tree.walk('a') })],
    ['another file renamed over it', async ({ tree }) => tree.rename('empty', 'a')],
  ])('%s gives room back', (_, act) =>
    onQuota(4, async (bench) => {
      await fill(bench, 'empty', 0);
      await fill(bench, 'a', 4);
      expect(await freePages(bench)).toBe(0);
      await act(bench);
      expect(await freePages(bench)).toBe(4);
    }),
  );

  test('a removed file takes room until it is closed for the last time', () =>
    onQuota(4, async (bench) => {
      const { tree, quota } = bench;
      await fill(bench, 'a', 3);
      const open = await tree.open('a', O_RDWR);
      const walked = await tree.walk('a');
      await tree.unlink('a');
      expect(await freePages(bench)).toBe(1);
      expect(await tree.write(open, BigInt(3 * PAGE), bytes(PAGE))).toBe(PAGE);
      await tree.clunk(open);
      expect(await freePages(bench)).toBe(0);
      expect(quota.usage.inodes).toBe(2);
      await tree.clunk(walked);
      expect(await freePages(bench)).toBe(4);
      expect(quota.usage.inodes).toBe(1);
    }));

  test('a file with two names counts once, until both are gone', () =>
    onQuota(4, async (bench) => {
      const { tree } = bench;
      await fill(bench, 'a', 2);
      await tree.link('b', 'a');
      await tree.rename('b', 'a');
      expect(await freePages(bench)).toBe(2);
      await tree.unlink('a');
      expect(await freePages(bench)).toBe(2);
      await tree.unlink('b');
      expect(await freePages(bench)).toBe(4);
    }));

  test('an extended attribute needs room as well', () =>
    onQuota(4, async (bench) => {
      const { tree } = bench;
      await fill(bench, 'a', 2);
      await expect(tree.setxattr('a', 'user.x', bytes(2 * PAGE))).rejects.toBe(errno('ENOSPC'));
      await tree.setxattr('a', 'user.x', bytes(100));
      await tree.removexattr('a', 'user.x');
      expect(await freePages(bench)).toBe(2);
    }));
});

describe('inodes', () => {
  test('everything made is one, and one too many is ENOSPC', () =>
    onQuota(
      100,
      async (bench) => {
        const { tree } = bench;
        const makers = [
          (name: string) => tree.mkdir(name),
          (name: string) => tree.mknod(name, 0o010644),
          (name: string) => tree.symlink(name, 'x'),
          async (name: string) => tree.clunk(await tree.create(name)),
        ];
        for (const [index, make] of makers.entries()) await make(`n${index}`);
        expect(await tree.statfs('')).toMatchObject({ files: 5n, ffree: 0n });
        for (const make of makers) await expect(make('more')).rejects.toBe(errno('ENOSPC'));
        await tree.link('hard', 'n1');
        await tree.clunk(await tree.create('n3'));
        await tree.rmdir('n0');
        await tree.mkdir('more');
        await expect(tree.mkdir('evenmore')).rejects.toBe(errno('ENOSPC'));
      },
      4,
    ));

  test('what fails takes none', () =>
    onQuota(
      100,
      async ({ tree, quota }) => {
        await tree.mkdir('d');
        await tree.mkdir('d/e');
        const before = { bytes: quota.usage.bytes, inodes: quota.usage.inodes };
        const failing = [
          () => tree.mkdir('d'),
          () => tree.symlink('d', 'x'),
          () => tree.mknod('d', 0o010644),
          () => tree.create('d'),
          () => tree.mkdir('absent/x'),
          () => tree.rmdir('d'),
          () => tree.rename('d', 'd/e/f'),
          () => tree.unlink('absent'),
          () => tree.open('d', O_WRONLY),
        ];
        for (const attempt of failing) await expect(attempt()).rejects.toBeDefined();
        expect(quota.usage).toMatchObject(before);
        await tree.rename('d', 'd');
        await tree.rename('d/e', 'f');
        await tree.mkdir('g');
        await tree.rename('f', 'g');
        expect(quota.usage.inodes).toBe(before.inodes);
      },
      4,
    ));
});

describe('what is there when the share opens', () => {
  /** A tree with a file of two names and a chain of directories. */
  async function prepared(): Promise<ReturnType<typeof createMemory>> {
    const memory = createMemory();
    memory.writeFile('/a', bytes(3 * PAGE));
    memory.mkdir('/d');
    memory.mkdir('/d/e');
    memory.writeFile('/d/e/b', bytes(PAGE));
    await onBench(
      () => ({ backend: { driver: 'memory', attach: (c) => memory.attach(c), close() {} } }),
      ({ tree }) => tree.link('d/hard', 'a'),
    );
    return memory;
  }

  test('counts, each object once', async () => {
    const quota = withQuota(await prepared(), { bytes: 10 * PAGE });
    await quota.measured;
    expect(quota.usage).toMatchObject({ bytes: 4 * PAGE, inodes: 5 });
    await onBench(
      () => ({ backend: quota }),
      async ({ tree }) => {
        await tree.unlink('a');
        expect(quota.usage.inodes).toBe(5);
        await tree.unlink('d/hard');
        expect(quota.usage).toMatchObject({ bytes: PAGE, inodes: 4 });
      },
    );
  });

  test('may be more than the quota: then it can only become less', async () => {
    const quota = withQuota(await prepared(), { bytes: 2 * PAGE, inodes: 3 });
    await quota.measured;
    await onBench(
      () => ({ backend: quota }),
      async ({ tree }) => {
        expect(await tree.statfs('')).toMatchObject({ blocks: 2n, bavail: 0n, files: 3n, ffree: 0n });
        const fid = await tree.open('a', O_RDWR);
        await expect(tree.write(fid, 0n, bytes(1))).rejects.toBe(errno('ENOSPC'));
        await expect(tree.create('new')).rejects.toBe(errno('ENOSPC'));
        await tree.setattr('a', { size: BigInt(PAGE) });
        expect(await tree.write(fid, 0n, bytes(1))).toBe(1);
      },
    );
  });
});

describe('until that is known', () => {
  /** A share that is measured when `go` is resolved, with a file of one page. */
  async function measuring() {
    const memory = createMemory();
    memory.writeFile('/a', bytes(PAGE));
    const go = new Gate<void>();
    const quota = withQuota(memory, { bytes: 10 * PAGE }, { isOver: () => true, pause: () => go.promise });
    const { session, client, bugs } = await attached(quota);
    const tree = await Tree.attach(client, { firstFid: 100 });
    return { go, quota, session, client, tree, bugs };
  }

  test('clients look and read, and what changes something waits', async () => {
    const { go, tree, session, bugs } = await measuring();
    expect((await tree.readFile('a')).length).toBe(PAGE);
    const answers: string[] = [];
    const waiting = [
      tree.mkdir('d').then(() => answers.push('mkdir')),
      tree.statfs('').then(({ bavail }) => answers.push(`statfs ${bavail}`)),
      tree.setattr('a', { size: 0n }).then(() => answers.push('setattr')),
      tree.unlink('absent').catch(() => answers.push('unlink')),
    ];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answers).toEqual([]);
    go.resolve();
    await Promise.all(waiting);
    expect(answers.sort()).toEqual(['mkdir', 'setattr', 'statfs 9', 'unlink']);
    await session.reset();
    expect(bugs).toEqual([]);
  });

  test('a write that is flushed ends', async () => {
    const { go, client, tree, session } = await measuring();
    const fid = await tree.open('a', O_RDWR);
    const write = client.send('Twrite', { fid, offset: 0n, data: { segments: [bytes(10)], length: 10 } });
    const ended = expect(write.reply).rejects.toBeInstanceOf(TakenBack);
    await client.call('Tflush', { oldtag: write.tag });
    await ended;
    go.resolve();
    await session.reset();
  });

  test('an interruption fails what waits, and whatever comes after it', async () => {
    const memory = createMemory();
    for (let index = 0; index < 3000; index++) memory.writeFile(`/f${index}`, '');
    const quota = withQuota(memory, { bytes: 2 * PAGE });
    const { client } = await attached(quota);
    const tree = await Tree.attach(client, { firstFid: 100 });
    const waiting = expect(tree.mkdir('d')).rejects.toBe(errno('EIO'));
    quota.interrupt();
    await waiting;
    await expect(tree.mkdir('d')).rejects.toBe(errno('EIO'));
    await quota.close();
  });
});

describe('limits that cannot be', () => {
  test.each([{ bytes: -1 }, { bytes: 1.5 }, { inodes: 0 }, { inodes: Number.NaN }])('%j', (limits) => {
    expect(() => withQuota(createMemory(), limits)).toThrow(RangeError);
  });
});
