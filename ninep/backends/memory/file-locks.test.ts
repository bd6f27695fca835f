import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { LockRange } from '../../backend.ts';
import { FileLocks, type LockableFile } from './file-locks.ts';
import { Volume } from './volume.ts';

const READ = 0;
const WRITE = 1;
const UNLOCK = 2;
const SUCCESS = 0;
const BLOCKED = 1;
const ERROR = 2;

function range(type: 0 | 1 | 2, start: number, length: number, procId = 1, clientId = 'guest'): LockRange {
  return { type, start: BigInt(start), length: BigInt(length), procId, clientId: utf8(clientId) };
}

function fresh(): { locks: FileLocks; file: LockableFile; volume: Volume } {
  const clock = () => ({ seconds: 0n, nanoseconds: 0 });
  const volume = new Volume({ capacity: 0, inodes: 1, uid: 0, gid: 0, clock });
  return { locks: new FileLocks(volume), file: { access: 2 }, volume };
}

/** How many locks can still be had. */
function room(volume: Volume): number {
  let left = 0;
  while (volume.countLocks(1)) left++;
  volume.countLocks(-left);
  return left;
}

describe('refusals', () => {
  test('a lock needs the access it protects', () => {
    const { locks } = fresh();
    expect(() => locks.lock({ access: 0 }, range(WRITE, 0, 1))).toThrow(expect.objectContaining({ name: 'EBADF' }));
    expect(() => locks.lock({ access: 1 }, range(READ, 0, 1))).toThrow(expect.objectContaining({ name: 'EBADF' }));
    expect(locks.lock({ access: 0 }, range(UNLOCK, 0, 0))).toBe(SUCCESS);
  });

  test('an owner with a name of a kilobyte and more gets none', () => {
    const { locks, file } = fresh();
    expect(locks.lock(file, range(WRITE, 0, 1, 1, 'x'.repeat(1025)))).toBe(ERROR);
    expect(locks.lock(file, range(WRITE, 0, 1, 1, 'x'.repeat(1024)))).toBe(SUCCESS);
  });

  test('there is an end to ranges and to owners, and what is given back can be had again', () => {
    const { locks, file, volume } = fresh();
    const all = room(volume);
    let held = 0;
    while (locks.lock(file, range(WRITE, 2 * held, 1)) === SUCCESS) held++;
    expect(held).toBe(all - 1);
    expect(locks.lock(file, range(READ, 2 * held + 10, 1, 2))).toBe(ERROR);
    expect(locks.getlock(range(WRITE, 2 * held, 0, 2))).toBeUndefined();
    locks.release(file);
    expect(room(volume)).toBe(all);
    for (let owner = 0; owner < all / 2; owner++) expect(locks.lock(file, range(READ, 0, 1, owner))).toBe(SUCCESS);
    expect(locks.lock(file, range(READ, 0, 1, all))).toBe(ERROR);
    locks.release(file);
    expect(room(volume)).toBe(all);
  });

  test('an owner that is blocked or unlocks nothing leaves nothing behind', () => {
    const { locks, file, volume } = fresh();
    locks.lock(file, range(WRITE, 0, 0, 1));
    const before = room(volume);
    for (let owner = 2; owner < 100; owner++) {
      expect(locks.lock(file, range(WRITE, 5, 1, owner))).toBe(BLOCKED);
      expect(locks.lock(file, range(UNLOCK, 5, 1, owner))).toBe(SUCCESS);
    }
    expect(room(volume)).toBe(before);
  });
});

describe('ranges', () => {
  const heldBy = (locks: FileLocks, procId: number, upTo = 40) =>
    Array.from({ length: upTo }, (_, at) => locks.getlock(range(WRITE, at, 1, procId))?.type ?? '-').join('');

  test('an owner replaces, splits and merges its own', () => {
    const { locks, file } = fresh();
    locks.lock(file, range(WRITE, 0, 10));
    locks.lock(file, range(READ, 3, 3));
    expect(heldBy(locks, 2, 12)).toBe('1110001111--');
    expect(locks.getlock(range(WRITE, 4, 1, 2))).toMatchObject({ type: READ, start: 3n, length: 3n });
    locks.lock(file, range(UNLOCK, 4, 1));
    expect(heldBy(locks, 2, 12)).toBe('1110-01111--');
    locks.lock(file, range(WRITE, 3, 3));
    expect(locks.getlock(range(READ, 0, 1, 2))).toMatchObject({ type: WRITE, start: 0n, length: 10n, procId: 1 });
    locks.lock(file, range(WRITE, 10, 0));
    expect(locks.getlock(range(READ, 1 << 30, 1, 2))).toMatchObject({ start: 0n, length: 0n });
  });

  test('readers share, a writer waits for all of them, and sees the first', () => {
    const { locks, file } = fresh();
    expect(locks.lock(file, range(READ, 0, 10, 1))).toBe(SUCCESS);
    expect(locks.lock(file, range(READ, 5, 10, 2))).toBe(SUCCESS);
    expect(locks.lock(file, range(WRITE, 5, 1, 1))).toBe(BLOCKED);
    expect(locks.getlock(range(READ, 0, 0, 3))).toBeUndefined();
    expect(locks.getlock(range(WRITE, 0, 0, 3))).toMatchObject({ procId: 1, start: 0n, length: 10n });
    expect(locks.getlock(range(WRITE, 12, 1, 3))).toMatchObject({ procId: 2 });
  });

  test('one process number of two clients is two owners', () => {
    const { locks, file } = fresh();
    locks.lock(file, range(WRITE, 0, 1, 7, 'one'));
    expect(locks.lock(file, range(WRITE, 0, 1, 7, 'two'))).toBe(BLOCKED);
    expect(locks.getlock(range(WRITE, 0, 1, 7, 'two'))?.clientId).toEqual(utf8('one'));
  });

  test('a lock ends with the last fid it was asked through', () => {
    const { locks, file } = fresh();
    const other = { access: 2 };
    locks.lock(file, range(WRITE, 0, 1));
    locks.lock(other, range(WRITE, 5, 1));
    locks.release(file);
    expect(locks.lock(file, range(WRITE, 0, 1, 2))).toBe(BLOCKED);
    locks.release(other);
    expect(locks.lock(file, range(WRITE, 0, 10, 2))).toBe(SUCCESS);
  });
});
