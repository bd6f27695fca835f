import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import { setattrBody } from '../../client/setattr.ts';
import { type Bench, onBench } from '../../contract/fixture.ts';
import { errno } from '../../contract/sessions.ts';
import { createMemory, type Memory, type MemoryOptions } from './memory.ts';

const PAGE = 4096;

function on(options: MemoryOptions, run: (bench: Bench & { memory: Memory }) => Promise<void>) {
  const memory = createMemory(options);
  return onBench(
    () => ({ backend: memory }),
    (bench) => run({ ...bench, memory }),
  );
}

describe('options', () => {
  test.each([
    { capacity: -1 },
    { capacity: 0.5 },
    { capacity: Number.NaN },
    { capacity: Number.POSITIVE_INFINITY },
    { inodes: 0 },
    { inodes: 1.5 },
    { mode: 0o10000 },
    { mode: -1 },
  ])('%p cannot be', (options) => {
    expect(() => createMemory(options)).toThrow(RangeError);
    expect(() => createMemory(options)).toThrow(/must be a whole number from/);
  });
});

describe('capacity', () => {
  test('a write that finds room for some of it says how much, the next one ENOSPC', () =>
    on({ capacity: 3 * PAGE }, async ({ tree, memory }) => {
      const fid = await tree.create('file');
      expect(await tree.write(fid, 100n, new Uint8Array(5 * PAGE).fill(1))).toBe(3 * PAGE - 100);
      expect((await tree.getattr('file')).size).toBe(BigInt(3 * PAGE));
      await expect(tree.write(fid, BigInt(3 * PAGE), utf8('x'))).rejects.toBe(errno('ENOSPC'));
      expect((await tree.getattr('file')).size).toBe(BigInt(3 * PAGE));
      expect(await tree.write(fid, 5n, utf8('still'))).toBe(5);
      expect(memory.usage.bytes).toBe(3 * PAGE);
    }));

  test('a refused write moves no time, no version and no setuid bit', () =>
    on({ capacity: 0 }, async ({ client, tree }) => {
      const fid = await tree.create('file', { mode: 0o4755 });
      const before = await client.call('Tgetattr', { fid, request_mask: 0x3fffn });
      await expect(tree.write(fid, 0n, utf8('x'))).rejects.toBe(errno('ENOSPC'));
      expect(await client.call('Tgetattr', { fid, request_mask: 0x3fffn })).toEqual(before);
    }));

  test('symlink targets and attributes take room, and too little of it is ENOSPC with nothing made', () =>
    on({ capacity: 100 }, async ({ tree, memory }) => {
      await expect(tree.symlink('link', 't'.repeat(101))).rejects.toBe(errno('ENOSPC'));
      expect(memory.usage).toMatchObject({ bytes: 0, inodes: 1 });
      await tree.symlink('link', 't'.repeat(40));
      await tree.writeFile('file', '');
      await expect(tree.setxattr('file', 'user.a', new Uint8Array(55))).rejects.toBe(errno('ENOSPC'));
      await tree.setxattr('file', 'user.a', new Uint8Array(54));
      expect(memory.usage.bytes).toBe(100);
      await tree.setxattr('file', 'user.a', new Uint8Array(4));
      expect(memory.usage.bytes).toBe(50);
      await tree.removexattr('file', 'user.a');
      await tree.unlink('link');
      expect(memory.usage.bytes).toBe(0);
    }));

  test('statfs tells the truth before, between and after', () =>
    on({ capacity: 10 * PAGE + 1, inodes: 5 }, async ({ tree }) => {
      expect(await tree.statfs('')).toMatchObject({ type: 0x01021994, bsize: 4096, blocks: 10n, bfree: 10n });
      await tree.writeFile('file', new Uint8Array(PAGE + 1));
      expect(await tree.statfs('')).toMatchObject({ blocks: 10n, bfree: 8n, bavail: 8n, files: 5n, ffree: 3n });
      await tree.unlink('file');
      expect(await tree.statfs('')).toMatchObject({ bfree: 10n, files: 5n, ffree: 4n });
    }));
});

describe('inodes', () => {
  test('every name counts as one, hard links too, and one too many is ENOSPC', () =>
    on({ inodes: 4 }, async ({ tree, memory }) => {
      await tree.mkdir('dir');
      await tree.writeFile('one', '');
      await tree.link('two', 'one');
      for (const make of [
        () => tree.create('x'),
        () => tree.mkdir('x'),
        () => tree.symlink('x', 'y'),
        () => tree.mknod('x', 0o010644),
        () => tree.link('x', 'one'),
      ]) {
        await expect(make()).rejects.toBe(errno('ENOSPC'));
      }
      expect((await tree.getattr('one')).nlink).toBe(2n);
      await tree.unlink('one');
      await tree.writeFile('x', '');
      expect(memory.usage.inodes).toBe(4);
    }));

  test('an unlinked file keeps its place and its bytes until it is let go', () =>
    on({ inodes: 2, capacity: PAGE }, async ({ tree, memory }) => {
      const fid = await tree.create('file');
      await tree.write(fid, 0n, utf8('kept'));
      await tree.unlink('file');
      expect(memory.usage).toMatchObject({ bytes: PAGE, inodes: 2 });
      await expect(tree.create('new')).rejects.toBe(errno('ENOSPC'));
      await tree.clunk(fid);
      expect(memory.usage).toMatchObject({ bytes: 0, inodes: 1 });
      await tree.clunk(await tree.create('new'));
    }));

  test('a replaced file goes as an unlinked one does', () =>
    on({}, async ({ tree, memory }) => {
      await tree.writeFile('old', new Uint8Array(3 * PAGE));
      await tree.writeFile('new', 'x');
      await tree.rename('new', 'old');
      expect(memory.usage).toMatchObject({ bytes: PAGE, inodes: 2 });
    }));

  test('a file has at most 65,000 names: one more is EMLINK', () =>
    on({ inodes: 65_100 }, async ({ client, tree }) => {
      const fid = await tree.create('file');
      for (let i = 1; i < 65_000; i++) await client.call('Tlink', { dfid: tree.root, fid, name: utf8(`l${i}`) });
      await expect(tree.link('last', 'file')).rejects.toBe(errno('EMLINK'));
      await tree.unlink('l1');
      await tree.link('last', 'file');
    }));
});

describe('sparse files', () => {
  test('holes are zeros and take no room', () =>
    on({ capacity: 2 * PAGE }, async ({ tree }) => {
      const fid = await tree.create('file');
      await tree.write(fid, 1n << 50n, utf8('far'));
      await tree.write(fid, 3n, utf8('near'));
      expect(await tree.getattr('file')).toMatchObject({ size: (1n << 50n) + 3n, blocks: 16n });
      expect([...(await tree.read(fid, (1n << 50n) - 2n, 10))]).toEqual([0, 0, ...utf8('far')]);
      expect([...(await tree.read(fid, 5000n, 3))]).toEqual([0, 0, 0]);
      expect([...(await tree.read(fid, 0n, 8))]).toEqual([0, 0, 0, ...utf8('near'), 0]);
    }));

  test('a hole read over memory that held something else is zeros in all of its pieces', () =>
    on({}, async ({ memory }) => {
      memory.writeFile('file', '');
      memory.setattr('file', { size: 10_000n });
      const file = memory.attach({ uname: utf8(''), uid: 0, aname: utf8('') });
      const { node } = file.walk([utf8('file')]);
      const open = await node?.open(0);
      const pieces = [new Uint8Array(1).fill(9), new Uint8Array(4096).fill(9), new Uint8Array(9000).fill(9)];
      expect(open?.read(1n, pieces, { onFlush() {} })).toBe(9999);
      expect(pieces.map((piece) => piece.filter((byte) => byte !== 0).length)).toEqual([0, 0, 9000 - 5902]);
      await open?.release();
      await node?.release();
      file.release();
    }));

  test('what is cut off is gone for good and gives its room back', () =>
    on({}, async ({ tree, memory }) => {
      await tree.writeFile('file', new Uint8Array(10 * PAGE).fill(7));
      await tree.setattr('file', { size: BigInt(PAGE + 10) });
      expect(memory.usage.bytes).toBe(2 * PAGE);
      await tree.setattr('file', { size: BigInt(3 * PAGE) });
      const bytes = await tree.readFile('file');
      expect(bytes.indexOf(0)).toBe(PAGE + 10);
      expect(bytes.lastIndexOf(7)).toBe(PAGE + 9);
      await tree.setattr('file', { size: 0n });
      expect(memory.usage.bytes).toBe(0);
    }));

  test('a file of a few pages far apart is cut without counting through the hole', () =>
    on({}, async ({ tree, memory }) => {
      const fid = await tree.create('file');
      for (const power of [20n, 40n, 60n]) await tree.write(fid, 1n << power, utf8('x'));
      await tree.setattr('file', { size: 1n << 30n });
      expect(memory.usage.bytes).toBe(PAGE);
      await tree.setattr('file', { size: 0n });
      expect(memory.usage.bytes).toBe(0);
    }));

  test('nothing grows beyond the largest offset', () =>
    on({}, async ({ client, tree }) => {
      const fid = await tree.create('file', { flags: 0o2002 });
      await client.call('Tsetattr', setattrBody(fid, { size: (1n << 63n) - 3n }));
      expect(await tree.write(fid, 0n, utf8('end'))).toBe(2);
      await expect(tree.write(fid, 0n, utf8('x'))).rejects.toBe(errno('EFBIG'));
      expect((await tree.getattr('file')).size).toBe((1n << 63n) - 1n);
      await tree.setattr('file', { size: 0n });
    }));
});
