import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Tree } from '../../ninep/client/tree.ts';
import type { RequestBody } from '../../ninep/messages.ts';
import type { FidNumber } from '../../ninep/wire-types.ts';
import { eventually, type Served, served } from './test-support/served.ts';
import { treeOf } from './test-support/socket-client.ts';

const [SUCCESS, BLOCKED] = [0, 1];
const [WRITE, UNLOCK] = [1, 2];
/** Flag of Tlock by which Linux says that its caller waits. */
const WAITS = 1;

/** Asks for bytes 0 to 9 on behalf of process 1 of a machine. */
async function lock(tree: Tree, fid: FidNumber, machine: string, type = WRITE): Promise<number> {
  const body = { fid, type, flags: WAITS, start: 0n, length: 10n, proc_id: 1, client_id: utf8(machine) };
  return (await tree.client.call('Tlock', body as RequestBody<'Tlock'>)).status;
}

/** Two machines that have the same file open, each over a connection of its own. */
async function twoClients({ address, directory }: Served) {
  const path = join(directory, 'f');
  writeFileSync(path, '0123456789');
  const open = async (machine: string) => {
    const { tree, handler } = await treeOf(address);
    const fid = await tree.open('f', 2);
    return { tree, handler, fid, lock: (type?: number) => lock(tree, fid, machine, type) };
  };
  return { path, one: await open('one'), two: await open('two') };
}

/** Asks again while the answer is BLOCKED, as Linux does for a caller that waits. */
async function retry(ask: () => Promise<number>): Promise<number> {
  let status = BLOCKED;
  for (let tries = 0; status === BLOCKED && tries < 4000; tries++) {
    status = await ask();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return status;
}

/** A program of the host that tells whether it could lock the file, and holds the lock until it is let go. */
async function hostProgram(path: string) {
  const program = [
    'import fcntl, sys',
    `f = open(${JSON.stringify(path)}, "r+b")`,
    'try:',
    '    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 0)',
    '    print("locked", flush=True)',
    'except OSError:',
    '    print("taken", flush=True)',
    'sys.stdin.read()',
  ].join('\n');
  const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    said: (await lines.next()).value as string,
    letGo: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

describe('locks of two connections', () => {
  test('exclude each other until one unlocks', async () => {
    const { one, two } = await twoClients(await served());
    expect(await one.lock()).toBe(SUCCESS);
    expect(await two.lock()).toBe(BLOCKED);
    const waiting = retry(two.lock);
    expect(await one.lock(UNLOCK)).toBe(SUCCESS);
    expect(await waiting).toBe(SUCCESS);
    expect(await one.lock()).toBe(BLOCKED);
    await Promise.all([one.handler.reset(), two.handler.reset()]);
  });

  test('end when their fid is clunked', async () => {
    const { one, two } = await twoClients(await served());
    await one.lock();
    expect(await two.lock()).toBe(BLOCKED);
    await one.tree.clunk(one.fid);
    expect(await two.lock()).toBe(SUCCESS);
    await Promise.all([one.handler.reset(), two.handler.reset()]);
  });

  test('end when the connection breaks', async () => {
    const running = await served();
    const { one, two } = await twoClients(running);
    await one.lock();
    const waiting = retry(two.lock);
    one.handler.socket.resetAndDestroy();
    expect(await waiting).toBe(SUCCESS);
    await eventually(() => running.server.connections === 1);
    await two.handler.reset();
  });

  test("exclude the host's programs, and are excluded by them", async () => {
    const { path, one, two } = await twoClients(await served());
    await one.lock();
    const refused = await hostProgram(path);
    expect(refused.said).toBe('taken');
    await refused.letGo();
    await one.lock(UNLOCK);
    const holder = await hostProgram(path);
    try {
      expect(holder.said).toBe('locked');
      expect([await one.lock(), await two.lock()]).toEqual([BLOCKED, BLOCKED]);
    } finally {
      await holder.letGo();
    }
    expect(await retry(two.lock)).toBe(SUCCESS);
    await Promise.all([one.handler.reset(), two.handler.reset()]);
  }, 300_000);
});
