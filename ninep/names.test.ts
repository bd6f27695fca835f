import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { errno } from './contract/sessions.ts';
import {
  checkAttributeName,
  checkEntryName,
  checkName,
  checkTarget,
  ON_CREATE,
  ON_RENAME,
  ON_UNLINK,
} from './names.ts';

/** What the check throws, or undefined. */
function thrown(check: () => void): unknown {
  try {
    check();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('names', () => {
  test.each([
    ['', 'ENOENT'],
    ['/', 'ENOENT'],
    ['a/', 'ENOENT'],
    ['/a', 'ENOENT'],
    ['a\0', 'ENOENT'],
    ['\0', 'ENOENT'],
    ['x'.repeat(256), 'ENAMETOOLONG'],
    [`${'x'.repeat(256)}/`, 'ENAMETOOLONG'],
  ] as const)('%p is %s', (name, error) => {
    expect(thrown(() => checkName(utf8(name)))).toBe(errno(error));
    expect(thrown(() => checkEntryName(utf8(name), ON_CREATE))).toBe(errno(error));
  });

  test.each(['a', 'x'.repeat(255), '.a', '..a', '...', 'a.', '\\', ' '])('%p is a name', (name) => {
    expect(thrown(() => checkEntryName(utf8(name), ON_CREATE))).toBeUndefined();
  });

  test("'.' and '..' can be looked up, and nothing else", () => {
    for (const name of ['.', '..']) expect(thrown(() => checkName(utf8(name)))).toBeUndefined();
    expect(thrown(() => checkEntryName(utf8('.'), ON_CREATE))).toBe(errno('EEXIST'));
    expect(thrown(() => checkEntryName(utf8('..'), ON_CREATE))).toBe(errno('EEXIST'));
    expect(thrown(() => checkEntryName(utf8('.'), ON_RENAME))).toBe(errno('EISDIR'));
    expect(thrown(() => checkEntryName(utf8('..'), ON_RENAME))).toBe(errno('EISDIR'));
    expect(thrown(() => checkEntryName(utf8('.'), ON_UNLINK))).toBe(errno('EINVAL'));
    expect(thrown(() => checkEntryName(utf8('..'), ON_UNLINK))).toBe(errno('ENOTEMPTY'));
  });

  test('targets', () => {
    expect(thrown(() => checkTarget(utf8('')))).toBe(errno('ENOENT'));
    expect(thrown(() => checkTarget(utf8('a\0')))).toBe(errno('EINVAL'));
    expect(thrown(() => checkTarget(utf8('x'.repeat(4096))))).toBe(errno('ENAMETOOLONG'));
    expect(thrown(() => checkTarget(utf8('x'.repeat(4095))))).toBeUndefined();
    expect(thrown(() => checkTarget(utf8('/../..')))).toBeUndefined();
  });

  test('attribute names', () => {
    expect(thrown(() => checkAttributeName(utf8('')))).toBe(errno('ERANGE'));
    expect(thrown(() => checkAttributeName(utf8('x'.repeat(256))))).toBe(errno('ERANGE'));
    expect(thrown(() => checkAttributeName(utf8('user.a\0')))).toBe(errno('EINVAL'));
    expect(thrown(() => checkAttributeName(utf8('user.a/b')))).toBeUndefined();
  });
});
