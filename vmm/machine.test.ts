import { describe, expect, test } from '@jest/globals';
import type { MachineRequest } from '../devices/ports.ts';
import { type Descriptor, DriverRing } from '../devices/virtio/fake-driver/driver-ring.ts';
import { startDevice } from '../devices/virtio/fake-driver/driver-transport.ts';
import { FrameDriver } from '../devices/virtio/fake-driver/frame-driver.ts';
import { Arena } from '../devices/virtio/fake-driver/guest-ram.ts';
import { PciDriver } from '../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../devices/virtio/fake-driver/pci-driver-transport.ts';
import { type FoundFunction, scanBus } from '../devices/virtio/fake-driver/pci-scan.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { Client } from '../ninep/client/client.ts';
import { Tree } from '../ninep/client/tree.ts';
import type { FrameHandler } from '../ninep/frame-handler.ts';
import { createSession } from '../ninep/session.ts';
import { Machine } from './machine.ts';
import { type MachineShare, shareDevice } from './machine-device.ts';
import { memoryMap } from './memory-map.ts';
import { fakeAccelerator } from './test-support/fake-accelerator.ts';

const MIB = 2 ** 20;
const MESSAGES = 0xfee0_0000;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function machineWith(shares: readonly MachineShare[]) {
  const fake = fakeAccelerator();
  const requests: string[] = [];
  const faults: string[] = [];
  const console: string[] = [];
  const machine = new Machine(fake.accelerator, {
    map: memoryMap(16 * MIB),
    devices: shares.map(shareDevice),
    onConsole(bytes) {
      console.push(Buffer.from(bytes).toString());
      return true;
    },
    onConsoleReady() {},
    control: { request: (what: MachineRequest, source) => requests.push(`${what} by ${source}`) },
    defer: (work) => void setImmediate(work),
    trace: { guestFault: (device, message) => faults.push(`${device}: ${message}`) },
  });
  const ninep = () => scanBus(machine.ports).filter(({ deviceId }) => deviceId === 0x1009);
  /** The driver's side of one function: registers, its own piece of RAM, its own messages. */
  const driverOf = ({ config, slot }: FoundFunction) => {
    const pci = new PciDriver(config, machine.mmio);
    const transport = new PciDriverTransport(pci, { messages: { address: MESSAGES, data: slot * 4 }, wait: turn });
    const arena = new Arena(fake.ram, slot * MIB, MIB);
    fake.listeners.push((data) => transport.message(data));
    const start = async () => {
      const [queue] = await startDevice(transport, arena, { features: 1n, indirect: true, eventIdx: true });
      if (queue === undefined) throw new Error('no queue');
      const frames = new FrameDriver(queue, arena, { kick: () => transport.kick(0), room: 8192, depth: 2 });
      transport.onQueueInterrupt = () => frames.interrupt();
      return { queue, frames };
    };
    const mount = async () => {
      const { frames } = await start();
      const handler = { handle: frames.handle.bind(frames), reset: async () => {} };
      const client = new Client(handler, { msize: 8192 });
      await client.version();
      return Tree.attach(client);
    };
    return { pci, transport, start, mount };
  };
  const onlyDriver = () => {
    const [found] = ninep();
    if (found === undefined) throw new Error('no virtio-9p function');
    return driverOf(found);
  };
  return { machine, ...fake, requests, faults, console, ninep, driverOf, onlyDriver };
}

/** A share with one file, `name`, that says what share it is in. */
function share(mountTag: string): MachineShare {
  const synth = createSynth();
  synth.root.file('name', `this is ${mountTag}`);
  return { mountTag, handler: createSession(synth) };
}

async function nameIn(tree: Tree): Promise<string> {
  const fid = await tree.open('name');
  return Buffer.from(await tree.read(fid, 0n, 100)).toString();
}

describe('a guest that programs the device wrongly', () => {
  test.each<[string, (pci: PciDriver) => void]>([
    [
      'queue addresses outside RAM',
      (pci) => {
        pci.negotiate();
        pci.set('queue_select', 0);
        pci.set('queue_desc', 0x4000_0000n);
        pci.set('queue_driver', 0x4001_0000n);
        pci.set('queue_device', 0x4002_0000n);
        pci.set('queue_enable', 1);
        pci.addStatus('DRIVER_OK');
      },
    ],
    [
      'a queue enabled twice',
      (pci) => {
        pci.negotiate();
        pci.set('queue_select', 0);
        pci.set('queue_desc', 0x10_0000n);
        pci.set('queue_driver', 0x11_0000n);
        pci.set('queue_device', 0x12_0000n);
        pci.set('queue_enable', 1);
        pci.set('queue_enable', 1);
      },
    ],
    [
      'a queue enabled before the features are agreed on',
      (pci) => {
        pci.addStatus('ACKNOWLEDGE');
        pci.set('queue_enable', 1);
      },
    ],
  ])('%s: DEVICE_NEEDS_RESET; then it resets and mounts', async (_, misuse) => {
    const { onlyDriver, faults } = machineWith([share('host')]);
    const { pci, transport, mount } = onlyDriver();
    misuse(pci);
    expect(transport.status & 0x40).toBe(0x40);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^virtio-9p-pci 'host': queue 0/);
    expect(await nameIn(await mount())).toBe('this is host');
  });

  test.each<[string, Descriptor]>([
    ['a chain that loops', { addr: 0x10_0000n, len: 16, flags: 1, next: 0 }],
    ['a buffer outside RAM', { addr: 1n << 40n, len: 16, flags: 0, next: 0 }],
    ['a request too short for 9P, without room for a reply', { addr: 0x10_0000n, len: 3, flags: 0, next: 0 }],
  ])('%s: DEVICE_NEEDS_RESET by interrupt; then it resets and mounts', async (_, descriptor) => {
    const { onlyDriver, faults, messages } = machineWith([share('host')]);
    const { transport, start, mount } = onlyDriver();
    const { queue } = await start();
    let told = 0;
    transport.onConfigInterrupt = () => {
      told += 1;
    };
    transport.onQueueInterrupt = () => {};
    const { ring } = queue;
    if (!(ring instanceof DriverRing)) throw new Error('a split queue was asked for');
    ring.setDescriptor(0, descriptor);
    ring.setAvailEntry(0, 0);
    ring.availIdx = 1;
    transport.kick(0);
    await turn();
    await turn();
    expect([transport.status, told, faults.length]).toEqual([0x4f, 1, 1]);
    expect(messages.every(({ address }) => address === 0xfee0_0000n)).toBe(true);
    expect(await nameIn(await mount())).toBe('this is host');
  });

  test('one device that needs a reset leaves the others alone', async () => {
    const { ninep, driverOf } = machineWith([share('bad'), share('good')]);
    const [bad, good] = ninep().map(driverOf);
    bad?.pci.addStatus('ACKNOWLEDGE');
    bad?.pci.set('queue_enable', 1);
    expect(bad?.transport.status).toBe(0x41);
    const tree = await good?.mount();
    expect(tree && (await nameIn(tree))).toBe('this is good');
  });

  test('accesses to every port of every width, and to addresses at the ends of the bus, go through', () => {
    const { machine, requests } = machineWith([share('host')]);
    const wrong: number[] = [];
    const quiet = new Set([0x64, 0x60, 0x92, 0x604, 0x605, 0xcf9]);
    for (let port = 0; port < 0x1_0000; port += 1) {
      for (const width of [1, 2, 4] as const) {
        const value = machine.read('pio', port, width);
        if (!(value >= 0 && value < 2 ** (8 * width))) wrong.push(port);
        if (![0, 1, 2, 3].some((ahead) => quiet.has(port + ahead)))
          machine.write('pio', port, width, 2 ** (8 * width) - 1);
      }
    }
    expect(wrong).toEqual([]);
    for (const address of [0, 0xffff_ffff, 2 ** 36, 2 ** 52 - 1, 2 ** 52, 2 ** 53 - 8]) {
      expect(machine.read('mmio', address, 4)).toBe(0xffff_ffff);
      machine.write('mmio', address, 4, 0);
    }
    expect(requests).toEqual([]);
  });
});

describe('devices', () => {
  test('are found by configuration cycles, each in its slot', () => {
    const { machine } = machineWith([share('one'), share('two')]);
    const found = scanBus(machine.ports).map(({ slot, vendorId, deviceId }) => [slot, vendorId, deviceId]);
    expect(found).toEqual([
      [0, 0x8086, expect.any(Number)],
      [1, 0x1b36, 0x0011],
      [2, 0x1af4, 0x1009],
      [3, 0x1af4, 0x1009],
    ]);
    expect(machine.pciInterrupts.filter(({ pin }) => pin === 1)).toEqual([
      { slot: 0, pin: 1, gsi: 16 },
      { slot: 1, pin: 1, gsi: 17 },
      { slot: 2, pin: 1, gsi: 18 },
      { slot: 3, pin: 1, gsi: 19 },
    ]);
  });

  test('of one machine serve their own shares', async () => {
    const tags = ['one', 'two', 'three'];
    const { ninep, driverOf, faults } = machineWith(tags.map(share));
    const drivers = ninep().map(driverOf);
    const trees = await Promise.all(drivers.map(({ mount }) => mount()));
    expect(await Promise.all(trees.map(nameIn))).toEqual(['this is one', 'this is two', 'this is three']);
    expect(drivers.map(({ transport }) => transport.readConfig(0, 2))).toEqual([3, 3, 5]);
    expect(faults).toEqual([]);
  });

  test('as many as there may be have a slot, BARs in the window and no overlap', () => {
    const { machine, ninep } = machineWith(Array.from({ length: 30 }, (_, index) => share(`s${index}`)));
    expect(ninep().map(({ slot }) => slot)).toEqual(Array.from({ length: 30 }, (_, index) => index + 2));
    const windows = { io: [0xc000, 0x1_0000], memory: [0xc000_0000, 0xfec0_0000] } as const;
    for (const [space, [from, to]] of Object.entries(windows)) {
      const bars = machine.bars.filter(({ bar }) => (bar.kind === 'io') === (space === 'io'));
      expect(bars.length).toBeGreaterThanOrEqual(30);
      let end: number = from;
      for (const { address, bar } of bars.sort((a, b) => a.address - b.address)) {
        expect(address).toBeGreaterThanOrEqual(end);
        end = address + bar.length;
      }
      expect(end).toBeLessThanOrEqual(to);
    }
    expect(() => machineWith(Array.from({ length: 31 }, (_, index) => share(`s${index}`)))).toThrow(
      'all 32 PCI slots are taken',
    );
  });

  test('ring by doorbell as well as by a write', async () => {
    const { onlyDriver, bells } = machineWith([share('host')]);
    const { pci, mount } = onlyDriver();
    await mount();
    expect([...bells.keys()]).toEqual([pci.doorbell(0)]);
    await pci.reset();
    expect(bells.size).toBe(0);
  });
});

describe('quiesce', () => {
  /** A handler that answers nothing until it is reset, and then `after`. */
  function stuck(after: () => Promise<void>) {
    let answer: (length: number) => void = () => {};
    const handler: FrameHandler = {
      handle: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      async reset() {
        await after();
        answer(0);
      },
    };
    return { mountTag: 'stuck', handler };
  }

  test('waits for requests under way', async () => {
    let drain = () => {};
    const drained = new Promise<void>((resolve) => {
      drain = resolve;
    });
    const { machine, onlyDriver } = machineWith([stuck(() => drained)]);
    const { frames } = await onlyDriver().start();
    frames.send(new Uint8Array(7)).catch(() => {});
    let quiet = false;
    const quiesced = machine.quiesce().then(() => {
      quiet = true;
    });
    await turn();
    expect(quiet).toBe(false);
    drain();
    await quiesced;
  });

  test('a device that fails does not keep it from waiting for the others', async () => {
    let drain = () => {};
    const drained = new Promise<void>((resolve) => {
      drain = resolve;
    });
    const { machine } = machineWith([stuck(() => Promise.reject(new Error('torn'))), stuck(() => drained)]);
    let over = false;
    const outcome = machine.quiesce().finally(() => {
      over = true;
    });
    outcome.catch(() => {});
    await turn();
    expect(over).toBe(false);
    drain();
    await expect(outcome).rejects.toThrow('torn');
  });

  test('hands over what the guest printed last', async () => {
    const { machine, console } = machineWith([]);
    for (const letter of 'bye') machine.write('pio', 0x3f8, 1, letter.charCodeAt(0));
    await machine.quiesce();
    expect(console.join('')).toBe('bye');
  });
});

describe('platform', () => {
  test.each<[string, (machine: Machine) => void, string]>([
    ['port 0x604', (machine) => machine.write('pio', 0x604, 2, 0x2000), 'power-off by pm1-control'],
    ['port 0xcf9', (machine) => machine.write('pio', 0xcf9, 1, 0x06), 'reset by reset-control'],
    ['port 0x92', (machine) => machine.write('pio', 0x92, 1, 0x01), 'reset by system-control-a'],
    ['the keyboard controller', (machine) => machine.write('pio', 0x64, 1, 0xfe), 'reset by i8042'],
    [
      'the panic device',
      (machine) => {
        const panic = scanBus(machine.ports).find(({ deviceId }) => deviceId === 0x0011);
        if (panic === undefined) throw new Error('no panic device');
        const driver = new PciDriver(panic.config, machine.mmio);
        driver.command(0x0002);
        machine.write('mmio', driver.barAddress(0), 1, 0x01);
      },
      'panic by pvpanic-pci',
    ],
  ])('%s reaches control', (_, act, request) => {
    const { machine, requests } = machineWith([]);
    act(machine);
    expect(requests).toEqual([request]);
  });

  test('a guest that has switched its machine off executes nothing more, until a reset', async () => {
    const { machine } = machineWith([]);
    machine.write('pio', 0x604, 2, 0x2000);
    const hold = machine.takeHold();
    expect(hold).toBeInstanceOf(Promise);
    let over = false;
    void hold?.then(() => {
      over = true;
    });
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(over).toBe(false);
    machine.write('pio', 0x604, 2, 0x2000);
    await machine.reset();
    expect(machine.takeHold()).toBeUndefined();
  });

  test('a write of four bytes to the configuration address is no reset', () => {
    const { machine, requests } = machineWith([]);
    machine.write('pio', 0xcf8, 4, 0x8000_06ff);
    expect(requests).toEqual([]);
  });

  test('the serial port interrupts by line 4, once its transmitter may', () => {
    const { machine, levels } = machineWith([]);
    machine.write('pio', 0x3fc, 1, 0x08);
    expect(levels.get(4) ?? false).toBe(false);
    machine.write('pio', 0x3f9, 1, 0x02);
    expect(levels.get(4)).toBe(true);
  });

  test('the clock of the CMOS is that of the accelerator', () => {
    const { machine } = machineWith([]);
    const cmos = (register: number) => {
      machine.write('pio', 0x70, 1, register);
      return machine.read('pio', 0x71, 1);
    };
    expect([cmos(0x32), cmos(0x09), cmos(0x08), cmos(0x07), cmos(0x04), cmos(0x02), cmos(0x00)]).toEqual([
      0x20, 0x24, 0x02, 0x29, 0x12, 0x34, 0x56,
    ]);
  });
});
