import { describe, expect, test } from '@jest/globals';
import { assignBars } from '../pci/assign-bars.ts';
import { DriverQueue } from './fake-driver/driver-queue.ts';
import { type PciRig, pciRig, RIG_WINDOWS } from './fake-driver/pci-rig.ts';

/** Feature bits the device offers: its own bit 0, INDIRECT_DESC, EVENT_IDX, VERSION_1. */
const ALL = 0x1_3000_0001n;

describe('a driver that breaks the rules gets DEVICE_NEEDS_RESET and can go on after a reset', () => {
  const ring = ({ arena }: PciRig) => new DriverQueue(arena, { size: 8 }).ring;
  const cases: [string, RegExp, (m: PciRig) => void][] = [
    [
      'queue enabled twice',
      /enabled already/,
      (m) => {
        m.start();
        m.driver.set('queue_enable', 1);
      },
    ],
    [
      'queue disabled',
      /wrote 0 to the enable/,
      (m) => {
        m.start();
        m.driver.set('queue_enable', 0);
      },
    ],
    [
      'queue moved while enabled',
      /changed the configuration/,
      (m) => {
        m.start();
        m.driver.set('queue_desc', 0n);
      },
    ],
    [
      'queue resized while enabled',
      /changed the configuration/,
      (m) => {
        m.start();
        m.driver.set('queue_size', 4);
      },
    ],
    [
      'queue enabled while running',
      /queue 1 may not be enabled in state running/,
      (m) => {
        m.start();
        m.driver.setUpQueue(1, ring(m));
      },
    ],
    ...[0, 3, 100, 129, 256, 0xffff].map((size): [string, RegExp, (m: PciRig) => void] => [
      `queue size ${size}`,
      /not a power of two between 1 and the maximum/,
      (m) => {
        m.driver.negotiate(ALL);
        m.driver.set('queue_size', size);
        m.driver.set('queue_enable', 1);
        m.driver.addStatus('DRIVER_OK');
      },
    ]),
    ...(['queue_desc', 'queue_driver', 'queue_device'] as const).flatMap((register) =>
      [0x10_0000n - 16n, 0x18_0000n, 0x20_1000n, 0xe000_0000n, 0xffff_ffff_ffff_fff0n].map(
        (address): [string, RegExp, (m: PciRig) => void] => [
          `${register} 0x${address.toString(16)}`,
          /not in RAM/,
          (m) => {
            m.driver.negotiate(ALL);
            m.driver.set(register, address);
            m.driver.set('queue_enable', 1);
            m.driver.addStatus('DRIVER_OK');
          },
        ],
      ),
    ),
    [
      'looping chain',
      /longer than the queue size, or loops/,
      (m) => {
        const queue = m.start();
        queue.ring.setDescriptor(0, { addr: 0x1000, len: 4, flags: 1, next: 0 });
        queue.ring.setAvailEntry(0, 0);
        queue.ring.availIdx = 1;
        m.driver.kick(0);
      },
    ],
  ];

  test.each(cases)('%s', async (_what, message, offend) => {
    const m = pciRig();
    offend(m);
    expect(m.driver.get('device_status')).toBe(0x4f);
    expect(m.faults[0]).toMatch(message);
    expect(m.driver.takeIsr()).toBe(2);

    await m.driver.reset();
    const reply = m.offer(m.start());
    m.driver.kick(0);
    expect(reply()).toBe('ping');
    expect(m.driver.get('device_status')).toBe(0x0f);
  });

  test('before DRIVER_OK no interrupt is sent; the driver is told once it sets it', () => {
    const { driver, arena, pin } = pciRig();
    driver.negotiate(ALL);
    const queue = new DriverQueue(arena, { size: 8 });
    driver.setUpQueue(0, queue.ring);
    driver.set('queue_enable', 1);
    expect(driver.get('device_status')).toBe(0x4b);
    expect(pin.level).toBe(false);
    driver.addStatus('DRIVER_OK');
    expect(driver.get('device_status')).toBe(0x4f);
    expect(pin.level).toBe(true);
  });

  test('a queue enabled before features are agreed on: FEATURES_OK is refused', () => {
    const { driver, arena, faults } = pciRig();
    driver.setUpQueue(0, new DriverQueue(arena, { size: 8 }).ring);
    expect(driver.get('device_status')).toBe(0x40);
    expect(driver.negotiate(ALL)).toBe(false);
    expect(faults[0]).toBe('virtio-echo-pci: queue 0 may not be enabled in state reset');
  });

  test('a device that needs a reset hears no kicks', () => {
    const { driver, start, device } = pciRig();
    start();
    driver.set('queue_enable', 1);
    driver.kick(0);
    expect(device.log).toEqual(['activate 10110000001']);
  });
});

describe('reset', () => {
  test('with requests in flight: status stays until drained, late completions reach neither ring nor driver', async () => {
    const { driver, start, offer, device, pin } = pciRig();
    const queue = start();
    device.hold = true;
    offer(queue);
    driver.kick(0);
    const old = device.context;
    let drain = () => {};
    device.drained = new Promise((resolve) => {
      drain = () => resolve();
    });
    driver.set('device_status', 0);
    expect(driver.get('device_status')).toBe(0x0f);
    driver.set('queue_size', 4);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(driver.get('device_status')).toBe(0x0f);
    device.release(old);
    old?.notifyConfigChange();
    old?.needsReset('too late');
    expect(queue.takeUsed()).toBeUndefined();
    expect(pin.level).toBe(false);
    drain();
    await driver.reset();
    expect(driver.get('device_status')).toBe(0);
    expect(driver.get('queue_size')).toBe(128);
    expect(driver.takeIsr()).toBe(0);
  });

  test('that the device fails to do leaves it asking for one, told by interrupt; the next may succeed', async () => {
    const { driver, start, offer, device, pin, faults } = pciRig();
    start();
    device.drained = Promise.reject(new Error('stuck'));
    driver.set('device_status', 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(driver.get('device_status')).toBe(0x4f);
    expect([pin.level, driver.takeIsr()]).toEqual([true, 2]);
    expect(faults).toEqual(['virtio-echo-pci: internal error: the device could not be reset: Error: stuck']);
    device.drained = Promise.resolve();
    await driver.reset();
    const reply = offer(start());
    driver.kick(0);
    expect(reply()).toBe('ping');
  });

  test('puts every register back', async () => {
    const { driver, start } = pciRig();
    driver.set('config_msix_vector', 1);
    start({ vector: 0 });
    await driver.reset();
    for (const register of ['device_feature_select', 'driver_feature_select', 'driver_feature', 'queue_select']) {
      expect(driver.get(register)).toBe(0);
    }
    expect(driver.get('queue_msix_vector')).toBe(0xffff);
    expect(driver.get('config_msix_vector')).toBe(0xffff);
    expect(driver.get('queue_enable')).toBe(0);
    expect(driver.get('queue_desc')).toBe(0);
  });

  test('a hundred lives, one after the other', async () => {
    const { driver, start, offer, bells, faults } = pciRig();
    for (let life = 0; life < 100; life++) {
      const reply = offer(start());
      driver.kick(0);
      expect(reply()).toBe('ping');
      await driver.reset();
    }
    expect(bells.size).toBe(0);
    expect(faults).toEqual([]);
  });

  test('of the whole bus: everything is back at power-on once drained', async () => {
    const { bus, transport, memory, start, bells, device, pin } = pciRig();
    start();
    device.context?.notifyConfigChange();
    bus.reset();
    await transport.drained;
    expect(memory.ranges).toEqual([]);
    expect(bells.size).toBe(0);
    expect(pin.level).toBe(false);
    expect(device.log).toEqual(['activate 10110000001', 'reset']);
  });
});

describe('PCI configuration access', () => {
  const point = ({ config }: PciRig, bar: number, offset: number, length: number) => {
    config.write(0x88, 1, bar);
    config.write(0x8c, 4, offset);
    config.write(0x90, 4, length);
  };

  test('reads and writes structures with the BARs unmapped', () => {
    const m = pciRig();
    m.driver.command(0);
    point(m, 4, 0x12, 2);
    expect(m.config.read(0x94, 4)).toBe(2);
    point(m, 4, 0x14, 1);
    m.config.write(0x94, 1, 1);
    expect(m.config.read(0x94, 1)).toBe(1);
    point(m, 4, 0x16, 2);
    m.config.write(0x94, 4, 0xffff_0001);
    point(m, 4, 0x18, 2);
    expect(m.config.read(0x94, 2)).toBe(64);
    point(m, 4, 0x2002, 4);
    expect(m.config.read(0x94, 4)).toBe(0);
    point(m, 4, 0x2000, 4);
    expect(m.config.read(0x94, 4)).toBe(0x6f68_0004);
  });

  test('a narrow write is not preceded by a read: the ISR keeps its bits', () => {
    const m = pciRig();
    m.start();
    m.device.context?.notifyConfigChange();
    point(m, 4, 0x1000, 1);
    m.config.write(0x94, 1, 0);
    expect(m.pin.level).toBe(true);
    expect(m.config.read(0x94, 1)).toBe(2);
    expect(m.pin.level).toBe(false);
  });

  test('kicks', () => {
    const m = pciRig();
    const reply = m.offer(m.start());
    point(m, 4, 0x3000, 2);
    m.config.write(0x94, 2, 0);
    expect(reply()).toBe('ping');
  });

  test.each([
    ['a BAR that does not exist', 2, 0, 4],
    ['the high half of a 64-bit BAR', 5, 0, 4],
    ['no BAR at all', 255, 0, 4],
    ['the end of the BAR', 4, 0x4000, 4],
    ['far outside', 4, 0xffff_fffc, 4],
    ['an odd length', 4, 0, 3],
    ['a long length', 4, 0, 8],
    ['misalignment', 4, 2, 4],
  ])('%s reads 0, is written nowhere, and is traced', (_what, bar, offset, length) => {
    const m = pciRig();
    point(m, bar, offset, length);
    expect(m.config.read(0x94, 4)).toBe(0);
    m.config.write(0x94, 4, 0xffff_ffff);
    expect(m.faults).toHaveLength(2);
    expect(m.faults[0]).toMatch(`pci_cfg_data points at ${length} bytes`);
  });

  test('dumping configuration space, as lspci does, is no fault', () => {
    const { config, faults } = pciRig();
    for (let at = 0; at < 256; at += 4) config.read(at, 4);
    expect(faults).toEqual([]);
  });
});

test('a driver that writes anything anywhere is survived, and the device works after a reset', async () => {
  const m = pciRig();
  let random = 42;
  const next = (below: number) => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    return (random >>> 8) % below;
  };
  const bar = m.driver.barAddress(4);
  const regions = [0, 0x1000, 0x2000, 0x3000];
  for (let round = 0; round < 20_000; round++) {
    const width = ([1, 2, 4] as const)[next(3)] ?? 1;
    const value = next(4) === 0 ? 0xffff_ffff : next(8) === 0 ? 0 : next(256) * 2 ** (8 * next(4));
    const clipped = value % 2 ** (8 * width);
    const place = next(20);
    if (place === 0) m.config.write(next(256), width, clipped);
    else if (place === 1) m.memory.write(m.driver.barAddress(1) + next(4096), width, clipped);
    else if (place < 4) m.memory.read(bar + (regions[next(4)] ?? 0) + next(0x40), width);
    else m.memory.write(bar + (regions[next(4)] ?? 0) + next(0x40), width, clipped);
    if (next(50) === 0) await Promise.resolve();
  }
  m.bus.reset();
  await m.transport.drained;
  assignBars(m.bus, RIG_WINDOWS);
  m.driver.command(6);
  await m.driver.reset();
  const reply = m.offer(m.start());
  m.driver.kick(0);
  expect(reply()).toBe('ping');
});
