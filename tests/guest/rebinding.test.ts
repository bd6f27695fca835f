import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { type VirtioConfig, VirtualMachine } from '../../vmm/index.ts';
import { describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

const FILES = 20;

/** How a driver is taken from its device and given back; `$virtio` and `$pci` name the device. */
const WAYS = {
  virtio: ['echo $virtio > $drivers/9pnet_virtio/unbind', 'echo $virtio > $drivers/9pnet_virtio/bind'],
  'virtio-pci': [
    'echo $pci > /sys/bus/pci/drivers/virtio-pci/unbind',
    'echo $pci > /sys/bus/pci/drivers/virtio-pci/bind',
  ],
  removal: ['echo 1 > /sys/bus/pci/devices/$pci/remove', 'echo 1 > /sys/bus/pci/rescan'],
  'virtio-mmio': [
    'echo $platform > /sys/bus/platform/drivers/virtio-mmio/unbind',
    'echo $platform > /sys/bus/platform/drivers/virtio-mmio/bind',
  ],
} as const;

/**
 * A loop that takes the driver away under a mounted share that is being read and written. Linux waits then until the share
 * is free of users, so after a moment those are killed, with their requests in flight, and the mount is let go.
 */
function rebinding(ways: readonly (keyof typeof WAYS)[], rounds: number): string {
  const cases = ways.map((way, index) => `${index}) take() { ${WAYS[way][0]}; }; give() { ${WAYS[way][1]}; } ;;`);
  return `
drivers=/sys/bus/virtio/drivers
find_device() {
  virtio=
  for tag in $drivers/9pnet_virtio/virtio*/mount_tag; do
    [ "$(tr -d '\\0' < $tag)" = host ] && virtio=$(basename $(dirname $tag))
  done
  [ -n "$virtio" ] || return 1
  platform=$(basename $(dirname $(readlink -f /sys/bus/virtio/devices/$virtio)))
  pci=$platform
}
work() {
  while :; do cat /tmp/m/files/* > /dev/null; done & echo $! >> /tmp/workers
  while :; do dd if=/dev/zero of=/tmp/m/written bs=64k count=8; done 2>/dev/null & echo $! >> /tmp/workers
  while :; do mkdir /tmp/m/d && rmdir /tmp/m/d; ls -l /tmp/m/files; done > /dev/null 2>&1 & echo $! >> /tmp/workers
  while :; do head -c 100 /dev/hwrng > /dev/null; done & echo $! >> /tmp/workers
}
mkdir -p /tmp/m
i=0
while [ $i -lt ${rounds} ]; do
  find_device || exit 10
  case $((i % ${ways.length})) in ${cases.join(' ')} esac
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 host /tmp/m || exit 11
  : > /tmp/workers
  work
  ( usleep $(((i % 7 + 1) * 50000)); kill -9 $(cat /tmp/workers); umount -l /tmp/m ) &
  releasing=$!
  take || exit 12
  wait $releasing
  give || exit 13
  [ $((i % 5)) = 0 ] && { rng=$(basename $(ls -d $drivers/virtio_rng/virtio*)); echo $rng > $drivers/virtio_rng/unbind; echo $rng > $drivers/virtio_rng/bind; }
  i=$((i + 1))
done 2> /tmp/errors
find_device || exit 14
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 host /tmp/m || exit 15
cd /tmp/m/files && sha256sum -c ../sums > /tmp/checked || exit 16
wc -l < /tmp/checked
cd / && umount /tmp/m || exit 17
dmesg | grep -E 'BUG:|WARNING:|Oops|Call Trace|virtio.*(fail|refuse|error)|9p.*(fail|error)'
:`;
}

const CASES: readonly (readonly [what: string, rounds: number, VirtioConfig, readonly (keyof typeof WAYS)[]])[] = [
  ['a transitional device', 50, {}, ['virtio', 'virtio-pci', 'removal']],
  ['a modern one with packed rings', 15, { legacy: false, packed: true }, ['virtio', 'virtio-pci', 'removal']],
  ['a legacy one', 15, { legacy: true, modern: false }, ['virtio', 'virtio-pci']],
  ['one by MMIO', 15, { bus: 'mmio' }, ['virtio', 'virtio-mmio']],
];

/** What this process has open of a directory. */
function openIn(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

describeGuest('a driver that is unbound and bound over and over under work', (accel) => {
  const host = scratchDirectory();
  beforeAll(() => {
    mkdirSync(join(host, 'files'));
    const sums: string[] = [];
    for (let i = 0; i < FILES; i++) {
      const content = randomBytes(1 + i * 20_000);
      writeFileSync(join(host, 'files', `f${i}`), content);
      sums.push(`${createHash('sha256').update(content).digest('hex')}  f${i}\n`);
    }
    writeFileSync(join(host, 'sums'), sums.join(''));
  });

  test.each(CASES)(
    '%s, %i times: a mount works afterwards, checksums are right, and no descriptor is left',
    async (_what, rounds, virtio, ways) => {
      const notices: string[] = [];
      const vm = await VirtualMachine.create(
        {
          accel,
          memory: TEST_MEMORY,
          shares: [{ path: host, mountTag: 'host', mountAt: false, virtio }],
          devices: [{ kind: 'rng' }],
        },
        { notice: (line) => notices.push(line) },
      );
      try {
        vm.start();
        expect((await vm.exec(['true'])).status).toBe(0);
        const descriptors = openIn(host).length;
        const { status, stdout, stderr } = await vm.exec(['sh', '-c', rebinding(ways, rounds)]);
        const decoder = new TextDecoder();
        expect({ status, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) }).toEqual({
          status: 0,
          stdout: `${FILES}\n`,
          stderr: '',
        });
        expect(openIn(host)).toHaveLength(descriptors);
        expect(notices).toEqual([]);
      } finally {
        await vm.stop();
      }
    },
    2 * GUEST_TIMEOUT_MS,
  );
});
