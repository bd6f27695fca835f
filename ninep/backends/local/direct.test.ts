import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { Backend } from '../../backend.ts';
import { gather } from '../../client/client.ts';
import { encodeMessage } from '../../codec.ts';
import { attached, type TestSession } from '../../contract/sessions.ts';
import type { MessageBody, RequestName } from '../../messages.ts';
import { RgetattrMessage } from '../../rgetattr.ts';
import { fidNumber, tagNumber } from '../../wire-types.ts';
import { openLocal } from './local.ts';
import { isRoot } from './local-fixture.ts';
import type { SecurityModelName } from './security-model.ts';

/**
 * Holds what is served from the bytes of a request equal to what the table's codec and the general handlers make of it: two
 * sessions, one of which is looked at and therefore takes the general way, give the same bytes.
 */
const TAG = tagNumber(5);

let path: string;
let backends: Backend[];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'direct-'));
  backends = [];
});
afterEach(async () => {
  for (const backend of backends) await backend.close();
  rmSync(path, { recursive: true });
});

async function session(general: boolean, securityModel: SecurityModelName = 'none', at = path): Promise<TestSession> {
  const backend = openLocal({ path: at, securityModel });
  backends.push(backend);
  return await attached(backend, general ? { observer: {} } : {});
}

/** The whole reply, whatever it is. */
async function reply<N extends RequestName>(
  { session }: TestSession,
  name: N,
  body: MessageBody<N>,
  pieces: readonly number[] = [70_000],
): Promise<Uint8Array> {
  const area = pieces.map((length) => new Uint8Array(length));
  return gather(area, await session.handle([encodeMessage(name, TAG, body)], area));
}

async function open({ client }: TestSession, name: string, flags: number) {
  const fid = fidNumber(1);
  await client.call('Twalk', { fid: fidNumber(0), newfid: fid, wname: [utf8(name)] });
  await client.call('Tlopen', { fid, flags });
  return fid;
}

const models: SecurityModelName[] = isRoot
  ? ['none', 'passthrough', 'mapped-xattr', 'mapped-file']
  : ['none', 'mapped-xattr', 'mapped-file'];

describe.each(models)('attributes under %s', (model) => {
  test('are the same bytes for every kind of object', async () => {
    writeFileSync(join(path, 'file'), 'x'.repeat(5000), { mode: 0o4751 });
    utimesSync(join(path, 'file'), 1.25, 4_000_000_000.5);
    writeFileSync(join(path, 'old'), '');
    utimesSync(join(path, 'old'), -1_000_000.5, -0.25);
    writeFileSync(join(path, 'large'), '');
    truncateSync(join(path, 'large'), 2 ** 42 + 5);
    mkdirSync(join(path, 'dir'), { mode: 0o3777 });
    symlinkSync('target', join(path, 'link'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    const names = ['file', 'old', 'large', 'dir', 'link', 'fifo'];
    if (isRoot) {
      execFileSync('mknod', [join(path, 'device'), 'b', '4095', '1048575']);
      execFileSync('chown', ['4294967294:65537', join(path, 'file')]);
      names.push('device');
    }
    const [direct, general] = [await session(false, model), await session(true, model)];
    for (const [index, name] of ['', ...names].entries()) {
      const fid = fidNumber(index + 1);
      const wname = name === '' ? [] : [utf8(name)];
      for (const { client } of [direct, general]) await client.call('Twalk', { fid: fidNumber(0), newfid: fid, wname });
      const body = { fid, request_mask: 0x3fffn };
      const [one, other] = [await reply(direct, 'Tgetattr', body), await reply(general, 'Tgetattr', body)];
      expect([name, one.length, [...one]]).toEqual([name, 160, [...other]]);
    }
  });
});

const places = ['/dev/shm', tmpdir()];

describe.each(places)('in a file of %s', (place) => {
  let at: string;
  beforeEach(() => {
    at = mkdtempSync(join(place, 'direct-'));
  });
  afterEach(() => {
    rmSync(at, { recursive: true });
  });

  test('reads are the same bytes at its start, around its end and behind it, into any pieces', async () => {
    writeFileSync(
      join(at, 'file'),
      Uint8Array.from({ length: 10_000 }, (_, i) => i % 251),
    );
    const [direct, general] = [await session(false, 'none', at), await session(true, 'none', at)];
    for (const one of [direct, general]) await open(one, 'file', 0);
    for (const offset of [0n, 1n, 9_000n, 9_999n, 10_000n, 10_001n, 1n << 40n, (1n << 52n) + 1n, (1n << 63n) - 1n]) {
      for (const count of [0, 1, 1000, 4096, 60_000, 0xffff_ffff]) {
        for (const pieces of [[70_000], [4107], [11, 4096], [11, 500, 500], [3, 70_000]]) {
          const body = { fid: fidNumber(1), offset, count };
          const [one, other] = [
            await reply(direct, 'Tread', body, pieces),
            await reply(general, 'Tread', body, pieces),
          ];
          if (Buffer.compare(one, other) !== 0) throw new Error(`${offset} ${count} ${pieces}: ${one.slice(0, 20)}`);
        }
      }
    }
  });

  test('writes leave the same bytes, also behind its end and where they are only added', async () => {
    const [direct, general] = [await session(false, 'none', at), await session(true, 'none', at)];
    for (const flags of [1, 2, 2 | 0o2000, 0]) {
      for (const name of ['a', 'b']) writeFileSync(join(at, name), 'before');
      await open(direct, 'a', flags);
      await open(general, 'b', flags);
      for (const [offset, text] of [
        [0n, 'one'],
        [3n, 'x'.repeat(9000)],
        [20_000n, 'far'],
        [5n, ''],
        [1n << 63n, 'no'],
      ] as const) {
        const data = { segments: [utf8(text)], length: text.length };
        const body = { fid: fidNumber(1), offset, data };
        expect(await reply(direct, 'Twrite', body)).toEqual(await reply(general, 'Twrite', body));
      }
      expect(readFileSync(join(at, 'a'))).toEqual(readFileSync(join(at, 'b')));
      for (const { client } of [direct, general]) await client.call('Tclunk', { fid: fidNumber(1) });
    }
  });
});

test('where a model keeps attributes of its own they are not copied, and where it does not they are', async () => {
  writeFileSync(join(path, 'file'), 'x');
  for (const model of models) {
    const backend = openLocal({ path, securityModel: model });
    backends.push(backend);
    const root = await backend.attach({ uname: utf8('x'), uid: 0, aname: utf8('') });
    expect([model, root.getattrInto?.(new RgetattrMessage())]).toEqual([model, !model.startsWith('mapped')]);
    await root.release();
  }
});
