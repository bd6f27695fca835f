import { test } from '@jest/globals';
import { handlesWork } from '../../ninep/backends/local/local-fixture.ts';
import { holdManyFids } from '../support/hold-many-fids.ts';

const HALF_HOUR_MS = 1_800_000;

test(
  '200,000 live fids in a process limited to 1,024 descriptors',
  () => holdManyFids({ count: 200_000, hostMoved: handlesWork() ? 'found' : 'stale', timeoutMs: HALF_HOUR_MS }),
  HALF_HOUR_MS,
);
