import { describe, expect, test } from '@jest/globals';
import { startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { LegacyDriverTransport } from './fake-driver/legacy-driver-transport.ts';
import { pciRig } from './fake-driver/pci-rig.ts';

const TRANSITIONAL = { modern: true, legacy: true };
const LEGACY_ONLY = { modern: false, legacy: true };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function legacyRig(options: Parameters<typeof pciRig>[0] = {}, messages?: { address: number; data: number }) {
  const rig = pciRig({ interfaces: TRANSITIONAL, ...options });
  // Page 0 stands for no queue.
  rig.arena.allocate(1);
  const transport = new LegacyDriverTransport(rig.driver, rig.ports, { ...(messages && { messages }), wait: turn });
  const started = async (choice: Parameters<typeof startDevice>[2] = {}) => {
    const [queue] = await startDevice(transport, rig.arena, choice);
    if (queue === undefined) throw new Error('no queue');
    return queue;
  };
  const offer = (queue: DriverVirtqueue, text: string) => {
    const [from, to] = [rig.arena.allocate(4), rig.arena.allocate(4)];
    rig.arena.bytes(from, 4).set(new TextEncoder().encode(text));
    queue.add([{ address: from, length: 4 }], [{ address: to, length: 4 }]);
    queue.publish();
    return () => new TextDecoder().decode(rig.arena.bytes(to, 4));
  };
  return { ...rig, transport, started, offer };
}

describe('identity', () => {
  test.each([
    ['transitional', TRANSITIONAL, 0x1009_1af4, 0x00, 0x0009, 0x1, 5],
    ['legacy only', LEGACY_ONLY, 0x1009_1af4, 0x00, 0x0009, 0x1, 0],
    ['modern only', { modern: true, legacy: false }, 0x1049_1af4, 0x01, 0x1100, 0x0, 5],
  ])('%s', (_, interfaces, id, revision, subsystem, bar0, virtioCapabilities) => {
    const { config, driver } = pciRig({ interfaces });
    expect([config.read(0x00, 4), config.read(0x08, 1), config.read(0x2e, 2)]).toEqual([id, revision, subsystem]);
    expect(config.read(0x10, 4) & 0x1).toBe(bar0);
    expect(driver.capabilities.filter(({ id: kind }) => kind === 0x09)).toHaveLength(virtioCapabilities);
  });

  test('a function without any interface is our bug', () => {
    expect(() => pciRig({ interfaces: { modern: false, legacy: false } })).toThrow('without any interface');
  });

  test('BAR 0 is large enough for header, vectors and configuration', () => {
    const { config } = pciRig({ interfaces: TRANSITIONAL });
    config.write(0x10, 4, 0xffff_ffff);
    expect(config.read(0x10, 4)).toBe(0xffff_ffe1);
  });
});

describe('registers', () => {
  test('stand where every legacy driver looks for them', () => {
    const { ports, config } = pciRig({ interfaces: TRANSITIONAL });
    config.write(0x04, 2, 0x7);
    const base = config.read(0x10, 4) - 1;
    // Bits 0 (the device's own), 24 NOTIFY_ON_EMPTY, 27 ANY_LAYOUT, 28 INDIRECT_DESC, 29 EVENT_IDX; no VERSION_1.
    expect(ports.read(base + 0x00, 4)).toBe(0x3900_0001);
    ports.write(base + 0x04, 4, 0xffff_ffff);
    expect(ports.read(base + 0x04, 4)).toBe(0x3900_0001);
    expect(ports.read(base + 0x0c, 2)).toBe(128);
    ports.write(base + 0x0e, 2, 1);
    expect([ports.read(base + 0x0c, 2), ports.read(base + 0x08, 4)]).toEqual([64, 0]);
    ports.write(base + 0x08, 4, 0x12);
    expect(ports.read(base + 0x08, 4)).toBe(0x12);
    ports.write(base + 0x0e, 2, 2);
    expect(ports.read(base + 0x0c, 2)).toBe(0);
    expect([ports.read(base + 0x12, 1), ports.read(base + 0x13, 1)]).toEqual([0, 0]);
  });

  test('the configuration follows the header, or the vectors where MSI-X is enabled', () => {
    const { ports, config, driver, device } = pciRig({ interfaces: TRANSITIONAL });
    config.write(0x04, 2, 0x7);
    const base = config.read(0x10, 4) - 1;
    const bytes = (from: number) => Array.from({ length: 6 }, (_, i) => ports.read(base + from + i, 1));
    expect(bytes(0x14)).toEqual([...device.config]);
    driver.controlMsix(0x8000);
    expect(bytes(0x18)).toEqual([...device.config]);
    expect(ports.read(base + 0x14, 4)).toBe(0xffff_ffff);
    ports.write(base + 0x14, 2, 1);
    ports.write(base + 0x16, 2, 9);
    expect(ports.read(base + 0x14, 4)).toBe(0xffff_0001);
  });

  test('the parts of a queue follow each other, the used ring on a page of its own', async () => {
    const { transport, arena } = legacyRig();
    const [queue] = await startDevice(transport, arena, {});
    const { desc, driver, device } = queue?.ring.areas ?? { desc: 0, driver: 0, device: 0 };
    expect([desc % 4096, driver - desc, device - desc]).toEqual([0, 2048, 4096]);
    expect(transport.get('queue_address')).toBe(0);
    transport.set('queue_select', 0);
    expect(transport.get('queue_address')).toBe(desc / 4096);
  });
});

describe('the life of a device', () => {
  test.each([
    ['by pin', undefined],
    ['by message', { address: 0xfee0_0000, data: 0x40 }],
  ])('requests are served and announced %s', async (_, messages) => {
    for (const interfaces of [TRANSITIONAL, LEGACY_ONLY]) {
      for (const choice of [{}, { indirect: true, eventIdx: true }]) {
        const rig = legacyRig({ interfaces, doorbells: false }, messages);
        expect([rig.transport.deviceId, rig.transport.queueCount]).toEqual([9, 2]);
        const queue = await rig.started({ features: 1n, ...choice });
        expect(rig.transport.status).toBe(0x07);
        for (const text of ['ping', 'pong']) {
          const reply = rig.offer(queue, text);
          rig.transport.kick(0);
          expect(reply()).toBe(text);
          expect(queue.takeUsed()?.len).toBe(4);
          queue.allowInterrupts();
          if (messages === undefined) {
            expect([rig.pin.level, rig.transport.get('isr_status'), rig.pin.level]).toEqual([true, 1, false]);
          }
        }
        if (messages !== undefined) expect(rig.messages).toEqual(['fee00000=41', 'fee00000=41']);
        expect(rig.faults).toEqual([]);
      }
    }
  });

  test('while it runs each queue has a doorbell at queue_notify that rings for its own number only', async () => {
    const { bells, started, config, device, transport } = legacyRig();
    await started();
    const at = (config.read(0x10, 4) - 1 + 0x10).toString(16);
    expect([...bells.keys()].filter((key) => key.startsWith('pio'))).toEqual([`pio ${at} 2 0`, `pio ${at} 2 1`]);
    device.log.length = 0;
    bells.get(`pio ${at} 2 1`)?.();
    bells.get(`pio ${at} 2 0`)?.();
    expect(device.log).toEqual(['notify 1', 'notify 0']);
    transport.status = 0;
    expect([...bells.keys()]).toEqual([]);
  });

  test('FEATURES_OK does not exist here, and DRIVER_OK needs none', async () => {
    const { transport, faults, started } = legacyRig();
    transport.status = 0x01;
    transport.status = 0x0b;
    expect(transport.status).toBe(0x03);
    expect(faults).toHaveLength(1);
    await started();
    expect(transport.status).toBe(0x07);
  });

  test('a reset ends at once, and the next life begins when nothing of the last is left', async () => {
    const rig = legacyRig();
    const queue = await rig.started();
    rig.device.hold = true;
    let drained = () => {};
    rig.device.drained = new Promise((resolve) => {
      drained = resolve;
    });
    const late = rig.offer(queue, 'late');
    rig.transport.kick(0);
    const { context } = rig.device;
    rig.transport.status = 0;
    expect(rig.transport.status).toBe(0);
    rig.device.release(context);
    expect([late(), queue.takeUsed()]).toEqual(['late', undefined]);

    rig.device.hold = false;
    rig.device.log.length = 0;
    const next = await rig.started();
    const early = rig.offer(next, 'next');
    rig.transport.kick(0);
    await turn();
    expect([rig.transport.status, rig.device.log, next.takeUsed()]).toEqual([0x07, [], undefined]);
    drained();
    await turn();
    expect(rig.device.log[0]).toMatch(/^activate/);
    rig.transport.kick(0);
    expect([early(), next.takeUsed()?.len]).toEqual(['next', 4]);
  });

  test('a device that cannot drain asks for another reset', async () => {
    const rig = legacyRig();
    await rig.started();
    rig.device.drained = Promise.reject(new Error('stuck'));
    rig.transport.status = 0;
    await turn();
    expect(rig.transport.status).toBe(0x40);
    expect(rig.faults[0]).toContain('could not be reset: Error: stuck');
    rig.device.drained = Promise.resolve();
    await rig.started();
    expect(rig.transport.status).toBe(0x07);
  });

  test.each<[string, (rig: ReturnType<typeof legacyRig>) => void, RegExp]>([
    ['a queue placed twice', ({ transport }) => transport.set('queue_address', 0x20), /enabled already/],
    ['a queue taken away while it is alive', ({ transport }) => transport.set('queue_address', 0), /wrote 0/],
  ])('%s: DEVICE_NEEDS_RESET, and a reset leads out of it', async (_, offend, message) => {
    const rig = legacyRig();
    await rig.started();
    rig.transport.set('queue_select', 0);
    offend(rig);
    expect(rig.transport.status).toBe(0x47);
    expect(rig.faults[0]).toMatch(message);
    const queue = await rig.started();
    await turn();
    const reply = rig.offer(queue, 'back');
    rig.transport.kick(0);
    expect(reply()).toBe('back');
  });

  test('a queue outside RAM is found when the device is to run', async () => {
    const { transport, faults } = legacyRig();
    transport.set('queue_select', 0);
    transport.set('queue_address', 0xffff_ffff);
    transport.status = 0x07;
    expect(transport.status).toBe(0x47);
    expect(faults[0]).toMatch(/not in RAM/);
  });

  test('NOTIFY_ON_EMPTY: the driver hears of a ring that ran empty though it asked for silence', async () => {
    for (const [features, expected] of [
      [1n << 24n, 1],
      [0n, 0],
    ] as const) {
      const rig = legacyRig({ doorbells: false });
      const queue = await rig.started({ features });
      queue.suppressInterrupts();
      rig.offer(queue, 'one.');
      rig.transport.kick(0);
      expect(rig.transport.get('isr_status')).toBe(expected);
    }
  });

  test('a driver of the modern interface may follow one of the legacy interface', async () => {
    const rig = legacyRig();
    await rig.started();
    await rig.driver.reset();
    const queue = rig.start();
    const reply = rig.offer(queue, 'both');
    rig.driver.kick(0);
    expect([reply(), rig.driver.get('device_status')]).toEqual(['both', 0x0f]);
  });
});
