import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
import type { Node } from '../../backend.ts';
import { Errno } from '../../errno.ts';
import { bytes, Fixture, now, readText } from './local-fixture.ts';

/** Exchanges two names as fast as it can until its input ends. */
const SWAPPER = `
import ctypes, os, select, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = os.fsencode(sys.argv[1]), os.fsencode(sys.argv[2])
print("swapping", flush=True)
while True:
    for _ in range(200):
        libc.renameat2(-100, a, -100, b, 2)
    if select.select([sys.stdin], [], [], 0)[0]:
        break
`;

/** Runs something while another process exchanges the two names. */
async function whileSwapping(names: readonly [string, string], run: () => Promise<void>): Promise<void> {
  const child = spawn('python3', ['-c', SWAPPER, ...names], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    await run();
  } finally {
    const ended = once(child, 'exit');
    child.stdin.end('stop');
    await ended;
  }
}

test('a link swapped in during walks, creations and removals never leads out', async () => {
  const fixture = new Fixture();
  const outside = join(fixture.around, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'f'), 'outside');
  mkdirSync(fixture.at('dir'));
  writeFileSync(fixture.at('dir/f'), 'inside');
  symlinkSync(outside, fixture.at('link'));
  const outcomes = { inside: 0, refused: 0 };
  await whileSwapping([fixture.at('dir'), fixture.at('link')], async () => {
    for (let i = 0; i < 3000; i++) {
      try {
        const { node } = now(fixture.root.walk(['dir', 'f'].map(bytes)));
        if (node === undefined) {
          outcomes.refused++;
          continue;
        }
        const file = now(node.open(O.RDONLY));
        expect(await readText(file)).toBe('inside');
        outcomes.inside++;
        await file.release();
        await node.release();
        const found = now(fixture.root.walk([bytes('dir')])).node;
        if (found === undefined) continue;
        try {
          const made = await found.create(bytes('made'), O.WRONLY, 0o600, process.getegid?.() ?? 0);
          await made.file.release();
          try {
            now(made.node.removeSelf());
          } finally {
            await made.node.release();
          }
        } finally {
          await found.release();
        }
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
        outcomes.refused++;
      }
    }
  });
  expect(outcomes.inside).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(readdirSync(outside)).toEqual(['f']);
  expect(await fixture.close()).toBe(0);
}, 300_000);

test('a link swapped in for the directory during opens, links and renames never leads out', async () => {
  const fixture = new Fixture();
  const outside = join(fixture.around, 'outside');
  mkdirSync(outside);
  mkdirSync(fixture.at('dir'));
  writeFileSync(fixture.at('own'), 'own');
  for (const where of [outside, fixture.at('dir')])
    writeFileSync(join(where, 'f'), where === outside ? 'outside' : 'inside');
  symlinkSync(outside, fixture.at('link'));
  const { root } = fixture;
  const gid = process.getegid?.() ?? 0;
  const own = fixture.node('own');
  const lookUp = () => {
    try {
      return now(root.walk([bytes('dir')])).node;
    } catch (error) {
      if (error instanceof Errno) return undefined;
      throw error;
    }
  };
  /** Each with the directory found a moment ago, or by a name that is being exchanged. */
  const attempts: readonly ((found: Node) => unknown)[] = [
    (found) => found.link(bytes('linked'), own),
    (found) => found.unlink(bytes('linked'), false),
    (found) => root.rename(bytes('own'), found, bytes('moved')),
    (found) => found.rename(bytes('moved'), root, bytes('own')),
    (found) => found.mkdir(bytes('made'), 0o700, gid),
    (found) => found.unlink(bytes('made'), true),
    async () => {
      const made = await root.create(bytes('dir'), O.WRONLY | O.TRUNC, 0o600, gid);
      await made.file.release();
      await made.node.release();
    },
  ];
  const outcomes = { success: 0, refused: 0 };
  await whileSwapping([fixture.at('dir'), fixture.at('link')], async () => {
    // On a busy host the other process may get no turn for a while.
    const deadline = performance.now() + 200_000;
    const enough = (i: number) => i >= 3000 && outcomes.success > 0 && outcomes.refused > 0;
    for (let i = 0; !enough(i) && performance.now() < deadline; i++) {
      const found = lookUp();
      if (found === undefined) continue;
      try {
        await attempts[i % attempts.length]?.(found);
        outcomes.success++;
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
        outcomes.refused++;
      } finally {
        await found.release();
      }
    }
  });
  expect(outcomes.success).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(readdirSync(outside)).toEqual(['f']);
  expect(readFileSync(join(outside, 'f'), 'utf8')).toBe('outside');
  expect(await fixture.close()).toBe(0);
}, 300_000);
