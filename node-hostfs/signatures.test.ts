import { describe, expect, test } from '@jest/globals';
import type { Calls } from './calls.ts';
import { AT, KEEP_ID, LOCK, LOCK_TYPE, O, RENAME, RESOLVE, RWF, STATX } from './constants.ts';
import { loadHostfs } from './load.ts';
import { SIGNATURES, showCall } from './signatures.ts';

const name = (text: string) => new TextEncoder().encode(text);
const room = (length: number) => new Uint8Array(length);

describe('a call as people write it', () => {
  test.each<[keyof Calls, readonly unknown[], string]>([
    [
      'openat2',
      [7, name('a'), O.PATH | O.NOFOLLOW, 0, RESOLVE.BENEATH],
      'openat2(7, "a", O_PATH|O_NOFOLLOW, 00, RESOLVE_BENEATH)',
    ],
    [
      'openat',
      [AT.FDCWD, name('a"\n'), O.CREAT | O.EXCL | O.RDWR, 0o644],
      'openat(AT_FDCWD, "a\\"\\n", O_RDWR|O_CREAT|O_EXCL, 0644)',
    ],
    ['reopen', [3, O.RDONLY | O.SYNC], 'open_fd(3, O_RDONLY|O_SYNC)'],
    [
      'statx',
      [3, name(''), AT.EMPTY_PATH, STATX.BASIC_STATS, room(256)],
      'statx(3, "", AT_EMPTY_PATH, STATX_BASIC_STATS, [256])',
    ],
    ['preadv2', [3, [room(10), room(20)], 5n, RWF.NOWAIT], 'preadv2(3, [10+20], 5, RWF_NOWAIT)'],
    ['pwritev2', [3, room(4), -1, 0], 'pwritev2(3, [4], -1, 0)'],
    ['fchownat', [3, name(''), KEEP_ID, 5, AT.EMPTY_PATH], 'fchownat(3, "", -1, 5, AT_EMPTY_PATH)'],
    ['renameat2', [3, name('a'), 4, name('b'), RENAME.NOREPLACE], 'renameat2(3, "a", 4, "b", RENAME_NOREPLACE)'],
    ['ofdSetLock', [3, LOCK_TYPE.WRLCK, 0n, 10n], 'fcntl_ofd_setlk(3, F_WRLCK, 0, 10)'],
    ['flock', [3, LOCK.EX | LOCK.NB], 'flock(3, LOCK_NB|LOCK_EX)'],
    ['unlinkat', [3, name('a'), 0x8000_0000], 'unlinkat(3, "a", 0x80000000)'],
  ])('%s', (call, args, text) => {
    const words = (shown: string) => shown.split(/[|(), ]+/).sort();
    expect(words(showCall(call, args))).toEqual(words(text));
  });

  test('every call of the addon is there, and nothing else', () => {
    const calls = Object.keys(loadHostfs()).filter((call) => !call.endsWith('Async'));
    expect(Object.keys(SIGNATURES).sort()).toEqual(calls.sort());
  });
});
