import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

describeGuest('two machines in one process', (accel) => {
  const host = scratchDirectory();
  const guests = ['one', 'two'].map((name) => ({
    name,
    guest: bootOnce(() => {
      mkdirSync(join(host, name));
      return { accel, shares: [{ path: join(host, name), mountTag: 'host' }] };
    }),
  }));
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

  test(
    'work at the same time, each on its own memory and share, and one outlives the other',
    async () => {
      const rounds = guests.map(async ({ name, guest }) => {
        for (let round = 0; round < 3; round++) {
          const content = Buffer.alloc(300_000 + round, `${name} ${round};`);
          writeFileSync(join(host, name, 'in'), content);
          const script = 'cd /mnt/host; cp in /tmp/copy; sha256sum < /tmp/copy; cp /tmp/copy out; ls';
          const { status, stdout, stderr } = await guest.sh(script);
          expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
          expect(stdout).toBe(`${sha256(content)}  -\nin\nout\n`);
          expect(sha256(readFileSync(join(host, name, 'out')))).toBe(sha256(content));
        }
      });
      await Promise.all(rounds);
      const [one, two] = guests;
      await one?.guest.vm.stop();
      expect(await two?.guest.sh('cat /tmp/copy | wc -c; sleep 0.1; cat /tmp/copy | wc -c')).toMatchObject({
        status: 0,
        stdout: '300002\n300002\n',
      });
    },
    GUEST_TIMEOUT_MS,
  );
});
