import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MAX_CPUS } from '../../vmm/limits.ts';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';

describeGuest(
  'a machine with as many processors as there may be',
  (accel) => {
    const host = scratchDirectory();
    const guest = bootOnce(() => ({ accel, cpus: MAX_CPUS, shares: [{ path: host, mountTag: 'host' }] }));

    test(
      'each is in use, and all work on one share at once',
      async () => {
        const { status, stdout, stderr } = await guest.sh(`
          nproc
          dmesg | grep -c 'could not set ID'
          cd /mnt/host
          for cpu in $(seq 0 ${MAX_CPUS - 1}); do
            taskset -c $cpu sh -c 'seq $0 $(($0 + 5000)) > $0 && cut -d" " -f39 /proc/self/stat > $0.cpu' $cpu &
          done
          wait
          for cpu in $(seq 0 ${MAX_CPUS - 1}); do cat $cpu; done | md5sum
        `);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const [processors, complaints, sum] = stdout.split(/\s+/);
        expect([processors, complaints]).toEqual([String(MAX_CPUS), '0']);
        const names = Array.from({ length: MAX_CPUS }, (_, cpu) => String(cpu));
        expect(names.map((name) => readFileSync(join(host, `${name}.cpu`), 'utf8').trim())).toEqual(names);
        const all = Buffer.concat(names.map((name) => readFileSync(join(host, name))));
        expect(sum).toBe(createHash('md5').update(all).digest('hex'));
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['kvm'],
);
