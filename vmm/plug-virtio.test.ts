import { describe, expect, test } from '@jest/globals';
import { startDevice } from '../devices/virtio/fake-driver/driver-transport.ts';
import { FrameDriver } from '../devices/virtio/fake-driver/frame-driver.ts';
import { Arena } from '../devices/virtio/fake-driver/guest-ram.ts';
import { MmioDriverTransport } from '../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { scanBus } from '../devices/virtio/fake-driver/pci-scan.ts';
import { RngDevice } from '../devices/virtio/rng-device.ts';
import { createSynth } from '../ninep/backends/synth/synth.ts';
import { Client } from '../ninep/client/client.ts';
import { Tree } from '../ninep/client/tree.ts';
import type { FrameHandler } from '../ninep/frame-handler.ts';
import { createSession } from '../ninep/session.ts';
import type { VirtioConfig } from './config.ts';
import { Machine } from './machine.ts';
import { type MachineDevice, shareDevice } from './machine-device.ts';
import { memoryMap } from './memory-map.ts';
import { mmioPlaces } from './mmio-places.ts';
import { byMmio } from './plug-mmio.ts';
import { fakeAccelerator } from './test-support/fake-accelerator.ts';

const MIB = 2 ** 20;
const QUEUE_NOTIFY = 0x50;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function machineOf(devices: readonly MachineDevice[]) {
  const fake = fakeAccelerator();
  const faults: string[] = [];
  const machine = new Machine(fake.accelerator, {
    map: memoryMap(16 * MIB),
    devices,
    byMmio,
    onConsole: () => true,
    onConsoleReady() {},
    control: { request() {} },
    defer: (work) => void setImmediate(work),
    trace: { guestFault: (device, message) => faults.push(`${device}: ${message}`) },
  });
  const places = mmioPlaces(devices);
  /** The driver's side of the device that was listed as number `index`: its registers, a piece of RAM, its interrupt. */
  const driverOf = (index: number) => {
    const place = places[index];
    if (place === undefined) throw new Error('that device is on the PCI bus');
    const transport = new MmioDriverTransport(machine.mmio, place.base, turn);
    const arena = new Arena(fake.ram, (index + 1) * MIB, MIB);
    fake.edges.push((gsi) => gsi === place.irq && transport.lineRaised());
    const start = async (choice: Parameters<typeof startDevice>[2] = { features: 1n }) => {
      const [queue] = await startDevice(transport, arena, choice);
      if (queue === undefined) throw new Error('no queue');
      const frames = new FrameDriver(queue, arena, { kick: () => transport.kick(0), room: 8192, depth: 2 });
      transport.onQueueInterrupt = () => frames.interrupt();
      return { queue, frames };
    };
    const mount = async (choice?: Parameters<typeof startDevice>[2]) => {
      const { frames } = await start(choice);
      const client = new Client({ handle: frames.handle.bind(frames), reset: async () => {} }, { msize: 8192 });
      await client.version();
      return Tree.attach(client);
    };
    return { transport, start, mount };
  };
  return { machine, ...fake, faults, driverOf };
}

/** A share with one file, `name`, that says what share it is in. */
function share(mountTag: string, virtio: VirtioConfig): MachineDevice {
  const synth = createSynth();
  synth.root.file('name', `this is ${mountTag}`);
  return shareDevice({ mountTag, handler: createSession(synth), virtio });
}

async function nameIn(tree: Tree): Promise<string> {
  return Buffer.from(await tree.read(await tree.open('name'), 0n, 100)).toString();
}

describe('a device by MMIO', () => {
  test.each<[string, VirtioConfig, version: number, offered: (features: bigint) => boolean]>([
    ['modern', {}, 2, (features) => (features >> 32n) % 2n === 1n],
    ['packed', { packed: true }, 2, (features) => (features >> 34n) % 2n === 1n],
    ['legacy', { legacy: true }, 1, (features) => features >> 32n === 0n],
  ])('%s: is where its place says, and serves its share', async (_, virtio, version, offered) => {
    const { machine, driverOf, faults } = machineOf([share('host', { bus: 'mmio', ...virtio })]);
    expect(scanBus(machine.ports).map(({ deviceId }) => deviceId)).not.toContain(0x1009);
    const { transport, mount } = driverOf(0);
    expect([machine.read('mmio', 0xfeb0_0004, 4), transport.deviceId]).toEqual([version, 9]);
    expect(offered(transport.offered)).toBe(true);
    expect(await nameIn(await mount({ features: 1n, packed: true, indirect: true, eventIdx: true }))).toBe(
      'this is host',
    );
    expect(faults).toEqual([]);
  });

  test('interrupts by edges of its own line alone', async () => {
    const { driverOf, edges } = machineOf([share('one', { bus: 'mmio' }), share('two', { bus: 'mmio' })]);
    const seen: number[] = [];
    edges.push((gsi) => seen.push(gsi));
    await driverOf(1).mount();
    expect(new Set(seen)).toEqual(new Set([6]));
  });

  test('rings by a doorbell where its register is, while a driver has it; not with ioeventfd off', async () => {
    const { driverOf, bells } = machineOf([
      share('bell', { bus: 'mmio' }),
      share('exits', { bus: 'mmio', ioeventfd: false }),
    ]);
    const { transport, mount } = driverOf(0);
    expect(bells.size).toBe(0);
    await mount();
    expect([...bells.keys()]).toEqual([0xfeb0_0000 + QUEUE_NOTIFY]);
    transport.status = 0;
    expect(bells.size).toBe(0);
    expect(await nameIn(await driverOf(1).mount())).toBe('this is exits');
    expect(bells.size).toBe(0);
  });

  test('work that a doorbell brings is done as that of a write', async () => {
    const { driverOf, bells } = machineOf([share('host', { bus: 'mmio' })]);
    const { transport, mount } = driverOf(0);
    transport.kick = () => bells.get(0xfeb0_0000 + QUEUE_NOTIFY)?.();
    expect(await nameIn(await mount())).toBe('this is host');
  });

  test('that needs a reset says which one it is, and mounts after it', async () => {
    const { driverOf, faults } = machineOf([share('other', {}), share('host', { bus: 'mmio' })]);
    const { transport, mount } = driverOf(1);
    transport.status = 0x3;
    transport.set('QueueReady', 1);
    expect(transport.status & 0x40).toBe(0x40);
    expect(faults).toEqual([expect.stringMatching(/^virtio-9p-device 'host': queue 0/)]);
    expect(await nameIn(await mount())).toBe('this is host');
  });

  test('is quiet only when its requests have ended', async () => {
    let drain = () => {};
    const drained = new Promise<void>((resolve) => {
      drain = resolve;
    });
    let answer: (length: number) => void = () => {};
    const handler: FrameHandler = {
      handle: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
      async reset() {
        await drained;
        answer(0);
      },
    };
    const { machine, driverOf } = machineOf([shareDevice({ mountTag: 'stuck', handler, virtio: { bus: 'mmio' } })]);
    const { frames } = await driverOf(0).start();
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

  test('leaves the addresses beyond it alone', () => {
    const { machine } = machineOf([share('host', { bus: 'mmio' })]);
    expect(machine.read('mmio', 0xfeb0_0000, 4)).toBe(0x7472_6976);
    for (const address of [0xfeaf_fffc, 0xfeb0_0200, 0xfeb0_0ffc]) {
      expect(machine.read('mmio', address, 4)).toBe(0xffff_ffff);
    }
  });
});

test('any device goes behind any transport', () => {
  const rng = (virtio: VirtioConfig): MachineDevice => ({
    label: 'rng',
    virtio,
    make: (defer) => new RngDevice({ random() {}, defer }),
  });
  const { machine, driverOf } = machineOf([rng({ legacy: false }), rng({ bus: 'mmio', legacy: true }), rng({})]);
  const found = scanBus(machine.ports).filter(({ vendorId }) => vendorId === 0x1af4);
  expect(found.map(({ deviceId }) => deviceId)).toEqual([0x1044, 0x1005]);
  expect([driverOf(1).transport.deviceId, driverOf(1).transport.legacy]).toEqual([4, true]);
});

test('a machine without a way to plug devices in by MMIO says of which it has none', () => {
  const fake = fakeAccelerator();
  const plug = (virtio: VirtioConfig) =>
    new Machine(fake.accelerator, {
      map: memoryMap(16 * MIB),
      devices: [share('host', virtio)],
      onConsole: () => true,
      onConsoleReady() {},
      control: { request() {} },
      defer() {},
    });
  expect(() => plug({})).not.toThrow();
  expect(() => plug({ bus: 'mmio' })).toThrow("'host': this machine has no devices but those on its PCI bus");
});
