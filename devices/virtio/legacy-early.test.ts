/** Drivers of the legacy interface that use their device before they set DRIVER_OK, as many did. */
import { describe, expect, test } from '@jest/globals';
import type { Gpa } from '../ports.ts';
import { type DriverTransport, resetDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from './fake-driver/legacy-driver-transport.ts';
import { makeDriverQueue } from './fake-driver/make-driver-queue.ts';
import { pciRig } from './fake-driver/pci-rig.ts';
import { WAYS } from './fake-driver/ways.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe.each(['transitional PCI', 'legacy PCI', 'legacy MMIO'] as const)('by %s', (way) => {
  async function rig() {
    const ram = GuestRam.ofLength(0x10_0000);
    const arena = new Arena(ram, 0x1000, 0xf_0000);
    const device = new EchoDevice();
    const faults: string[] = [];
    const trace = { guestFault: (_: string, message: string) => faults.push(message) };
    const transport: DriverTransport = WAYS[way]({ device, memory: ram, trace, wait: turn });
    const interrupts: number[] = [];
    transport.onQueueInterrupt = (index) => interrupts.push(index);
    await resetDevice(transport);
    transport.status = 0x01;
    transport.status = 0x03;
    transport.accept(1n);
    const place = (index: number) => {
      const queue = makeDriverQueue(arena, { size: transport.maxQueueSize(index), legacy: true });
      transport.enableQueue(index, queue.ring);
      return queue;
    };
    const offer = (index: number, queue: DriverVirtqueue, text: string) => {
      const [from, to] = [arena.allocate(4), arena.allocate(4)];
      arena.bytes(from, 4).set(new TextEncoder().encode(text));
      queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
      queue.publish();
      transport.kick(index);
      return () => [queue.takeUsed()?.len, new TextDecoder().decode(arena.bytes(to, 4))];
    };
    return { ram, device, faults, transport, interrupts, place, offer };
  }

  test('a driver is served before DRIVER_OK, and goes on after it', async () => {
    const { device, faults, transport, interrupts, place, offer } = await rig();
    const queue = place(0);
    expect(device.log.filter((line) => line.startsWith('activate'))).toEqual([]);
    expect(offer(0, queue, 'soon')()).toEqual([4, 'soon']);
    await turn();
    expect([transport.status, interrupts.includes(0)]).toEqual([0x03, true]);
    transport.status = 0x07;
    expect(offer(0, queue, 'late')()).toEqual([4, 'late']);
    expect(device.log.filter((line) => line.startsWith('activate'))).toHaveLength(1);
    expect(faults).toEqual([]);
  });

  test('a queue placed later joins', async () => {
    const { faults, transport, place, offer } = await rig();
    const first = place(0);
    offer(0, first, 'one.')();
    const second = place(1);
    expect(offer(1, second, 'two.')()).toEqual([4, 'two.']);
    await resetDevice(transport);
    await turn();
    transport.status = 0x03;
    offer(0, place(0), 'one.')();
    const third = place(1);
    transport.status = 0x07;
    expect(offer(1, third, 'late')()).toEqual([4, 'late']);
    expect(faults).toEqual([]);
  });

  test('features are final then', async () => {
    const { faults, transport, place, offer, device } = await rig();
    offer(0, place(0), 'ping')();
    transport.accept(0n);
    expect(faults[0]).toBe('features may not be changed in state driver');
    expect(device.context?.features).toBe(1n);
  });

  test('a reset ends it, and what was in flight reaches nothing', async () => {
    const { device, transport, place, offer } = await rig();
    const queue = place(0);
    device.hold = true;
    const reply = offer(0, queue, 'held');
    const old = device.held.splice(0);
    await resetDevice(transport);
    for (const { queue: from, chain } of old) from.push(chain, 4);
    expect(reply()[0]).toBeUndefined();
    transport.kick(0);
    expect(device.held).toEqual([]);
  });

  test('a queue outside RAM asks for a reset', async () => {
    const { transport, faults, place } = await rig();
    const far = 0x4000_0000 as Gpa;
    const { ring } = place(0);
    await resetDevice(transport);
    await turn();
    transport.status = 0x03;
    const length = ring.areas.device - ring.areas.desc;
    transport.enableQueue(0, {
      size: ring.size,
      areas: { desc: far, driver: (far + ring.areas.driver - ring.areas.desc) as Gpa, device: (far + length) as Gpa },
    });
    transport.kick(0);
    expect([transport.status, faults[0]]).toEqual([0x43, expect.stringContaining('not in RAM')]);
  });
});

test('a driver that goes over to the modern interface in the midst of it gets no FEATURES_OK until a reset', async () => {
  const rig = pciRig({ interfaces: { modern: true, legacy: true }, doorbells: false });
  rig.arena.allocate(1);
  const legacy = new LegacyDriverTransport(rig.driver, rig.ports, { wait: turn });
  legacy.status = 0x03;
  legacy.accept(0n);
  const queue = makeDriverQueue(rig.arena, { size: 128, legacy: true });
  legacy.enableQueue(0, queue.ring);
  legacy.kick(0);
  expect(rig.device.log).toEqual(['activate 0', 'notify 0']);
  expect(rig.driver.negotiate()).toBe(false);
  expect(rig.faults.at(-1)).toContain('by the legacy interface already');
  await rig.driver.reset();
  expect(rig.driver.negotiate()).toBe(true);
});
