import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Prepared } from '../contract/fixture.ts';
import { describeObjectContract } from '../contract/object-contract.ts';
import { describePlainContract } from '../contract/plain-contract.ts';
import { describeReadingContract } from '../contract/reading-contract.ts';
import { READING_TREE } from '../contract/reading-tree.ts';
import { describeWritingContract } from '../contract/writing-contract.ts';
import { graft } from './graft/graft.ts';
import { openLocal } from './local/local.ts';
import type { SecurityModelName } from './local/security-model.ts';
import { createSynth } from './synth/synth.ts';

function emptyDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'contract-'));
  chmodSync(path, 0o755);
  return path;
}

function readingDirectory(): string {
  const path = emptyDirectory();
  writeFileSync(join(path, 'file'), READING_TREE.file);
  writeFileSync(join(path, 'empty'), '');
  mkdirSync(join(path, 'dir'));
  writeFileSync(join(path, 'dir/inner'), READING_TREE.inner);
  symlinkSync(READING_TREE.linkTarget, join(path, 'link'));
  mkdirSync(join(path, 'many'));
  for (const name of READING_TREE.many) writeFileSync(join(path, 'many', name), name);
  return path;
}

function local(path: string, securityModel: SecurityModelName): Prepared {
  return {
    backend: openLocal({ path, securityModel }),
    cleanUp: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Nothing changes it, so that one serves all tests that only read. */
const shared = readingDirectory();
afterAll(() => rmSync(shared, { recursive: true, force: true }));

const UNPRIVILEGED: SecurityModelName[] = ['none', 'mapped-xattr', 'mapped-file'];
const models = process.geteuid?.() === 0 ? (['passthrough', ...UNPRIVILEGED] as const) : UNPRIVILEGED;
for (const model of models) {
  describeReadingContract(`local, ${model}`, () => ({ backend: openLocal({ path: shared, securityModel: model }) }));
  describeWritingContract(`local, ${model}`, () => local(emptyDirectory(), model));
  describePlainContract(`local, ${model}`, () => local(emptyDirectory(), model));
  describeObjectContract(`local, ${model}`, () => local(emptyDirectory(), model), { xattrs: true, locks: true });
}

describeReadingContract('graft on local', () => ({
  backend: graft(openLocal({ path: shared, securityModel: 'none' }), '.tsvmm', createSynth()),
}));
