import { describe, expect, test } from '@jest/globals';
import { pciRig } from './fake-driver/pci-rig.ts';

/** Feature bits the device offers: its own bit 0, INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_RESET. */
const ALL = 0x101_3000_0001n;

describe('discovery', () => {
  test('identity of a modern device', () => {
    const { config } = pciRig();
    expect(config.read(0x00, 4)).toBe(0x1049_1af4);
    expect(config.read(0x08, 4)).toBe(0x0002_0001);
    expect(config.read(0x2c, 2)).toBe(0x1af4);
    expect(config.read(0x2e, 2)).toBeGreaterThanOrEqual(0x40);
    expect(config.read(0x3d, 1)).toBe(1);
  });

  test('the capabilities, in the order and at the places drivers know', () => {
    const { driver, config } = pciRig();
    expect(driver.capabilities.map(({ at, id, type, bar, offset }) => [at, id, type, bar, offset])).toEqual([
      [0x98, 0x11, 0x00, 0x01, 0x801],
      [0x84, 0x09, 5, 0, 0],
      [0x70, 0x09, 2, 4, 0x3000],
      [0x60, 0x09, 4, 4, 0x2000],
      [0x50, 0x09, 3, 4, 0x1000],
      [0x40, 0x09, 1, 4, 0x0000],
    ]);
    expect(['common', 'isr', 'device', 'notify'].map((s) => driver.capability(s as 'common').length)).toEqual([
      0x3c, 1, 6, 8,
    ]);
    expect([0x40, 0x50, 0x60, 0x70, 0x84].map((at) => config.read(at + 2, 1))).toEqual([16, 16, 16, 20, 20]);
    expect(config.read(0x80, 4)).toBe(4);
    expect(config.read(0x9a, 2)).toBe(2);
  });

  test('vectors=0: no MSI-X, and no BAR for it', () => {
    const { driver, config } = pciRig({ vectors: 0 });
    expect(driver.capabilities.map(({ id }) => id)).toEqual([9, 9, 9, 9, 9]);
    config.write(0x14, 4, 0xffff_ffff);
    expect(config.read(0x14, 4)).toBe(0);
  });

  test('vectors out of range are refused', () => {
    expect(() => pciRig({ vectors: 2049 })).toThrow('1 to 2048');
    expect(() => pciRig({ vectors: -1 })).toThrow('1 to 2048');
  });
});

describe('common configuration', () => {
  test('features: offered bits, and the accepted ones read back', () => {
    const { driver } = pciRig();
    expect(driver.offeredFeatures()).toBe(ALL);
    driver.acceptFeatures(0x1_0000_0001n);
    expect(driver.get('driver_feature')).toBe(1);
    driver.set('driver_feature_select', 0);
    expect(driver.get('driver_feature')).toBe(1);
    driver.set('driver_feature_select', 7);
    driver.set('driver_feature', 0xffff);
    expect(driver.get('driver_feature')).toBe(0);
    driver.set('device_feature_select', 2);
    expect(driver.get('device_feature')).toBe(0);
  });

  test.each([
    [{}, ALL],
    [{ packed: true }, ALL | (1n << 34n)],
    [{ eventIdx: false }, ALL & ~(1n << 29n)],
    [{ inOrder: true }, ALL | (1n << 35n)],
    [{ notificationData: true }, ALL | (1n << 38n)],
    [{ queueReset: false }, ALL & ~(1n << 40n)],
    [{ indirectDesc: false, eventIdx: false, queueReset: false }, 0x1_0000_0001n],
  ])('what the rings can do is offered as chosen: %j', (rings, offered) => {
    expect(pciRig({ rings }).driver.offeredFeatures()).toBe(offered);
  });

  test.each([
    ['a bit that is not offered', ALL | 2n],
    ['no VERSION_1', ALL & 0xffff_ffffn],
    ['nothing', 0n],
  ])('FEATURES_OK is not kept for %s', (_what, features) => {
    const { driver, faults } = pciRig();
    expect(driver.negotiate(features)).toBe(false);
    expect(driver.get('device_status')).toBe(0x03);
    expect(faults).toHaveLength(1);
    expect(driver.negotiate(ALL)).toBe(true);
  });

  test('features are final once agreed on', () => {
    const { driver, faults } = pciRig();
    driver.negotiate(ALL);
    driver.acceptFeatures(0n);
    expect(driver.get('driver_feature')).toBe(0x101);
    expect(faults[0]).toBe('virtio-echo-pci: features may not be changed in state features-ok');
  });

  test('queues: sizes offered, addresses as 64 bits, none beyond the last', () => {
    const { driver, faults } = pciRig();
    expect(driver.get('num_queues')).toBe(2);
    const sizes = [0, 1, 2, 0xffff].map((queue) => {
      driver.set('queue_select', queue);
      return driver.get('queue_size');
    });
    expect(sizes).toEqual([128, 64, 0, 0]);
    driver.set('queue_desc', 0x1_2345_6780n);
    driver.set('queue_enable', 1);
    expect([driver.get('queue_desc'), driver.get('queue_enable'), driver.get('queue_notify_off')]).toEqual([0, 0, 0]);
    expect(faults).toHaveLength(3);
    driver.set('queue_select', 1);
    driver.set('queue_desc', 0x1_2345_6780n);
    expect(driver.memory.read(driver.address('common') + 0x24, 4)).toBe(1);
    expect(driver.memory.read(driver.address('common') + 0x22, 4)).toBe(0x0001_2345);
    expect(driver.get('queue_notify_off')).toBe(1);
    driver.set('queue_select', 0);
    expect(driver.get('queue_desc')).toBe(0);
  });

  test('a vector that does not exist reads back as none', () => {
    const { driver } = pciRig();
    for (const register of ['config_msix_vector', 'queue_msix_vector']) {
      expect(driver.get(register)).toBe(0xffff);
      driver.set(register, 2);
      expect(driver.get(register)).toBe(2);
      driver.set(register, 3);
      expect(driver.get(register)).toBe(0xffff);
    }
    const { driver: without } = pciRig({ vectors: 0 });
    without.set('queue_msix_vector', 0);
    expect(without.get('queue_msix_vector')).toBe(0xffff);
  });

  test('the device configuration is read and written at every width, and its generation follows it', () => {
    const { driver, device, start } = pciRig();
    const base = driver.address('device');
    expect([driver.memory.read(base, 2), driver.memory.read(base + 2, 4)]).toEqual([4, 0x7473_6f68]);
    driver.memory.write(base + 1, 1, 7);
    expect(device.log).toEqual(['config 1 1 7']);
    start();
    expect(driver.get('config_generation')).toBe(0);
    device.context?.notifyConfigChange();
    expect(driver.get('config_generation')).toBe(1);
  });
});

describe('kick and completion', () => {
  test('INTx: used buffers raise the pin, reading the ISR lowers it', () => {
    const { driver, start, offer, pin, config, device } = pciRig();
    const queue = start();
    const reply = offer(queue);
    driver.kick(0);
    expect(reply()).toBe('ping');
    expect(queue.takeUsed()).toEqual({ id: 0, len: 4 });
    expect(pin.level).toBe(true);
    expect(config.read(0x06, 2) & 0x8).toBe(0x8);
    expect([driver.takeIsr(), driver.takeIsr()]).toEqual([1, 0]);
    expect(pin.level).toBe(false);
    expect(config.read(0x06, 2) & 0x8).toBe(0);
    expect(device.log).toEqual(['activate 10110000001', 'notify 0']);
  });

  test('MSI-X: the queue vector is sent, the pin and the queue bit of the ISR stay down', () => {
    const { driver, start, offer, pin, messages, device } = pciRig();
    driver.controlMsix(0x8000);
    driver.programVector(0, 0xfee0_1000, 0x30);
    driver.programVector(1, 0xfee0_2000, 0x31);
    driver.set('config_msix_vector', 0);
    const queue = start({ vector: 1 });
    offer(queue);
    driver.kick(0);
    expect(messages).toEqual(['fee02000=31']);
    expect(pin.level).toBe(false);
    expect(driver.takeIsr()).toBe(0);
    device.context?.notifyConfigChange();
    expect(messages).toEqual(['fee02000=31', 'fee01000=30']);
    expect(driver.takeIsr()).toBe(2);
  });

  test('a queue without vector sends nothing; a vector set while live is used at once', () => {
    const { driver, start, offer, messages } = pciRig();
    driver.controlMsix(0x8000);
    driver.programVector(1, 0xfee0_2000, 0x31);
    const queue = start();
    offer(queue);
    driver.kick(0);
    expect(messages).toEqual([]);
    driver.set('queue_msix_vector', 1);
    offer(queue);
    driver.kick(0);
    expect(messages).toEqual(['fee02000=31']);
  });

  test('turning MSI-X off brings the pin back for what is not acknowledged', () => {
    const { driver, start, device, pin } = pciRig();
    driver.controlMsix(0x8000);
    start();
    device.context?.notifyConfigChange();
    expect(pin.level).toBe(false);
    driver.controlMsix(0);
    expect(pin.level).toBe(true);
    driver.controlMsix(0x8000);
    expect(pin.level).toBe(false);
  });

  test('interrupts the driver suppressed are not sent', () => {
    const { driver, start, offer, pin } = pciRig();
    const queue = start();
    queue.suppressInterrupts();
    offer(queue);
    driver.kick(0);
    expect(pin.level).toBe(false);
    queue.allowInterrupts();
    offer(queue);
    driver.kick(0);
    expect(pin.level).toBe(true);
  });

  test('EVENT_IDX: one interrupt for a burst', () => {
    const { driver, start, offer, messages, device } = pciRig();
    driver.controlMsix(0x8000);
    driver.programVector(1, 0xfee0_2000, 0x31);
    const queue = start({ eventIdx: true, vector: 1 });
    device.hold = true;
    for (let i = 0; i < 3; i++) offer(queue);
    driver.kick(0);
    device.release();
    expect(messages).toHaveLength(1);
    expect(queue.takeUsed()).toBeDefined();
  });

  test('kicks before DRIVER_OK, for a queue not enabled, and with odd widths and values', () => {
    const { driver, start, offer, device } = pciRig();
    driver.kick(0);
    const queue = start();
    driver.kick(1);
    expect(device.log).toEqual(['activate 10110000001']);
    const reply = offer(queue);
    driver.memory.write(driver.doorbell(0) + 3, 1, 0xee);
    expect(reply()).toBe('ping');
    driver.memory.write(driver.doorbell(0), 4, 0xffff_ffff);
    expect(device.log).toEqual(['activate 10110000001', 'notify 0', 'notify 0']);
    expect(driver.memory.read(driver.doorbell(0), 4)).toBe(0);
  });

  test('without bus mastering kicks and messages wait', () => {
    const { driver, start, offer, device, messages } = pciRig();
    driver.controlMsix(0x8000);
    driver.programVector(1, 0xfee0_2000, 0x31);
    const queue = start({ vector: 1 });
    device.hold = true;
    offer(queue);
    driver.kick(0);
    driver.command(0x0002);
    device.release();
    device.hold = false;
    offer(queue);
    driver.kick(0);
    expect(messages).toEqual([]);
    expect(queue.takeUsed()).toBeDefined();
    expect(queue.takeUsed()).toBeUndefined();
    driver.command(0x0006);
    expect(queue.takeUsed()).toBeDefined();
    expect(messages).toEqual(['fee02000=31', 'fee02000=31']);
  });
});

describe('doorbells', () => {
  test('each queue has one while the device runs, wherever the BAR is', () => {
    const { driver, start, offer, bells, config } = pciRig();
    const at = () => [...bells.keys()];
    expect(at()).toEqual([]);
    const queue = start();
    const base = driver.address('notify').toString(16);
    expect(at()).toEqual([`mmio ${base} 0`, `mmio ${(driver.address('notify') + 4).toString(16)} 0`]);
    const reply = offer(queue);
    bells.get(`mmio ${base} 0`)?.();
    expect(reply()).toBe('ping');
    driver.command(0x0004);
    expect(at()).toEqual([]);
    config.write(0x20, 4, 0xe080_0000);
    config.write(0x24, 4, 1);
    expect(at()).toEqual([]);
    driver.command(0x0006);
    expect(at()).toEqual(['mmio 1e0803000 0', 'mmio 1e0803004 0']);
  });

  test('they go when a reset begins, and a late ring does nothing', async () => {
    const { driver, start, bells, device } = pciRig();
    start();
    const late = [...bells.values()][0];
    driver.set('device_status', 0);
    expect(bells.size).toBe(0);
    late?.();
    await driver.reset();
    late?.();
    expect(device.log).toEqual(['activate 10110000001', 'reset']);
  });

  test('a machine without doorbells works', () => {
    const { driver, start, offer } = pciRig({ doorbells: false });
    const reply = offer(start());
    driver.kick(0);
    expect(reply()).toBe('ping');
  });
});
