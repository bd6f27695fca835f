import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import { assignBars } from '../pci/assign-bars.ts';
import { PciBus } from '../pci/pci-bus.ts';
import type { AccessWidth } from '../ports.ts';
import { EVERY_DEVICE } from './fake-driver/every-device.ts';
import { GuestRam } from './fake-driver/guest-ram.ts';
import { PciDriver } from './fake-driver/pci-driver.ts';
import { pciRig, RIG_WINDOWS } from './fake-driver/pci-rig.ts';
import type { RingChoice } from './features.ts';
import { VirtioPciTransport } from './pci-transport.ts';

/** What a driver rings with: two bytes, or four. */
const RINGS: RingChoice[] = [{}, { notificationData: true }];

describe.each(Object.entries(EVERY_DEVICE))('the %s device as a PCI function', (_, make) => {
  function found(rings: RingChoice = {}) {
    const device = make();
    const [ports, memory] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
    const bus = new PciBus({ ports, memory, interrupts: [{ set: () => {} }] });
    const { pci } = new VirtioPciTransport({
      device,
      memory: GuestRam.ofLength(0x10_0000),
      messages: { send: () => {} },
      rings,
      interfaces: { modern: true, legacy: true },
    });
    bus.attach(pci, 3);
    assignBars(bus, RIG_WINDOWS);
    const config = {
      read: (offset: number, width: AccessWidth) => pci.readConfig(offset, width),
      write: (offset: number, width: AccessWidth, value: number) => pci.writeConfig(offset, width, value),
    };
    const driver = new PciDriver(config, memory);
    driver.command(0x7);
    return { device, driver, config };
  }

  test.each(RINGS)('shows each structure, aligned and inside its BAR (%j)', (rings) => {
    const { device, driver, config } = found(rings);
    const structures = ['common', 'notify', 'isr', ...(device.configLength > 0 ? ['device'] : [])] as const;
    for (const structure of structures) {
      const { at, bar, offset, length } = driver.capability(structure as 'common');
      const register = 0x10 + 4 * bar;
      const low = config.read(register, 4);
      config.write(register, 4, 0xffff_ffff);
      const size = 2 ** 32 - (config.read(register, 4) & 0xffff_fff0);
      config.write(register, 4, low);
      expect([structure, offset % 4, offset + length <= size]).toEqual([structure, 0, true]);
      // 16 bytes of struct virtio_pci_cap, and notify_off_multiplier behind that of the notifications.
      expect(config.read(at + 2, 1)).toBe(structure === 'notify' ? 20 : 16);
    }
    expect(config.read(driver.capability('pciAccess').at + 2, 1)).toBe(20);
  });

  test.each(RINGS)('has room to ring every queue, each at a multiple of an even power of two (%j)', (rings) => {
    const { device, driver, config } = found(rings);
    const { at, length } = driver.capability('notify');
    const multiplier = config.read(at + 16, 4);
    expect([0, 4, 16, 64, 256]).toContain(multiplier);
    expect(driver.get('num_queues')).toBe(device.queueSizes.length);
    expect(length).toBeGreaterThanOrEqual(4);
    for (let queue = 0; queue < device.queueSizes.length; queue += 1) {
      driver.set('queue_select', queue);
      expect(driver.get('queue_size')).toBe(device.queueSizes[queue]);
      expect(length).toBeGreaterThanOrEqual(driver.get('queue_notify_off') * multiplier + 4);
    }
  });

  test('is a virtio device of its kind, to legacy drivers too', () => {
    const { device, config } = found();
    const transitional = { 2: 0x1001, 3: 0x1003, 4: 0x1005, 9: 0x1009 }[device.deviceId];
    expect([config.read(0, 2), config.read(2, 2), config.read(0x2e, 2)]).toEqual([
      0x1af4,
      transitional,
      device.deviceId,
    ]);
    expect(config.read(0x08, 1)).toBe(0);
    const modern = new VirtioPciTransport({
      device: make(),
      memory: GuestRam.ofLength(0x1000),
      messages: { send: () => {} },
    }).pci;
    expect([modern.readConfig(0, 2), modern.readConfig(2, 2)]).toEqual([0x1af4, 0x1040 + device.deviceId]);
  });
});

describe('common configuration', () => {
  test('the generation is another one after any number of changes, and the same after none', () => {
    const { driver, device, start } = pciRig();
    start();
    let before = driver.get('config_generation');
    expect(driver.get('config_generation')).toBe(before);
    for (const changes of [1, 2, 255, 256, 512]) {
      for (let i = 0; i < changes; i += 1) device.context?.notifyConfigChange();
      driver.memory.read(driver.address('device'), 1);
      const after = driver.get('config_generation');
      expect(after).not.toBe(before);
      expect(driver.get('config_generation')).toBe(after);
      before = after;
    }
  });

  test('a queue size that is no power of two reads as 0, unless the ring is packed', () => {
    const { driver } = pciRig({ rings: { packed: true } });
    for (const [written, read] of [
      [96, 0],
      [64, 64],
      [0xffff, 0],
      [1, 1],
      [0, 0],
    ] as const) {
      driver.set('queue_size', written);
      expect(driver.get('queue_size')).toBe(read);
    }
    driver.negotiate();
    driver.set('queue_size', 96);
    expect(driver.get('queue_size')).toBe(96);
  });

  test('both halves of a field of 64 bits are read and written by themselves', () => {
    const { driver } = pciRig();
    const at = driver.address('common') + 0x20;
    const halves = () => [driver.memory.read(at, 4), driver.memory.read(at + 4, 4)];
    driver.memory.write(at + 4, 4, 0x1234);
    expect(halves()).toEqual([0, 0x1234]);
    driver.memory.write(at, 4, 0x5678_9000);
    expect(halves()).toEqual([0x5678_9000, 0x1234]);
    driver.memory.write(at + 4, 4, 7);
    expect(halves()).toEqual([0x5678_9000, 7]);
  });
});

describe('MSI-X', () => {
  test('every event goes to every vector there is, and to none', () => {
    const { driver, device, start, offer, messages, pin, config } = pciRig({ vectors: 5 });
    expect(config.read(driver.capabilities.find(({ id }) => id === 0x11)?.at ?? 0, 4) >>> 16).toBe(4);
    driver.controlMsix(0x8000);
    for (let vector = 0; vector < 5; vector += 1) driver.programVector(vector, 0xfee0_0000, vector);
    const queue = start();
    driver.set('queue_select', 0);
    for (const vector of [0, 1, 2, 3, 4, 0xffff, 2]) {
      const expected = vector === 0xffff ? [] : [`fee00000=${vector}`];
      driver.set('queue_msix_vector', vector);
      expect(driver.get('queue_msix_vector')).toBe(vector);
      offer(queue);
      driver.kick(0);
      queue.takeUsed();
      driver.set('queue_select', 0);
      expect(messages.splice(0)).toEqual(expected);
      driver.set('config_msix_vector', vector);
      expect(driver.get('config_msix_vector')).toBe(vector);
      device.context?.notifyConfigChange();
      expect(messages.splice(0)).toEqual(expected);
      expect([pin.level, driver.takeIsr()]).toEqual([false, 2]);
    }
  });

  test('the bit of a configuration change is set before its message is sent', () => {
    const { driver, device, start, messages } = pciRig();
    driver.controlMsix(0x8000);
    driver.programVector(1, 0xfee0_0000, 1);
    driver.set('config_msix_vector', 1);
    start();
    const isr: number[] = [];
    messages.push = () => isr.push(driver.takeIsr());
    device.context?.notifyConfigChange();
    expect(isr).toEqual([2]);
  });

  test('with the pin the bits are set before it rises', () => {
    const { driver, device, start, offer, pin, config } = pciRig();
    const queue = start();
    const seen: [number, number][] = [];
    Object.defineProperty(pin, 'level', {
      set: (level) => level && seen.push([config.read(0x06, 2) & 0x8, driver.takeIsr()]),
    });
    offer(queue);
    driver.kick(0);
    device.context?.notifyConfigChange();
    expect(seen).toEqual([
      [8, 1],
      [8, 2],
    ]);
  });
});

describe('the legacy interface', () => {
  test('gives its configuration the same at every width', () => {
    const { ports, config, device } = pciRig({ interfaces: { modern: true, legacy: true } });
    config.write(0x04, 2, 0x7);
    const at = config.read(0x10, 4) - 1 + 0x14;
    const bytes = [0, 1, 2, 3, 4, 5].map((i) => ports.read(at + i, 1));
    expect(bytes).toEqual([...device.config]);
    const words = [0, 1, 2, 3, 4].map((i) => ports.read(at + i, 2));
    expect(words).toEqual([0, 1, 2, 3, 4].map((i) => (bytes[i] ?? 0) + 256 * (bytes[i + 1] ?? 0)));
    expect([ports.read(at, 4), ports.read(at + 1, 4)]).toEqual([0x6f68_0004, 0x736f_6800]);
  });

  test('takes no feature above bit 31 for accepted, and a driver without VERSION_1 for a legacy one', () => {
    const { ports, config, device, driver } = pciRig({ interfaces: { modern: true, legacy: true } });
    config.write(0x04, 2, 0x7);
    const base = config.read(0x10, 4) - 1;
    ports.write(base + 0x12, 1, 0x03);
    ports.write(base + 0x04, 4, 0xffff_ffff);
    ports.write(base + 0x12, 1, 0x07);
    expect(device.log).toEqual(['activate 39000001']);
    expect(driver.get('driver_feature')).toBe(0x3900_0001);
    driver.set('driver_feature_select', 1);
    expect(driver.get('driver_feature')).toBe(0);
  });
});
