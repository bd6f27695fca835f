import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { AttributeChange, Attributes, Node } from '../backend.ts';
import { createMemory } from '../backends/memory/memory.ts';
import { createSynth } from '../backends/synth/synth.ts';
import { attached, errno } from '../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { fail } from '../errno.ts';
import { UNTOUCHED } from '../stat.ts';
import { fidNumber as fid } from '../wire-types.ts';

const ATTRIBUTES: Attributes = (() => {
  const then = { seconds: 1_000n, nanoseconds: 5 };
  return {
    ...{ valid: 0x7ffn, qid: { type: 0, version: 0, path: 1n }, mode: 0o106755, uid: 3, gid: 4, nlink: 1n, rdev: 0n },
    ...{ size: 10n, blksize: 4096n, blocks: 8n, gen: 0n, dataVersion: 0n },
    ...{ atime: then, mtime: then, ctime: then, btime: then },
  };
})();

describe('Twstat', () => {
  async function asked(version: '9P2000' | '9P2000.u', change: object): Promise<AttributeChange[]> {
    const changes: AttributeChange[] = [];
    const node = stubNode({ getattr: () => ATTRIBUTES, setattr: (change) => void changes.push(change) });
    const { client } = await attached(stubBackend(node), {}, version);
    await client.call('Twstat', { fid: fid(0), stat: { ...UNTOUCHED, ...change } });
    return changes;
  }

  test('9P2000 leaves setuid and setgid, of which it cannot tell', async () => {
    expect(await asked('9P2000', { mode: 0o644 })).toEqual([{ mode: 0o6644 }]);
    expect(await asked('9P2000', { mode: 0o755 })).toEqual([]);
  });

  test('9P2000.u takes them away', async () => {
    expect(await asked('9P2000.u', { mode: 0o644 })).toEqual([{ mode: 0o644 }]);
  });

  test('times are whole seconds', async () => {
    const times = [{ atime: { seconds: 7n, nanoseconds: 0 }, mtime: { seconds: 8n, nanoseconds: 0 } }];
    expect(await asked('9P2000', { atime: 7, mtime: 8 })).toEqual(times);
  });

  test('groups come by name or, in 9P2000.u, by number; owners by number', async () => {
    expect(await asked('9P2000', { gid: '99' })).toEqual([{ gid: 99 }]);
    expect(await asked('9P2000', { gid: '4' })).toEqual([]);
    expect(await asked('9P2000.u', { gid: '99', n_gid: 98, n_uid: 97 })).toEqual([{ gid: 98, uid: 97 }]);
    await expect(asked('9P2000', { gid: 'users' })).rejects.toBe(errno('EINVAL'));
  });

  test('everything at once is one change', async () => {
    expect(await asked('9P2000', { mode: 0o600, length: 3n, gid: '5' })).toEqual([{ mode: 0o6600, gid: 5, size: 3n }]);
    await expect(asked('9P2000', { length: 1n << 63n, mode: 0 })).rejects.toBe(errno('EINVAL'));
  });

  test('an untouched one syncs the open file, or opens one that is not', async () => {
    const done: string[] = [];
    const file = () => stubFile({ fsync: () => void done.push('fsync'), release: () => void done.push('release') });
    const open = () => {
      done.push('open');
      return file();
    };
    const node = stubNode({ open });
    const { client } = await attached(stubBackend(node), {}, '9P2000');
    await client.call('Twstat', { fid: fid(0), stat: UNTOUCHED });
    expect(done).toEqual(['open', 'fsync', 'release']);
    await client.call('Topen', { fid: fid(0), mode: 0 });
    await client.call('Twstat', { fid: fid(0), stat: UNTOUCHED });
    expect(done.slice(3)).toEqual(['open', 'fsync']);
  });

  test.each(['now', 'later'])('the old name comes back where the rest fails %s', async (when) => {
    const memory = createMemory();
    memory.writeFile('/old', 'content');
    const refusing = (node: Node): Node =>
      stubNode({
        qid: node.qid,
        clone: () => node,
        walk: async (names) => {
          const { qids, node: found } = await node.walk(names);
          return { qids, node: found === undefined ? undefined : refusing(found) };
        },
        getattr: (mask) => node.getattr(mask),
        setattr: () => (when === 'now' ? fail('ENOSPC') : Promise.reject(errno('ENOSPC'))),
        renameSelf: (directory, name) => node.renameSelf(origin.get(directory) ?? directory, name),
        release: () => node.release(),
      });
    const origin = new Map<Node, Node>();
    const attach = async () => {
      const root = await memory.attach({ uname: utf8(''), uid: 0, aname: utf8('') });
      const node = refusing(root);
      origin.set(node, root);
      return node;
    };
    const { client, bugs } = await attached({ driver: 'stub', attach, close() {} }, {}, '9P2000');
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('old')] });
    const both = { ...UNTOUCHED, name: utf8('new'), length: 1n };
    await expect(client.call('Twstat', { fid: fid(1), stat: both })).rejects.toBe(errno('ENOSPC'));
    expect((await client.call('Tstat', { fid: fid(1) })).stat.name).toEqual(utf8('old'));
    expect((await client.call('Twalk', { fid: fid(0), newfid: fid(2), wname: [utf8('old')] })).wqid).toHaveLength(1);
    expect(bugs).toEqual([]);
  });
});

describe('what a tree that cannot be changed answers', () => {
  test('reads, lists and stats as any other', async () => {
    const synth = createSynth();
    synth.root.symlink('link', 'target');
    const { client } = await attached(synth, {}, '9P2000');
    await client.call('Twalk', { fid: fid(0), newfid: fid(1), wname: [utf8('link')] });
    const { stat } = await client.call('Tstat', { fid: fid(1) });
    // To 9P2000 a symbolic link is a file, and that no bit says otherwise.
    expect({ type: stat.qid.type, mode: stat.mode & ~0o777 }).toEqual({ type: 0, mode: 0 });
    await expect(client.call('Topen', { fid: fid(1), mode: 0 })).rejects.toMatchObject({ errno: expect.any(Number) });
  });
});
