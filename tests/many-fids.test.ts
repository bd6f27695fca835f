import { expect, test } from '@jest/globals';
import { runProcess } from './support/tsvmm.ts';

test('8,000 live fids in a process limited to 1,024 descriptors', async () => {
  const script = 'ulimit -n 1024 && exec "$0" scripts/run.mjs tests/support/many-fids.ts 8000';
  const { status, stdout, stderr } = await runProcess('sh', ['-c', script, process.execPath], { timeoutMs: 110_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { fids, descriptorsHeld, afterwards } = JSON.parse(stdout);
  expect(fids).toBe(8000);
  expect(descriptorsHeld).toBeLessThan(1024);
  expect(afterwards).toBeLessThan(100);
}, 120_000);
