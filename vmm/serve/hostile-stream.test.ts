import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { totalLength } from '../../bytes/segments.ts';
import { utf8 } from '../../bytes/wire.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { gather } from '../../ninep/client/client.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import { counting } from '../../ninep/contract/counting.ts';
import { ATTACH } from '../../ninep/contract/sessions.ts';
import { FrameReader } from '../../ninep/stream/frame-reader.ts';
import { fidNumber, NOTAG, type Tag, tagNumber } from '../../ninep/wire-types.ts';
import { settledRss } from '../../tests/support/collect-garbage.ts';
import { Clientele } from './clientele.ts';
import { openDoor } from './test-support/open-door.ts';
import { eventually } from './test-support/served.ts';
import { connectTo } from './test-support/socket-client.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A clientele behind a port, over a tree in memory that counts what it has handed out. */
async function clientele() {
  const bugs: string[] = [];
  const backend = counting(createMemory());
  const hooks = { notice: (line: string) => void (line.includes('internal error') && bugs.push(line)) };
  const clients = new Clientele({ exported: { select: () => backend }, most: 1000, msize: 16_384, hooks });
  const { address, close } = await openDoor(clients);
  undo.push(async () => {
    close();
    await clients.dismiss();
  });
  return { clients, address, bugs, tally: backend.tally };
}

const TVERSION = encodeMessage('Tversion', NOTAG, { msize: 16_384, version: '9P2000.L' });
const TATTACH = encodeMessage('Tattach', tagNumber(0), ATTACH);
const CREATE = encodeMessage('Tlcreate', tagNumber(1), {
  fid: fidNumber(0),
  name: utf8('f'),
  flags: 2,
  mode: 0o644,
  gid: 0,
});
const HELLO = [TVERSION, TATTACH];

/** A message that says it is of that type, with a body of whatever bytes. */
function anyMessage(type: number, tag: Tag, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(7 + body.length);
  const view = new DataView(message.buffer);
  view.setUint32(0, message.length, true);
  view.setUint8(4, type);
  view.setUint16(5, tag, true);
  message.set(body, 7);
  return message;
}

/** Tversion would end the requests before it, and Tflush take them back: each has its own tests. */
const EXCEPT = [100, 108];

const requests = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }).filter((type) => !EXCEPT.includes(type)),
    body: fc.uint8Array({ maxLength: 60 }),
  }),
  { maxLength: 150 },
);
const useful = fc.array(fc.constantFrom('Tgetattr', 'Tstatfs', 'Tread', 'Twalk'), { maxLength: 80 });
const pieces = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 });
const ending = fc.constantFrom<Uint8Array>(
  new Uint8Array(0),
  Uint8Array.of(6, 0, 0, 0, 1, 2, 3),
  Uint8Array.of(255, 255, 255, 255),
  Uint8Array.of(50, 0, 0, 0, 24, 9),
);

function usefulMessage(name: string, tag: Tag): Uint8Array {
  const fid = fidNumber(0);
  if (name === 'Tgetattr') return encodeMessage('Tgetattr', tag, { fid, request_mask: 0x7ffn });
  if (name === 'Tread') return encodeMessage('Tread', tag, { fid, offset: 0n, count: 9000 });
  if (name === 'Twalk') return encodeMessage('Twalk', tag, { fid, newfid: fid, wname: [] });
  return encodeMessage('Tstatfs', tag, { fid });
}

/** Sends the stream in pieces of those lengths, one in each turn, then ends it; returns the tags of all replies. */
async function converse(address: string, stream: Uint8Array, lengths: readonly number[]): Promise<number[]> {
  const socket = await connectTo(address);
  socket.setNoDelay(true);
  const reader = new FrameReader();
  const tags: number[] = [];
  socket.on('data', (chunk) => {
    reader.feed(chunk);
    for (let frame = reader.next(65_536); frame !== undefined; frame = reader.next(65_536)) {
      const reply = gather(frame, totalLength(frame));
      tags.push(new DataView(reply.buffer).getUint16(5, true));
    }
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  for (let at = 0, turn = 0; at < stream.length && !socket.destroyed; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    socket.write(stream.subarray(at, at + length));
    at += length;
    await new Promise(setImmediate);
  }
  socket.end();
  await closed;
  expect(reader.pending).toBe(0);
  return tags;
}

describe('a stream of anything', () => {
  test('gets one answer for each of its messages, however it is split and ended', async () => {
    const { address, clients, tally, bugs } = await clientele();
    await fc.assert(
      fc.asyncProperty(requests, useful, pieces, ending, async (wild, tame, lengths, tail) => {
        let tag = 1;
        const all = [
          ...HELLO,
          ...tame.map((name) => usefulMessage(name, tagNumber(tag++))),
          ...wild.map(({ type, body }) => anyMessage(type, tagNumber(tag++), body)),
          tail,
        ];
        const tags = await converse(address, gather(all, totalLength(all)), lengths);
        expect(tags.sort((a, b) => a - b)).toEqual([...Array(tag).keys(), NOTAG]);
      }),
      { numRuns: 60, seed: 1 },
    );
    await eventually(() => clients.size === 0);
    expect([tally, bugs]).toEqual([{ nodes: 0, files: 0 }, []]);
  }, 300_000);

  test('of garbage is survived', async () => {
    const { address, clients, tally, bugs } = await clientele();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), pieces, fc.boolean(), async (garbage, lengths, polite) => {
        const stream = polite ? [...HELLO, garbage] : [garbage];
        await converse(address, gather(stream, totalLength(stream)), lengths);
      }),
      { numRuns: 100, seed: 2 },
    );
    await eventually(() => clients.size === 0);
    expect([tally, bugs]).toEqual([{ nodes: 0, files: 0 }, []]);
  }, 300_000);
});

test('ten thousand connections leave nothing behind', async () => {
  const { address, clients, tally, bugs } = await clientele();
  const hello = Buffer.concat([...HELLO, CREATE]);
  const descriptors = () => readdirSync('/proc/self/fd').length;
  /** Leaves in one of four ways: before it has said anything, within a message, without waiting, and with its answers. */
  const visit = async (number: number): Promise<void> => {
    const socket = await connectTo(address);
    socket.on('error', () => {});
    const closed = once(socket, 'close');
    const way = number % 4;
    if (way === 1) socket.write(hello.subarray(0, 30));
    if (way > 1) socket.write(hello);
    if (way === 3) await once(socket, 'data');
    socket.resetAndDestroy();
    await closed;
  };
  const round = async (first: number, count: number): Promise<void> => {
    const inTurn = async (number: number): Promise<void> => {
      for (let at = number; at < first + count; at += 40) await visit(at);
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => inTurn(first + index)));
    await eventually(() => clients.size === 0);
  };
  await round(0, 2000);
  const before = { descriptors: descriptors(), rss: await settledRss() };
  // What can be collected is, in between: how much of that lies about depends on when the collector has its turn.
  for (let first = 2000; first < 10_000; first += 1000) {
    await round(first, 1000);
    await settledRss();
  }
  expect(descriptors()).toBeLessThanOrEqual(before.descriptors);
  expect([clients.size, tally, bugs]).toEqual([0, { nodes: 0, files: 0 }, []]);
  // 8000 sessions that stayed would be more than 100 MiB.
  expect((await settledRss()) - before.rss).toBeLessThan(64 << 20);
}, 300_000);
