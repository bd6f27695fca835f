import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Node, OpenFile } from '../backend.ts';
import { gather } from '../client/client.ts';
import { decodeMessage, encodeMessage } from '../codec.ts';
import { attached, type TestSession } from '../contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { ERRNO, fail } from '../errno.ts';
import type { MessageBody, RequestName } from '../messages.ts';
import { type RgetattrMessage, rgetattrWord } from '../rgetattr.ts';
import type { SessionOptions } from '../session.ts';
import { fidNumber, tagNumber } from '../wire-types.ts';

const ROOT = fidNumber(0);
const FILE = fidNumber(1);
const TAG = tagNumber(0x1234);

/** A session with the root as fid 0 and a file of it, opened, as fid 1. */
async function opened(
  given: Partial<OpenFile>,
  root: Partial<Node> = {},
  options: SessionOptions = {},
): Promise<TestSession> {
  const node = stubNode({ open: () => stubFile(given), ...root });
  const made = await attached(stubBackend(node), options);
  await made.client.call('Twalk', { fid: ROOT, newfid: FILE, wname: [] });
  await made.client.call('Tlopen', { fid: FILE, flags: 2 });
  return made;
}

/** The reply to a request that is answered at once, in that area. */
function ask<N extends RequestName>(
  { session }: TestSession,
  name: N,
  body: MessageBody<N>,
  area: readonly Uint8Array[] = [new Uint8Array(8192)],
  split: (frame: Uint8Array) => Uint8Array[] = (frame) => [frame],
) {
  const length = session.handle(split(encodeMessage(name, TAG, body)), area);
  if (typeof length !== 'number') throw new Error('an answer at once was expected');
  const decoded = decodeMessage(gather(area, length));
  if (!decoded.ok || decoded.tag !== TAG) throw new Error('no good reply');
  return { name: decoded.codec.name, body: decoded.body };
}

const read = (count: number, offset = 0n) => ({ fid: FILE, offset, count });
const write = (text: string, offset = 0n) => ({
  fid: FILE,
  offset,
  data: { segments: [utf8(text)], length: text.length },
});
const ecode = (name: keyof typeof ERRNO) => ({ name: 'Rlerror', body: { ecode: ERRNO[name] } });

describe('a read that need not wait', () => {
  const file = (seen: unknown[] = []): Partial<OpenFile> => ({
    readNow(offset, into, from, to) {
      seen.push([offset, from, to, into.length]);
      into.set(utf8('direct').subarray(0, to - from), from);
      return Math.min(6, to - from);
    },
    read(offset, into) {
      seen.push(['read', offset, into.map(({ length }) => length)]);
      into[0]?.set(utf8('other'));
      return 5;
    },
  });
  const text = ({ body }: ReturnType<typeof ask>) => {
    const { data } = body as MessageBody<'Rread'>;
    return Buffer.from(gather(data.segments, data.length)).toString();
  };

  test('fills the reply in place: behind its head, or the piece that follows one of eleven bytes', async () => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    expect(text(ask(made, 'Tread', read(100, 5n)))).toBe('direct');
    expect(text(ask(made, 'Tread', read(4, (1n << 51n) + 7n), [new Uint8Array(11), new Uint8Array(4)]))).toBe('dire');
    expect(seen).toEqual([
      [5, 11, 111, 8192],
      [2 ** 51 + 7, 0, 4, 4],
    ]);
  });

  test.each<[string, Parameters<typeof ask<'Tread'>>[2], Uint8Array[]]>([
    ['into pieces cut otherwise', read(100), [new Uint8Array(10), new Uint8Array(101)]],
    ['into several pages', read(100), [new Uint8Array(11), new Uint8Array(50), new Uint8Array(50)]],
    ['from beyond 2^52', read(5, 1n << 52n), [new Uint8Array(100)]],
  ])('%s takes the general way', async (_, body, area) => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    expect(text(ask(made, 'Tread', body, area))).toBe('other');
    expect(seen).toEqual([['read', body.offset, expect.anything()]]);
  });

  test('of more than fits is cut to what does, and of nothing is no read', async () => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    ask(made, 'Tread', read(0xffff_ffff), [new Uint8Array(4107)]);
    expect(text(ask(made, 'Tread', read(0)))).toBe('');
    expect(seen).toEqual([[0, 11, 4107, 4107]]);
  });

  test('takes the general way where the file says so, where somebody looks on, and in other dialects', async () => {
    expect(text(ask(await opened({ ...file(), readNow: () => -1 }), 'Tread', read(9)))).toBe('other');
    expect(text(ask(await opened(file(), {}, { observer: {} }), 'Tread', read(9)))).toBe('other');
    const node = stubNode({ open: () => stubFile(file()) });
    const { client } = await attached(stubBackend(node), {}, '9P2000.u');
    await client.call('Topen', { fid: ROOT, mode: 0 });
    const { data } = await client.call('Tread', { fid: ROOT, offset: 0n, count: 9 });
    expect(Buffer.from(gather(data.segments, data.length)).toString()).toBe('other');
  });

  test.each([101, 1.5, Number.NaN])('that claims to have read %d of 100 bytes is a bug and EIO', async (claimed) => {
    const made = await opened({ ...file(), readNow: () => claimed });
    expect(ask(made, 'Tread', read(100))).toEqual(ecode('EIO'));
    expect(made.bugs).toHaveLength(1);
  });

  test('that fails is answered with its errno, and what is malformed or of no open fid as ever', async () => {
    const made = await opened({ ...file(), readNow: () => fail('EISDIR') });
    expect(ask(made, 'Tread', read(9))).toEqual(ecode('EISDIR'));
    expect(ask(made, 'Tread', { ...read(9), fid: ROOT })).toEqual(ecode('EBADF'));
    expect(ask(made, 'Tread', { ...read(9), fid: fidNumber(7) })).toEqual(ecode('EBADF'));
    const longer = (frame: Uint8Array) => {
      const grown = new Uint8Array(frame.length + 1);
      grown.set(frame);
      grown[0] = grown.length;
      return [grown];
    };
    expect(ask(made, 'Tread', read(9), undefined, longer)).toEqual(ecode('EPROTO'));
    expect(made.bugs).toEqual([]);
  });

  test('is refused while its tag is in use, and beyond the most requests at once', async () => {
    const gate = new Gate<number>();
    const made = await opened({ ...file(), write: () => gate.promise }, {}, { maxOutstanding: 2 });
    const waiting = [TAG, tagNumber(2)].map((tag) => {
      const body = write('x');
      if (tag === tagNumber(2)) expect(ask(made, 'Tread', read(9))).toEqual(ecode('EPROTO'));
      return made.client.send('Twrite', body, tag).reply;
    });
    const frame = encodeMessage('Tread', tagNumber(3), read(9));
    const reply = new Uint8Array(100);
    const length = made.session.handle([frame], [reply]);
    expect(decodeMessage(reply.slice(0, length as number))).toMatchObject({ body: { ecode: ERRNO.EAGAIN } });
    gate.resolve(1);
    await Promise.all(waiting);
  });
});

describe('a write that need not wait', () => {
  const file = (seen: unknown[] = []): Partial<OpenFile> => ({
    writeNow(offset, bytes, from, to) {
      seen.push([offset, Buffer.from(bytes.subarray(from, to)).toString()]);
      return to - from;
    },
    write(offset, from) {
      seen.push(['write', offset, Buffer.concat(from).toString()]);
      return 1;
    },
  });
  const cut = (at: number) => (frame: Uint8Array) => [frame.subarray(0, at), frame.subarray(at)];

  test('takes its data from where they are: behind the fields, or in the piece that follows them', async () => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    expect(ask(made, 'Twrite', write('four', 9n))).toEqual({ name: 'Rwrite', body: { count: 4 } });
    expect(ask(made, 'Twrite', write('three', 1n), undefined, cut(23))).toEqual({ name: 'Rwrite', body: { count: 5 } });
    expect(seen).toEqual([
      [9, 'four'],
      [1, 'three'],
    ]);
  });

  test('of data in pieces cut otherwise, or of nothing, takes the general way', async () => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    for (const at of [3, 22, 25]) ask(made, 'Twrite', write('four'), undefined, cut(at));
    expect(seen).toEqual(new Array(3).fill(['write', 0n, 'four']));
    expect(ask(made, 'Twrite', write(''))).toEqual({ name: 'Rwrite', body: { count: 0 } });
    expect(seen).toHaveLength(3);
  });

  test('takes the general way where the file says so, and is not done twice', async () => {
    const seen: unknown[] = [];
    const made = await opened({ ...file(seen), writeNow: () => -1 });
    expect(ask(made, 'Twrite', write('four'))).toEqual({ name: 'Rwrite', body: { count: 1 } });
    expect(seen).toEqual([['write', 0n, 'four']]);
  });

  test('whose count is not what it carries is EPROTO, and writes nothing', async () => {
    const seen: unknown[] = [];
    const made = await opened(file(seen));
    for (const count of [3, 5]) {
      const lie = (frame: Uint8Array) => {
        frame[19] = count;
        return [frame];
      };
      expect(ask(made, 'Twrite', write('four'), undefined, lie)).toEqual(ecode('EPROTO'));
    }
    expect(seen).toEqual([]);
  });

  test('that claims to have written more than there was is a bug and EIO', async () => {
    const made = await opened({ ...file(), writeNow: () => 5 });
    expect(ask(made, 'Twrite', write('four'))).toEqual(ecode('EIO'));
    expect(made.bugs).toHaveLength(1);
  });
});

describe('attributes that are written into the reply', () => {
  const into = (blksize: number, had: RgetattrMessage[] = []): Partial<Node> => ({
    getattrInto(reply) {
      had.push(reply);
      reply.bytes.fill(0);
      reply.words[rgetattrWord('blksize')] = blksize;
      reply.words[rgetattrWord('gen') + 1] = 7;
      return true;
    },
  });
  const getattr = { fid: ROOT, request_mask: 0x7ffn };

  test.each([
    [512, 8192 - 24 - ((8192 - 24) % 512)],
    [4096, 4096],
    [8168, 8168],
    [9000, 9000],
    [0, 0],
  ])('a block of %d bytes grows to %d, what one message of 8192 carries', async (block, grown) => {
    const made = await attached(stubBackend(stubNode(into(block))), { msize: 8192 });
    const { body } = ask(made, 'Tgetattr', getattr);
    expect(body).toMatchObject({ blksize: BigInt(grown), gen: 7n << 32n, mode: 0 });
    const unscaled = await attached(stubBackend(stubNode(into(block))), { scaleBlockSize: false });
    expect(ask(unscaled, 'Tgetattr', getattr).body).toMatchObject({ blksize: BigInt(block) });
  });

  test('reach a reply area in pieces; one that is too short is EMSGSIZE', async () => {
    const made = await attached(stubBackend(stubNode(into(512))));
    const area = Array.from({ length: 16 }, () => new Uint8Array(10));
    expect(ask(made, 'Tgetattr', getattr, area).name).toBe('Rgetattr');
    expect(ask(made, 'Tgetattr', getattr, area.slice(1))).toEqual(ecode('EMSGSIZE'));
  });

  test('are asked for in the general way where the node says so or somebody looks on, and fail as ever', async () => {
    const general = { getattr: () => fail('EDQUOT') };
    const declining = await attached(stubBackend(stubNode({ ...general, getattrInto: () => false })));
    expect(ask(declining, 'Tgetattr', getattr)).toEqual(ecode('EDQUOT'));
    const observed = await attached(stubBackend(stubNode({ ...general, ...into(512) })), { observer: {} });
    expect(ask(observed, 'Tgetattr', getattr)).toEqual(ecode('EDQUOT'));
    const failing = await attached(stubBackend(stubNode({ getattrInto: () => fail('ESTALE') })));
    expect(ask(failing, 'Tgetattr', getattr)).toEqual(ecode('ESTALE'));
    expect(ask(failing, 'Tgetattr', { ...getattr, fid: fidNumber(9) })).toEqual(ecode('ENOENT'));
  });
});

test('before Tversion nothing is served, directly or not', async () => {
  const made = await opened({ readNow: () => 0 });
  await made.session.reset();
  expect(ask(made, 'Tread', read(9))).toEqual(ecode('EPROTO'));
});
