import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Backend } from '../../backend.ts';
import { openLocal } from '../../backends/local/local.ts';
import { createMemory } from '../../backends/memory/memory.ts';
import { Client } from '../../client/client.ts';
import { Tree } from '../../client/tree.ts';
import { deferred } from '../../contract/deferred.ts';
import { Errno } from '../../errno.ts';
import { createSession } from '../../session.ts';
import { measure } from './measure.ts';
import { withQuota } from './quota.ts';

const LIMITS = { bytes: 64 * 4096, inodes: 24 };
/** A busy machine takes its time. */
const LONG_MS = 300_000;

const AT_ONCE = { isOver: () => false, pause: async () => {} };

const scratch: string[] = [];
afterAll(() => {
  for (const path of scratch) rmSync(path, { recursive: true, force: true });
});

function directory(): Backend {
  const path = mkdtempSync(join(tmpdir(), 'quota-'));
  scratch.push(path);
  return openLocal({ path, securityModel: 'none' });
}

/** Numbers from 0 to `below`, the same for the same seed. @spec Marsaglia, Xorshift RNGs: 13, 17, 5 */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const NAMES = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'e', 'e/a', 'e/f', 'f'];
const FLAGS = [0, 1, 2, 0o1001, 0o1002, 0o2001, 0o2002];

/** Does one thing of a client's at random, on names that others work on as well; open files stay open in `files`. */
async function act(tree: Tree, pick: (below: number) => number, files: number[]): Promise<unknown> {
  const name = NAMES[pick(NAMES.length)] ?? 'a';
  const other = NAMES[pick(NAMES.length)] ?? 'b';
  const size = pick(6) * 3000;
  const flags = FLAGS[pick(FLAGS.length)] ?? 0;
  const kept = files[pick(files.length || 1)];
  switch (pick(16)) {
    case 0:
    case 1:
      return files.push(await tree.create(name, { flags }));
    case 2:
      return files.push(await tree.open(name, flags));
    case 3:
    case 4:
    case 5:
    case 6:
      return kept && tree.write(kept as never, BigInt(pick(10) * 4000), new Uint8Array(size));
    case 7:
      return kept && tree.clunk(files.splice(files.indexOf(kept), 1)[0] as never);
    case 8:
      return tree.mkdir(name);
    case 9:
      return tree.unlink(name);
    case 10:
      return tree.rmdir(name);
    case 11:
      return tree.rename(name, other);
    case 12:
      return tree.link(name, other);
    case 13:
      return tree.setattr(name, { size: BigInt(pick(60_000)) });
    case 14:
      return tree.client.call('Tremove', { fid: await tree.walk(name) });
    default:
      return tree.symlink(name, 'x'.repeat(1 + pick(100)));
  }
}

/** What several clients do at once, and what the account says when all have gone. */
async function run(base: Backend, seed: number, rounds: number, clients: number) {
  const quota = withQuota(base, LIMITS);
  await quota.measured;
  const bugs: unknown[] = [];
  const session = createSession(quota, { onBug: (error) => bugs.push(error), maxOutstanding: 10_000 });
  const client = new Client(session);
  await client.version();
  const pick = random(seed);
  let most = { bytes: 0, inodes: 0 };
  const trees = await Promise.all(
    Array.from({ length: clients }, (_, index) => Tree.attach(client, { firstFid: (index + 1) * 1_000_000 })),
  );
  await Promise.all(
    trees.map(async (tree) => {
      const files: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await act(tree, pick, files).catch((error: unknown) => {
          if (!(error instanceof Errno)) throw error;
        });
        const { bytes, inodes } = quota.usage;
        most = { bytes: Math.max(most.bytes, bytes), inodes: Math.max(most.inodes, inodes) };
      }
    }),
  );
  await session.reset();
  expect(bugs).toEqual([]);
  const left = await measure(base, AT_ONCE);
  expect({ bytes: quota.usage.bytes, inodes: quota.usage.inodes }).toEqual({ bytes: left.bytes, inodes: left.inodes });
  await quota.close();
  return most;
}

const later = (backend: Backend, pick: (below: number) => number) =>
  deferred(backend, () => new Promise((resolve) => (pick(2) === 0 ? setImmediate(resolve) : queueMicrotask(resolve))));

describe('whatever clients do, the account is what is there, and never beyond the limits', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'one after another, seed %i',
    async (seed) => {
      const most = await run(createMemory(), seed, 1500, 1);
      expect(most.bytes).toBeLessThanOrEqual(LIMITS.bytes);
      expect(most.inodes).toBeLessThanOrEqual(LIMITS.inodes);
      // The test has come to the limits, or it would show little.
      expect(most.inodes).toBeGreaterThan(8);
      expect(most.bytes).toBeGreaterThan(LIMITS.bytes / 4);
    },
    LONG_MS,
  );

  test.each([11, 12, 13, 14])(
    'all at once on a slow disk, seed %i',
    async (seed) => {
      const most = await run(later(createMemory(), random(seed)), seed, 150, 12);
      expect(most.bytes).toBeLessThanOrEqual(LIMITS.bytes);
      expect(most.inodes).toBeLessThanOrEqual(LIMITS.inodes);
    },
    LONG_MS,
  );

  test.each([21, 22])(
    'in a directory of the host, seed %i',
    async (seed) => {
      await run(directory(), seed, 400, 3);
    },
    LONG_MS,
  );
});

test(
  'writes side by side cannot take the same room twice',
  async () => {
    const memory = createMemory();
    const quota = withQuota(later(memory, random(7)), { bytes: 10 * 4096 });
    await quota.measured;
    const client = new Client(createSession(quota));
    await client.version();
    const tree = await Tree.attach(client);
    const files = await Promise.all(
      Array.from({ length: 40 }, (_, index) => tree.create(`f${index}`, { flags: 2 }).catch(() => undefined)),
    );
    const open = files.filter((fid) => fid !== undefined);
    const writes = open.map((fid) =>
      tree.write(fid, 0n, new Uint8Array(4096)).then(
        () => 1,
        () => 0,
      ),
    );
    const written = (await Promise.all(writes)).reduce((sum: number, one) => sum + one, 0);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThanOrEqual(10);
    expect(memory.usage.bytes).toBeLessThanOrEqual(10 * 4096);
  },
  LONG_MS,
);
