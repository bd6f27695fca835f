import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openLocal } from '../../ninep/backends/local/local.ts';
import { showsEveryChange } from '../support/change-times.ts';
import { runProcess } from '../support/tsvmm.ts';
import { compare, RUNNABLE } from './compare.ts';
import { operationLists } from './operation-lists.ts';

const asRoot = process.geteuid?.() === 0 ? test : test.skip;

test.each(RUNNABLE)(
  '$name: random operations come out as the system calls',
  async (exported) => {
    const watchTimes = showsEveryChange();
    const property = fc.asyncProperty(operationLists, (list) => compare(exported, list, watchTimes));
    await fc.assert(property, { seed: 11, numRuns: 12, includeErrorInReport: true });
  },
  300_000,
);

asRoot(
  'and for a server without privileges',
  async () => {
    const args = [
      'scripts/run.mjs',
      'tests/oracle/oracle.ts',
      '--as',
      '65534',
      '--operations',
      '1000',
      '--seed',
      '5',
      '--runs',
      '10',
    ];
    const { status, stdout, stderr } = await runProcess(process.execPath, args, { timeoutMs: 280_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/as user 65534\nlocal, none: \d{4,} operations, 0 differences/);
  },
  300_000,
);

test('a server that does less than it says is found out', async () => {
  const [exported] = RUNNABLE;
  if (exported === undefined) throw new Error('nothing to run');
  const list = [
    { do: 'create', slot: 0, into: 1, name: 'a', flags: 2, mode: 0o644, gid: process.getegid?.() ?? 0 },
    { do: 'write', slot: 1, offset: 0n, count: 3, fill: 7 },
  ] as const;
  await compare(exported, list, false);
  const elsewhere = mkdtempSync(join(tmpdir(), 'oracle-'));
  try {
    writeFileSync(join(elsewhere, 'more'), '');
    const wrong = { ...exported, open: () => openLocal({ path: elsewhere, securityModel: 'none' }) };
    await expect(compare(wrong, list, false)).rejects.toThrow(/strictly deep-equal/);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});
