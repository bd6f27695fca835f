import { describe, expect, test } from '@jest/globals';
import { TakenBack } from '../../client/client.ts';
import { onBench } from '../../contract/fixture.ts';
import { errno } from '../../contract/sessions.ts';
import { createQemuTree } from './qemu-tree.ts';

const tree = () => ({ backend: createQemuTree() });
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const data = (...bytes: number[]) => ({ segments: [Uint8Array.from(bytes)], length: bytes.length });

describe("the tree of QEMU's tests", () => {
  test('numbers, modes and times', () =>
    onBench(tree, async ({ tree }) => {
      const walk = Array.from({ length: 16 }, (_, depth) => `WALK${depth}`);
      const rows: [string, bigint, number][] = [
        ['', 0n, 0o040555],
        ['WALK0', 1n, 0o040500],
        [walk.join('/'), 16n, 0o040500],
        ['LOPEN', 17n, 0o100000],
        ['WRITE', 18n, 0o100000],
        ['FLUSH', 19n, 0o100000],
        ['ReadDirDir/ReadDirFile0', 21n, 0o100000],
        ['ReadDirDir/ReadDirFile99', 120n, 0o100000],
      ];
      for (const [path, number, mode] of rows) {
        const attributes = await tree.getattr(path);
        expect({ path, mode: attributes.mode, qid: attributes.qid.path }).toEqual({ path, mode, qid: number });
        expect(attributes).toMatchObject({ uid: 0, gid: 0, size: 0n, mtime_sec: 0n, qid: { version: 0 } });
      }
      expect((await tree.getattr('ReadDirDir')).qid.path).toBe(20n);
    }));

  test('listings are newest first, in messages of any size', () =>
    onBench(tree, async ({ tree }) => {
      const expected = ['.', '..', ...Array.from({ length: 100 }, (_, index) => `ReadDirFile${99 - index}`)];
      for (const count of [40, 100, 1000, 60_000]) {
        expect((await tree.list('ReadDirDir', count)).map(({ name }) => textOf(name))).toEqual(expected);
      }
      const root = (await tree.list('')).map(({ name }) => textOf(name));
      expect(root).toEqual(['.', '..', 'ReadDirDir', 'FLUSH', 'WRITE', 'LOPEN', 'WALK0']);
    }));

  test.each([0, 1, 2, 0o1000, 0o2001])('files open with flags %i, whatever their mode', (flags) =>
    onBench(tree, async ({ tree }) => {
      for (const path of ['LOPEN', 'WRITE', 'FLUSH', 'ReadDirDir/ReadDirFile5']) await tree.open(path, flags);
    }),
  );

  test('WRITE swallows everything; the others can be neither read nor written', () =>
    onBench(tree, async ({ tree }) => {
      const fid = await tree.open('WRITE', 1);
      expect(await tree.write(fid, 0n, new Uint8Array(50_000))).toBe(50_000);
      expect((await tree.getattr('WRITE')).size).toBe(0n);
      const open = await tree.open('LOPEN', 2);
      await expect(tree.write(open, 0n, new Uint8Array(1))).rejects.toBe(errno('EPERM'));
      await expect(tree.read(open, 0n, 1)).rejects.toBe(errno('EPERM'));
    }));

  test('FLUSH takes a zero at once and waits with anything else', () =>
    onBench(tree, async ({ client, session, tree }) => {
      const fid = await tree.open('FLUSH', 1);
      expect(await client.call('Twrite', { fid, offset: 0n, data: data(0, 9, 9) })).toEqual({ count: 1 });
      const waiting = client.send('Twrite', { fid, offset: 0n, data: data(1) });
      const ended = expect(waiting.reply).rejects.toBeInstanceOf(TakenBack);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(session.outstanding).toBe(1);
      await client.call('Tflush', { oldtag: waiting.tag });
      await ended;
      expect(session.outstanding).toBe(0);
    }));
});
