import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { runProcess } from './support/tsvmm.ts';

const possible = spawnSync('unshare', ['-m', 'true']).status === 0;
const inNamespace = possible ? test : test.skip;

inNamespace(
  'a bind mount inside a share leads up to the share, and nowhere else [unshare -m must be allowed]',
  async () => {
    const program = ['scripts/run.mjs', 'tests/support/bind-mount.ts'];
    const { status, stdout, stderr } = await runProcess('unshare', ['-m', process.execPath, ...program], {
      timeoutMs: 280_000,
    });
    expect({ status, stderr, stdout }).toEqual({ status: 0, stderr: '', stdout: 'good\n' });
  },
  300_000,
);
