import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildFlock, buildWorkload, describeTree } from '../support/build-workload.ts';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

const [PROCESSES, FILES] = [3, 15];

describeGuest(
  'a build-like workload in a guest',
  (accel) => {
    const host = scratchDirectory();
    const guest = bootOnce(() => ({ accel, shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough' }] }));

    test(
      `${PROCESSES} processes with ${FILES} files each leave the tree that they leave on the host`,
      async () => {
        buildFlock(join(host, 'flock'));
        const [served, plain] = [join(host, 'served'), join(host, 'plain')];
        for (const directory of [served, plain]) mkdirSync(directory);
        const { status, stdout, stderr } = await guest.sh(
          `cd /mnt/host/served && ${buildWorkload(PROCESSES, FILES, '/mnt/host/flock')}`,
        );
        expect({ status, stderr, done: stdout.trim() }).toEqual({ status: 0, stderr: '', done: `${PROCESSES}` });
        expect(
          execFileSync('sh', ['-c', buildWorkload(PROCESSES, FILES)], { cwd: plain, encoding: 'utf8' }).trim(),
        ).toBe(`${PROCESSES}`);
        expect(describeTree(served)).toEqual(describeTree(plain));
        // Under its lock each line has counted those before it: had the lock failed once, one would be there twice.
        const lines = readFileSync(join(served, 'log', 'all'), 'utf8')
          .trim()
          .split('\n');
        expect(lines).toEqual(lines.map((_, index) => `${index}`));
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['software'],
);
