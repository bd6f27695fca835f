// many-fids.ts COUNT found|stale: holds COUNT fids, each of a file of its own, in a process that may have far fewer descriptors, and
// uses them. What the host renames while it is parked has to be found again, which takes handles, or be ESTALE.
import assert from 'node:assert';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../bytes/wire.ts';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { Client } from '../../ninep/client/client.ts';
import { setattrBody } from '../../ninep/client/setattr.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { Errno } from '../../ninep/errno.ts';
import { createSession } from '../../ninep/session.ts';
import { type FidNumber, fidNumber } from '../../ninep/wire-types.ts';

const count = Number(process.argv[2]);
const hostMoved = process.argv[3];
assert.ok(hostMoved === 'found' || hostMoved === 'stale', 'what becomes of what the host moves: found or stale');
/** Files in one directory. */
const PER_DIRECTORY = 1000;
/** Requests in one turn, as a device's queue has them. */
const BURST = 64;
const FIRST_FID = 1 << 20;

const path = mkdtempSync(join(tmpdir(), 'many-fids-'));
const session = createSession(openLocal({ path, securityModel: 'passthrough' }));
const client = new Client(session);
await client.version();
const tree = await Tree.attach(client);
const directoryOf = (i: number) => `d${Math.floor(i / PER_DIRECTORY)}`;
const fileOf = (i: number) => `f${i}`;
const fidOf = (i: number): FidNumber => fidNumber(FIRST_FID + i);
/** Each file is as long as its number's remainder, which tells it from its neighbours. */
const lengthOf = (i: number) => i % 97;

async function each(numbers: Iterable<number>, act: (i: number) => Promise<unknown>): Promise<void> {
  let done = 0;
  for (const i of numbers) {
    await act(i);
    if (++done % BURST === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function* all(step = 1, start = 0): Iterable<number> {
  for (let i = start; i < count; i += step) yield i;
}

async function errnoOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof Errno) return error.name;
    throw error;
  }
  return 'success';
}

const getattr = (i: number) => client.call('Tgetattr', { fid: fidOf(i), request_mask: 0x7ffn });
const setattr = (i: number, change: Parameters<typeof setattrBody>[1]) =>
  client.call('Tsetattr', setattrBody(fidOf(i), change));
const isItself = async (i: number) => assert.strictEqual((await getattr(i)).size, BigInt(lengthOf(i)));
const held = () => readdirSync('/proc/self/fd').length;

try {
  for (const i of all(PER_DIRECTORY)) mkdirSync(join(path, directoryOf(i)));
  for (const i of all()) writeFileSync(join(path, directoryOf(i), fileOf(i)), 'x'.repeat(lengthOf(i)));
  symlinkSync('a target', join(path, 'link'));

  await each(all(), (i) => {
    const wname = [utf8(directoryOf(i)), utf8(fileOf(i))];
    return client.call('Twalk', { fid: tree.root, newfid: fidOf(i), wname });
  });
  assert.ok(session.fidCount > count);
  await each(all(), isItself);

  // Renamed by the client, one directory and one file in it; all are found again.
  await tree.rename(directoryOf(0), 'moved');
  await tree.rename(`moved/${fileOf(1)}`, 'renamed');
  await each([0, 1, 2, 3], isItself);

  // Unlinked by the client: looked up, changed, given away, attributed, read.
  const link = await tree.walk('link');
  await tree.unlink('link');
  const { target } = await client.call('Treadlink', { fid: link });
  assert.strictEqual(Buffer.from(target).toString(), 'a target');
  const unlinked = Array.from({ length: 50 }, (_, k) => k + 10);
  await each(unlinked, (i) => tree.unlink(`moved/${fileOf(i)}`));
  await each(all(7, 100), isItself);
  await each(unlinked, async (i) => {
    await isItself(i);
    assert.strictEqual((await getattr(i)).nlink, 0n);
    await setattr(i, { mode: 0o640, size: 5n, mtime: [9n, 1n] });
    if (process.geteuid?.() === 0) await setattr(i, { uid: 12, gid: 34 });
    const { mode, size, uid, mtime_sec } = await getattr(i);
    assert.deepStrictEqual([mode & 0o7777, size, mtime_sec], [0o640, 5n, 9n]);
    assert.strictEqual(uid, process.geteuid?.() === 0 ? 12 : process.geteuid?.());
    await setXattr(i);
    const io = tree.newFid();
    await client.call('Twalk', { fid: fidOf(i), newfid: io, wname: [] });
    await client.call('Tlopen', { fid: io, flags: 2 });
    await tree.write(io, 0n, utf8('again'));
    assert.strictEqual(Buffer.from(await tree.readAll(io)).toString(), 'again');
    await tree.clunk(io);
  });

  // By the host: one that is renamed or replaced while it is parked is not mistaken for another.
  const parked = 2000;
  renameSync(join(path, directoryOf(parked), fileOf(parked)), join(path, 'elsewhere'));
  writeFileSync(join(path, directoryOf(parked), fileOf(parked)), 'an impostor that is longer');
  unlinkSync(join(path, directoryOf(parked + 1), fileOf(parked + 1)));
  if (hostMoved === 'found') await isItself(parked);
  else assert.strictEqual(await errnoOf(getattr(parked)), 'ESTALE');
  assert.strictEqual(await errnoOf(getattr(parked + 1)), 'ESTALE');
  renameSync(join(path, 'elsewhere'), join(path, directoryOf(parked), fileOf(parked)));
  await isItself(parked);
  // One in use keeps its descriptor, and so survives the host as well.
  await isItself(parked + 2);
  unlinkSync(join(path, directoryOf(parked + 2), fileOf(parked + 2)));
  await isItself(parked + 2);

  const most = held();
  await each(all(), (i) => client.call('Tclunk', { fid: fidOf(i) }));
  console.log(JSON.stringify({ fids: count, descriptorsHeld: most, afterwards: held() }));
} finally {
  await session.reset();
  rmSync(path, { recursive: true, force: true });
}

async function setXattr(i: number): Promise<void> {
  const fid = tree.newFid();
  const value = utf8('kept');
  await client.call('Twalk', { fid: fidOf(i), newfid: fid, wname: [] });
  await client.call('Txattrcreate', { fid, name: utf8('user.a'), attr_size: 4n, flags: 0 });
  await tree.writeAll(fid, value);
  await tree.clunk(fid);
  const read = tree.newFid();
  await client.call('Txattrwalk', { fid: fidOf(i), newfid: read, name: utf8('user.a') });
  assert.deepStrictEqual([...(await tree.readAll(read))], [...value]);
  await tree.clunk(read);
}
