import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { describeGuest } from '../support/guest.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 5;

/** As `npm run soak` with these options; a figure of its report is all that is looked at here. */
describeGuest('two guests side by side, one with split rings and one with packed ones', (accel) => {
  const cpus = accel === 'kvm' ? 4 : 1;
  test(
    `${MINUTES} minutes of 8 processes in each: every byte is right, and none waits for 30 s`,
    async () => {
      const options = { minutes: MINUTES, accel, guests: 2, cpus, workers: 8, stall: 30 };
      const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
      const { stdout } = await promisify(execFile)(process.execPath, ['bench/soak.mjs', ...words], { cwd: ROOT });
      expect(stdout).toMatch(/\n\d+ operations in \d+ s, .* none failed\n/);
    },
    (MINUTES + 10) * 60_000,
  );
});
