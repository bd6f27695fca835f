import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { MemoryBlockStore } from '../../devices/virtio/memory-block-store.ts';
import type { VirtioConfig } from '../../vmm/config.ts';
import { ensureKernel } from '../../vmm/fixtures/kernel.ts';
import { ensureRoot } from '../../vmm/fixtures/root.ts';
import { makeImage, makeSystem, withoutMke2fs } from '../support/disk-image.ts';
import { archOf, bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory } from '../support/guest.ts';
import { tsvmm } from '../support/tsvmm.ts';

const MIB = 2 ** 20;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** How disks present themselves to Linux's drivers; the name is the serial number a test finds them by. */
const VARIANTS: Readonly<Record<string, VirtioConfig>> = {
  transitional: {},
  legacy: { modern: false },
  modern: { legacy: false },
  packed: { legacy: false, packed: true },
  pin: { vectors: 0 },
  mmio: { bus: 'mmio' },
  mmiolegacy: { bus: 'mmio', legacy: true },
};

/** Those that go their own way under KVM. */
const ON_KVM: readonly string[] = ['legacy', 'packed', 'mmio'];

describeGuest('disks', (accel) => {
  const scratch = scratchDirectory();
  const variants = Object.entries(VARIANTS).filter(([name]) => accel === 'software' || ON_KVM.includes(name));
  const memory = new Uint8Array(MIB).fill(0x41);
  const image = (name: string) => join(scratch, `${name}.img`);
  beforeAll(() => {
    for (const [name] of variants) writeFileSync(image(name), randomBytes(8 * MIB));
    for (const name of ['fixed', 'through', 'small']) writeFileSync(image(name), randomBytes(MIB));
  });
  const guest = bootOnce(() => ({
    accel,
    devices: [
      ...variants.map(([name, virtio]) => ({ kind: 'disk' as const, path: image(name), serial: name, virtio })),
      { kind: 'disk', path: image('fixed'), serial: 'fixed', readonly: true },
      { kind: 'disk', path: image('through'), serial: 'through', cache: 'writethrough', discard: 'ignore' },
      { kind: 'disk', store: new MemoryBlockStore(memory), serial: 'memory' },
    ],
  }));
  const on = async (serial: string, script: string) => {
    const find = `for d in /sys/block/vd*; do [ "$(cat $d/serial)" = ${serial} ] && q=$d/queue d=/dev/\${d##*/} && break; done`;
    const { stdout, stderr, status } = await guest.sh(`${find}\n${script}`);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    return stdout.trim().split('\n');
  };

  test.each(variants)(
    '%s: reads what the host wrote and writes what the host reads, eight at a time',
    async (name) => {
      const before = md5(readFileSync(image(name)));
      const [read, written] = await on(
        name,
        `md5sum < $d
         for part in 0 1 2 3 4 5 6 7; do
           (dd if=/dev/urandom bs=1M count=1 | dd of=$d bs=64k seek=$((part * 16)) conv=fsync) 2> /dev/null &
         done
         wait
         echo 3 > /proc/sys/vm/drop_caches
         md5sum < $d`,
      );
      expect(read).toBe(`${before}  -`);
      expect(written).toBe(`${md5(readFileSync(image(name)))}  -`);
      expect(written).not.toBe(read);
    },
    300_000,
  );

  test('what is discarded goes back to the host, what is zeroed reads as zeroes', async () => {
    const path = image('legacy');
    const before = statSync(path).blocks;
    await on('legacy', 'blkdiscard -o 1048576 -l 2097152 $d && sync');
    expect(before - statSync(path).blocks).toBeGreaterThanOrEqual((2 * MIB) / 512 - 16);
    expect(
      readFileSync(path)
        .subarray(MIB, 3 * MIB)
        .equals(Buffer.alloc(2 * MIB)),
    ).toBe(true);
    const [limits] = await on('through', 'echo $(cat $q/discard_max_bytes $q/write_zeroes_max_bytes)');
    expect(limits).toBe(`0 ${64 * MIB}`);
  });

  test('a read-only disk cannot be written, not even by who insists', async () => {
    const before = md5(readFileSync(image('fixed')));
    const { stderr } = await guest.sh(
      'for d in /sys/block/vd*; do [ "$(cat $d/serial)" = fixed ] && break; done; cat $d/ro; dd if=/dev/zero of=/dev/$(basename $d) bs=512 count=1',
    );
    expect(stderr).toMatch(/not permitted|Read-only/i);
    expect(md5(readFileSync(image('fixed')))).toBe(before);
  });

  test('the guest sees how writes are cached, and may choose', async () => {
    const [first, second] = await on(
      'through',
      'cat $q/write_cache; c=$q/../cache_type; echo "write back" > $c; cat $q/write_cache',
    );
    expect([first, second]).toEqual(['write through', 'write back']);
    expect(await on('packed', 'cat $q/write_cache')).toEqual(['write back']);
  });

  test('a program may bring a disk of its own', async () => {
    const [read] = await on(
      'memory',
      'head -c 4 $d; echo; printf tsvmm | dd of=$d bs=512 seek=1 conv=fsync,sync 2> /dev/null',
    );
    expect(read).toBe('AAAA');
    expect(new TextDecoder().decode(memory.subarray(511, 518))).toBe('Atsvmm\0');
  });
});

const APPLETS = ['sh', 'cat', 'cp', 'dd', 'echo', 'fstrim', 'grep', 'md5sum', 'mount', 'rm', 'sed', 'sync'];

describeGuest(`a guest that boots from a disk${withoutMke2fs === undefined ? '' : ` [${withoutMke2fs}]`}`, (accel) => {
  const scratch = scratchDirectory();
  const image = join(scratch, 'root.img');
  const share = join(scratch, 'share');
  const skippable = withoutMke2fs === undefined ? test : test.skip;
  beforeAll(async () => {
    mkdirSync(share);
    if (withoutMke2fs !== undefined) return;
    const { root } = await ensureRoot({ arch: archOf(accel) });
    makeSystem(join(scratch, 'system'), root, APPLETS);
    makeImage(image, join(scratch, 'system'), '24M');
  });

  skippable(
    'works beside its 9p share as in the example of the 9psetup page',
    async () => {
      writeFileSync(join(share, 'greeting'), 'from the host\n');
      const { vmlinux } = await ensureKernel({ arch: archOf(accel) });
      const script = [
        "mount | grep -c -e '^/dev/root on / type ext4 (rw' -e '^host on /mnt/host type 9p'",
        'cp /mnt/host/greeting /root/kept; cat /root/kept',
        'dd if=/dev/urandom of=/root/large bs=64k count=100 2> /dev/null; cp /root/large /mnt/host/',
        "echo 3 > /proc/sys/vm/drop_caches; md5sum < /root/large | sed 's/^/sum /'",
        'rm /root/large; sync; fstrim -v /',
        'exit',
      ];
      const result = await tsvmm(
        [
          ...['run', '-accel', accel, '-m', '128', '-kernel', vmlinux],
          ...['-append', 'root=/dev/vda rw init=/.tsvmm/init -- mount=host:/mnt/host'],
          ...['-drive', `file=${image},if=virtio,format=raw`],
          ...['-virtfs', `local,path=${share},mount_tag=host,security_model=none`],
        ],
        // A serial port loses what is typed before the guest has opened it.
        { input: `${'\n'.repeat(32)}${script.join('\n')}\n` },
      );
      expect(result.status).toBe(0);
      const sum = md5(readFileSync(join(share, 'large')));
      const shown = result.stdout.replaceAll('\r', '');
      for (const line of ['\n2\n', '\nfrom the host\n', `\nsum ${sum}  -\n`, 'bytes trimmed\n']) {
        expect(shown).toContain(line);
      }
      // The file of 6.4 MB is gone from the host's file system too.
      expect(statSync(image).blocks * 512).toBeLessThan(6 * MIB);
      // The guest was switched off with its root mounted, so the journal is replayed first; then nothing is amiss.
      execFileSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin; e2fsck -p "$0"; e2fsck -fn "$0"', image], {
        stdio: 'pipe',
      });
    },
    GUEST_TIMEOUT_MS,
  );

  skippable(
    'cannot write to it with readonly=on',
    async () => {
      const fixed = join(scratch, 'fixed.img');
      makeImage(fixed, join(scratch, 'system'), '24M');
      const before = md5(readFileSync(fixed));
      const { vmlinux } = await ensureKernel({ arch: archOf(accel) });
      const { stdout } = await tsvmm(
        [
          ...['run', '-accel', accel, '-m', '128', '-kernel', vmlinux, '--console', 'virtio'],
          ...['-append', 'root=/dev/vda ro init=/.tsvmm/init -- terminal=hvc0'],
          ...['-drive', `if=none,id=root,file=${fixed},readonly=on`, '-device', 'virtio-blk-pci,drive=root'],
        ],
        { input: 'grep -c " / ext4 ro" /proc/mounts; mount -o remount,rw /; echo status $?; exit\n' },
      );
      expect(stdout.replaceAll('\r', '')).toMatch(/\n1\n[\s\S]*\nstatus [1-9]/);
      expect(md5(readFileSync(fixed))).toBe(before);
    },
    GUEST_TIMEOUT_MS,
  );
});

test('a disk that cannot be is one line and status 2', async () => {
  const result = await tsvmm(['run', '--drive', 'file=/tmp', '--', 'true']);
  expect(result).toEqual({
    status: 2,
    stdout: '',
    stderr: 'tsvmm: disk /tmp: is a directory; name an image file or a block device\n',
  });
});
