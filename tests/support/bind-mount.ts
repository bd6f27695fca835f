// bind-mount.ts, in a mount namespace of its own: a share with a bind mount inside, of a directory outside and of what holds the share.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../bytes/wire.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { Client } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { Errno } from '../../ninep/errno.ts';
import { createSession } from '../../ninep/session.ts';

const around = mkdtempSync(join(tmpdir(), 'bind-mount-'));
const mounted: string[] = [];
function bind(from: string, to: string): void {
  execFileSync('mount', ['--bind', from, to]);
  mounted.push(to);
}

async function errnoOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Errno) return error.name;
    throw error;
  }
  return 'success';
}

try {
  for (const name of ['share/inside', 'share/all', 'outside/deep']) mkdirSync(join(around, name), { recursive: true });
  writeFileSync(join(around, 'outside', 'file'), 'mounted');
  writeFileSync(join(around, 'beside'), 'secret');
  writeFileSync(join(around, 'share', 'own'), 'own');
  bind(join(around, 'outside'), join(around, 'share', 'inside'));
  const session = createSession(openLocal({ path: join(around, 'share'), securityModel: 'none' }));
  const client = new Client(session);
  await client.version();
  const tree = await Tree.attach(client);
  const root = await tree.getattr('');
  const up = async (path: string, ...names: string[]) => {
    const fid = await tree.walk(path);
    const { wqid } = await client.call('Twalk', { fid, newfid: tree.newFid(), wname: names.map(utf8) });
    return wqid.map(({ path }) => path);
  };

  // What the host mounts there is shared; up from it leads to where it is mounted, not to where it comes from.
  assert.strictEqual(Buffer.from(await tree.readFile('inside/file')).toString(), 'mounted');
  assert.deepStrictEqual(await up('inside', '..'), [root.qid.path]);
  assert.strictEqual((await up('inside/deep', '..', '..', '..', '..')).at(-1), root.qid.path);
  assert.strictEqual(
    await errnoOf(up('inside', '..', 'beside').then((found) => assert.strictEqual(found.length, 1))),
    'success',
  );
  // Links and renames do not cross it, and it cannot be taken away.
  assert.strictEqual(await errnoOf(tree.link('inside/new', 'own')), 'EXDEV');
  assert.strictEqual(await errnoOf(tree.rename('own', 'inside/new')), 'EXDEV');
  assert.strictEqual(await errnoOf(tree.rmdir('inside')), 'EBUSY');

  // Where the host mounts what holds the share, that is shared, but the share in it is the root still.
  bind(around, join(around, 'share', 'all'));
  assert.strictEqual((await up('all/share', '..')).at(-1), root.qid.path);
  assert.strictEqual((await up('all', '..', '..')).at(-1), root.qid.path);
  await session.reset();
  console.log('good');
} finally {
  for (const path of mounted.reverse()) execFileSync('umount', [path]);
  rmSync(around, { recursive: true });
}
