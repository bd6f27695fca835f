import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Hostfs, loadHostfs, O } from 'node-hostfs';
import { openLocal } from './local.ts';
import { bytes, errorOf, Fixture, now, REQUEST, withOpen } from './local-fixture.ts';
import { type LocalOptions, settingsOf } from './settings.ts';
import { ShareError } from './share-error.ts';

const hostfs = loadHostfs() as { -readonly [K in keyof Hostfs]: Hostfs[K] };
const whole = { ...hostfs };
afterEach(() => {
  Object.assign(hostfs, whole);
});

function refusal(options: LocalOptions): string {
  try {
    openLocal(options).close();
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    return error.message;
  }
  return 'shared';
}

describe('options that do not go together', () => {
  test.each([
    [{ securityModel: 'none', fmode: 0o600 }, 'fmode goes with the mapped security models alone; leave it out'],
    [{ securityModel: 'passthrough', dmode: 0o700 }, 'dmode goes with the mapped security models alone; leave it out'],
    [{ securityModel: 'mapped', fmode: 0o1600 }, 'fmode is 896; it goes from 0 to 0777'],
    [{ securityModel: 'mapped-file', dmode: 0.5 }, 'dmode is 0.5; it goes from 0 to 0777'],
  ] as const)('%j', (options, reason) => {
    expect(refusal({ path: '/tmp', ...options })).toContain(`cannot share "/tmp": ${reason}`);
  });

  test('the defaults', () => {
    expect(settingsOf({ path: 'x', securityModel: 'mapped' })).toMatchObject({
      ...{ fmode: 0o600, dmode: 0o700, multidevs: 'warn', writesOut: false, readonly: false },
      model: { name: 'mapped-xattr' },
    });
  });

  test('mapped-xattr on a file system without attributes says what to use instead', () => {
    const path = mkdtempSync(join(tmpdir(), 'options-'));
    hostfs.getxattr = () => -95;
    expect(refusal({ path, securityModel: 'mapped-xattr' })).toMatch(
      /no extended attributes; use security_model=mapped-file$/,
    );
    rmSync(path, { recursive: true });
  });
});

describe('writeout=immediate', () => {
  async function ranges(flags: number, options: Partial<LocalOptions>): Promise<unknown[]> {
    const seen: unknown[] = [];
    hostfs.syncFileRangeAsync = (_fd, ...range) => {
      seen.push(range);
      return Promise.resolve(-5);
    };
    const fixture = new Fixture(options);
    try {
      writeFileSync(fixture.at('f'), 'begin');
      await withOpen(fixture.node('f'), flags, async (file) => {
        expect(await file.write(5n, [bytes('one'), bytes('two')], REQUEST)).toBe(6);
      });
      expect(readFileSync(fixture.at('f'), 'latin1')).toBe('beginonetwo');
    } finally {
      expect(await fixture.close()).toBe(0);
    }
    return seen;
  }

  test('each write begins to go to the disk, after what goes there already', async () => {
    expect(await ranges(O.RDWR, { writeout: 'immediate' })).toEqual([[5n, 6, 3]]);
  });

  test('of an append the whole file does', async () => {
    expect(await ranges(O.WRONLY | O.APPEND, { writeout: 'immediate' })).toEqual([[0n, 0, 3]]);
  });

  test('otherwise it takes its time', async () => {
    expect(await ranges(O.RDWR, {})).toEqual([]);
  });
});

test.each(['mapped-xattr', 'mapped-file'] as const)(
  'readonly=on with %s changes and makes nothing',
  async (securityModel) => {
    const fixture = new Fixture({ securityModel, readonly: true });
    try {
      writeFileSync(fixture.at('f'), 'text');
      const node = fixture.node('f');
      const attempts: (() => unknown)[] = [
        () => node.setattr({ uid: 1 }),
        () => node.setattr({ mode: 0o4755 }),
        () => node.open(O.RDONLY | O.TRUNC),
        () => fixture.root.create(bytes('f'), O.RDONLY | O.TRUNC, 0o600, 0),
        () => fixture.root.symlink(bytes('l'), bytes('x'), 0),
        () => fixture.root.mknod(bytes('n'), 0o010600, 0, 0, 0),
        () => fixture.root.mkdir(bytes('d'), 0o700, 0),
        () => fixture.root.link(bytes('h'), node),
        () => fixture.root.rename(bytes('f'), fixture.root, bytes('g')),
        () => fixture.root.unlink(bytes('f'), false),
        () => node.setxattr(bytes('system.posix_acl_access'), bytes('x'), 0),
        () => node.removexattr(bytes('system.posix_acl_access')),
      ];
      for (const attempt of attempts) expect(await errorOf(attempt)).toBe('EROFS');
      expect(readFileSync(fixture.at('f'), 'latin1')).toBe('text');
      expect(existsSync(fixture.at('.virtfs_metadata'))).toBe(false);
      expect(now(node.listxattr())).toHaveLength(0);
    } finally {
      expect(await fixture.close()).toBe(0);
    }
  },
);
