/** Interrupts of whole devices: shared pins, masked and moved vectors, bursts. What MSI-X itself does is in `pci/msix.test.ts`. */
import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import { assignBars } from '../pci/assign-bars.ts';
import { hostBridge } from '../pci/host-bridge.ts';
import { PciBus } from '../pci/pci-bus.ts';
import type { AccessWidth, Gpa } from '../ports.ts';
import { type DriverTransport, startDevice } from './fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from './fake-driver/driver-virtqueue.ts';
import { EchoDevice } from './fake-driver/echo-device.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from './fake-driver/legacy-driver-transport.ts';
import { MmioDriverTransport } from './fake-driver/mmio-driver-transport.ts';
import { PciDriver } from './fake-driver/pci-driver.ts';
import { PciDriverTransport } from './fake-driver/pci-driver-transport.ts';
import { pciRig, RIG_WINDOWS } from './fake-driver/pci-rig.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from './mmio-transport.ts';
import { P9Device } from './p9-device.ts';
import { VirtioPciTransport } from './pci-transport.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const MESSAGES = { address: 0xfee0_0000, data: 0x40 };

function offer(arena: Arena, queue: DriverVirtqueue): void {
  queue.add([{ address: arena.allocate(8), length: 8 }], [{ address: arena.allocate(8), length: 8 }]);
  queue.publish();
}

describe('two functions on one pin', () => {
  function pair() {
    const ports = new Bus('pio', 0x1_0000);
    const memory = new Bus('mmio', 2 ** 46);
    const ram = GuestRam.ofLength(1 << 20);
    const line = { level: false };
    const set = (level: boolean) => {
      line.level = level;
    };
    const bus = new PciBus({ ports, memory, interrupts: [{ set }] });
    bus.attach(hostBridge(), 0);
    const devices = [3, 4].map((slot) => {
      const device = new EchoDevice();
      const { pci } = new VirtioPciTransport({ device, memory: ram, messages: { send: () => {} } });
      bus.attach(pci, slot);
      return { device, pci };
    });
    assignBars(bus, RIG_WINDOWS);
    const drivers = devices.map(({ device, pci }, index) => {
      const config = {
        read: (offset: number, width: AccessWidth) => pci.readConfig(offset, width),
        write: (offset: number, width: AccessWidth, value: number) => pci.writeConfig(offset, width, value),
      };
      const driver = new PciDriver(config, memory);
      return { device, config, driver, transport: new PciDriverTransport(driver, { wait: turn }), index };
    });
    return { line, ram, drivers };
  }

  async function serving() {
    const { line, ram, drivers } = pair();
    const [one, two] = await Promise.all(
      drivers.map(async ({ transport, driver, config, index }) => {
        const arena = new Arena(ram, 0x1000 + index * 0x4_0000, 0x4_0000);
        const [queue] = await startDevice(transport, arena, { queueSize: 8 });
        if (queue === undefined) throw new Error('no queue');
        const serve = () => {
          offer(arena, queue);
          transport.kick(0);
          queue.takeUsed();
        };
        return { serve, driver, config, transport };
      }),
    );
    if (one === undefined || two === undefined) throw new Error('two functions');
    return { line, one, two };
  }

  test('it stays up until each has been asked why, and the wrong one answers no', async () => {
    const { line, one, two } = await serving();
    one.serve();
    two.serve();
    expect([line.level, two.driver.takeIsr(), line.level]).toEqual([true, 1, true]);
    expect([two.driver.takeIsr(), one.driver.takeIsr(), line.level]).toEqual([0, 1, false]);
    one.serve();
    expect([two.driver.takeIsr(), line.level]).toEqual([0, true]);
  });

  test('a function with interrupts disabled in its command register does not hold it, and shows what it wants', async () => {
    const { line, one, two } = await serving();
    one.serve();
    two.serve();
    one.driver.command(0x0406);
    two.driver.takeIsr();
    // Interrupt status, bit 3 of the status register, says so all the same.
    expect([line.level, one.config.read(0x06, 2) & 0x8]).toEqual([false, 0x8]);
    one.driver.command(0x0006);
    expect(line.level).toBe(true);
  });

  test('a reset of one lets go of it for that one only', async () => {
    const { line, one, two } = await serving();
    one.serve();
    two.serve();
    one.transport.status = 0;
    expect(line.level).toBe(true);
    two.transport.status = 0;
    expect(line.level).toBe(false);
  });

  test('one that goes over to messages lets go of it', async () => {
    const { line, one, two } = await serving();
    one.serve();
    two.serve();
    two.driver.takeIsr();
    one.driver.controlMsix(0x8000);
    expect(line.level).toBe(false);
  });
});

describe('messages of a queue', () => {
  function rig(vectors?: number) {
    const parts = pciRig({ doorbells: false, ...(vectors !== undefined && { vectors }) });
    parts.driver.controlMsix(0x8000);
    for (let vector = 0; vector < (vectors ?? 3); vector += 1) parts.driver.programVector(vector, 0xfee0_0000, vector);
    return parts;
  }
  const serve = (
    { offer: more, driver }: ReturnType<typeof pciRig>,
    queue: ReturnType<ReturnType<typeof pciRig>['start']>,
  ) => {
    more(queue);
    driver.kick(0);
    queue.takeUsed();
  };

  test('while its vector is masked many completions are one pending message, sent when it is unmasked', () => {
    const parts = rig();
    const { driver, messages, memory, start } = parts;
    const queue = start({ vector: 1 });
    const pending = () => memory.read(driver.msixTable + 0x800, 4);
    driver.programVector(1, 0xfee0_0000, 1, 1);
    for (let i = 0; i < 5; i += 1) serve(parts, queue);
    expect([messages, pending()]).toEqual([[], 2]);
    driver.programVector(1, 0xfee0_3000, 0x99, 0);
    expect([messages, pending()]).toEqual([['fee03000=99'], 0]);
  });

  test('a vector changed while it runs counts from then on; what was pending of the old one is still sent', () => {
    const parts = rig();
    const { driver, messages, start } = parts;
    const queue = start({ vector: 1 });
    driver.programVector(1, 0xfee0_0000, 1, 1);
    serve(parts, queue);
    driver.set('queue_select', 0);
    driver.set('queue_msix_vector', 2);
    serve(parts, queue);
    expect(messages).toEqual(['fee00000=2']);
    driver.programVector(1, 0xfee0_0000, 1, 0);
    expect(messages).toEqual(['fee00000=2', 'fee00000=1']);
    driver.set('queue_msix_vector', 0xffff);
    serve(parts, queue);
    expect(messages).toHaveLength(2);
  });

  test('the function mask holds all of them back, and a reset forgets what is pending', async () => {
    const parts = rig();
    const { driver, messages, start, device } = parts;
    driver.set('config_msix_vector', 0);
    const queue = start({ vector: 1 });
    driver.controlMsix(0xc000);
    serve(parts, queue);
    device.context?.notifyConfigChange();
    driver.controlMsix(0x8000);
    expect(messages.toSorted()).toEqual(['fee00000=0', 'fee00000=1']);
    driver.controlMsix(0xc000);
    serve(parts, queue);
    await driver.reset();
    driver.controlMsix(0x8000);
    expect(messages).toHaveLength(2);
  });

  test('one vector serves configuration and queues', () => {
    const parts = rig(1);
    const { driver, messages, start, device } = parts;
    driver.set('config_msix_vector', 0);
    const queue = start({ vector: 0 });
    serve(parts, queue);
    device.context?.notifyConfigChange();
    expect(messages).toEqual(['fee00000=0', 'fee00000=0']);
  });
});

/** Ways to a device, each counting how often it interrupts. */
const WAYS: Readonly<Record<string, (device: P9Device, ram: GuestRam, count: () => void) => DriverTransport>> = {
  'pci, messages': (device, ram, count) => {
    const { driver } = onPci(device, ram, { modern: true, legacy: false }, count);
    return new PciDriverTransport(driver, { messages: MESSAGES, wait: turn });
  },
  'pci, pin': (device, ram, count) => {
    const { driver } = onPci(device, ram, { modern: true, legacy: false }, count);
    return new PciDriverTransport(driver, { wait: turn });
  },
  'legacy pci': (device, ram, count) => {
    const { driver, ports } = onPci(device, ram, { modern: true, legacy: true }, count);
    return new LegacyDriverTransport(driver, ports, { wait: turn });
  },
  mmio: (device, ram, count) => onMmio(device, ram, false, count),
  'legacy mmio': (device, ram, count) => onMmio(device, ram, true, count),
};

function onPci(device: P9Device, ram: GuestRam, interfaces: { modern: boolean; legacy: boolean }, count: () => void) {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const line = { set: (level: boolean) => void (level && count()) };
  const bus = new PciBus({ ports, memory, interrupts: [line] });
  const { pci } = new VirtioPciTransport({ device, memory: ram, messages: { send: count }, interfaces });
  bus.attach(pci, 3);
  assignBars(bus, RIG_WINDOWS);
  const config = {
    read: (offset: number, width: AccessWidth) => pci.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => pci.writeConfig(offset, width, value),
  };
  return { driver: new PciDriver(config, memory), ports };
}

function onMmio(device: P9Device, ram: GuestRam, legacy: boolean, count: () => void): DriverTransport {
  const memory = new Bus('mmio', 2 ** 46);
  const base = 0xd000_0000 as Gpa;
  const line = { set: (level: boolean) => void (level && count()) };
  const virtio = new VirtioMmioTransport({ device, memory: ram, line, legacy });
  memory.map(base, MMIO_LENGTH, virtio.target);
  return new MmioDriverTransport(memory, base, turn);
}

describe.each(Object.keys(WAYS))('%s', (way) => {
  test.each([{ eventIdx: false }, { eventIdx: true }])(
    'a burst of completions is one interrupt, whether they end at once or later (%j)',
    async (choice) => {
      const ram = GuestRam.ofLength(1 << 20);
      const arena = new Arena(ram, 0x1000, 0xf_0000);
      let interrupts = 0;
      const later: ((length: number) => void)[] = [];
      let atOnce = true;
      const handler = {
        handle: () => (atOnce ? 7 : new Promise<number>((resolve) => later.push(resolve))),
        reset: async () => {},
      };
      const device = new P9Device({ mountTag: 'host', handler, defer: (work) => void setImmediate(work) });
      const transport = WAYS[way]?.(device, ram, () => {
        interrupts += 1;
      });
      const [queue] = transport === undefined ? [] : await startDevice(transport, arena, { features: 1n, ...choice });
      if (transport === undefined || queue === undefined) throw new Error('no queue');
      await turn();
      const burst = () => {
        for (let i = 0; i < 20; i += 1)
          queue.add([{ address: arena.allocate(8), length: 8 }], [{ address: arena.allocate(8), length: 8 }]);
        if (queue.publish()) transport.kick(0);
      };
      const take = () => {
        let taken = 0;
        while (queue.takeUsed() !== undefined) taken += 1;
        queue.allowInterrupts();
        return taken;
      };
      burst();
      expect([interrupts, take()]).toEqual([1, 20]);
      atOnce = false;
      // The pin is still up, and stays up; a message, or a driver that asked, starts from nothing.
      if ('pinRaised' in transport && typeof transport.pinRaised === 'function') transport.pinRaised();
      if ('lineRaised' in transport && typeof transport.lineRaised === 'function') transport.lineRaised();
      burst();
      for (const end of later.splice(0)) end(5);
      await turn();
      await turn();
      expect([interrupts, take()]).toEqual([2, 20]);
    },
  );
});
