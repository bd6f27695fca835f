import { describe, expect, test } from '@jest/globals';
import { BlkDevice } from './blk-device.ts';
import type { DriverTransport } from './fake-driver/driver-transport.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { WAYS } from './fake-driver/ways.ts';
import { MemoryBlockStore } from './memory-block-store.ts';

const [FLUSH, CONFIG_WCE] = [1n << 9n, 1n << 11n];

function reached(way: keyof typeof WAYS, writethrough = false) {
  const ram = GuestRam.ofLength(0x10_0000);
  const device = new BlkDevice({
    store: new MemoryBlockStore(new Uint8Array(4096)),
    writethrough,
    defer: (work) => void setImmediate(work),
  });
  const transport: DriverTransport = WAYS[way]({
    device,
    memory: ram,
    trace: { guestFault: () => {} },
    wait: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const enable = () => {
    const legacy = way.startsWith('legacy') || way.startsWith('transitional');
    const queue = makeDriverQueue(new Arena(ram, 0x1000, 0xf_0000), { size: 128, legacy });
    transport.enableQueue(0, queue.ring);
  };
  return { device, transport, enable };
}

test('padding of the configuration is 0, whatever is written to it', () => {
  const { device } = reached('direct');
  const padding = [33, 57, 58, 59];
  const read = () => padding.map((at) => device.readConfig(at, 1));
  expect(read()).toEqual([0, 0, 0, 0]);
  for (const at of padding) device.writeConfig(at, 1, 0xff);
  expect(read()).toEqual([0, 0, 0, 0]);
});

describe.each(['transitional PCI', 'legacy PCI', 'legacy MMIO'] as const)(
  'the cache mode, for a driver by %s',
  (way) => {
    test('is what it chose, through every status bit and every choice of features', () => {
      for (const chosen of [0, 1]) {
        for (const features of [CONFIG_WCE, CONFIG_WCE | FLUSH, FLUSH, 0n]) {
          const { device, transport, enable } = reached(way);
          device.writeConfig(32, 1, chosen);
          for (const status of [0x01, 0x03]) {
            transport.status = status;
            expect(device.readConfig(32, 1)).toBe(chosen);
            transport.accept(features & transport.offered);
            expect(device.readConfig(32, 1)).toBe(chosen);
          }
          enable();
          transport.status = 0x07;
          if ((features & CONFIG_WCE) !== 0n) expect(device.readConfig(32, 1)).toBe(chosen);
        }
      }
    });

    test('is what it was where it may choose and did not', () => {
      for (const writethrough of [false, true]) {
        for (const features of [CONFIG_WCE, CONFIG_WCE | FLUSH]) {
          const { device, transport, enable } = reached(way, writethrough);
          const before = device.readConfig(32, 1);
          transport.status = 0x01;
          transport.status = 0x03;
          transport.accept(features);
          enable();
          transport.status = 0x07;
          expect([transport.status, device.readConfig(32, 1)]).toEqual([0x07, before]);
        }
      }
    });
  },
);
