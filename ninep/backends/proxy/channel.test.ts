import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { Node } from '../../backend.ts';
import { type Decoded, decodeMessage, encodeMessage } from '../../codec.ts';
import { errno } from '../../contract/sessions.ts';
import type { Tag } from '../../wire-types.ts';
import { createMemory } from '../memory/memory.ts';
import { Channel } from './channel.ts';
import { openProxy, type ProxyShare } from './proxy-share.ts';
import { linkPair, TestHelper } from './test-links.ts';

const PULSE = { intervalMs: 1000, patience: 10 };
const QID = { type: 0, version: 1, path: 1n };
const NAME = utf8('file');

/** A channel whose other side answers each request as `answer` says. */
function scripted(answer: (tag: Tag, request: Extract<Decoded, { ok: true }>) => Uint8Array | undefined) {
  const [near, far] = linkPair();
  const ends: string[] = [];
  const channel = new Channel(near, 8192, (reason) => ends.push(reason), PULSE);
  near.listen({ data: (chunk) => channel.receive(chunk), closed: (reason) => channel.lose(reason) });
  far.listen({
    data(frame) {
      const decoded = decodeMessage(frame);
      if (!decoded.ok) throw new Error(decoded.reason);
      const reply = answer(decoded.tag, decoded);
      if (reply !== undefined) far.send([reply]);
    },
    closed: () => {},
  });
  return { channel, ends };
}

const data = (length: number) => ({ data: { segments: [new Uint8Array(length).fill(7)], length } });
const sized = (frame: Uint8Array, size: number) => {
  const copy = frame.slice();
  new DataView(copy.buffer).setUint32(0, size, true);
  return copy;
};

describe('a reply that cannot be ends the conversation', () => {
  const fid = 0 as never;
  const statfs = (channel: Channel) => channel.call('Tstatfs', { fid });
  const read = (channel: Channel, into = new Uint8Array(10)) =>
    channel.call('Tread', { fid, offset: 0n, count: into.length }, { into: [into] });

  test.each<[string, (channel: Channel) => Promise<unknown>, (tag: Tag) => Uint8Array, RegExp]>([
    [
      'a tag nobody has',
      statfs,
      (tag) => encodeMessage('Rclunk', (tag + 1) as Tag, {}),
      /^a reply has tag 2, which no/,
    ],
    ['another type', statfs, (tag) => encodeMessage('Rclunk', tag, {}), /^the reply to Tstatfs has type 121$/],
    ['a request', statfs, (tag) => encodeMessage('Tclunk', tag, { fid }), /^the reply to Tstatfs has type 120$/],
    ['a body too short', statfs, (tag) => sized(encodeMessage('Rstatfs', tag, STATFS), 66), /malformed \(short\)$/],
    [
      'more data than asked for',
      read,
      (tag) => encodeMessage('Rread', tag, data(11)),
      /^11 bytes of data came where less/,
    ],
    [
      'a count beyond its frame',
      read,
      (tag) => sized(encodeMessage('Rread', tag, data(9)), 15),
      /^9 bytes of data in a frame/,
    ],
    ['no count', read, (tag) => sized(encodeMessage('Rread', tag, data(0)), 8), /^a frame of 8 bytes is too short$/],
    [
      'a huge frame',
      statfs,
      (tag) => sized(encodeMessage('Rstatfs', tag, STATFS), 8193),
      /^a frame claims to have 8193/,
    ],
    ['no frame', statfs, (tag) => sized(encodeMessage('Rstatfs', tag, STATFS), 6), /^a frame claims to have 6 bytes$/],
    ['error 0', statfs, (tag) => encodeMessage('Rlerror', tag, { ecode: 0 }), /^error 0 does not exist$/],
    ['error 4096', statfs, (tag) => encodeMessage('Rlerror', tag, { ecode: 4096 }), /^error 4096 does not exist$/],
  ])('%s', async (_, ask, reply, reason) => {
    const { channel, ends } = scripted((tag, { codec }) => (codec.name === 'Tgetattr' ? undefined : reply(tag)));
    const other = channel.call('Tgetattr', { fid, request_mask: 0n });
    await expect(ask(channel)).rejects.toBe(errno('EIO'));
    await expect(other).rejects.toBe(errno('EIO'));
    expect(ends).toEqual([expect.stringMatching(reason)]);
    await expect(statfs(channel)).rejects.toBe(errno('EIO'));
  });

  test('data goes where it was asked for and nowhere else', async () => {
    const memory = new Uint8Array(30).fill(1);
    const { channel } = scripted((tag) => encodeMessage('Rread', tag, data(9)));
    const into = [memory.subarray(5, 10), memory.subarray(15, 25)];
    const body = await channel.call('Tread', { fid, offset: 0n, count: 15 }, { into });
    expect(body.data.length).toBe(9);
    expect([...memory]).toEqual([1, 1, 1, 1, 1, 7, 7, 7, 7, 7, 1, 1, 1, 1, 1, 7, 7, 7, 7, ...new Array(11).fill(1)]);
    channel.close();
  });
});

const STATFS = { type: 0, bsize: 0, blocks: 0n, bfree: 0n, bavail: 0n, files: 0n, ffree: 0n, fsid: 0n, namelen: 0 };

describe('a reply that says what cannot be ends the conversation', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** An attached root of a helper that answers requests of one name with another body. */
  async function lying(name: string, reply: (tag: Tag) => Uint8Array) {
    const helper = new TestHelper(createMemory());
    const notices: string[] = [];
    const share = (await openProxy({ connector: helper, notice: (line) => notices.push(line) })) as ProxyShare;
    closing.push(() => share.close());
    const root = await share.attach({ uname: NAME, uid: 0, aname: NAME });
    const { node, file } = await root.create(NAME, 2, 0o644, 0);
    await node.setxattr(utf8('user.x'), utf8('value'), 0);
    const { link } = helper.life;
    const { send } = link;
    let tag: Tag | undefined;
    const { session } = helper.life;
    const { handle } = session;
    session.handle = (request, area) => {
      const decoded = decodeMessage(Uint8Array.from(request.flatMap((piece) => [...piece])));
      if (decoded.ok && decoded.codec.name === name) tag = decoded.tag;
      return handle.call(session, request, area);
    };
    link.send = (pieces) => {
      const lie = tag;
      tag = undefined;
      send.call(link, lie === undefined ? pieces : [reply(lie)]);
    };
    return { root, node, file, notices };
  }

  const range = { type: 1, start: 0n, length: 0n, procId: 1, clientId: NAME } as const;
  const request = { onFlush() {} };
  const entry = (name: string) => {
    const bytes = utf8(name);
    const record = new Uint8Array(24 + bytes.length);
    new DataView(record.buffer).setUint16(22, bytes.length, true);
    record.set(bytes, 24);
    return { data: { segments: [record], length: record.length } };
  };
  const list = async (root: Node) => (await root.open(0)).readdir(0n, () => true);

  test.each<[string, string, (tag: Tag) => Uint8Array, (made: Awaited<ReturnType<typeof lying>>) => unknown, RegExp]>([
    [
      'a walk further than asked',
      'Twalk',
      (tag) => encodeMessage('Rwalk', tag, { wqid: [QID, QID] }),
      ({ root }) => root.walk([NAME]),
      /a walk of 1 names came to 2/,
    ],
    [
      'a walk nowhere',
      'Twalk',
      (tag) => encodeMessage('Rwalk', tag, { wqid: [] }),
      ({ root }) => root.walk([NAME]),
      /a walk of 1 names came to 0/,
    ],
    [
      'more written than sent',
      'Twrite',
      (tag) => encodeMessage('Rwrite', tag, { count: 2 }),
      ({ file }) => file.write(0n, [Uint8Array.of(1)], request),
      /2 of 1 bytes were written/,
    ],
    [
      'an endless attribute',
      'Txattrwalk',
      (tag) => encodeMessage('Rxattrwalk', tag, { size: 1n << 60n }),
      ({ node }) => node.getxattr(utf8('user.x')),
      /an attribute of 1152921504606846976 bytes/,
    ],
    [
      'an attribute that ends early',
      'Tread',
      (tag) => encodeMessage('Rread', tag, data(0)),
      ({ node }) => node.getxattr(utf8('user.x')),
      /an attribute ended before its size/,
    ],
    [
      'a name with a slash',
      'Treaddir',
      (tag) => encodeMessage('Rreaddir', tag, entry('../x')),
      ({ root }) => list(root),
      /a listing with a name no file can have/,
    ],
    [
      'a name without a byte',
      'Treaddir',
      (tag) => encodeMessage('Rreaddir', tag, entry('')),
      ({ root }) => list(root),
      /a listing with a name no file can have/,
    ],
    [
      'half an entry',
      'Treaddir',
      (tag) => encodeMessage('Rreaddir', tag, data(20)),
      ({ root }) => list(root),
      /a listing ends within an entry/,
    ],
    [
      'a lock status of its own',
      'Tlock',
      (tag) => encodeMessage('Rlock', tag, { status: 9 }),
      ({ file }) => file.lock(range),
      /lock status 9/,
    ],
    [
      'a target beyond all paths',
      'Treadlink',
      (tag) => encodeMessage('Rreadlink', tag, { target: new Uint8Array(5000) }),
      ({ root }) => root.readlink(),
      /a target of 5000 bytes/,
    ],
  ])('%s', async (_, name, reply, ask, reason) => {
    const made = await lying(name, reply);
    await expect(Promise.resolve(ask(made))).rejects.toBe(errno('EIO'));
    expect(made.notices[0]).toMatch(reason);
  });

  test('smaller messages than were asked for', async () => {
    const helper = new TestHelper(createMemory(), { msize: 4096 });
    await expect(openProxy({ connector: helper })).rejects.toThrow('it offers "9P2000.L" with messages of 4096 bytes');
  });
});
