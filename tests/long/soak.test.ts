import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { VirtualMachine } from '../../vmm/index.ts';
import { bootOnce, describeGuest, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const MANY = 100_000;
const HALF_HOUR_MS = 1_800_000;

describeGuest('sizes and repetitions that take minutes', () => {
  const host = scratchDirectory();
  const guest = bootOnce(() => ({ shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough' }] }));

  test(
    `a directory of ${MANY} entries is listed completely`,
    async () => {
      for (let i = 0; i < MANY; i++) writeFileSync(join(host, `entry-${String(i).padStart(6, '0')}`), '');
      const { status, stdout, stderr } = await guest.sh('ls -f /mnt/host | sort | uniq | grep -c entry-');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toBe(`${MANY}\n`);
    },
    HALF_HOUR_MS,
  );

  test(
    'ten boots in a row leave no descriptor, no thread, no mapping of guest memory and no temporary file',
    async () => {
      const census = () => ({
        descriptors: readdirSync('/proc/self/fd').length,
        threads: readdirSync('/proc/self/task').length,
        mappings: readFileSync('/proc/self/maps', 'utf8').match(/memfd|kvm-vcpu/g)?.length ?? 0,
        temporary: readdirSync(tmpdir()).filter((name) => name.startsWith('tsvmm')).length,
      });
      const boot = async () => {
        const vm = await VirtualMachine.create({
          memory: TEST_MEMORY,
          shares: [{ path: host, mountTag: 'host' }],
        });
        vm.start();
        expect((await vm.exec(['true'])).status).toBe(0);
        await vm.stop();
      };
      await boot();
      const before = census();
      for (let i = 0; i < 10; i++) await boot();
      expect(census()).toEqual(before);
    },
    HALF_HOUR_MS,
  );
});
