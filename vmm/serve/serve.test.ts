import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import { decodeMessage, encodeMessage } from '../../ninep/codec.ts';
import { errno } from '../../ninep/contract/sessions.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import { NOTAG } from '../../ninep/wire-types.ts';
import { eventually, scratchDirectory, served } from './test-support/served.ts';
import { clientOf, connectTo, SocketHandler, treeOf } from './test-support/socket-client.ts';

const TVERSION = encodeMessage('Tversion', NOTAG, { msize: 8192, version: '9P2000.L' });

describe('a server', () => {
  test.each(['unix', 'tcp'])('serves a directory over %s, both ways', async (kind) => {
    const listen = kind === 'unix' ? `unix:${join(scratchDirectory(), 's')}` : 'tcp:[::1]:0';
    const { address, directory } = await served({ listen: [listen] });
    const { tree, handler } = await treeOf(address);
    const bytes = new Uint8Array(300_000).map((_, at) => at % 251);
    await tree.writeFile('made', bytes);
    writeFileSync(join(directory, 'there'), 'hello');
    expect((await tree.readFile('made')).every((byte, at) => byte === at % 251)).toBe(true);
    expect(Buffer.from(await tree.readFile('there')).toString()).toBe('hello');
    expect(handler.stray).toEqual([]);
    await handler.reset();
  });

  test('agrees on 16 MiB and carries them in one message', async () => {
    const { address } = await served();
    const { tree, handler } = await treeOf(address, '', { msize: 0xffff_ffff });
    expect(tree.client.msize).toBe(16 << 20);
    const bytes = new Uint8Array((16 << 20) - 24).fill(7);
    const fid = await tree.create('large');
    expect(await tree.write(fid, 0n, bytes)).toBe(bytes.length);
    expect(await tree.read(fid, 0n, 0xffff_ffff)).toHaveLength(bytes.length);
    await handler.reset();
  });

  test('agrees on no more than it was told to', async () => {
    const { address } = await served({ msize: 5000 });
    const { client, handler } = await clientOf(address, { msize: 65_536 });
    expect(client.msize).toBe(5000);
    await handler.reset();
  });

  test('gives each of several shares by its name, and none without', async () => {
    const [a, b] = [scratchDirectory(), scratchDirectory()];
    writeFileSync(join(a, 'of-a'), '');
    writeFileSync(join(b, 'of-b'), '');
    const shares = [
      { path: a, mountTag: 'a' },
      { path: b, mountTag: 'b', readonly: true },
    ];
    const { address } = await served({ shares });
    const inA = await treeOf(address, 'a');
    const inB = await treeOf(address, b);
    await inA.tree.writeFile('new', utf8('x'));
    await expect(inB.tree.writeFile('new', utf8('x'))).rejects.toBe(errno('EROFS'));
    await inB.tree.walk('of-b');
    await expect(treeOf(address)).rejects.toBe(errno('ENOENT'));
    await Promise.all([inA.handler.reset(), inB.handler.reset()]);
  });

  test('names each client in the trace, and says who comes and goes', async () => {
    const { address, traced, visits, server } = await served();
    const [first, second] = [await clientOf(address), await clientOf(address)];
    expect(server.connections).toBe(2);
    expect(traced.filter((line) => line.includes('Rversion')).map((line) => line.split(':')[0])).toEqual([
      'client 1',
      'client 2',
    ]);
    await first.handler.reset();
    await eventually(() => server.connections === 1);
    expect(visits.map((line) => line.replace(/:\d+$/, ':N'))).toEqual([
      'client 1 came from 127.0.0.1:N',
      'client 2 came from 127.0.0.1:N',
      'client 1 left',
    ]);
    await second.handler.reset();
  });

  test("offers diod's tree where that is asked for", async () => {
    const { address, directory } = await served({ ctl: true });
    const { tree, handler } = await treeOf(address, 'ctl');
    const text = async (name: string) => Buffer.from(await tree.readFile(name)).toString();
    expect(await text('version')).toMatch(/^tsvmm-\d+\.\d+\.\d+\n$/);
    const [, seconds = '', rest = ''] = /^(\d+)\.(\d{6} -?\d+\.0\n)$/.exec(await text('date')) ?? [];
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
    expect(rest).not.toBe('');
    expect(await text('connections')).toBe('127.0.0.1 1\n');
    expect(await text('exports')).toBe(`${directory} - - -\n`);
    const zero = await tree.open('zero');
    expect(await tree.read(zero, 5n, 9000)).toEqual(new Uint8Array(9000));
    const nothing = await tree.open('null', 1);
    expect(await tree.write(nothing, 0n, new Uint8Array(9000))).toBe(9000);
    await handler.reset();
  });
});

describe('a client too many', () => {
  test('is told EUSERS, and let in when another has left', async () => {
    const { address, notices, server } = await served({ maxConnections: 1 });
    const first = await clientOf(address);
    await expect(clientOf(address)).rejects.toBe(errnoOf(ERRNO.EUSERS));
    expect(notices).toEqual([
      expect.stringMatching(
        /^a client from 127\.0\.0\.1:\d+ was sent away: 1 are served already; more need --max-conn/,
      ),
    ]);
    // In the words of the dialect that is asked for: Rerror, with text and in 9P2000.u with the number.
    for (const version of ['9P2000', '9P2000.u'] as const) {
      const handler = new SocketHandler(await connectTo(address));
      const reply = new Uint8Array(64);
      const length = await handler.handle([encodeMessage('Tversion', NOTAG, { msize: 8192, version })], [reply]);
      expect(decodeMessage(reply.subarray(0, length), version)).toMatchObject({
        ok: true,
        tag: NOTAG,
        body: { ename: 'Too many users', ...(version === '9P2000.u' && { errno: 87 }) },
      });
      await handler.reset();
    }
    await first.handler.reset();
    await eventually(() => server.connections === 0);
    const second = await clientOf(address);
    await second.handler.reset();
  });

  test('among many that say nothing is cut off', async () => {
    const { address, server } = await served({ maxConnections: 1 });
    const first = await clientOf(address);
    const idle = await Promise.all(Array.from({ length: 16 }, () => connectTo(address)));
    const last = await connectTo(address);
    await once(last, 'close');
    expect([server.connections, idle.filter((socket) => socket.closed).length]).toEqual([1, 0]);
    for (const socket of idle) socket.destroy();
    await first.handler.reset();
  });
});

describe('a client that breaks the rules', () => {
  test.each([
    ['a size of 3', Uint8Array.of(3, 0, 0, 0), 'a message of 3 bytes is shorter than its header'],
    ['HTTP', utf8('GET / HTTP/1.1\r\n\r\n'), 'a message of 542393671 bytes is longer than the 4096 allowed'],
    ['half a message', TVERSION.subarray(0, 9), 'the stream ended within a message'],
  ])('by %s is sent away with the reason, and others go on', async (_what, bytes, reason) => {
    const { address, notices } = await served();
    const good = await treeOf(address);
    const bad = await connectTo(address);
    bad.end(bytes);
    await once(bad.resume(), 'close');
    await eventually(() => notices.length > 0);
    expect(notices).toEqual([expect.stringMatching(/^client 2 from 127\.0\.0\.1:\d+ was sent away: /)]);
    expect(notices[0]).toContain(reason);
    await good.tree.writeFile('still', utf8('here'));
    await good.handler.reset();
  });

  test('gets the answers to what it said before', async () => {
    const { address } = await served();
    const bad = await connectTo(address);
    const got: Buffer[] = [];
    bad.on('data', (chunk) => got.push(chunk));
    bad.write(Buffer.concat([TVERSION, Uint8Array.of(0, 0, 0, 0)]));
    await once(bad, 'close');
    expect(Buffer.concat(got)[4]).toBe(101);
  });
});

describe('the end of a server', () => {
  test('closes every connection, and can be asked for twice', async () => {
    const { address, server } = await served();
    const clients = [await treeOf(address), await treeOf(address)];
    const silent = await connectTo(address);
    await Promise.all([
      server.close(),
      server.close(),
      ...[...clients.map(({ handler }) => handler.socket), silent].map((socket) => once(socket.resume(), 'close')),
    ]);
    expect(server.connections).toBe(0);
    await expect(connectTo(address)).rejects.toHaveProperty('code', 'ECONNREFUSED');
  });

  /** How long, in milliseconds, a server takes to close with a client that takes none of its replies. */
  async function closingWithStuckClient(): Promise<number> {
    const { address, server, directory } = await served();
    writeFileSync(join(directory, 'large'), new Uint8Array(8 << 20));
    const { tree, handler } = await treeOf(address, '', { msize: 4 << 20 });
    const fid = await tree.open('large');
    handler.socket.pause();
    for (let i = 0; i < 8; i++) tree.client.send('Tread', { fid, offset: 0n, count: 4 << 20 }).reply.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    const begun = performance.now();
    await server.close();
    const took = performance.now() - begun;
    await handler.reset();
    return took;
  }

  test('does not wait for a client that takes nothing', async () => {
    let took = await closingWithStuckClient();
    // A host with much else to do only adds to it.
    for (let times = 1; times < 5 && took >= 4000; times++) took = Math.min(took, await closingWithStuckClient());
    expect(took).toBeLessThan(4000);
  });
});
