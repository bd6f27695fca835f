import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readlinkSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { E, type Hostfs, loadHostfs, O } from 'node-hostfs';
import { Fixture, REQUEST, readText } from './local-fixture.ts';
import { PoolTurns } from './pool-turns.ts';

/** Requests at once to the file that does not answer: more than the pool has threads. */
const WAITING = 8;
const LATE_MS = 60_000;

test('a file has two turns at a time, in the order of asking, and others are not kept from theirs', async () => {
  const turns = new PoolTurns();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (file: string, name: string) =>
    turns.run(file, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.push(() => resolve(name)));
    });
  const asked = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('a', 'a4')];
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  ends[1]?.();
  expect(await asked[1]).toBe('a2');
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  for (let i = 0; i < ends.length; i++) {
    ends[i]?.();
    await sleep(0);
  }
  expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
});

test('a request that fails gives its turn to the next', async () => {
  const turns = new PoolTurns();
  const failing = () => turns.run('a', () => Promise.reject(new Error('no')));
  const all = await Promise.allSettled([failing(), failing(), failing(), turns.run('a', async () => 5)]);
  expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
});

/** The host's calls, but that no page cache knows anything, and reads of `slow` wait for a FIFO as those of a hung file system do. */
function withSlowFile(real: Hostfs, fifo: number): Hostfs {
  const isSlow = (fd: number) => readlinkSync(`/proc/self/fd/${fd}`).endsWith('/slow');
  return {
    ...real,
    preadv2: () => -E.AGAIN,
    preadv2Async: (fd, buffers, offset, flags) =>
      isSlow(fd) ? real.preadv2Async(fifo, buffers, -1, flags) : real.preadv2Async(fd, buffers, offset, flags),
  };
}

test('while a file does not answer, however many ask for it, others are read and written', async () => {
  const around = mkdtempSync(join(tmpdir(), 'pool-turns-'));
  const path = join(around, 'fifo');
  execFileSync('mkfifo', [path]);
  // Opened for both, so that neither opening waits.
  const fifo = openSync(path, 'r+');
  const fixture = new Fixture({ hostfs: withSlowFile(loadHostfs(), fifo) });
  for (const name of ['slow', 'other']) writeFileSync(fixture.at(name), 'content');
  const slow = await fixture.node('slow').open(O.RDONLY);
  const other = await fixture.node('other').open(O.RDWR);
  try {
    const into = Array.from({ length: WAITING }, () => new Uint8Array(1));
    const hung = into.map((one) => slow.read(0n, [one], REQUEST));
    const reads = Array.from({ length: 20 }, () => readText(other));
    const answered = Promise.all([...reads, other.fsync(false)]);
    const late = sleep(LATE_MS, 'late', { ref: false });
    expect(await Promise.race([answered, late])).toEqual([...reads.map(() => 'content'), undefined]);
    writeSync(fifo, Buffer.alloc(WAITING, 7));
    expect(await Promise.all(hung)).toEqual(into.map(() => 1));
    expect(into.every(([byte]) => byte === 7)).toBe(true);
  } finally {
    // Whatever still waits in the pool would keep the process.
    writeSync(fifo, Buffer.alloc(WAITING));
    for (const file of [slow, other]) await file.release();
    await fixture.close();
    closeSync(fifo);
    rmSync(around, { recursive: true });
  }
}, 300_000);
