import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { LockRange } from '../../backend.ts';
import { HeldLocks } from './held-locks.ts';

const range = (type: 0 | 1 | 2, start: number, length: number, procId = 1, client = 'guest'): LockRange => ({
  type,
  start: BigInt(start),
  length: BigInt(length),
  procId,
  clientId: utf8(client),
});

describe('the locks to take again', () => {
  test.each<[string, LockRange[], LockRange[]]>([
    ['a lock and its end leave nothing', [range(1, 0, 10), range(2, 0, 10)], []],
    ['an end beyond all leaves nothing', [range(1, 5, 10), range(0, 90, 1), range(2, 0, 0)], []],
    ['a later lock replaces what it covers', [range(0, 5, 10), range(1, 0, 0)], [range(1, 0, 0)]],
    ['a hole stays a hole', [range(1, 0, 0), range(2, 5, 1)], [range(1, 0, 0), range(2, 5, 1)]],
    ['an end where nothing is locked is nothing', [range(1, 0, 5), range(2, 5, 1)], [range(1, 0, 5)]],
    ['a process ends only its own', [range(0, 0, 5), range(2, 0, 0, 2), range(2, 0, 0, 1, 'host')], [range(0, 0, 5)]],
    [
      'a shorter one leaves the rest of a longer one',
      [range(1, 0, 0), range(0, 2, 2)],
      [range(1, 0, 0), range(0, 2, 2)],
    ],
  ])('%s', (_, changes, kept) => {
    const locks = new HeldLocks();
    for (const change of changes) locks.done(change);
    expect(locks.replay).toEqual(kept);
    expect(locks.empty).toBe(kept.length === 0);
  });

  test('too many to keep are not forgotten silently', () => {
    const locks = new HeldLocks();
    for (let i = 0; i < 4097; i++) locks.done(range(1, i * 2, 1));
    expect(locks.overflown).toBe(true);
    expect(locks.empty).toBe(false);
  });
});
