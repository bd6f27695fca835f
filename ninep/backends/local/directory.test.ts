import { mkdirSync, readdirSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DT, O } from 'node-hostfs';
import type { OpenFile } from '../../backend.ts';
import { bytes, errorOf, Fixture, now, text, withOpen } from './local-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});

interface Seen {
  readonly name: string;
  readonly offset: bigint;
  readonly type: number;
  readonly path: bigint;
}

/** One Treaddir: up to `most` entries from `offset` on. */
function list(file: OpenFile, offset = 0n, most = Number.POSITIVE_INFINITY): Seen[] {
  const seen: Seen[] = [];
  now(
    file.readdir(offset, (entry) => {
      if (seen.length === most) return false;
      const { offset, type, qid } = entry;
      seen.push({ name: text(entry.name), offset, type, path: qid.path });
      return true;
    }),
  );
  return seen;
}

describe('readdir', () => {
  test('in small portions it misses nothing and repeats nothing', async () => {
    for (let i = 0; i < 3000; i++) writeFileSync(fixture.at(`a-name-of-some-length-${i}`), '');
    const expected = [...readdirSync(fixture.path), '.', '..'].sort();
    await withOpen(fixture.root, O.RDONLY, (file) => {
      for (const portion of [1, 7, 1000, Number.POSITIVE_INFINITY]) {
        const names: string[] = [];
        for (let offset = 0n; ; ) {
          const seen = list(file, offset, portion);
          names.push(...seen.map(({ name }) => name));
          const last = seen.at(-1);
          if (last === undefined) break;
          offset = last.offset;
        }
        expect(names.sort()).toEqual(expected);
      }
    });
  });

  test('what one listing has not given out is not seen by the next directory', async () => {
    for (const name of ['one', 'other']) {
      mkdirSync(fixture.at(name));
      writeFileSync(fixture.at(`${name}/of-${name}`), '');
    }
    const open = (name: string) => now(fixture.node(name).open(O.RDONLY));
    const [first, second] = [open('one'), open('other')];
    list(first, 0n, 1);
    list(second, 0n, 1);
    for (const file of [first, second]) now(file.release());
    for (const [name, file] of [
      ['other', open('other')],
      ['one', open('one')],
    ] as const) {
      expect(
        list(file)
          .map((entry) => entry.name)
          .sort(),
      ).toEqual(['.', '..', `of-${name}`]);
      now(file.release());
    }
  });

  test('any cookie continues after its entry, in whatever order cookies come back', async () => {
    for (let i = 0; i < 300; i++) writeFileSync(fixture.at(`f${i}`), '');
    await withOpen(fixture.root, O.RDONLY, (file) => {
      const all = list(file);
      for (const at of [250, 3, 120, 121, 0, 300]) {
        expect(list(file, all[at]?.offset, 5)).toEqual(all.slice(at + 1, at + 6));
      }
    });
  });

  test('from the start it shows what is there now', async () => {
    writeFileSync(fixture.at('one'), '');
    await withOpen(fixture.root, O.RDONLY, (file) => {
      expect(list(file).map(({ name }) => name)).toContain('one');
      unlinkSync(fixture.at('one'));
      writeFileSync(fixture.at('two'), '');
      const names = list(file).map(({ name }) => name);
      expect(names).toContain('two');
      expect(names).not.toContain('one');
    });
  });

  test('an entry nobody has room for is offered again', async () => {
    await withOpen(fixture.root, O.RDONLY, (file) => {
      expect(list(file, 0n, 0)).toEqual([]);
      expect(list(file, 0n, 1).length).toBe(1);
    });
  });

  test('types and paths are those of the objects; .. of the root is the root', async () => {
    mkdirSync(fixture.at('d'));
    symlinkSync('x', fixture.at('l'));
    writeFileSync(fixture.at('f'), '');
    const found = await withOpen(fixture.root, O.RDONLY, (file) => list(file));
    const byName = new Map(found.map((entry) => [entry.name, entry]));
    expect(['d', 'l', 'f', '.', '..'].map((name) => byName.get(name)?.type)).toEqual([
      DT.DIR,
      DT.LNK,
      DT.REG,
      DT.DIR,
      DT.DIR,
    ]);
    for (const name of ['d', 'l', 'f']) expect(byName.get(name)?.path).toBe(fixture.node(name).qid.path);
    for (const name of ['.', '..']) expect(byName.get(name)?.path).toBe(fixture.root.qid.path);
  });

  test('a cookie nobody gave out is an error or the end, not a crash', async () => {
    await withOpen(fixture.root, O.RDONLY, async (file) => {
      for (const cookie of [1n, 1n << 62n, (1n << 63n) - 1n, (1n << 64n) - 1n, 1n << 63n]) {
        expect(['success', 'EINVAL']).toContain(await errorOf(() => list(file, cookie)));
      }
      expect(list(file).length).toBe(2);
    });
  });

  test('a directory removed while open is ENOENT', async () => {
    mkdirSync(fixture.at('d'));
    await withOpen(fixture.node('d'), O.RDONLY, async (file) => {
      rmdirSync(fixture.at('d'));
      expect(await errorOf(() => list(file))).toBe('ENOENT');
    });
  });

  test('names of 255 bytes, and names that are no UTF-8', async () => {
    const long = Buffer.alloc(255, 0xfe);
    writeFileSync(Buffer.concat([bytes(`${fixture.path}/`), long]), '');
    const names: Buffer[] = [];
    await withOpen(fixture.root, O.RDONLY, (file) =>
      file.readdir(0n, ({ name }) => {
        names.push(Buffer.from(name));
        return true;
      }),
    );
    expect(names.some((name) => name.equals(long))).toBe(true);
  });
});
