import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { VirtualMachineConfig } from '../../vmm/config.ts';
import { dryRun } from '../../vmm/dry-run/dry-run.ts';
import { bootOnce, describeGuest, GUEST_TIMEOUT_MS, scratchDirectory, TEST_MEMORY } from '../support/guest.ts';

/** Flags of a resource in sysfs. @spec Linux include/linux/ioport.h: IORESOURCE_IO, IORESOURCE_MEM */
const RESOURCE_KINDS = 0x300;

describeGuest(
  'the machine of a dry run',
  (accel) => {
    const host = scratchDirectory();
    beforeAll(() => mkdirSync(join(host, 'share')));
    const config = (): VirtualMachineConfig => ({
      accel,
      memory: TEST_MEMORY,
      shares: [
        { path: join(host, 'share'), mountTag: 'both' },
        { path: join(host, 'share'), mountTag: 'modern', virtio: { legacy: false, packed: true, vectors: 5 } },
        { path: join(host, 'share'), mountTag: 'pin', virtio: { modern: false, vectors: 0 } },
        { path: join(host, 'share'), mountTag: 'byMmio', virtio: { bus: 'mmio' } },
      ],
      devices: [{ kind: 'rng' }],
    });
    const guest = bootOnce(config);

    test(
      'is the one Linux finds: command line, functions, BARs, devices, tags',
      async () => {
        const report = await dryRun(config());
        const { stdout } = await guest.sh(`
        cat /proc/cmdline
        cd /sys/bus/pci/devices
        for function in *; do
          echo pci $function $(cat $function/vendor $function/device $function/class $function/revision)
          sed "s/^/bar $function /" $function/resource
        done
        for device in /sys/bus/virtio/devices/*; do
          place=$(basename $(dirname $(realpath $device)))
          echo virtio $place $(cat $device/device $device/mount_tag 2> /dev/null)
        done
        cat /proc/iomem | grep virtio-mmio
      `);
        const [cmdline, ...lines] = stdout.trim().split('\n');
        expect(report.boot.commandLine).toBe(cmdline);

        const place = (slot: number, number: number) => `0000:00:${hex(slot, 2)}.${number}`;
        const functions = report.pci.map(
          ({ slot, number, vendorId, deviceId, classCode, revision }) =>
            `pci ${place(slot, number)} 0x${hex(vendorId, 4)} 0x${hex(deviceId, 4)} 0x${hex(classCode, 6)} 0x${hex(revision, 2)}`,
        );
        expect(lines.filter((line) => line.startsWith('pci '))).toEqual(functions);

        const found = lines.flatMap((line) => {
          const [, at, start, end, flags] = /^bar (\S+) 0x(\w+) 0x(\w+) 0x(\w+)$/.exec(line) ?? [];
          const isBar = Number.parseInt(flags ?? '0', 16) & RESOURCE_KINDS;
          return isBar ? [[at, Number.parseInt(start ?? '', 16), Number.parseInt(end ?? '', 16)]] : [];
        });
        const bars = report.pci.flatMap(({ slot, number, bars }) =>
          bars.map(({ address, length }) => [place(slot, number), address, address + length - 1]),
        );
        expect(found).toEqual(bars);

        const ofVirtio = (at: string, deviceId: number, tag = '') => `virtio ${at} 0x${hex(deviceId, 4)} ${tag}`.trim();
        const devices = [
          ...report.pci.flatMap(({ slot, number, virtio }) =>
            virtio ? [ofVirtio(place(slot, number), virtio.deviceId, virtio.mountTag)] : [],
          ),
          ...report.mmio.map(({ virtio }, index) => ofVirtio(`virtio-mmio.${index}`, virtio.deviceId, virtio.mountTag)),
        ];
        expect(lines.filter((line) => line.startsWith('virtio ')).sort()).toEqual(devices.sort());
        expect(lines.at(-1)).toContain('feb00000-feb001ff');
      },
      GUEST_TIMEOUT_MS,
    );
  },
  ['software'],
);

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
