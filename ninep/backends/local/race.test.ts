import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { O } from 'node-hostfs';
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

test('a link swapped in during walks, creations and removals never leads out', async () => {
  const fixture = new Fixture();
  const outside = join(fixture.around, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'f'), 'outside');
  mkdirSync(fixture.at('dir'));
  writeFileSync(fixture.at('dir/f'), 'inside');
  symlinkSync(outside, fixture.at('link'));
  const child = spawn('python3', ['-c', SWAPPER, fixture.at('dir'), fixture.at('link')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const outcomes = { inside: 0, refused: 0 };
  try {
    await once(child.stdout, 'data');
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
  } finally {
    const ended = once(child, 'exit');
    child.stdin.end('stop');
    await ended;
  }
  expect(outcomes.inside).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(readdirSync(outside)).toEqual(['f']);
  expect(await fixture.close()).toBe(0);
}, 60_000);
