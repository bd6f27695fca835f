import { expect, test } from '@jest/globals';
import type { Gpa } from '../ports.ts';
import { pciRig } from './fake-driver/pci-rig.ts';

test('once a reset has ended the old rings are not touched and nobody is interrupted, until a driver comes again', async () => {
  const { driver, start, offer, device, pin, messages, ram } = pciRig();
  const queue = start();
  const old = device.context;
  device.hold = true;
  offer(queue);
  driver.kick(0);
  await driver.reset();
  offer(queue);
  const ramNow = () => Buffer.from(ram.view(0 as Gpa, 0x10_0000)?.slice() ?? []);
  const before = ramNow();
  driver.kick(0);
  old?.notifyConfigChange();
  old?.needsReset('an old life');
  expect(queue.takeUsed()).toBeUndefined();
  expect([driver.get('device_status'), pin.level, driver.takeIsr(), messages]).toEqual([0, false, 0, []]);
  expect(before.equals(ramNow())).toBe(true);
  for (const status of [0x01, 0x03]) {
    driver.set('device_status', status);
    driver.kick(0);
  }
  expect(queue.takeUsed()).toBeUndefined();
  expect(device.log).toEqual([expect.stringContaining('activate'), 'notify 0', 'reset']);
});

test('before DRIVER_OK no buffer is taken and no used buffer is announced, however often the driver rings', () => {
  const { driver, offer, device, pin, start, ram } = pciRig();
  const addStatus = driver.addStatus.bind(driver);
  driver.addStatus = (bit) => {
    if (bit === 'DRIVER_OK') {
      const ramNow = () => Buffer.from(ram.view(0 as Gpa, 0x10_0000)?.slice() ?? []);
      const before = ramNow();
      for (let i = 0; i < 3; i += 1) driver.kick(0);
      expect([device.log, pin.level, driver.takeIsr()]).toEqual([[], false, 0]);
      expect(before.equals(ramNow())).toBe(true);
    }
    addStatus(bit);
  };
  const early = offer(start());
  driver.kick(0);
  expect([early(), device.log]).toEqual(['ping', [expect.stringContaining('activate'), 'notify 0']]);
});
