import { expect, test } from '@jest/globals';
import { pageBundle } from './support/page/page-bundle.ts';

/** A page loads it before anything else; beyond this, something came in that it does not need. */
const MOST_BYTES = 260_000;

test('the machine, its devices and the memory backend are one small script without Node', async () => {
  const script = await pageBundle();
  expect(script.length).toBeGreaterThan(100_000);
  expect(script.length).toBeLessThan(MOST_BYTES);
  expect(script).not.toMatch(/["'](node:|node-hostfs|node-kvm)/);
});
