import { describe, expect, test } from '@jest/globals';
import { EVERY_DEVICE } from './fake-driver/every-device.ts';
import { GuestRam } from './fake-driver/guest-ram.ts';
import { WAYS } from './fake-driver/ways.ts';

const MODERN = ['direct', 'modern PCI', 'modern MMIO'] as const;
const LEGACY = ['transitional PCI', 'legacy PCI', 'legacy MMIO'] as const;

/** Features of a kind of device that mean nothing without another: device id, bit, bit it needs. */
const NEEDS = [
  // VIRTIO_BLK_F_CONFIG_WCE needs VIRTIO_BLK_F_FLUSH.
  [2, 11n, 9n],
] as const;

function reached(make: () => ReturnType<NonNullable<(typeof EVERY_DEVICE)[string]>>, way: keyof typeof WAYS) {
  const faults: string[] = [];
  const device = make();
  const transport = WAYS[way]({
    device,
    memory: GuestRam.ofLength(0x10_0000),
    rings: { packed: true },
    trace: { guestFault: (_, message) => faults.push(message) },
    wait: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  return { device, transport, faults };
}

const has = (features: bigint, bit: number | bigint) => ((features >> BigInt(bit)) & 1n) === 1n;

describe.each(Object.entries(EVERY_DEVICE))('the %s device', (_, make) => {
  test('offers no feature without the one it needs', () => {
    for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
      const { transport } = reached(make, way);
      for (const [id, bit, needed] of NEEDS) {
        if (transport.deviceId === id && has(transport.offered, bit)) expect(has(transport.offered, needed)).toBe(true);
      }
    }
  });

  test('offers VERSION_1 to modern drivers, and SR_IOV to none', () => {
    for (const way of MODERN) {
      const { transport } = reached(make, way);
      expect([has(transport.offered, 32), has(transport.offered, 37)]).toEqual([true, false]);
    }
  });

  test('offers ANY_LAYOUT to legacy drivers, and nothing above bit 31', () => {
    for (const way of LEGACY) {
      const { offered } = reached(make, way).transport;
      expect([has(offered, 27), offered >> 32n]).toEqual([true, 0n]);
    }
  });

  test('has all of its configuration read before features are agreed on, conditional fields among it', () => {
    for (const way of MODERN) {
      const { device, transport, faults } = reached(make, way);
      for (const status of [0, 0x01, 0x03]) {
        transport.status = status;
        const read = Array.from({ length: device.configLength }, (_, at) => transport.readConfig(at, 1));
        expect(read).toEqual(Array.from({ length: device.configLength }, (_, at) => device.readConfig(at, 1)));
        expect(transport.status).toBe(status);
      }
      expect(faults).toEqual([]);
    }
  });
});

test('a block device tells its conditional fields before features are agreed on', () => {
  const { block } = EVERY_DEVICE;
  if (block === undefined) throw new Error('there is no block device');
  for (const way of MODERN) {
    const { transport } = reached(block, way);
    // capacity, seg_max, blk_size, topology, writeback, max_write_zeroes_sectors
    expect([0, 12, 20, 24, 48].map((at) => transport.readConfig(at, 4))).toEqual([16, 126, 512, 0x8_0003, 0x2_0000]);
    expect(transport.readConfig(32, 1)).toBe(1);
  }
});

test('a block device does not offer LIFETIME', () => {
  for (const name of ['block', 'read-only block']) {
    expect(has(EVERY_DEVICE[name]?.().features ?? -1n, 15)).toBe(false);
  }
});
