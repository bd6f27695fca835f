import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { archOf, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { tsvmm } from '../support/tsvmm.ts';

const TYPES = { software: 'qemu', kvm: 'kvm' } as const;

describeGuest("a domain of libvirt's", (accel) => {
  const host = scratchDirectory();

  test(
    'boots: its kernel and words, its memory, its shares with their access modes, its devices',
    async () => {
      const { bzImage } = await ensureKernel({ arch: archOf(accel) });
      for (const name of ['mapped', 'fixed']) mkdirSync(join(host, name));
      writeFileSync(join(host, 'fixed', 'given'), 'by the host\n');
      writeFileSync(join(host, 'disk.img'), Buffer.alloc(2 ** 20, 'on the disk\n'));
      const file = join(host, 'domain.xml');
      writeFileSync(
        file,
        `<domain type='${TYPES[accel]}'>
          <name>guest</name>
          <memory unit='MiB'>160</memory>
          <vcpu>1</vcpu>
          <os>
            <type arch='${accel === 'kvm' ? 'x86_64' : 'i686'}' machine='pc'>hvm</type>
            <kernel>${bzImage}</kernel>
            <cmdline>domain.word=1</cmdline>
          </os>
          <devices>
            <filesystem type='mount' accessmode='mapped' fmode='0640'>
              <source dir='${host}/mapped'/>
              <target dir='mapped'/>
            </filesystem>
            <filesystem type='mount' accessmode='squash'>
              <source dir='${host}/fixed'/>
              <target dir='fixed'/>
              <readonly/>
              <address type='virtio-mmio'/>
            </filesystem>
            <rng model='virtio'/>
            <disk type='file' device='disk'>
              <driver name='qemu' type='raw' cache='none'/>
              <source file='${host}/disk.img'/>
              <target dev='vda' bus='virtio'/>
              <serial>from-xml</serial>
            </disk>
            <interface type='network'/>
          </devices>
        </domain>`,
      );
      const script = `
        grep -o domain.word=1 /proc/cmdline
        [ $(awk '/^MemTotal/ { print $2 }' /proc/meminfo) -gt $((128 * 1024)) ] && echo memory
        cat /sys/class/misc/hw_random/rng_available
        cd /mnt
        echo hello > mapped/made && chown 7:8 mapped/made && stat -c %u:%g mapped/made
        cat fixed/given
        head -1 /dev/vda
        cat /sys/block/vda/serial
        touch fixed/made
      `;
      const { status, stdout, stderr } = await tsvmm(['run', '--domain', file, '--', 'sh', '-c', script]);
      expect(stdout).toBe('domain.word=1\nmemory\nvirtio_rng.0 \n7:8\nby the host\non the disk\nfrom-xml');
      expect(stderr).toContain(`tsvmm: ${file}:28: <interface> is left out: there is no network\n`);
      expect(stderr).toContain('Read-only file system');
      expect(status).toBe(1);
      expect(readFileSync(join(host, 'mapped', 'made'), 'utf8')).toBe('hello\n');
    },
    GUEST_TIMEOUT_MS,
  );
});
