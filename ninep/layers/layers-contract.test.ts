import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../bytes/wire.ts';
import type { Backend } from '../backend.ts';
import { createMemory } from '../backends/memory/memory.ts';
import { deferred } from '../contract/deferred.ts';
import { onBench } from '../contract/fixture.ts';
import { describeObjectContract } from '../contract/object-contract.ts';
import { describePlainContract } from '../contract/plain-contract.ts';
import { describeReadingContract } from '../contract/reading-contract.ts';
import { readingTree } from '../contract/reading-tree.ts';
import { errno } from '../contract/sessions.ts';
import { stubBackend, stubFile, stubNode } from '../contract/stubs.ts';
import { describeWritingContract } from '../contract/writing-contract.ts';
import { idMapped } from './id-map/id-mapped.ts';
import { withQuota } from './quota/quota.ts';
import { readOnly } from './read-only.ts';
import { throttled } from './throttle/throttled.ts';

const later = (backend: Backend) => deferred(backend, () => new Promise((resolve) => setImmediate(resolve)));
const EVERYBODY = [{ inside: 0, outside: 0, count: 0xffff_ffff }];

/** Layers that let everything pass. */
const LAYERS: Readonly<Record<string, (backend: Backend) => Backend>> = {
  throttled: (backend) => throttled(backend, { bps: { total: { rate: 1e12 } }, iops: { read: { rate: 1e9 } } }),
  'id-mapped': (backend) => idMapped(backend, { uid: EVERYBODY, gid: EVERYBODY }),
  'with a quota': (backend) => withQuota(backend, { bytes: 2 ** 50, inodes: 2 ** 40 }),
  'with a quota, on a slow disk': (backend) => withQuota(later(backend), { bytes: 2 ** 50, inodes: 2 ** 40 }),
};

for (const [name, layer] of Object.entries(LAYERS)) {
  const empty = () => ({ backend: layer(createMemory()) });
  describeReadingContract(name, () => ({ backend: layer(readingTree()) }));
  describeWritingContract(name, empty);
  describePlainContract(name, empty);
  describeObjectContract(name, empty, { xattrs: true, locks: true });
}

describeReadingContract('read-only', () => ({ backend: readOnly(readingTree()) }));

describe('read-only', () => {
  /** A tree with one file in it, which is shown read-only. */
  const tree = () => {
    const memory = createMemory();
    memory.writeFile('/file', 'kept');
    return { backend: readOnly(memory) };
  };
  const O_RDONLY = 0;
  const CREDENTIAL = { uname: utf8('root'), uid: 0, aname: utf8('') };

  test('whatever would change something is EROFS', () =>
    onBench(tree, async ({ client, tree }) => {
      const attempts = [
        () => tree.create('new'),
        () => tree.mkdir('new'),
        () => tree.mknod('new', 0o010644),
        () => tree.symlink('new', 'file'),
        () => tree.link('new', 'file'),
        () => tree.rename('file', 'new'),
        () => tree.unlink('file'),
        () => tree.open('file', 1),
        () => tree.open('file', 2),
        () => tree.open('file', 0o1000),
        () => tree.setattr('file', { size: 0n }),
        () => tree.setattr('file', { mode: 0o600 }),
        async () => client.call('Tremove', { fid: await tree.walk('file') }),
        async () => client.call('Trename', { fid: await tree.walk('file'), dfid: tree.root, name: utf8('new') }),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toBe(errno('EROFS'));
      expect(new TextDecoder().decode(await tree.readFile('file'))).toBe('kept');
    }));

  test('so is a new length through a file that was opened for reading', async () => {
    const file = stubFile({ setattr() {} });
    const backend = readOnly(stubBackend(stubNode({ open: () => file })));
    const opened = await (await backend.attach(CREDENTIAL)).open(O_RDONLY);
    const change = async () => opened.setattr?.({ size: 0n });
    await expect(change()).rejects.toBe(errno('EROFS'));
  });
});
