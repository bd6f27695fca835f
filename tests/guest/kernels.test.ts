import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { VirtualMachine } from '../../vmm/index.ts';
import { cpioArchive } from '../support/cpio.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const DIRECTORY = 0o040755;
const PROGRAM = 0o100755;

describeGuest('kernels and what they are given', () => {
  const host = scratchDirectory();

  test(
    'a bzImage with two processors uses both',
    async () => {
      const { bzImage } = await ensureKernel();
      const vm = await VirtualMachine.create({ kernel: bzImage, cpus: 2, memory: TEST_MEMORY });
      vm.start();
      const script =
        "nproc; head -1 /proc/interrupts | wc -w; awk '/virtio/ { print (NF > 4) }' /proc/interrupts | uniq";
      const { status, stdout } = await vm.exec(['sh', '-c', script]);
      await vm.stop();
      expect({ status, stdout: new TextDecoder().decode(stdout) }).toEqual({ status: 0, stdout: '2\n2\n1\n' });
    },
    GUEST_TIMEOUT_MS,
  );

  test(
    "an initial RAM disk's own first process mounts a share by itself",
    async () => {
      const { root } = await ensureRoot();
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
