import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import { openLocal } from './local.ts';
import { bytes, Fixture, isRoot, now, openDescriptors, user, walk } from './local-fixture.ts';
import { ShareError } from './share-error.ts';

let place = '';
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'local-share-'));
});
afterAll(() => rmSync(place, { recursive: true }));

/** The one line a share is refused with. */
function refusal(path: string): string {
  const before = openDescriptors();
  try {
    openLocal({ path, securityModel: 'none' }).close();
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    expect(openDescriptors()).toBe(before);
    expect(error.message).not.toContain('\n');
    return `${error.reason}: ${error.message}`;
  }
  return 'shared';
}

describe('a path that cannot be shared is refused in one line', () => {
  test('missing', () => {
    const path = join(place, 'none');
    expect(refusal(path)).toBe(
      `missing: cannot share ${JSON.stringify(path)}: no such directory; create it, or correct the path`,
    );
    expect(refusal('')).toMatch(/^missing: /);
    expect(refusal('a\0b')).toMatch(/^missing: /);
    symlinkSync('nowhere', join(place, 'dangling'));
    expect(refusal(join(place, 'dangling'))).toMatch(/^missing: /);
  });

  test('a file, or below one', () => {
    writeFileSync(join(place, 'file'), '');
    expect(refusal(join(place, 'file'))).toMatch(/^not a directory: /);
    expect(refusal(join(place, 'file/x'))).toMatch(/^not a directory: /);
  });

  (isRoot ? test : test.skip)('unreadable, or not searchable, or behind such a directory', () => {
    mkdirSync(join(place, 'closed/inner'), { recursive: true });
    process.seteuid?.(65534);
    try {
      for (const mode of [0o700, 0o711, 0o744]) {
        process.seteuid?.(0);
        chmodSync(place, 0o755);
        chmodSync(join(place, 'closed'), mode);
        process.seteuid?.(65534);
        expect(refusal(join(place, 'closed'))).toMatch(/^unreadable: /);
      }
      process.seteuid?.(0);
      chmodSync(join(place, 'closed'), 0o700);
      process.seteuid?.(65534);
      expect(refusal(join(place, 'closed/inner'))).toMatch(/^unreadable: /);
    } finally {
      process.seteuid?.(0);
    }
  });

  test('a symbolic link to a directory is a way to name it', () => {
    mkdirSync(join(place, 'real'));
    symlinkSync('real', join(place, 'link'));
    expect(refusal(join(place, 'link'))).toBe('shared');
  });
});

describe('descriptors', () => {
  test('all come back, after successes and failures of every kind', async () => {
    const fixture = new Fixture({ securityModel: 'passthrough' }, user(process.geteuid?.()));
    mkdirSync(fixture.at('a/b/c'), { recursive: true });
    writeFileSync(fixture.at('a/f'), 'x');
    const before = openDescriptors();
    const quietly = async (operation: () => unknown) => {
      try {
        await operation();
      } catch {}
    };
    for (let i = 0; i < 50; i++) {
      const { root } = fixture;
      const deep = walk(root, 'a', 'b', 'c', '..', '.', 'c');
      await quietly(() => root.walk(['a', 'b', 'none', 'x'].map(bytes)));
      await quietly(() => root.walk([bytes('none')]));
      const { node, file } = await deep.create(bytes('n'), O.RDWR | O.EXCL, 0o600, process.getegid?.() ?? 0);
      await quietly(() => deep.create(bytes('n'), O.RDWR | O.EXCL, 0o600, 0));
      await quietly(() => file.readdir(0n, () => true));
      now(file.lock({ type: 1, start: 0n, length: 0n, procId: i, clientId: bytes('c') }));
      await quietly(() => deep.open(O.WRONLY));
      await quietly(() => deep.mkdir(bytes('n'), 0o755, 0));
      const clone = now(node.clone());
      await quietly(() => clone.removeSelf());
      await quietly(() => clone.removeSelf());
      for (const held of [file, node, clone, deep]) await held.release();
    }
    expect(openDescriptors()).toBe(before);
    expect(await fixture.close()).toBe(0);
    expect(existsSync(fixture.path)).toBe(false);
  });
});
