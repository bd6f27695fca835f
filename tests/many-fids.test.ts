import { test } from '@jest/globals';
import { handlesWork, isRoot } from '../ninep/backends/local/local-fixture.ts';
import { holdManyFids } from './support/hold-many-fids.ts';

const MANY = { count: 8000, timeoutMs: 280_000 };
/** Root without the right to open by handle. */
const WITHOUT_HANDLES = 'setpriv --bounding-set=-dac_read_search --inh-caps=-dac_read_search';

test('8,000 live fids in a process limited to 1,024 descriptors', async () => {
  await holdManyFids({ ...MANY, hostMoved: handlesWork() ? 'found' : 'stale' });
}, 300_000);

// Everyone else is without it anyway, and so had it in the test before.
(isRoot ? test : test.skip)(
  'the same for root without CAP_DAC_READ_SEARCH, who finds parked objects by path alone',
  async () => {
    await holdManyFids({ ...MANY, prefix: WITHOUT_HANDLES, hostMoved: 'stale' });
  },
  300_000,
);
