import { expect } from '@jest/globals';
import { runProcess } from './tsvmm.ts';

/** How a process is to hold many fids. */
export interface ManyFids {
  readonly count: number;
  /** Words before the command, such as those that take rights away. */
  readonly prefix?: string;
  /** What is to become of a parked object that the host moves: found by its handle, or stale where only paths help. */
  readonly hostMoved: 'found' | 'stale';
  readonly timeoutMs: number;
}

/** Has a process that is limited to 1,024 descriptors hold `count` fids and use them, and expects it to succeed. */
export async function holdManyFids({ count, prefix = '', hostMoved, timeoutMs }: ManyFids): Promise<void> {
  const script = `ulimit -n 1024 && exec ${prefix} "$0" scripts/run.mjs tests/support/many-fids.ts ${count} ${hostMoved}`;
  const { status, stdout, stderr } = await runProcess('sh', ['-c', script, process.execPath], { timeoutMs });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { fids, descriptorsHeld, afterwards } = JSON.parse(stdout);
  expect(fids).toBe(count);
  expect(descriptorsHeld).toBeLessThan(1024);
  expect(afterwards).toBeLessThan(100);
}
