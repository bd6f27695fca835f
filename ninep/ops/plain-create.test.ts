import { expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Attributes } from '../backend.ts';
import { createMemory } from '../backends/memory/memory.ts';
import { Client } from '../client/client.ts';
import { PlainTree } from '../client/plain-tree.ts';
import { Tree } from '../client/tree.ts';
import { attached, errno } from '../contract/sessions.ts';
import { Gate, stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { DM, OPEN } from '../plan9.ts';
import { createSession } from '../session.ts';
import { fidNumber as fid } from '../wire-types.ts';

const never = { seconds: 0n, nanoseconds: 0 };
const ROOT: Attributes = {
  ...{ valid: 0x7ffn, qid: { type: 0x80, version: 0, path: 1n }, mode: 0o40755, uid: 0, gid: 7, nlink: 2n, rdev: 0n },
  ...{ size: 0n, blksize: 4096n, blocks: 0n, gen: 0n, dataVersion: 0n },
  ...{ atime: never, mtime: never, ctime: never, btime: never },
};

test('a hard link to a file of another export is EXDEV', async () => {
  const linked: unknown[] = [];
  const exported = () => {
    const node = stubNode({ clone: () => node, getattr: () => ROOT, link: (name) => void linked.push(name) });
    return stubBackend(node);
  };
  const exports = [exported(), exported()] as const;
  const session = createSession({ select: ({ aname }) => exports[aname.length === 0 ? 0 : 1] });
  const client = new Client(session);
  await client.version('9P2000.u');
  const tree = await Tree.attach(client);
  const other = await Tree.attach(client, { aname: 'b', firstFid: 10 });
  const body = { fid: tree.root, name: utf8('x'), perm: DM.DMLINK, mode: 0, extension: utf8(`${other.root}`) };
  await expect(client.call('Tcreate', body)).rejects.toBe(errno('EXDEV'));
  expect(linked).toEqual([]);
});

test('what is made belongs to its directory’s group', async () => {
  const groups: number[] = [];
  const node = stubNode({
    clone: () => node,
    getattr: () => ROOT,
    create(_name, _flags, _mode, gid) {
      groups.push(gid);
      return { node: stubNode(), file: stubFile() };
    },
  });
  const { client } = await attached(stubBackend(node), {}, '9P2000');
  await client.call('Tcreate', { fid: fid(0), name: utf8('x'), perm: 0o644, mode: 1, extension: utf8('') });
  expect(groups).toEqual([7]);
});

test('a device’s numbers come back as they went', async () => {
  const memory = createMemory();
  const client = new Client(createSession(memory));
  await client.version('9P2000.u');
  const plain = new PlainTree(await Tree.attach(client));
  for (const extension of ['c 1 3', 'b 259 300', 'c 4095 1048575']) {
    await plain.make('device', DM.DMDEVICE | 0o600, extension);
    expect(String.fromCharCode(...(await plain.stat('device')).extension)).toBe(extension);
    await plain.remove('device');
  }
});

test('a fid that is clunked while its file is made leaves nothing behind, ORCLOSE not even the file', async () => {
  const gate = new Gate<void>();
  const ends: string[] = [];
  const node = stubNode({
    clone: () => node,
    getattr: () => ROOT,
    create: async () => {
      await gate.promise;
      return {
        node: stubNode({ removeSelf: () => void ends.push('removed'), release: () => void ends.push('node') }),
        file: stubFile({ release: () => void ends.push('file') }),
      };
    },
  });
  const { client, session } = await attached(stubBackend(node), {}, '9P2000');
  const body = { fid: fid(0), name: utf8('x'), perm: 0o644, mode: OPEN.ORCLOSE, extension: utf8('') };
  const create = client.call('Tcreate', body);
  await client.call('Tclunk', { fid: fid(0) });
  gate.resolve();
  await create;
  expect(ends).toEqual(['file', 'removed', 'node']);
  expect(session.fidCount).toBe(0);
});
