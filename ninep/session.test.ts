import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../bytes/wire.ts';
import { createSynth } from './backends/synth/synth.ts';
import { Client, TakenBack } from './client/client.ts';
import { Tree } from './client/tree.ts';
import { encodeMessage } from './codec.ts';
import { counting } from './contract/counting.ts';
import { ATTACH, attached, errno, sessionOf } from './contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from './contract/stubs.ts';
import { fail } from './errno.ts';
import { createSession } from './session.ts';
import { fidNumber as fid, NOTAG, tagNumber } from './wire-types.ts';

const empty = () => createSynth();

describe('Tversion', () => {
  test.each([
    [8192, 8192],
    [4096, 4096],
    [4_186_112, 4_186_112],
    [4_186_113, 4_186_112],
    [0xffff_ffff, 4_186_112],
  ])('msize %i is agreed as %i', async (asked, agreed) => {
    const { session, client } = sessionOf(empty());
    expect(await client.call('Tversion', { msize: asked, version: '9P2000.L' })).toEqual({
      msize: agreed,
      version: '9P2000.L',
    });
    expect(session.msize).toBe(agreed);
  });

  test('an msize of 4095 is answered EMSGSIZE', async () => {
    const { session, client } = sessionOf(empty());
    await expect(client.call('Tversion', { msize: 4095, version: '9P2000.L' })).rejects.toBe(errno('EMSGSIZE'));
    expect(session.version).toBeUndefined();
  });

  test.each([
    ['9P2000.L', '9P2000.L'],
    ['9P2000.u', '9P2000.u'],
    ['9P2000', '9P2000'],
    ['9P2000.Lx', '9P2000'],
    ['9P2000.e', '9P2000'],
    ['9P2000.', '9P2000'],
  ])('version %p is answered %p', async (asked, answered) => {
    const { session, client } = sessionOf(empty());
    expect((await client.call('Tversion', { msize: 8192, version: asked })).version).toBe(answered);
    expect(session.version).toBe(answered);
  });

  test.each(['9P2001', '9P20000', 'unknown', '', '9p2000.l', '.L'])('version %p is unknown', async (version) => {
    const { session, client } = sessionOf(empty());
    expect((await client.call('Tversion', { msize: 8192, version })).version).toBe('unknown');
    expect(session.version).toBeUndefined();
    await expect(client.call('Tattach', ATTACH)).rejects.toBe(errno('EPROTO'));
  });

  test.each(['9P2000', '9P2000.u'] as const)('a refusal of %s is in that dialect', async (version) => {
    const { client } = sessionOf(empty());
    client.msize = 4095;
    await expect(client.version(version)).rejects.toBe(errno('EMSGSIZE'));
  });

  test.each([4095, 16 * 2 ** 20 + 1, Number.NaN])('a session cannot be made with an msize of %p', (msize) => {
    expect(() => createSession(empty(), { msize })).toThrow(RangeError);
  });

  test('16 MiB are agreed where they are offered', async () => {
    const { client } = sessionOf(empty(), { msize: 16 * 2 ** 20 });
    client.msize = 0xffff_ffff;
    await client.version();
    expect(client.msize).toBe(16_777_216);
  });

  test('nothing else is served before it', async () => {
    const { client } = sessionOf(empty());
    await expect(client.call('Tattach', ATTACH)).rejects.toBe(errno('EPROTO'));
    await expect(client.call('Tflush', { oldtag: tagNumber(1) })).rejects.toBe(errno('EPROTO'));
  });

  test('clunks every fid of the conversation before', async () => {
    const backend = counting(empty());
    const { session, client } = await attached(backend);
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [] });
    await client.call('Tlopen', { fid: fid(1), flags: 0 });
    expect(backend.tally).toEqual({ nodes: 2, files: 1 });
    await client.version();
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
    expect(session.fidCount).toBe(0);
    await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EBADF'));
  });

  test('takes back what is under way, and waits for it to end before it answers', async () => {
    const gate = new Gate<number>();
    const order: string[] = [];
    const node = stubNode({
      open: () =>
        stubFile({
          read(_offset, _into, request) {
            request.onFlush(() => order.push('flush'));
            return gate.promise;
          },
        }),
    });
    const backend = counting(stubBackend(node));
    const { client } = await attached(backend);
    await client.call('Tlopen', { fid: fid(0), flags: 0 });
    const read = client.call('Tread', { fid: fid(0), offset: 0n, count: 10 });
    const taken = expect(read).rejects.toBeInstanceOf(TakenBack);
    const version = client.version().then(() => order.push('Rversion'));
    await expect(client.call('Tclunk', { fid: fid(0) })).rejects.toBe(errno('EPROTO'));
    expect(order).toEqual(['flush']);
    gate.resolve(10);
    await taken;
    await version;
    expect(order).toEqual(['flush', 'Rversion']);
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
  });

  test('a second Tversion takes back the first', async () => {
    const gate = new Gate<number>();
    const node = stubNode({ open: () => stubFile({ read: () => gate.promise }) });
    const { session, client } = await attached(stubBackend(node));
    await client.call('Tlopen', { fid: fid(0), flags: 0 });
    const read = client.send('Tread', { fid: fid(0), offset: 0n, count: 10 }).reply;
    const first = client.send('Tversion', { msize: 8192, version: '9P2000.L' }).reply;
    const second = client.send('Tversion', { msize: 16384, version: '9P2000.L' }).reply;
    const ends = Promise.allSettled([read, first, second]);
    gate.resolve(10);
    expect(await ends).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }, { status: 'fulfilled' }]);
    expect(session.msize).toBe(16384);
  });
});

describe('tags', () => {
  test('a tag that is in use is refused with EPROTO, and its first owner is still answered', async () => {
    const gate = new Gate<void>();
    const node = stubNode({ setattr: () => gate.promise, unlink() {} });
    const { session, client } = await attached(stubBackend(node));
    const first = client.send('Tsetattr', setattrOf(0), tagNumber(5));
    const again = client.send('Tunlinkat', { dirfd: fid(0), name: utf8('x'), flags: 0 }, tagNumber(5));
    await expect(again.reply).rejects.toBe(errno('EPROTO'));
    expect(session.outstanding).toBe(1);
    gate.resolve();
    expect(await first.reply).toEqual({});
    expect(session.outstanding).toBe(0);
    expect(await client.send('Tunlinkat', { dirfd: fid(0), name: utf8('x'), flags: 0 }, tagNumber(5)).reply).toEqual(
      {},
    );
  });

  test('one request more than may wait is answered EAGAIN; Tflush is not', async () => {
    const gate = new Gate<void>();
    const node = stubNode({ setattr: () => gate.promise });
    const { client } = await attached(stubBackend(node), { maxOutstanding: 2 });
    const waiting = [client.send('Tsetattr', setattrOf(0)), client.send('Tsetattr', setattrOf(0))];
    await expect(client.call('Tsetattr', setattrOf(0))).rejects.toBe(errno('EAGAIN'));
    const [first] = waiting;
    const flush = client.call('Tflush', { oldtag: first?.tag ?? NOTAG });
    gate.resolve();
    expect(await Promise.all(waiting.map((sent) => sent.reply))).toEqual([{}, {}]);
    expect(await flush).toEqual({});
  });
});

function setattrOf(number: number) {
  const zero = { mode: 0, uid: 0, gid: 0, size: 0n, atime_sec: 0n, atime_nsec: 0n, mtime_sec: 0n, mtime_nsec: 0n };
  return { fid: fid(number), valid: 1, ...zero };
}

describe('reset', () => {
  test('drops what is under way, writes nothing any more, and releases everything', async () => {
    const gate = new Gate<number>();
    const node = stubNode({ open: () => stubFile({ read: () => gate.promise }) });
    const backend = counting(stubBackend(node));
    const { session, client } = await attached(backend);
    await client.call('Tlopen', { fid: fid(0), flags: 0 });
    const reply = new Uint8Array(4096);
    const request = encodeMessage('Tread', tagNumber(1), { fid: fid(0), offset: 0n, count: 10 });
    const length = session.handle([request], [reply]);
    let ended = false;
    const reset = session.reset().then(() => {
      ended = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    gate.resolve(10);
    expect(await length).toBe(0);
    await reset;
    expect(reply).toEqual(new Uint8Array(4096));
    expect(backend.tally).toEqual({ nodes: 0, files: 0 });
    expect(session).toMatchObject({ msize: 0, version: undefined, fidCount: 0, outstanding: 0 });
    await client.version();
    await client.call('Tattach', ATTACH);
  });

  test('waits for releases that take time', async () => {
    const gate = new Gate<void>();
    const { session } = await attached(
      stubBackend(stubNode({ clone: () => stubNode({ release: () => gate.promise }) })),
    );
    let ended = false;
    const reset = session.reset().then(() => {
      ended = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    gate.resolve();
    await reset;
  });
});

describe('bugs', () => {
  test('what is no Errno becomes EIO for the client and is reported', async () => {
    const now = new Error('now');
    const later = new Error('later');
    const node = stubNode({
      statfs: () => {
        throw now;
      },
      readlink: () => Promise.reject(later),
    });
    const { client, bugs } = await attached(stubBackend(node));
    await expect(client.call('Tstatfs', { fid: fid(0) })).rejects.toBe(errno('EIO'));
    await expect(client.call('Treadlink', { fid: fid(0) })).rejects.toBe(errno('EIO'));
    expect(bugs).toEqual([now, later]);
  });

  test.each([11, -1, 1.5, Number.NaN])('a read of 10 bytes that claims %p is EIO', async (claimed) => {
    const node = stubNode({ open: () => stubFile({ read: () => claimed, write: () => claimed }) });
    const { client, bugs } = await attached(stubBackend(node));
    await client.call('Tlopen', { fid: fid(0), flags: 0 });
    const data = { segments: [new Uint8Array(10)], length: 10 };
    await expect(client.call('Tread', { fid: fid(0), offset: 0n, count: 10 })).rejects.toBe(errno('EIO'));
    await expect(client.call('Twrite', { fid: fid(0), offset: 0n, data })).rejects.toBe(errno('EIO'));
    expect(bugs).toHaveLength(2);
  });

  test('a readlink longer than any reply is EIO, and one longer than msize EMSGSIZE', async () => {
    let target = new Uint8Array(5000);
    const { client, bugs } = await attached(stubBackend(stubNode({ readlink: () => target })), { msize: 4096 });
    await expect(client.call('Treadlink', { fid: fid(0) })).rejects.toBe(errno('EMSGSIZE'));
    expect(bugs).toHaveLength(0);
    target = new Uint8Array(200_000);
    await expect(client.call('Treadlink', { fid: fid(0) })).rejects.toBe(errno('EIO'));
    expect(bugs).toHaveLength(1);
  });

  test('a failing release is no answer to anything', async () => {
    const wrong = new Error('wrong');
    const releases = [() => fail('ENOSPC'), () => Promise.reject(errno('EIO')), () => Promise.reject(wrong)];
    let next = 0;
    const root = stubNode({ clone: () => stubNode({ release: () => releases[next++]?.() }) });
    const { client, bugs } = await attached(stubBackend(root));
    expect(await client.call('Tclunk', { fid: fid(0) })).toEqual({});
    for (const number of [1, 2]) {
      await client.call('Tattach', { ...ATTACH, fid: fid(number) });
      expect(await client.call('Tclunk', { fid: fid(number) })).toEqual({});
    }
    expect(bugs).toEqual([wrong]);
  });
});

describe('a session that answers at once', () => {
  test('makes no promise', async () => {
    const synth = createSynth();
    synth.root.file('f', 'text');
    const { session } = await attached(synth);
    const reply = [new Uint8Array(4096)];
    const wname = [utf8('f')];
    expect(session.handle([encodeMessage('Twalk', tagNumber(1), { fid: fid(0), newfid: fid(1), wname })], reply)).toBe(
      22,
    );
    expect(session.handle([encodeMessage('Tlopen', tagNumber(1), { fid: fid(1), flags: 0 })], reply)).toBe(24);
    const read = encodeMessage('Tread', tagNumber(1), { fid: fid(1), offset: 0n, count: 100 });
    expect(session.handle([read], reply)).toBe(15);
    expect(session.handle([encodeMessage('Tclunk', tagNumber(1), { fid: fid(1) })], reply)).toBe(7);
    expect(session.handle([encodeMessage('Tversion', NOTAG, { msize: 8192, version: '9P2000.L' })], reply)).toBe(21);
  });

  test('serves what does not wait while something waits', async () => {
    const gate = new Gate<number>();
    const synth = createSynth();
    synth.root.file('f', 'text');
    synth.root.special('slow', { read: () => gate.promise });
    const { client } = await attached(synth);
    const tree = await Tree.attach(client, { firstFid: 10 });
    const slow = await tree.open('slow');
    const read = tree.read(slow, 0n, 10);
    expect(Buffer.from(await tree.readFile('f')).toString()).toBe('text');
    gate.resolve(0);
    expect(await read).toHaveLength(0);
  });
});

describe('several exports', () => {
  test('are picked by aname, and are file systems apart', async () => {
    const one = createSynth();
    one.root.file('one', '1');
    const two = createSynth();
    two.root.file('two', '2');
    const exports = new Map([
      ['one', one],
      ['two', two],
    ]);
    const bugs: unknown[] = [];
    const session = createSession(
      { select: ({ aname }) => exports.get(Buffer.from(aname).toString()) ?? fail('ENOENT') },
      { onBug: (error) => bugs.push(error) },
    );
    const client = new Client(session);
    await client.version();
    const first = await Tree.attach(client, { aname: 'one', firstFid: 0 });
    const second = await Tree.attach(client, { aname: 'two', firstFid: 1000 });
    await expect(Tree.attach(client, { aname: 'three', firstFid: 2000 })).rejects.toBe(errno('ENOENT'));
    expect(await first.readFile('one')).toEqual(utf8('1'));
    expect(await second.readFile('two')).toEqual(utf8('2'));
    const link = { dfid: first.root, fid: second.root, name: utf8('x') };
    await expect(client.call('Tlink', link)).rejects.toBe(errno('EXDEV'));
    const rename = { fid: second.root, dfid: first.root, name: utf8('x') };
    await expect(client.call('Trename', rename)).rejects.toBe(errno('EXDEV'));
    const renameat = { olddirfid: first.root, oldname: utf8('one'), newdirfid: second.root, newname: utf8('x') };
    await expect(client.call('Trenameat', renameat)).rejects.toBe(errno('EXDEV'));
    expect(bugs).toEqual([]);
  });
});

test('an msize below 4096 in the options is refused', () => {
  expect(() => createSession(empty(), { msize: 4095 })).toThrow(RangeError);
});
