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

async function compare(operations: readonly Operation[], watchTimes: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'differential-'));
  chmodSync(directory, 0o755);
  const host = await under(openLocal({ path: directory, securityModel: privileged ? 'passthrough' : 'none' }));
  const memory = createMemory({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, clock: ticking() });
  const mine = await under(memory);
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
    rmSync(directory, { recursive: true, force: true });
  }
  expect(memory.usage.handles).toBe(0);
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
    fc.asyncProperty(operations, (list) => compare(list, watchTimes)),
    { seed: 4, numRuns: 40 },
  );
}, 120_000);
