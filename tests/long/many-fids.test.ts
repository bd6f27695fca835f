import { expect, test } from '@jest/globals';
import { runProcess } from '../support/tsvmm.ts';

const HALF_HOUR_MS = 1_800_000;

test(
  '200,000 live fids in a process limited to 1,024 descriptors',
  async () => {
    const script = 'ulimit -n 1024 && exec "$0" scripts/run.mjs tests/support/many-fids.ts 200000';
    const options = { timeoutMs: HALF_HOUR_MS };
    const { status, stdout, stderr } = await runProcess('sh', ['-c', script, process.execPath], options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { fids, descriptorsHeld } = JSON.parse(stdout);
    expect(fids).toBe(200_000);
    expect(descriptorsHeld).toBeLessThan(1024);
  },
  HALF_HOUR_MS,
);
