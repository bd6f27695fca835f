import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadHostfs, O } from 'node-hostfs';
import type { Backend, Node } from '../../backend.ts';
import { openLocal } from './local.ts';
import { bytes, now, user, walk } from './local-fixture.ts';
import { observedCalls } from './observed-calls.ts';

/** Where a file may have 80 MiB for nothing. */
const PLACE = '/dev/shm';
const MANY_BYTES = 80n << 20n;

let path: string;
let backend: Backend;
let root: Node;
let calls: string[];
beforeEach(() => {
  path = mkdtempSync(join(PLACE, 'close-'));
  calls = [];
  const hostfs = observedCalls(loadHostfs(), performance.now.bind(performance), ({ name, where }) => {
    calls.push(where === 'pool' ? `${name} in the pool` : name);
  });
  backend = openLocal({ path, securityModel: 'none', hostfs });
  root = now(backend.attach(user(0)));
  writeFileSync(join(path, 'f'), 'small');
});
afterEach(async () => {
  await root.release();
  await backend.close();
  rmSync(path, { recursive: true });
});

/** Makes the file large, with the blocks to it, as another program of the host would. */
function grow(): void {
  const hostfs = loadHostfs();
  const fd = hostfs.openat(-100, bytes(join(path, 'f')), O.RDWR, 0);
  expect(hostfs.fallocate(fd, 0, 0, MANY_BYTES)).toBe(0);
  hostfs.close(fd);
}

async function released(node: Node): Promise<string[]> {
  calls.length = 0;
  await node.release();
  return [...calls];
}

test('a file that was found a moment ago is closed without another look at it', async () => {
  // A busy host may take longer than a moment once.
  let seen: string[] = [];
  for (let tries = 0; tries < 20 && seen.length !== 1; tries++) seen = await released(walk(root, 'f'));
  expect(seen).toEqual(['close']);
});

test('a file that was found a while ago is looked at, and closed in the pool where many blocks go with it', async () => {
  const [kept, gone] = [walk(root, 'f'), walk(root, 'f')];
  grow();
  await sleep(10);
  expect(await released(kept)).toEqual(['statx', 'close']);
  unlinkSync(join(path, 'f'));
  expect(await released(gone)).toEqual(['statx', 'close in the pool']);
});

test('a file that was large when it was found is looked at even then', async () => {
  grow();
  const node = walk(root, 'f');
  unlinkSync(join(path, 'f'));
  expect(await released(node)).toEqual(['statx', 'close in the pool']);
});

test('an open file is closed at once while its object is held, whose end is in the pool', async () => {
  grow();
  const node = walk(root, 'f');
  const file = await node.open(O.RDWR);
  unlinkSync(join(path, 'f'));
  calls.length = 0;
  await file.release();
  expect(calls).toEqual(['close']);
  expect(await released(node)).toEqual(['statx', 'close in the pool']);
});
