import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tsvmm-bench-ring-'));
const program = join(scratch, 'bench-ring');

beforeAll(() => {
  const sources = ['tests/support/bench-ring.c', 'kernel-fixtures/bench-guest/ring.c'];
  execFileSync('gcc', ['-std=gnu11', '-O2', '-fno-strict-aliasing', '-o', program, ...sources], { cwd: ROOT });
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** How often the guest rings for `count` buffers after the device was told of `told`, and the index it shows then. */
function ring(eventIdx: 0 | 1, suppressed: number, told: number, count: number) {
  const output = execFileSync(program, [eventIdx, suppressed, told, count].map(String), { encoding: 'utf8' });
  const [kicks, index, rightBell] = output.trim().split(' ').map(Number);
  return { kicks, index, rightBell };
}

// virtio 1.2, 2.7.10 Available Buffer Notification Suppression
describe('the bench guest rings', () => {
  test.each([
    ['once for a burst', 0, 0, 0, 5, 1],
    ['not without a buffer', 0, 0, 7, 0, 0],
    ['not where the flag says no', 0, 1, 0, 5, 0],
    ['when it reaches the event index', 1, 0, 0, 1, 1],
    ['not before it', 1, 5, 0, 1, 0],
    ['when a burst passes it', 1, 2, 0, 4, 1],
    ['when the last of a burst reaches it', 1, 3, 0, 4, 1],
    ['not when a burst ends before it', 1, 4, 0, 4, 0],
    ['not when it was passed earlier', 1, 9, 10, 4, 0],
    ['when a burst passes it where the index wraps', 1, 65535, 65534, 3, 1],
    ['when the last of a burst reaches it beyond the wrap', 1, 0, 65534, 3, 1],
    ['not before it beyond the wrap', 1, 1, 65534, 3, 0],
  ] as const)('%s', (_, eventIdx, suppressed, told, count, kicks) => {
    expect(ring(eventIdx, suppressed, told, count)).toMatchObject({ kicks, index: (told + count) % 65536 });
    if (kicks > 0) expect(ring(eventIdx, suppressed, told, count).rightBell).toBe(1);
  });
});
