import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { VirtioConfig } from '../../vmm/config.ts';
import { bootOnce, describeGuest, scratchDirectory } from '../support/guest.ts';

/**
 * What Linux's drivers are offered, and what they make of it: device id and revision, or the name of the bus driver where
 * it has neither; and ring features agreed on.
 */
const VARIANTS: Readonly<Record<string, readonly [VirtioConfig, id: string, features: string]>> = {
  transitional: [{}, '0x1009 0x00', 'version_1 indirect event_idx ring_reset'],
  legacy: [{ modern: false }, '0x1009 0x00', 'indirect event_idx'],
  modern: [{ legacy: false }, '0x1049 0x01', 'version_1 indirect event_idx ring_reset'],
  packed: [{ legacy: false, packed: true }, '0x1049 0x01', 'version_1 packed indirect event_idx ring_reset'],
  packedplain: [{ packed: true, indirectDesc: false, eventIdx: false }, '0x1009 0x00', 'version_1 packed ring_reset'],
  splitplain: [{ indirectDesc: false, eventIdx: false }, '0x1009 0x00', 'version_1 ring_reset'],
  pin: [{ vectors: 0 }, '0x1009 0x00', 'version_1 indirect event_idx ring_reset'],
  legacypin: [{ modern: false, vectors: 0 }, '0x1009 0x00', 'indirect event_idx'],
  shared: [{ vectors: 1 }, '0x1009 0x00', 'version_1 indirect event_idx ring_reset'],
  exits: [{ ioeventfd: false }, '0x1009 0x00', 'version_1 indirect event_idx ring_reset'],
  legacyexits: [{ modern: false, ioeventfd: false }, '0x1009 0x00', 'indirect event_idx'],
  mmio: [{ bus: 'mmio' }, 'virtio-mmio', 'version_1 indirect event_idx'],
  mmiolegacy: [{ bus: 'mmio', legacy: true }, 'virtio-mmio', 'indirect event_idx'],
  mmiopacked: [{ bus: 'mmio', packed: true }, 'virtio-mmio', 'version_1 packed indirect event_idx'],
  mmioplain: [{ bus: 'mmio', indirectDesc: false, eventIdx: false }, 'virtio-mmio', 'version_1'],
  noreset: [{ queueReset: false }, '0x1009 0x00', 'version_1 indirect event_idx'],
  mmioexits: [{ bus: 'mmio', legacy: true, ioeventfd: false }, 'virtio-mmio', 'indirect event_idx'],
};

/** Linux's virtio-mmio does not know RING_RESET. */
const BITS = { version_1: 32, packed: 34, indirect: 28, event_idx: 29, ring_reset: 40 } as const;

/** Those that go their own way under KVM: doorbells in port space, the pin, and edges of an ISA interrupt. */
const ON_KVM: readonly string[] = ['legacy', 'packed', 'legacypin', 'mmio', 'mmiolegacy'];

describeGuest('the interfaces and rings of a device', (accel) => {
  const host = scratchDirectory();
  const variants = Object.entries(VARIANTS).filter(([tag]) => accel === 'software' || ON_KVM.includes(tag));
  beforeAll(() => {
    for (const [tag] of variants) mkdirSync(join(host, tag));
  });
  const guest = bootOnce(() => ({
    accel,
    shares: variants.map(([mountTag, [virtio]]) => ({ path: join(host, mountTag), mountTag, virtio })),
  }));

  test.each(variants)(
    '%s: identity, features, and parallel file work',
    async (tag, [, identity, features]) => {
      const { status, stdout, stderr } = await guest.sh(`
      for device in /sys/bus/virtio/drivers/9pnet_virtio/virtio*; do
        [ "$(cat $device/mount_tag)" = ${tag} ] || continue
        function=$(realpath $device)/..
        cat $function/device $function/revision 2> /dev/null || basename $(realpath $function/driver)
        cat $device/features
      done
      cd /mnt/${tag}
      for worker in 1 2 3 4; do
        (
          for file in 1 2 3 4; do
            seq $worker $((worker + file * 300)) > $worker-$file
          done
          dd if=/dev/zero of=$worker-big bs=300k count=3 2> /dev/null
        ) &
      done
      wait
      cat *-* | md5sum
    `);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const lines = stdout.trim().split(/\s+/);
      const [bits = '', sum] = lines.splice(-3);
      expect(lines.join(' ')).toBe(identity);
      const agreed = Object.entries(BITS).flatMap(([name, bit]) => (bits[bit] === '1' ? [name] : []));
      expect(agreed.join(' ')).toBe(features);
      const names = [1, 2, 3, 4].flatMap((worker) => [1, 2, 3, 4, 'big'].map((file) => `${worker}-${file}`));
      const all = Buffer.concat(names.map((name) => readFileSync(join(host, tag, name))));
      expect(sum).toBe(createHash('md5').update(all).digest('hex'));
      expect(all.length).toBeGreaterThan(4 * 3 * 300 * 1024);
    },
    300_000,
  );
});

const RNG: Readonly<Record<string, readonly [VirtioConfig, busDriver: string]>> = {
  transitional: [{}, 'virtio-pci'],
  pin: [{ vectors: 0 }, 'virtio-pci'],
  packed: [{ legacy: false, packed: true }, 'virtio-pci'],
  mmio: [{ bus: 'mmio' }, 'virtio-mmio'],
  mmiolegacy: [{ bus: 'mmio', legacy: true }, 'virtio-mmio'],
};

describeGuest('random numbers', (accel) => {
  const variants = Object.entries(RNG);
  const guest = bootOnce(() => ({
    accel,
    devices: variants.map(([id, [virtio]]) => ({ kind: 'rng' as const, id, virtio })),
  }));

  test('each device is a source of /dev/hwrng, and none gives the same twice', async () => {
    const { status, stdout, stderr } = await guest.sh(`
      cd /sys/class/misc/hw_random
      for source in $(cat rng_available); do
        case $source in virtio_rng.*) ;; *) continue ;; esac
        echo $source > rng_current
        [ $(cat rng_current) = $source ] || exit 1
        dd if=/dev/hwrng bs=256 count=1 iflag=fullblock 2> /dev/null | md5sum
      done
      for device in /sys/bus/virtio/drivers/virtio_rng/virtio*; do
        basename $(realpath $(realpath $device)/../driver)
      done
    `);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    const sums = lines.filter((line) => line.endsWith('-'));
    expect(new Set(sums).size).toBe(variants.length);
    expect(sums).toHaveLength(variants.length);
    const drivers = lines.filter((line) => !line.endsWith('-'));
    expect(drivers.sort()).toEqual(variants.map(([, [, driver]]) => driver).sort());
  }, 300_000);
});
