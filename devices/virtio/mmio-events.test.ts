import { expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import type { Gpa } from '../ports.ts';
import { startDevice } from './fake-driver/driver-transport.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';

const BASE = 0xd000_0000 as Gpa;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function running() {
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(0x10_0000);
  const device = new EchoDevice();
  const line = { level: false, set: (level: boolean) => void Object.assign(line, { level }) };
  const transport = new VirtioMmioTransport({ device, memory: ram, line });
  memory.map(BASE, MMIO_LENGTH, transport.target);
  const driver = new MmioDriverTransport(memory, BASE, turn);
  const arena = new Arena(ram, 0, 0x10_0000);
  const [queue] = await startDevice(driver, arena);
  if (queue === undefined) throw new Error('no queue');
  const offer = () => {
    queue.add([{ address: arena.allocate(4), length: 4 }], [{ address: arena.allocate(4), length: 4 }]);
    queue.publish();
    return queue;
  };
  return { driver, device, line, offer };
}

test('an event stays in InterruptStatus until its bit is acknowledged, and no other bit is ever set', async () => {
  const { driver, device, line, offer } = await running();
  expect(driver.get('InterruptStatus')).toBe(0);
  offer();
  driver.kick(0);
  expect([driver.get('InterruptStatus'), driver.get('InterruptStatus'), line.level]).toEqual([1, 1, true]);
  device.context?.notifyConfigChange();
  expect(driver.get('InterruptStatus')).toBe(3);
  driver.set('InterruptACK', 0xffff_fffc);
  expect([driver.get('InterruptStatus'), line.level]).toEqual([3, true]);
  driver.set('InterruptACK', 1);
  expect([driver.get('InterruptStatus'), line.level]).toEqual([2, true]);
  driver.set('InterruptACK', 2);
  expect([driver.get('InterruptStatus'), line.level]).toEqual([0, false]);
});

test('a reset clears InterruptStatus and the ready bit of every queue', async () => {
  const { driver, device, line } = await running();
  device.context?.notifyConfigChange();
  const ready = () =>
    [0, 1].map((queue) => {
      driver.set('QueueSel', queue);
      return driver.get('QueueReady');
    });
  expect([driver.get('InterruptStatus'), ready()]).toEqual([2, [1, 1]]);
  driver.status = 0;
  await turn();
  expect([driver.status, driver.get('InterruptStatus'), line.level, ready()]).toEqual([0, 0, false, [0, 0]]);
});

test('ConfigGeneration is another one after any number of changes, and the same after none', async () => {
  const { driver, device } = await running();
  const before = driver.get('ConfigGeneration');
  expect(driver.get('ConfigGeneration')).toBe(before);
  for (let i = 0; i < 256; i += 1) device.context?.notifyConfigChange();
  expect(driver.get('ConfigGeneration')).not.toBe(before);
});

test('a queue that is not ready is not looked at, before and after it was', async () => {
  const { driver, device, offer } = await running();
  device.log.length = 0;
  offer();
  driver.set('QueueSel', 0);
  driver.set('QueueReady', 0);
  driver.kick(0);
  expect(device.held).toEqual([]);
  expect(device.context?.queue(0)?.pop()).toBe('empty');
  expect(offer().takeUsed()).toBeUndefined();
});
