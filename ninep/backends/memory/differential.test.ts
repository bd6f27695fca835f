import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { showsEveryChange } from '../../../tests/support/change-times.ts';
import type { Backend } from '../../backend.ts';
import { Client } from '../../client/client.ts';
import { type Counting, counting } from '../../contract/counting.ts';
import { createSession, type Session } from '../../session.ts';
import { openLocal } from '../local/local.ts';
import { operation, privileged, users } from './differential-arbitrary.ts';
import { type Operation, Side } from './differential-operations.ts';
import { createMemory } from './memory.ts';

/**
 * The same operations on a tree in memory and on a directory of the host, through session and client: equal results,
 * equal errors, equal times moved, and equal trees in the end.
 */

interface Under {
  readonly side: Side;
  readonly session: Session;
  readonly counted: Counting;
  readonly bugs: unknown[];
}

async function under(backend: Backend): Promise<Under> {
  const bugs: unknown[] = [];
  const counted = counting(backend);
  const session = createSession(counted, { onBug: (error) => bugs.push(error) });
  return { side: await Side.attach(new Client(session), users), session, counted, bugs };
}

async function finish({ session, counted, bugs }: Under): Promise<void> {
  await session.reset();
  await counted.close();
  expect(bugs).toEqual([]);
  expect(counted.tally).toEqual({ nodes: 0, files: 0 });
}

/** A directory on the host for each backend that wants one, gone afterwards. */
async function withDirectories(count: number, use: (...paths: string[]) => Promise<void>): Promise<void> {
  const paths = Array.from({ length: count }, () => mkdtempSync(join(tmpdir(), 'differential-')));
  for (const path of paths) chmodSync(path, 0o755);
  try {
    await use(...paths);
  } finally {
    for (const path of paths) rmSync(path, { recursive: true, force: true });
  }
}

async function compareWithHost(operations: readonly Operation[], watchTimes: boolean): Promise<void> {
  await withDirectories(1, async (path = '') => {
    const host = openLocal({ path, securityModel: privileged ? 'passthrough' : 'none' });
    const memory = createMemory({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, clock: ticking() });
    await compare(operations, watchTimes, host, memory);
    expect(memory.usage.handles).toBe(0);
  });
}

async function compareMapped(operations: readonly Operation[]): Promise<void> {
  await withDirectories(2, async (one = '', other = '') => {
    const attributes = openLocal({ path: one, securityModel: 'mapped-xattr' });
    await compare(operations, false, attributes, openLocal({ path: other, securityModel: 'mapped-file' }));
  });
}

async function compare(operations: readonly Operation[], watchTimes: boolean, one: Backend, other: Backend) {
  const [host, mine] = [await under(one), await under(other)];
  try {
    for (const operation of operations) {
      const expected = await host.side.run(operation, watchTimes);
      const actual = await mine.side.run(operation, watchTimes);
      expect({ operation, ...Object(actual) }).toEqual({ operation, ...Object(expected) });
    }
    expect(await mine.side.dump()).toEqual(await host.side.dump());
  } finally {
    await finish(mine);
    await finish(host);
  }
}

/** A clock that never shows the same time twice. */
function ticking() {
  let nanoseconds = 0;
  return () => ({ seconds: 1_800_000_000n, nanoseconds: nanoseconds++ });
}

test('what a client does comes out as on the host', async () => {
  const operations = fc.array(operation, { maxLength: 400, size: 'max' });
  const watchTimes = showsEveryChange();
  await fc.assert(
    fc.asyncProperty(operations, (list) => compareWithHost(list, watchTimes)),
    { seed: 4, numRuns: 40 },
  );
}, 300_000);

test('the mapped models keep different things and show the same', async () => {
  const operations = fc.array(operation, { maxLength: 200, size: 'max' });
  await fc.assert(fc.asyncProperty(operations, compareMapped), { seed: 11, numRuns: 25 });
}, 300_000);
