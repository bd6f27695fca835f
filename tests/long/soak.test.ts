import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { VirtualMachine } from '../../vmm/index.ts';
import { bootOnce, describeGuest, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const MANY = 100_000;
const HALF_HOUR_MS = 1_800_000;

describeGuest('sizes and repetitions that take minutes', (accel) => {
  const host = scratchDirectory();
  const guest = bootOnce(() => ({ accel, shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough' }] }));

  test(
    `a directory of ${MANY} entries is listed completely`,
    async () => {
      for (let i = 0; i < MANY; i++) writeFileSync(join(host, `entry-${String(i).padStart(6, '0')}`), '');
      const { status, stdout, stderr } = await guest.sh("cd /mnt/host; printf '%s\\n' entry-* | sort -u | wc -l");
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toBe(`${MANY}\n`);
    },
    HALF_HOUR_MS,
  );

  const onKvm = accel === 'kvm' ? test : () => {};
  onKvm(
    'memory on both sides of the PCI hole is used, by the guest and by the device',
    async () => {
      const vm = await VirtualMachine.create({
        accel,
        memory: 3328 * 2 ** 20,
        shares: [{ path: host, mountTag: 'host', securityModel: 'passthrough' }],
      });
      vm.start();
      // More than fits below the hole once page tables and kernel are there: the copy passes through high memory.
      const script =
        "awk '/MemTotal/ { print ($2 > 3200000) }' /proc/meminfo; dd if=/dev/zero bs=1M count=64 | sha256sum";
      const { status, stdout } = await vm.exec([
        'sh',
        '-c',
        `${script}; dd if=/dev/zero of=/mnt/host/big bs=1M count=64`,
      ]);
      await vm.stop();
      expect(status).toBe(0);
      expect(new TextDecoder().decode(stdout)).toMatch(
        /^1\n3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351 /,
      );
      expect(statSync(join(host, 'big')).size).toBe(64 * 2 ** 20);
    },
    HALF_HOUR_MS,
  );

  test(
    'ten boots in a row leave no descriptor, no thread, no mapping of guest memory and no temporary file',
    async () => {
      // Other test files, which make directories of these names, may run at the same time.
      const ours = () => readdirSync(tmpdir()).filter((name) => /^tsvmm(?!-(guest|test|tty)-)/.test(name));
      const known = new Set(ours());
      const census = () => ({
        descriptors: readdirSync('/proc/self/fd').length,
        threads: readdirSync('/proc/self/task').length,
        mappings: readFileSync('/proc/self/maps', 'utf8').match(/guest-memory|kvm-vcpu/g)?.length ?? 0,
        temporary: ours().filter((name) => !known.has(name)),
      });
      const boot = async () => {
        const vm = await VirtualMachine.create({
          accel,
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
