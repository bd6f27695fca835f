import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { placeOfWorker } from './stuck.ts';

const folder = mkdtempSync(join(tmpdir(), 'tsvmm-stuck-'));
const [loop, busy, echo] = ['loop.mjs', 'busy.mjs', 'echo.mjs'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

beforeAll(async () => {
  writeFileSync(join(folder, 'loop.ts'), 'postMessage(1);\nlet turns: number = 0;\nfor (;;) turns += 1;\n');
  writeFileSync(
    echo,
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", (it) => parentPort.postMessage(it));',
  );
  const banner = {
    js: 'import { parentPort } from "node:worker_threads"; const postMessage = (it) => parentPort.postMessage(it);',
  };
  const entryPoints = [join(folder, 'loop.ts')];
  await build({
    entryPoints,
    outfile: loop,
    format: 'esm',
    platform: 'node',
    sourcemap: 'inline',
    banner,
    tsconfigRaw: {},
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** It answers, again and again: whoever is stopped by a debugger does not. */
async function expectAnswers(worker: Worker): Promise<void> {
  for (const question of [1, 2, 3]) {
    const answer = once(worker, 'message');
    worker.postMessage(question);
    expect((await answer)[0]).toBe(question);
  }
}

describe('where a worker is', () => {
  test('is said of the one that was asked about; others go on', async () => {
    // One that loops elsewhere, too, is stopped as soon by a debugger that asks all.
    writeFileSync(busy, 'import { parentPort } from "node:worker_threads"; parentPort.postMessage(1); for (;;);');
    const [before, looping, other, after] = [busy, loop, echo, busy].map((script) => new Worker(script));
    if (!before || !looping || !other || !after) throw new Error('there are four');
    await Promise.all([...[before, looping, after].map((one) => once(one, 'message')), expectAnswers(other)]);
    expect(await placeOfWorker(loop, loop)).toMatchObject({ line: 3 });
    await expectAnswers(other);
    await Promise.all([before, looping, other, after].map((one) => one.terminate()));
  });

  test('is nowhere while it waits, and what it does next it does', async () => {
    const waiting = new Worker(echo);
    await expectAnswers(waiting);
    expect(await placeOfWorker(echo, loop)).toBeUndefined();
    await expectAnswers(waiting);
    await waiting.terminate();
  });
});
