import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { VirtualMachine } from '../../vmm/index.ts';
import { bareKernel } from '../support/bare-kernel.ts';
import { cpioArchive } from '../support/cpio.ts';
import { archOf, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;

describeGuest(
  'kernels with several processors',
  (accel) => {
    test(
      'a bzImage with two processors uses both',
      async () => {
        const { bzImage } = await ensureKernel();
        const vm = await VirtualMachine.create({ accel, kernel: bzImage, cpus: 2, memory: TEST_MEMORY });
        vm.start();
        const script =
          "nproc; head -1 /proc/interrupts | wc -w; awk '/virtio/ { print (NF > 4) }' /proc/interrupts | uniq";
        const { status, stdout } = await vm.exec(['sh', '-c', script]);
        await vm.stop();
        expect({ status, stdout: new TextDecoder().decode(stdout) }).toEqual({ status: 0, stdout: '2\n2\n1\n' });
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['kvm'],
);

describeGuest(
  'kernels the software CPU runs, and those it refuses',
  (accel) => {
    const host = scratchDirectory();

    test(
      'a bzImage sees one processor of 32 bits',
      async () => {
        const { bzImage } = await ensureKernel({ arch: archOf(accel) });
        const vm = await VirtualMachine.create({ accel, kernel: bzImage, memory: TEST_MEMORY });
        vm.start();
        const { status, stdout } = await vm.exec(['sh', '-c', 'nproc; uname -m']);
        await vm.stop();
        expect({ status, stdout: new TextDecoder().decode(stdout) }).toEqual({ status: 0, stdout: '1\ni686\n' });
      },
      GUEST_TIMEOUT_MS,
    );

    test('a 64-bit kernel is refused', async () => {
      const kernel = join(host, 'vmlinux64');
      writeFileSync(kernel, bareKernel([0xf4]));
      await expect(VirtualMachine.create({ accel, kernel })).rejects.toThrow(
        'this is a 64-bit kernel, and the software CPU has 32 bits: give one for i386, or use KVM',
      );
    });

    test.each([
      [{ cpus: 2 }, 'the software CPU is one CPU: leave --smp 2 out, or use KVM'],
      [{ memory: 2 ** 31 }, 'memory of 2 GiB is too much for the software CPU: give less than 2 GiB, or use KVM'],
    ])('%j is refused', async (config, line) => {
      await expect(VirtualMachine.create({ accel, ...config })).rejects.toThrow(line);
    });
  },
  ['software'],
);

describeGuest('what a kernel is given', (accel) => {
  const host = scratchDirectory();

  test(
    "an initial RAM disk's own first process mounts a share by itself",
    async () => {
      const { root } = await ensureRoot({ arch: archOf(accel) });
      writeFileSync(join(host, 'word'), 'found in the share\n');
      const init = [
        '#!/bin/busybox sh',
        '/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L own-tag /mnt',
        '/bin/busybox cat /mnt/word',
        '/bin/busybox poweroff -f',
      ].join('\n');
      const archive = cpioArchive([
        ...['bin', 'dev', 'mnt'].map((name) => ({ name, mode: DIRECTORY })),
        { name: 'dev/console', mode: 0o020600, device: [5, 1] },
        { name: 'bin/busybox', mode: PROGRAM, content: readFileSync(join(root, 'bin', 'busybox')) },
        { name: 'init', mode: PROGRAM, content: Buffer.from(`${init}\n`) },
      ]);
      const initrd = join(host, 'initrd.cpio');
      writeFileSync(initrd, archive);
      const vm = await VirtualMachine.create({
        accel,
        initrd,
        memory: TEST_MEMORY,
        shares: [{ path: host, mountTag: 'own-tag', mountAt: false, readonly: true }],
      });
      let console = '';
      vm.onConsole((bytes) => {
        console += new TextDecoder().decode(bytes);
      });
      vm.start();
      const end = await vm.ended;
      expect(console).toContain('found in the share');
      expect(end.reason).toBe('power-off');
    },
    GUEST_TIMEOUT_MS,
  );
});
