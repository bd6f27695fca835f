import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import type { MessageBody, MessageName } from '../../ninep/messages.ts';
import type { Version } from '../../ninep/versions.ts';
import { fidNumber, NOFID, NOTAG, tagNumber } from '../../ninep/wire-types.ts';
import { ByteSource } from '../byte-source.ts';
import type { TraceEvent } from '../event.ts';
import { all, event, pieces } from '../test-support/sample-events.ts';
import { PcapngTrace } from './pcapng-encoder.ts';
import { openPcapng } from './pcapng-reader.ts';
import { checksum, MOST_PAYLOAD, TcpStream } from './tcp-stream.ts';

const STARTED = Date.UTC(2026, 0, 31, 12);

/** The file of some events. */
function fileOf(events: readonly TraceEvent[]): Uint8Array {
  const encoder = new PcapngTrace({ program: 'tsvmm 1.2.3', started: STARTED });
  const parts = [encoder.head(), ...events.map((one) => encoder.encode(one)), encoder.end()];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

async function read(file: Uint8Array) {
  const trace = await openPcapng(new ByteSource(pieces(file, 1000)));
  const events = await all(trace.events);
  return { trace, events };
}

let count = 0;
function message<N extends MessageName>(
  kind: 'request' | 'reply',
  name: N,
  tag: number,
  body: MessageBody<N>,
  {
    version = '9P2000.L',
    request = 0,
    device = 'host',
    time = 0,
  }: { version?: Version; request?: number; device?: string; time?: number } = {},
): TraceEvent {
  const bytes = encodeMessage(name, tagNumber(tag), body, version);
  const common = { name, tag, type: bytes[4] ?? 0, size: bytes.length, text: name, bytes };
  const id = ++count;
  return kind === 'request'
    ? event(id, 'request', { ...common, fids: [] }, { device, time })
    : event(id, 'reply', { ...common, took: 85, request }, { device, time });
}

const version = (text: Version, device?: string) => ({ msize: 8192, version: text, device });

/** The blocks of a file. */
function blocksOf(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const blocks: { type: number; body: DataView }[] = [];
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    expect([length % 4, view.getUint32(at + length - 4, true)]).toEqual([0, length]);
    blocks.push({ type: view.getUint32(at, true), body: new DataView(file.buffer, at + 8, length - 12) });
    at += length;
  }
  return blocks;
}

/** The frames of a file: what each header says. */
function framesOf(file: Uint8Array) {
  return blocksOf(file)
    .filter(({ type }) => type === 6)
    .map(({ body }) => {
      const length = body.getUint32(12, true);
      const frame = new Uint8Array(body.buffer, body.byteOffset + 20, length);
      const view = new DataView(frame.buffer, frame.byteOffset, length);
      const header = (view.getUint8(46) >> 4) * 4;
      const pseudo = Uint8Array.of(...frame.subarray(26, 34), 0, 6, (length - 34) >> 8, (length - 34) & 0xff);
      return {
        iface: body.getUint32(0, true),
        nanoseconds: (BigInt(body.getUint32(4, true)) << 32n) | BigInt(body.getUint32(8, true)),
        type: view.getUint16(12),
        ipLength: view.getUint16(16),
        // Over a header with its own checksum in it the sum is all ones.
        sums: [checksum([frame.subarray(14, 34)]), checksum([pseudo, frame.subarray(34)])],
        ports: [view.getUint16(34), view.getUint16(36)],
        sequence: view.getUint32(38),
        acknowledged: view.getUint32(42),
        flags: view.getUint8(47),
        payload: frame.subarray(34 + header),
        length,
      };
    });
}

describe('a pcapng', () => {
  test('begins with a section, and names an interface after each device', () => {
    const file = fileOf([
      message('request', 'Tversion', NOTAG, version('9P2000.L')),
      message('request', 'Tversion', NOTAG, version('9P2000.L'), { device: 'other' }),
    ]);
    const [section, one, ...rest] = blocksOf(file);
    expect([...file.subarray(0, 4)]).toEqual([0x0a, 0x0d, 0x0d, 0x0a]);
    expect([section?.body.getUint32(0, true), section?.body.getUint16(4, true)]).toEqual([0x1a2b3c4d, 1]);
    expect([one?.type, one?.body.getUint16(0, true)]).toEqual([1, 1]);
    expect(rest.map(({ type }) => type)).toEqual([6, 6, 6, 6, 1, 6, 6, 6, 6]);
    expect(new TextDecoder('latin1').decode(file)).toContain('host');
  });

  test('opens a connection to port 564, and counts its bytes in both directions', () => {
    const tversion = message('request', 'Tversion', NOTAG, version('9P2000.L'), { time: 5 });
    const file = fileOf([
      tversion,
      message('reply', 'Rversion', NOTAG, version('9P2000.L'), { request: tversion.id, time: 90 }),
    ]);
    const frames = framesOf(file);
    expect(
      frames.map(({ ports, flags, sequence, acknowledged, payload }) => [
        ports,
        flags,
        sequence,
        acknowledged,
        payload.length,
      ]),
    ).toEqual([
      [[49152, 564], 0x02, 0x10000000, 0, 0],
      [[564, 49152], 0x12, 0x20000000, 0x10000001, 0],
      [[49152, 564], 0x10, 0x10000001, 0x20000001, 0],
      [[49152, 564], 0x18, 0x10000001, 0x20000001, 21],
      [[564, 49152], 0x18, 0x20000001, 0x10000016, 21],
    ]);
    for (const { sums, type, ipLength, length } of frames)
      expect([sums, type, ipLength]).toEqual([[0, 0], 0x0800, length - 14]);
    expect(frames.at(-1)?.nanoseconds).toBe(BigInt(STARTED) * 1_000_000n + 90_000n);
  });

  test('a long message is in several packets, its bytes in order', () => {
    const data = Uint8Array.from({ length: 200_001 }, (_, at) => at % 251);
    const segments = { segments: [data], length: data.length };
    const twrite = message('request', 'Twrite', 1, { fid: fidNumber(1), offset: 0n, data: segments });
    const frames = framesOf(fileOf([twrite])).filter(({ payload }) => payload.length > 0);
    expect(frames.map(({ payload, flags }) => [payload.length, flags])).toEqual([
      [MOST_PAYLOAD, 0x10],
      [MOST_PAYLOAD, 0x10],
      [MOST_PAYLOAD, 0x10],
      [200_024 - 3 * MOST_PAYLOAD, 0x18],
    ]);
    expect(frames.map(({ sequence }) => sequence - 0x10000001)).toEqual([0, 60_000, 120_000, 180_000]);
    expect(frames.flatMap(({ payload }) => [...payload]).slice(23)).toEqual([...data]);
  });

  test('sequence numbers run over the end of 32 bits', () => {
    const tcp = new TcpStream(0, { client: 1, server: 0xffff_fff0 });
    const frames = [0, 1].flatMap(() => tcp.send('reply', new Uint8Array(20)));
    const [answer] = tcp.send('request', new Uint8Array(1));
    const numberAt = (frame: readonly [Uint8Array, Uint8Array] | undefined, at: number) =>
      new DataView((frame?.[0] ?? new Uint8Array(64)).buffer).getUint32(at);
    expect([...frames.map((frame) => numberAt(frame, 38)), numberAt(answer, 42)]).toEqual([0xffff_fff0, 4, 24]);
  });
});

describe('what was written is read back', () => {
  const conversation = (text: Version) => {
    const options = { version: text };
    const tversion = message('request', 'Tversion', NOTAG, version(text), { time: 10 });
    const rversion = message('reply', 'Rversion', NOTAG, version(text), { request: tversion.id, time: 20 });
    const twalk = message(
      'request',
      'Twalk',
      3,
      { fid: fidNumber(7), newfid: fidNumber(8), wname: [utf8('etc')] },
      { ...options, time: 30 },
    );
    const failed =
      text === '9P2000.L'
        ? message('reply', 'Rlerror', 3, { ecode: 2 }, { ...options, request: twalk.id, time: 130 })
        : message(
            'reply',
            'Rerror',
            3,
            { ename: 'No such file or directory', errno: 2 },
            { ...options, request: twalk.id, time: 130 },
          );
    return [tversion, rversion, twalk, failed];
  };

  test.each<Version>(['9P2000.L', '9P2000.u', '9P2000'])('%s: names, tags, fids, sizes, links, times', async (text) => {
    const events = conversation(text);
    const { trace, events: found } = await read(fileOf(events));
    expect(trace.header.program).toBe('tsvmm 1.2.3');
    expect(found.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(found.map(({ time }) => time)).toEqual([0, 10, 20, 120]);
    expect(found.map(({ fields }) => [(fields as { name: string }).name, (fields as { tag: number }).tag])).toEqual(
      events.map(({ fields }) => [(fields as { name: string }).name, (fields as { tag: number }).tag]),
    );
    expect(found[2]).toMatchObject({
      kind: 'request',
      device: 'host',
      fields: { fids: [7, 8], text: 'Twalk tag 3 fid 7 newfid 8 wname ["etc"]', fields: { wname: ['etc'] } },
    });
    expect(found[3]).toMatchObject({ kind: 'reply', fields: { took: 85, request: events[2]?.id } });
    expect((found[3] as TraceEvent<'reply'>).fields.error).toBe(text === '9P2000' ? undefined : 'ENOENT');
    expect(trace.truncated).toBe(false);
  });

  test('two devices whose conversations mix, and dialects that change', async () => {
    const [one, two] = [
      conversation('9P2000.L'),
      conversation('9P2000.u').map((each) => ({ ...each, device: 'other' })),
    ];
    const mixed = one.flatMap((each, index) => [each, two[index] as TraceEvent]);
    const again = conversation('9P2000');
    const { events } = await read(fileOf([...mixed, ...again]));
    expect(events.map(({ device }) => device)).toEqual([
      ...mixed.map(({ device }) => device),
      ...again.map(() => 'host'),
    ]);
    expect(events.at(-1)).toMatchObject({ fields: { text: 'Rerror tag 3 ename "No such file or directory"' } });
  });

  test('events of other kinds, and messages that no stream can carry, are entries of a journal', async () => {
    const lying = message('request', 'Tversion', NOTAG, version('9P2000.L'));
    const liar = { ...lying, fields: { ...lying.fields, size: 5000 } } as TraceEvent;
    const events = [event(1, 'kick', { queue: 0 }), liar, event(99, 'guest-fault', { message: 'a\nb' })];
    const file = fileOf(events);
    expect(blocksOf(file).map(({ type }) => type)).toEqual([0x0a0d0d0a, 9, 9, 9]);
    expect(new TextDecoder().decode(file)).toContain(
      '__REALTIME_TIMESTAMP=1769860800000010\nMESSAGE=host kick queue 0\nPRIORITY=6\n',
    );
    expect(new TextDecoder().decode(file)).toContain('MESSAGE=host guest-fault a\\x0ab\nPRIORITY=4\n');
    expect((await read(file)).events).toEqual(events);
  });

  test('a file that is cut off anywhere gives what is whole, and says so', async () => {
    const events = conversation('9P2000.L');
    const file = fileOf(events);
    const whole = blocksOf(file).length;
    expect(whole).toBeGreaterThan(6);
    for (let length = 100; length < file.length; length += 13) {
      const { trace, events: found } = await read(file.subarray(0, length));
      expect(found.map(({ id }) => id)).toEqual(events.slice(0, found.length).map(({ id }) => id));
      expect(found.length).toBeLessThan(events.length);
      const ends = blocksOf(file).map(({ body }) => body.byteOffset + body.byteLength + 4);
      expect(trace.truncated).toBe(!ends.includes(length));
    }
  });

  test.each<[string, (file: Uint8Array) => void, string]>([
    ['a block of no length', (file) => file.set([0, 0, 0, 0], 52), 'which no block of ours has'],
    ['a block of 4 GiB', (file) => file.set([0xfc, 0xff, 0xff, 0xff], 52), 'which no block of ours has'],
    ['the other byte order', (file) => file.set([0x1a, 0x2b, 0x3c, 0x4d], 8), 'of the other byte order'],
  ])('refuses %s', async (_, damage, message) => {
    const file = fileOf(conversation('9P2000.L'));
    expect(blocksOf(file)[0]?.body.byteLength).toBe(36);
    damage(file);
    await expect(read(file)).rejects.toMatchObject({ name: 'TraceError', message: expect.stringContaining(message) });
  });

  test('no bytes make it fail but by a TraceError', async () => {
    const file = fileOf([...conversation('9P2000.u'), event(1, 'kick', { queue: 0 })]);
    let state = 1;
    for (let round = 0; round < 400; round += 1) {
      const damaged = file.slice();
      for (let change = 0; change < 3; change += 1) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        damaged[state % damaged.length] = state >>> 24;
      }
      try {
        await read(damaged);
      } catch (error) {
        expect(error).toMatchObject({ name: 'TraceError' });
      }
    }
  });
});

test('NOFID is no fid', async () => {
  const attach = message('request', 'Tattach', 1, {
    fid: fidNumber(0),
    afid: NOFID,
    uname: utf8('u'),
    aname: utf8(''),
    n_uname: 0,
  });
  expect((await read(fileOf([attach]))).events[0]).toMatchObject({ fields: { fids: [0] } });
});
