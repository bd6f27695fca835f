import { expect, test } from '@jest/globals';
import { handlesWork, isRoot } from '../ninep/backends/local/local-fixture.ts';
import { runProcess } from './support/tsvmm.ts';

const COUNT = 8000;
/** Root without the right to open by handle. */
const WITHOUT_HANDLES = 'setpriv --bounding-set=-dac_read_search --inh-caps=-dac_read_search';

/** `hostMoved`: what is to become of a parked object that the host moves. */
async function holdMany(prefix: string, hostMoved: 'found' | 'stale'): Promise<void> {
  const script = `ulimit -n 1024 && exec ${prefix} "$0" scripts/run.mjs tests/support/many-fids.ts ${COUNT} ${hostMoved}`;
  const { status, stdout, stderr } = await runProcess('sh', ['-c', script, process.execPath], { timeoutMs: 110_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { fids, descriptorsHeld, afterwards } = JSON.parse(stdout);
  expect(fids).toBe(COUNT);
  expect(descriptorsHeld).toBeLessThan(1024);
  expect(afterwards).toBeLessThan(100);
}

test('8,000 live fids in a process limited to 1,024 descriptors', async () => {
  await holdMany('', handlesWork() ? 'found' : 'stale');
}, 120_000);

// Everyone else is without it anyway, and so had it in the test before.
(isRoot ? test : test.skip)(
  'the same for root without CAP_DAC_READ_SEARCH, who finds parked objects by path alone',
  async () => {
    await holdMany(WITHOUT_HANDLES, 'stale');
  },
  120_000,
);
