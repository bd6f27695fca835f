import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8, type WireType } from '../../../bytes/wire.ts';
import { Canary } from '../../../tests/fuzz/canary.ts';
import { Client } from '../../client/client.ts';
import { Tree } from '../../client/tree.ts';
import { Errno } from '../../errno.ts';
import { MESSAGES, type RequestBody, type RequestName } from '../../messages.ts';
import { createSession, type Session } from '../../session.ts';
import { UNTOUCHED } from '../../stat.ts';
import type { Version } from '../../versions.ts';
import { fidNumber, fid as fidType, name as nameType } from '../../wire-types.ts';
import { Fixture } from './local-fixture.ts';

/**
 * Ways out of a share, tried through a whole session by every message that could take one. The rows come from the message table: a new
 * message with a name in it is tried as soon as it is there.
 */

let fixture: Fixture;
let session: Session;
let client: Client;
let tree: Tree;
let canary: Canary;
beforeEach(async () => {
  fixture = new Fixture({ securityModel: 'none' });
  canary = new Canary(fixture.around, fixture.path);
  mkdirSync(fixture.at('dir'));
  writeFileSync(fixture.at('file'), 'content');
  symlinkSync('../outside', fixture.at('link'));
  session = createSession(fixture.backend);
  client = new Client(session);
  await client.version();
  tree = await Tree.attach(client);
});
afterEach(async () => {
  await session.reset();
  expect(canary.changed()).toBeUndefined();
  expect(await fixture.close()).toBe(0);
});

/** The conversation goes on in another dialect. */
async function begin(version: Version): Promise<void> {
  await client.version(version);
  tree = await Tree.attach(client);
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'success';
  } catch (error) {
    if (error instanceof Errno) return error.name;
    throw error;
  }
}

interface Row {
  readonly message: RequestName;
  /** A dialect that has the message. */
  readonly version: Version;
  readonly field: string;
}

function isRequest(name: string): name is RequestName {
  return name.startsWith('T');
}

/** Every field of every request that is one name of a file. */
const NAME_FIELDS: readonly Row[] = MESSAGES.flatMap(({ name: message, versions, fields }) =>
  Object.entries<WireType<unknown>>(fields)
    .filter(([, type]) => type === nameType && isRequest(message))
    .map(([field]) => ({ message: message as RequestName, version: versions.at(-1) ?? '9P2000.L', field })),
);

/** A request that would succeed, but for the one name. */
function bodyWith(
  message: RequestName,
  field: string,
  name: string,
  directory: number,
  file: number,
): RequestBody<RequestName> {
  const row = MESSAGES.find((known) => known.name === message);
  if (row === undefined) throw new Error(`no message ${message}`);
  const body: Record<string, unknown> = {};
  for (const [key, type] of Object.entries<WireType<unknown>>(row.fields)) {
    if (type === nameType) body[key] = utf8(key === field ? name : key.startsWith('old') ? 'file' : 'new');
    else if (type === fidType) body[key] = fidNumber(key === 'fid' && 'dfid' in row.fields ? file : directory);
    else if (key === 'symtgt') body[key] = utf8('target');
    else if (key === 'extension') body[key] = utf8('');
    else body[key] = key === 'mode' && message === 'Tmknod' ? 0o100644 : 0;
  }
  return body as RequestBody<RequestName>;
}

const BAD_NAMES = ['', '/', 'a/b', '/etc', '../outside/secret', '../outside/new', 'dir/..', 'a\0b', '\0'];

describe('a name', () => {
  test('is in nine fields of the table or more', () => {
    expect(NAME_FIELDS.length).toBeGreaterThanOrEqual(9);
  });

  test.each(NAME_FIELDS)('$message $field that no file can have is ENOENT', async ({ message, version, field }) => {
    await begin(version);
    for (const bad of BAD_NAMES) {
      const directory = await tree.walk('');
      const file = await tree.walk('file');
      const call = client.call(message, bodyWith(message, field, bad, directory, file));
      expect({ bad, outcome: await outcome(call) }).toEqual({ bad, outcome: 'ENOENT' });
    }
    expect(readdirSync(fixture.path).sort()).toEqual(['dir', 'file', 'link']);
  });

  test.each(NAME_FIELDS)(
    '$message $field that is a dot or two is refused, at the root as elsewhere',
    async ({ message, version, field }) => {
      await begin(version);
      for (const place of ['', 'dir']) {
        for (const dots of ['.', '..']) {
          const directory = await tree.walk(place);
          const file = await tree.walk('file');
          const call = client.call(message, bodyWith(message, field, dots, directory, file));
          expect(['EEXIST', 'EISDIR', 'EINVAL', 'ENOTEMPTY']).toContain(await outcome(call));
        }
      }
      expect(readdirSync(fixture.path).sort()).toEqual(['dir', 'file', 'link']);
    },
  );
});

test.each(['9P2000', '9P2000.u'] as const)('Twstat in %s gives no name that leads elsewhere', async (version) => {
  await begin(version);
  for (const bad of ['/', 'a/b', '/etc', '../outside/new', 'dir/..', 'a\0b', '.', '..']) {
    const fid = await tree.walk('file');
    const call = client.call('Twstat', { fid, stat: { ...UNTOUCHED, name: utf8(bad) } });
    expect(['ENOENT', 'EEXIST', 'EISDIR', 'EINVAL']).toContain(await outcome(call));
  }
  expect(readdirSync(fixture.path).sort()).toEqual(['dir', 'file', 'link']);
});

describe('a walk', () => {
  const walk = (fid: number, ...names: string[]) =>
    client.call('Twalk', { fid: fidNumber(fid), newfid: tree.newFid(), wname: names.map(utf8) });

  test('through a name with a slash, or through no name, is refused', async () => {
    for (const bad of BAD_NAMES) {
      expect(await outcome(walk(tree.root, bad))).toBe('ENOENT');
      expect(await outcome(walk(tree.root, 'dir', bad))).toBe('ENOENT');
    }
  });

  test("up from the root by '..' of any fid, walked, open or cloned, stays at the root", async () => {
    const { qid } = await tree.getattr('');
    const fids = [tree.root, await tree.walk(''), await tree.open('', 0o200000)];
    for (const fid of fids) {
      const { wqid } = await walk(fid, '..', '..', 'dir', '..', '..', '..');
      expect(wqid.at(-1)?.path).toBe(qid.path);
      for (const { path } of wqid) expect(canary.inodes.has(path)).toBe(false);
      expect((await walk(fid, '..', 'outside').catch((error: unknown) => error)) as object).not.toHaveProperty(
        'wqid.1',
      );
    }
  });

  test('of a whole path of dots beyond the root in place leaves the fid at the root', async () => {
    const fid = await tree.walk('dir');
    await client.call('Twalk', { fid, newfid: fid, wname: new Array(16).fill(utf8('..')) });
    const { qid } = await client.call('Tgetattr', { fid, request_mask: 0x7ffn });
    expect(qid.path).toBe((await tree.getattr('')).qid.path);
  });

  test('listing the root shows nothing of what is above it', async () => {
    const parent = (await tree.list('')).find(({ name }) => Buffer.from(name).toString() === '..');
    expect(parent?.qid.path).toBe((await tree.getattr('')).qid.path);
  });
});

describe('a symbolic link that leads out', () => {
  test('is walked, opened, created through, linked, renamed and attributed as itself', async () => {
    expect(await outcome(tree.open('link'))).toBe('ELOOP');
    expect(await outcome(tree.create('link', { flags: 2 }))).toBe('ELOOP');
    expect(await outcome(tree.create('link', { flags: 0o1002 }))).toBe('ELOOP');
    expect(await outcome(tree.mkdir('link/new'))).toBe('ENOTDIR');
    expect(await outcome(tree.symlink('link/new', 'x'))).toBe('ENOTDIR');
    expect(await outcome(tree.unlink('link/secret'))).toBe('ENOTDIR');
    expect(await outcome(tree.rename('file', 'link/new'))).toBe('ENOTDIR');
    expect(await outcome(tree.rename('link/secret', 'stolen'))).toBe('ENOTDIR');
    expect(await outcome(tree.link('link/new', 'file'))).toBe('ENOTDIR');
    expect(await outcome(tree.setattr('link', { size: 0n }))).toBe('EINVAL');
    expect(await outcome(tree.setattr('link', { mode: 0o777 }))).toBe('EOPNOTSUPP');
    expect(await outcome(tree.setattr('link', { mtime: [1n, 1n] }))).toBe('success');
  });

  test('gets another name itself: no hard link to what it leads to', async () => {
    await tree.link('again', 'link');
    expect((await tree.getattr('again')).mode & 0o170000).toBe(0o120000);
    expect(Buffer.from(await tree.readlink('again')).toString()).toBe('../outside');
  });
});

describe('a directory that the host moves out of the share', () => {
  test('has no way up, and is not for a client to remove', async () => {
    const held = await tree.walk('dir');
    renameSync(fixture.at('dir'), join(fixture.around, 'gone'));
    const up = (...names: string[]) =>
      client.call('Twalk', { fid: held, newfid: tree.newFid(), wname: names.map(utf8) });
    expect(await outcome(up('..'))).toBe('ENOENT');
    expect(await outcome(up('..', 'outside'))).toBe('ENOENT');
    expect(await outcome(client.call('Tremove', { fid: held }))).toBe('ESTALE');
  });

  test('and the root itself, renamed, is still the root', async () => {
    const elsewhere = join(fixture.around, 'outside-share');
    renameSync(fixture.path, elsewhere);
    mkdirSync(fixture.path);
    const { wqid } = await client.call('Twalk', {
      fid: tree.root,
      newfid: tree.newFid(),
      wname: ['dir', '..', '..'].map(utf8),
    });
    expect(wqid[2]?.path).toBe((await tree.getattr('')).qid.path);
    expect(Buffer.from(await tree.readFile('file')).toString()).toBe('content');
    await tree.writeFile('new', 'x');
    expect(readdirSync(fixture.path)).toEqual([]);
    renameSync(elsewhere, fixture.path);
    expect(readdirSync(fixture.path)).toContain('new');
  });
});
