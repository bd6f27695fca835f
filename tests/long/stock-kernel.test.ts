import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { VirtualMachine } from '../../vmm/index.ts';
import { cpioArchive } from '../support/cpio.ts';
import { describeGuest, scratchDirectory } from '../support/guest.ts';

const TEN_MINUTES_MS = 600_000;

/**
 * A directory with a distribution's kernel (`vmlinuz`) and an initial RAM disk (`initrd`) with busybox and, in
 * `/modules/order`, what that kernel needs for virtio-9p: scripts/kvm-in-qemu.sh makes one and names it here.
 */
const stock = process.env.TSVMM_STOCK_KERNEL;

const INIT = `#!/bin/busybox sh
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod /modules/$module; done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L host /out
{ nproc; cat /out/word; } > /out/answer
awk '/virtio0-requests/ { print ($2 + $3 > 0) }' /proc/interrupts >> /out/answer
awk '/PCI-MSI.*virtio0-requests/ { print $NF }' /proc/interrupts >> /out/answer
reboot -f
`;

describeGuest(
  "a distribution's kernel",
  (accel) => {
    const host = scratchDirectory();
    const whereThereIsOne = stock === undefined ? test.skip : test;

    whereThereIsOne(
      'boots with two processors and without ACPI, mounts a share with its own modules, and restarts',
      async () => {
        const directory = String(stock);
        writeFileSync(join(host, 'word'), 'found in the share\n');
        const initrd = join(host, 'initrd');
        // A second archive behind the first replaces files of it.
        const init = cpioArchive([{ name: 'init', mode: 0o100755, content: Buffer.from(INIT) }]);
        const first = readFileSync(join(directory, 'initrd'));
        writeFileSync(initrd, Buffer.concat([first, new Uint8Array(-first.length & 3), init]));
        const vm = await VirtualMachine.create({
          accel,
          kernel: join(directory, 'vmlinuz'),
          initrd,
          cpus: 2,
          memory: 512 * 2 ** 20,
          shares: [{ path: host, mountTag: 'host', mountAt: false }],
        });
        vm.start();
        expect(await vm.ended).toMatchObject({ reason: 'reset', status: 121 });
        expect(readFileSync(join(host, 'answer'), 'utf8')).toBe('2\nfound in the share\n1\nvirtio0-requests\n');
      },
      TEN_MINUTES_MS,
    );
  },
  ['kvm'],
);
