import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import type { ExportTable } from '../../ninep/connection.ts';
import { counting } from '../../ninep/contract/counting.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import { fidNumber, NOTAG, tagNumber } from '../../ninep/wire-types.ts';
import { Clientele, type ClienteleOptions } from './clientele.ts';
import { openDoor } from './test-support/open-door.ts';
import { eventually, pauseProcess } from './test-support/served.ts';
import { clientOf, connectTo, treeOf } from './test-support/socket-client.ts';

const undo: (() => unknown)[] = [];

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A clientele behind a port, over a tree with a large file and one that waits until it is flushed. */
async function clientele(options: Partial<ClienteleOptions> = {}) {
  const synth = createSynth();
  synth.root.file('large', new Uint8Array(4 << 20));
  synth.root.special('slow', {
    read: (_offset, _into, request) =>
      new Promise((_resolve, reject) => request.onFlush(() => reject(errnoOf(ERRNO.EINTR)))),
  });
  const counted = counting(synth);
  const exported: ExportTable = { select: () => counted };
  const notices: string[] = [];
  const hooks = { notice: (line: string) => notices.push(line) };
  const clients = new Clientele({ exported, most: 10, msize: 4 << 20, hooks, ...options });
  const { address, close } = await openDoor(clients);
  undo.push(async () => {
    close();
    await clients.dismiss();
  });
  return { clients, address, notices, tally: counted.tally };
}

describe('time limits', () => {
  test('a client that never says Tversion is sent away', async () => {
    const { address, notices } = await clientele({ limits: { helloMs: 400 } });
    const [silent, polite] = [await connectTo(address), await clientOf(address)];
    silent.write(Uint8Array.of(11, 0, 0, 0, 120, 1, 0, 0, 0, 0, 0));
    await once(silent.resume(), 'close');
    await eventually(() => notices.length > 0);
    expect(notices).toEqual(['client 1 from there was sent away: it did not begin with Tversion in time']);
    await expect(polite.client.version()).resolves.toBeUndefined();
    await polite.handler.reset();
  });

  test('a client that stops within a message is sent away, one that rests is not', async () => {
    const { address, notices, clients } = await clientele({ limits: { stallMs: 60 } });
    const resting = await clientOf(address);
    const stalled = await clientOf(address);
    stalled.handler.socket.write(Uint8Array.of(20, 0, 0, 0, 110));
    await once(stalled.handler.socket, 'close');
    await eventually(() => notices.length > 0);
    expect(notices).toEqual(['client 2 from there was sent away: it left a message or its replies half way']);
    await eventually(() => clients.size === 1);
    await resting.client.version();
    await resting.handler.reset();
  });

  test('a client that does not take its replies is sent away', async () => {
    const { address, notices } = await clientele({ limits: { stallMs: 200 } });
    const { tree, handler } = await treeOf(address, '', { msize: 4 << 20 });
    const fid = await tree.open('large');
    handler.socket.pause();
    const replies = [1, 2, 3, 4].map(() => tree.client.send('Tread', { fid, offset: 0n, count: 4 << 20 }).reply);
    const failed = Promise.allSettled(replies);
    await eventually(() => notices.length > 0);
    expect(notices).toEqual(['client 1 from there was sent away: it left a message or its replies half way']);
    await handler.reset();
    await failed;
  });

  test('a client that began in time stays, though this process stood still then', async () => {
    const { address, notices, clients } = await clientele({ limits: { helloMs: 200 } });
    const socket = await connectTo(address);
    await eventually(() => clients.size === 1);
    socket.write(encodeMessage('Tversion', NOTAG, { msize: 8192, version: '9P2000.L' }));
    pauseProcess(400);
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    expect([clients.size, notices]).toEqual([1, []]);
    socket.destroy();
  });

  test('so does one that went on with its message in time', async () => {
    const { address, notices, clients } = await clientele({ limits: { stallMs: 200 } });
    const { socket } = (await clientOf(address)).handler;
    const message = encodeMessage('Tclunk', tagNumber(1), { fid: fidNumber(9) });
    socket.write(message.subarray(0, 5));
    // By the time that another one is served, this much has come.
    const other = await clientOf(address);
    socket.write(message.subarray(5));
    pauseProcess(400);
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    expect([clients.size, notices]).toEqual([2, []]);
    socket.destroy();
    await other.handler.reset();
  });

  test('a client whose request takes long is not', async () => {
    const { address, notices, clients } = await clientele({ limits: { stallMs: 50 } });
    const { tree, handler } = await treeOf(address);
    const fid = await tree.open('slow');
    const read = tree.client.send('Tread', { fid, offset: 0n, count: 10 });
    const lost = read.reply.catch((error: Error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([clients.size, notices]).toEqual([1, []]);
    await tree.client.call('Tflush', { oldtag: read.tag });
    await handler.reset();
    expect(await lost).toBe('the connection is closed');
  });
});

describe('what a client leaves', () => {
  test('is given back, whether it waits for something or not', async () => {
    const { address, clients, tally } = await clientele();
    const { tree, handler } = await treeOf(address);
    const fid = await tree.open('slow');
    const lost = tree.client.send('Tread', { fid, offset: 0n, count: 10 }).reply.catch(() => {});
    await eventually(() => tally.files === 1);
    await handler.reset();
    await lost;
    await eventually(() => clients.size === 0);
    expect(tally).toEqual({ nodes: 0, files: 0 });
  });

  test('a client that stops sending gets its answers first', async () => {
    const { address } = await clientele();
    const socket = await connectTo(address);
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk));
    socket.end(encodeMessage('Tversion', NOTAG, { msize: 8192, version: '9P2000.L' }));
    await once(socket, 'close');
    expect(Buffer.concat(got)[4]).toBe(101);
  });
});
