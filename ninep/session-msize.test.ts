import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { createMemory } from './backends/memory/memory.ts';
import { Client, gather } from './client/client.ts';
import { PlainTree } from './client/plain-tree.ts';
import { Tree } from './client/tree.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { attached, errno } from './contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { FrameError } from './frame-handler.ts';
import { DM } from './plan9.ts';
import { createSession } from './session.ts';
import { VERSIONS, type Version } from './versions.ts';
import { fidNumber as fid, tagNumber } from './wire-types.ts';

const MSIZE = 4096;

async function open(client: Client): Promise<{ iounit: number }> {
  if (client.dialect === '9P2000.L') return client.call('Tlopen', { fid: fid(0), flags: 2 });
  return client.call('Topen', { fid: fid(0), mode: 2 });
}

describe.each(VERSIONS)('at the edges of msize in %s', (version) => {
  const reader = stubNode({
    open: () =>
      stubFile({
        iounit: 1 << 20,
        read: (_offset, into) => into.reduce((sum, piece) => sum + piece.fill(7).length, 0),
        write: (_offset, from) => from.reduce((sum, piece) => sum + piece.length, 0),
      }),
  });

  async function opened() {
    const session = createSession(stubBackend(reader));
    const client = new Client(session, { msize: MSIZE });
    await client.version(version);
    await Tree.attach(client);
    return { client, session, iounit: (await open(client)).iounit };
  }

  test('iounit leaves room for the largest header', async () => {
    expect((await opened()).iounit).toBe(MSIZE - 24);
  });

  test.each([
    [MSIZE - 12, MSIZE - 12],
    [MSIZE - 11, MSIZE - 11],
    [MSIZE - 10, MSIZE - 11],
    [0xffff_ffff, MSIZE - 11],
    [1, 1],
    [0, 0],
  ])('a read of %i gives %i bytes', async (count, expected) => {
    const { client } = await opened();
    const { data } = await client.call('Tread', { fid: fid(0), offset: 0n, count });
    expect(data.length).toBe(expected);
    expect(gather(data.segments, data.length).every((byte) => byte === 7)).toBe(true);
  });

  test('a reply area smaller than msize is the limit instead', async () => {
    const { session } = await opened();
    const request = encodeMessage('Tread', tagNumber(1), { fid: fid(0), offset: 0n, count: 4000 }, version);
    const reply = [new Uint8Array(100)];
    expect(session.handle([request], reply)).toBe(100);
    expect(decodeMessage(gather(reply, 100), version)).toMatchObject({ ok: true, body: { data: { length: 89 } } });
  });

  test('a write that fills msize is taken, one byte more is EMSGSIZE', async () => {
    const { client } = await opened();
    const write = (length: number) =>
      client.call('Twrite', { fid: fid(0), offset: 0n, data: { segments: [new Uint8Array(length)], length } });
    expect(await write(MSIZE - 23)).toEqual({ count: MSIZE - 23 });
    await expect(write(MSIZE - 22)).rejects.toBe(errno('EMSGSIZE'));
  });
});

describe('an error in a reply area that hardly holds one', () => {
  const SMALLEST: readonly (readonly [Version, number])[] = [
    ['9P2000', 9],
    ['9P2000.u', 13],
    ['9P2000.L', 11],
  ];

  test.each(SMALLEST)(
    '%s: %i bytes do, with as much of the text as fits; one less does not',
    async (version, least) => {
      const { session } = await attached(stubBackend(stubNode()), {}, version);
      const request = encodeMessage('Tclunk', tagNumber(1), { fid: fid(9) }, version);
      expect(() => session.handle([request], [new Uint8Array(least - 1)])).toThrow(FrameError);
      expect(session.handle([request], [new Uint8Array(least)])).toBe(least);
      if (version === '9P2000.L') return;
      const reply = [new Uint8Array(least + 3)];
      expect(session.handle([request], reply)).toBe(least + 3);
      const decoded = decodeMessage(gather(reply, least + 3), version);
      expect(decoded).toMatchObject({ ok: true, body: { ename: 'Bad', errno: version === '9P2000' ? 0 : 9 } });
    },
  );
});

describe('a directory whose records hardly fit a message', () => {
  test('a target that no message holds is left out of the listing; its stat is EMSGSIZE', async () => {
    const memory = createMemory();
    const session = createSession(memory);
    const client = new Client(session, { msize: MSIZE });
    await client.version('9P2000.u');
    const plain = new PlainTree(await Tree.attach(client));
    const target = 'x'.repeat(4095);
    memory.symlink('/long', target);
    memory.symlink('/short', 'y'.repeat(3900));
    const listed = await plain.list('');
    const lengths = Object.fromEntries(
      listed.map(({ name, extension }) => [String.fromCharCode(...name), extension.length]),
    );
    expect(lengths).toEqual({ long: 0, short: 3900 });
    await expect(plain.stat('long')).rejects.toBe(errno('EMSGSIZE'));
  });

  test('entries that cannot be looked up are passed over, however many, and the end is not there before its time', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => (i === 2999 ? 'last' : `barred-${i}`));
    const memory = createMemory();
    memory.writeFile('/last', 'x');
    const root = await memory.attach({ uname: utf8(''), uid: 0, aname: utf8('') });
    const node = stubNode({
      qid: { type: 0x80, version: 0, path: 9n },
      clone: () => node,
      walk: (wname) => root.walk(wname),
      open: () =>
        stubFile({
          qid: { type: 0x80, version: 0, path: 9n },
          readdir(offset, emit) {
            for (const [i, name] of names.entries()) {
              if (BigInt(i) < offset) continue;
              const entry = { qid: node.qid, offset: BigInt(i + 1), type: 8, name: utf8(name) };
              if (!emit(entry)) return;
            }
          },
        }),
    });
    const { client } = await attached(stubBackend(node), {}, '9P2000');
    await client.call('Topen', { fid: fid(0), mode: 0 });
    const { data } = await client.call('Tread', { fid: fid(0), offset: 0n, count: 8192 });
    const plain = new PlainTree(await Tree.attach(client, { firstFid: 10 }));
    expect(plain.records(gather(data.segments, data.length)).map(({ name }) => String.fromCharCode(...name))).toEqual([
      'last',
    ]);
    await root.release();
  });
});

test('a conversation begun again in another dialect knows nothing of the one before', async () => {
  const session = createSession(createMemory());
  const client = new Client(session);
  for (const version of ['9P2000.L', '9P2000', '9P2000.u', '9P2000.L'] as const) {
    await client.version(version);
    expect(session.version).toBe(version);
    await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EBADF'));
    await Tree.attach(client);
    const foreign: Version = version === '9P2000.L' ? '9P2000' : '9P2000.L';
    const request =
      foreign === '9P2000'
        ? encodeMessage(
            'Tcreate',
            tagNumber(1),
            {
              ...{ fid: fid(0), name: utf8('x'), perm: DM.DMDIR, mode: 0, extension: utf8('') },
            },
            foreign,
          )
        : encodeMessage('Tmkdir', tagNumber(1), { dfid: fid(0), name: utf8('x'), mode: 0, gid: 0 }, foreign);
    const reply = [new Uint8Array(100)];
    const length = session.handle([request], reply);
    if (typeof length !== 'number') throw new Error('an answer at once was expected');
    const decoded = decodeMessage(gather(reply, length), version);
    const refusal = version === '9P2000.L' ? { ecode: 95 } : { ename: 'Operation not supported' };
    expect(decoded).toMatchObject({ ok: true, body: refusal });
  }
});
