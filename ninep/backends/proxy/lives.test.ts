import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../../bytes/wire.ts';
import type { Backend, Credential } from '../../backend.ts';
import { Client, TakenBack } from '../../client/client.ts';
import { setattrBody } from '../../client/setattr.ts';
import { Tree } from '../../client/tree.ts';
import { errno } from '../../contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from '../../contract/stubs.ts';
import { createSession } from '../../session.ts';
import type { FidNumber } from '../../wire-types.ts';
import { createMemory } from '../memory/memory.ts';
import { openProxy } from './proxy-share.ts';
import { TestHelper } from './test-links.ts';

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const O_RDWR = 2;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;

/** Waits for something that happens soon, or fails. */
async function until(what: () => boolean): Promise<void> {
  for (let left = 5000; !what(); left--) {
    if (left === 0) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a share whose helper dies', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(backend: Backend = createMemory(), pulse = { intervalMs: 1000, patience: 10 }) {
    const helper = new TestHelper(backend);
    const notices: string[] = [];
    const share = await openProxy({ connector: helper, notice: (line) => notices.push(line), pulse });
    const bugs: unknown[] = [];
    const session = createSession(share, { onBug: (error) => bugs.push(error) });
    const client = new Client(session);
    await client.version();
    const tree = await Tree.attach(client);
    closing.push(
      async () => {
        await share.close();
        expect(bugs).toEqual([]);
        expect(helper.bugs).toEqual([]);
      },
      () => session.reset(),
    );
    return { helper, notices, client, tree, share, backend };
  }

  const lock = (client: Client, fid: FidNumber, type: number, proc_id: number, start = 0n, length = 0n) =>
    client
      .call('Tlock', { fid, type, flags: 0, start, length, proc_id, client_id: utf8('guest') })
      .then(({ status }) => status);

  test('what was under way fails with EIO, what comes later works', async () => {
    const { helper, tree, notices } = await start();
    await tree.writeFile('file', 'content');
    helper.hangs = true;
    const under = [tree.readFile('file'), tree.mkdir('dir'), tree.statfs('')];
    await new Promise((resolve) => setImmediate(resolve));
    helper.hangs = false;
    await helper.kill();
    for (const call of under) await expect(call).rejects.toBe(errno('EIO'));
    expect(textOf(await tree.readFile('file'))).toBe('content');
    expect(helper.lives).toHaveLength(2);
    expect(notices).toEqual([
      'the helper is lost: the connection was closed; what was under way failed with EIO',
      'the helper is back',
    ]);
  });

  test('nodes are found again by the names they have now, through more directories than one walk takes', async () => {
    const { helper, client, tree } = await start();
    let deep = '';
    for (let i = 0; i < 40; i++) {
      deep += `${i === 0 ? '' : '/'}d${i}`;
      await tree.mkdir(deep);
    }
    await tree.writeFile(`${deep}/file`, 'deep');
    await tree.mkdir('other');
    await tree.writeFile('one', 'moved');
    const file = await tree.walk(`${deep}/file`);
    const moved = await tree.walk('one');
    const byFid = await tree.walk('other');
    await tree.rename('d0', 'other/top');
    await tree.rename('one', 'other/two');
    await client.call('Trename', { fid: byFid, dfid: tree.root, name: utf8('last') });
    await helper.kill();
    for (const [fid, text] of [
      [file, 'deep'],
      [moved, 'moved'],
    ] as const) {
      await client.call('Tlopen', { fid, flags: 0 });
      expect(textOf(await tree.readAll(fid))).toBe(text);
    }
    expect((await client.call('Tgetattr', { fid: byFid, request_mask: 1n })).mode).toBe(0o040755);
  });

  test('another object under the old name is ESTALE, and so is one without a name', async () => {
    const { helper, client, tree, backend } = await start();
    await tree.writeFile('replaced', 'old');
    await tree.writeFile('removed', 'x');
    await tree.writeFile('covered', 'x');
    const fids = [await tree.open('replaced'), await tree.walk('removed'), await tree.walk('covered')];
    await tree.unlink('removed');
    await tree.writeFile('removed', 'another');
    await tree.writeFile('mover', 'y');
    await tree.rename('mover', 'covered');
    // On the host, behind the share's back.
    const host = new Client(createSession(backend));
    await host.version();
    const hostTree = await Tree.attach(host);
    await hostTree.unlink('replaced');
    await hostTree.writeFile('replaced', 'new');
    await helper.kill();
    for (const fid of fids) {
      await expect(client.call('Tgetattr', { fid, request_mask: 1n })).rejects.toBe(errno('ESTALE'));
    }
    expect(textOf(await tree.readFile('replaced'))).toBe('new');
  });

  test('open files are opened again without what may happen only once', async () => {
    const { helper, client, tree } = await start();
    const created = await tree.create('file', { flags: O_RDWR | O_EXCL | O_TRUNC });
    await tree.write(created, 0n, utf8('content'));
    await tree.writeFile('other', 'gone');
    const truncated = await tree.open('other', O_RDWR | O_TRUNC);
    await tree.write(truncated, 0n, utf8('kept'));
    await helper.kill();
    expect(textOf(await tree.read(created, 0n, 100))).toBe('content');
    expect(textOf(await tree.read(truncated, 0n, 100))).toBe('kept');
    await client.call('Tsetattr', setattrBody(created, { size: 3n }));
    expect((await tree.getattr('file')).size).toBe(3n);
    const listing = await tree.open('');
    const [first] = await tree.readdir(listing, 0n, 60);
    await helper.kill();
    const rest = await tree.readdir(listing, first?.offset ?? 0n, 1000);
    expect([first, ...rest].map((entry) => textOf(entry?.name ?? utf8(''))).sort()).toEqual([
      '.',
      '..',
      'file',
      'other',
    ]);
  });

  test('locks are had again before anybody else can have them, merged and split as they were', async () => {
    const { helper, client, tree } = await start();
    await tree.writeFile('file', 'content');
    const one = await tree.open('file', O_RDWR);
    const two = await tree.open('file', O_RDWR);
    expect(await lock(client, one, 1, 1, 0n, 100n)).toBe(0);
    expect(await lock(client, one, 2, 1, 40n, 10n)).toBe(0);
    await helper.kill();
    expect(await lock(client, two, 1, 2, 0n, 40n)).toBe(1);
    expect(await lock(client, two, 1, 2, 40n, 10n)).toBe(0);
    expect(await lock(client, two, 1, 2, 50n, 1n)).toBe(1);
    await tree.clunk(one);
    expect(await lock(client, two, 1, 2, 0n, 100n)).toBe(0);
  });

  test('a file whose lock another has meanwhile fails with EIO until it is closed', async () => {
    const { helper, client, tree, backend } = await start();
    await tree.writeFile('file', 'content');
    const one = await tree.open('file', O_RDWR);
    expect(await lock(client, one, 1, 1)).toBe(0);
    helper.absent = true;
    await helper.kill();
    const host = new Client(createSession(backend));
    await host.version();
    const hostTree = await Tree.attach(host);
    expect(await lock(host, await hostTree.open('file', O_RDWR), 1, 99)).toBe(0);
    helper.absent = false;
    await until(() => helper.lives.length === 2);
    await expect(tree.write(one, 0n, utf8('x'))).rejects.toBe(errno('EIO'));
    expect(textOf(await tree.readFile('file'))).toBe('content');
    await tree.clunk(one);
  });

  test('each user is attached again as who he was', async () => {
    const seen: string[] = [];
    const inner = createMemory();
    const backend: Backend = {
      driver: 'watched',
      attach(credential: Credential) {
        seen.push(`${textOf(credential.uname)} ${credential.uid} ${textOf(credential.aname)}`);
        return inner.attach(credential);
      },
      close() {},
    };
    const { helper, client } = await start(backend);
    const named = await Tree.attach(client, { uname: 'ann', uid: 7, aname: 'home', firstFid: 1000 });
    const nameless = await Tree.attach(client, { uname: 'bob', uid: 0xffff_ffff, firstFid: 2000 });
    await named.mkdir('dir');
    expect((await named.getattr('dir')).uid).toBe(7);
    seen.length = 0;
    await helper.kill();
    await named.getattr('dir');
    await nameless.getattr('dir');
    expect(seen).toEqual(['ann 7 home', 'bob undefined ']);
  });

  test('after too many failures in a row it is given up, and says so once', async () => {
    const { helper, tree, notices } = await start();
    helper.tries = 3;
    helper.absent = true;
    await helper.kill();
    for (let i = 0; i < 3; i++) await expect(tree.getattr('')).rejects.toBe(errno('EIO'));
    helper.absent = false;
    await expect(tree.getattr('')).rejects.toBe(errno('EIO'));
    expect(notices.slice(1)).toEqual([
      'no helper: nobody is there; trying again',
      'no helper: nobody is there; given up, every request is answered EIO from now on',
    ]);
  });

  test('one that hangs is dead after a while; one that is slow is not', async () => {
    const gate = new Gate<number>();
    const slow = stubNode({
      qid: { type: 0, version: 1, path: 1n },
      open: () => stubFile({ read: () => gate.promise }),
    });
    const { helper, tree, notices } = await start(stubBackend(slow), { intervalMs: 20, patience: 10 });
    const fid = await tree.open('');
    const reading = tree.read(fid, 0n, 10);
    await new Promise((resolve) => setTimeout(resolve, 500));
    gate.resolve(3);
    expect(await reading).toHaveLength(3);
    expect(notices).toEqual([]);
    helper.hangs = true;
    await expect(tree.read(fid, 0n, 10)).rejects.toBe(errno('EIO'));
    expect(notices[0]).toMatch(/^the helper is lost: it does not answer any more/);
    helper.hangs = false;
    expect(await tree.read(fid, 0n, 10)).toHaveLength(3);
  });

  test('Tflush reaches the helper, which takes its request back; one that is done is answered', async () => {
    let flushed = 0;
    const gates: Gate<number>[] = [];
    const file = stubFile({
      read(_offset, _into, request) {
        const gate = new Gate<number>();
        gates.push(gate);
        request.onFlush(() => {
          flushed++;
          if (gates.length === 1) gate.reject(errno('EINTR'));
          else gate.resolve(2);
        });
        return gate.promise;
      },
    });
    const { client, tree } = await start(stubBackend(stubNode({ open: () => file })));
    const fid = await tree.open('');
    for (const taken of [true, false]) {
      const { tag, reply } = client.send('Tread', { fid, offset: 0n, count: 10 });
      const settled = reply.then(({ data }) => data.length).catch((error: unknown) => error);
      await until(() => gates.length === (taken ? 1 : 2));
      await client.call('Tflush', { oldtag: tag });
      if (taken) expect(await settled).toBeInstanceOf(TakenBack);
      else expect(await settled).toBe(2);
    }
    expect(flushed).toBe(2);
  });

  test('more at once than the helper takes wait for their turn', async () => {
    const { tree } = await start();
    const { client } = tree;
    client.msize = 4096;
    await client.version();
    const small = await Tree.attach(client);
    const call = () => client.call('Tgetattr', { fid: small.root, request_mask: 1n });
    const all = await Promise.all(Array.from({ length: 900 }, call));
    expect(all.every(({ mode }) => mode === 0o040755)).toBe(true);
  });

  test('the block size is the file system’s own, and grows to the client’s messages', async () => {
    const { tree } = await start(createMemory());
    await tree.writeFile('file', 'x');
    expect((await tree.getattr('file')).blksize).toBe(61_440n);
  });
});
