import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest } from '@jest/globals';
import type { Backend } from '../../backend.ts';
import type { Prepared } from '../../contract/fixture.ts';
import { describeObjectContract } from '../../contract/object-contract.ts';
import { describeReadingContract } from '../../contract/reading-contract.ts';
import { READING_TREE, readingTree } from '../../contract/reading-tree.ts';
import { describeWritingContract } from '../../contract/writing-contract.ts';
import { openLocal } from '../local/local.ts';
import { createMemory } from '../memory/memory.ts';
import { openProxy } from './proxy-share.ts';
import { type Cut, TestHelper } from './test-links.ts';

// Every operation is several messages here, on hosts that may be busy.
jest.setTimeout(300_000);

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'proxy-contract-'));
  chmodSync(path, 0o755);
  return path;
}

/** The backend behind a helper in this process; afterwards the helper must have been given everything back. */
async function proxied(backend: Backend, { cut, path, msize }: { cut?: Cut; path?: string; msize?: number } = {}) {
  const helper = new TestHelper(backend, { ...(cut && { cut }), ...(msize && { msize }) });
  const share = await openProxy({ connector: helper, ...(msize && { msize }) });
  return {
    backend: share,
    cleanUp: async () => {
      expect(helper.bugs).toEqual([]);
      expect(helper.life.session.fidCount).toBe(0);
      await backend.close();
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
    },
  } satisfies Prepared;
}

/** Streams keep no boundaries: whatever is sent may come in any pieces. */
const inSevens: Cut = (bytes) => {
  if (bytes.length > 20_000) return [bytes.subarray(0, 9), bytes.subarray(9)];
  return Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
};

const shared = scratch();
writeFileSync(join(shared, 'file'), READING_TREE.file);
writeFileSync(join(shared, 'empty'), '');
mkdirSync(join(shared, 'dir'));
writeFileSync(join(shared, 'dir/inner'), READING_TREE.inner);
symlinkSync(READING_TREE.linkTarget, join(shared, 'link'));
mkdirSync(join(shared, 'many'));
for (const name of READING_TREE.many) writeFileSync(join(shared, 'many', name), name);
afterAll(() => rmSync(shared, { recursive: true, force: true }));

const local = (path: string) => openLocal({ path, securityModel: 'none' });

function onLocal() {
  const path = scratch();
  return proxied(local(path), { path });
}

describeReadingContract('proxy of local', () => proxied(local(shared)));
describeReadingContract('proxy of synth, in small messages', () => proxied(readingTree(), { msize: 4096 }));
describeWritingContract('proxy of local', onLocal);
describeObjectContract('proxy of local', onLocal, { xattrs: true, locks: true });

describeReadingContract('proxy of synth, cut into sevens', () => proxied(readingTree(), { cut: inSevens }));
describeWritingContract('proxy of memory, in small messages', () => proxied(createMemory(), { msize: 4096 }));
describeObjectContract('proxy of memory, cut into sevens', () => proxied(createMemory(), { cut: inSevens }), {
  xattrs: true,
  locks: true,
});
