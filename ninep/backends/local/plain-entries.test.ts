import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import { ByteReader } from '../../../bytes/cursor.ts';
import type { OpenFile } from '../../backend.ts';
import { DIRECTORY_ENTRY } from '../../messages.ts';
import { Fixture, now, text, withOpen } from './local-fixture.ts';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});
afterEach(async () => {
  expect(await fixture.close()).toBe(0);
});

/** Everything after `offset` by the general way. */
function byEntry(file: OpenFile, offset = 0n) {
  const seen: unknown[] = [];
  now(
    file.readdir(offset, ({ qid, offset, type, name }) => {
      seen.push({ qid, offset, type, name: text(name) });
      return true;
    }),
  );
  return seen;
}

/** What one call puts into `room` bytes. */
function encoded(file: OpenFile, offset: bigint, room: number) {
  const out = new Uint8Array(room + 8).fill(0xaa);
  const length = file.readdirInto?.(offset, out.subarray(0, room));
  if (length === undefined || length < 0) return { length, entries: [] };
  expect([...out.subarray(room)]).toEqual(new Array(8).fill(0xaa));
  const from = new ByteReader(out.subarray(0, length));
  const entries = [];
  while (from.remaining > 0) {
    const qid = DIRECTORY_ENTRY.qid.get(from);
    const offset = DIRECTORY_ENTRY.offset.get(from);
    const type = DIRECTORY_ENTRY.type.get(from);
    entries.push({ qid, offset, type, name: text(DIRECTORY_ENTRY.name.get(from)) });
  }
  return { length, entries };
}

describe('entries encoded at once equal those given out one by one', () => {
  beforeEach(() => {
    mkdirSync(fixture.at('sub'));
    symlinkSync('x', fixture.at('link'));
    writeFileSync(fixture.at('n'.repeat(255)), '');
    for (let i = 0; i < 300; i++) writeFileSync(fixture.at(`${i}`.repeat(1 + (i % 9))), '');
  });

  test.each([27, 100, 279, 280, 4096, 70_000])('in %d bytes at a time', async (room) => {
    await withOpen(fixture.root, O.RDONLY, (file) => {
      const all = byEntry(file);
      const seen: unknown[] = [];
      let at = 0n;
      for (;;) {
        const { length, entries } = encoded(file, at, room);
        if (length === 0) break;
        // A name of 255 bytes takes 279: with less there is no going on.
        if (length === -1) {
          expect(room).toBeLessThan(279);
          break;
        }
        seen.push(...entries);
        at = entries.at(-1)?.offset ?? 0n;
      }
      if (room >= 279) expect(seen).toEqual(all);
      else expect(seen).toEqual(all.slice(0, seen.length));
    });
  });

  test('after any cookie', async () => {
    await withOpen(fixture.root, O.RDONLY, (file) => {
      const { entries } = encoded(file, 0n, 200_000);
      for (const at of [250, 3, 120, 121, 0]) {
        const from = entries[at]?.offset ?? -1n;
        expect(encoded(file, from, 200_000).entries).toEqual(byEntry(file, from));
      }
    });
  });

  test('a parent below the root is itself, and the root its own', async () => {
    await withOpen(fixture.node('sub'), O.RDONLY, (file) => {
      expect(encoded(file, 0n, 4096).entries).toEqual(byEntry(file));
    });
    await withOpen(fixture.root, O.RDONLY, (file) => {
      const { entries } = encoded(file, 0n, 200_000);
      const dots = entries.filter(({ name }) => name === '.' || name === '..');
      expect(new Set(dots.map(({ qid }) => qid.path))).toEqual(new Set([fixture.root.qid.path]));
    });
  });
});

test('directories whose entries mean something else are listed the general way', async () => {
  for (const options of [
    { securityModel: 'mapped-file' },
    { securityModel: 'mapped-xattr' },
    { multidevs: 'remap' },
  ] as const) {
    const other = new Fixture(options);
    await withOpen(other.root, O.RDONLY, (file) => {
      expect(file.readdirInto?.(0n, new Uint8Array(4096))).toBeUndefined();
    });
    expect(await other.close()).toBe(0);
  }
});
