import { describe, expect, test } from '@jest/globals';
import { Bus } from '../bus.ts';
import { assignBars } from '../pci/assign-bars.ts';
import { ConfigMechanism1 } from '../pci/config-mechanism.ts';
import { hostBridge } from '../pci/host-bridge.ts';
import { PciBus } from '../pci/pci-bus.ts';
import { startDevice } from './fake-driver/driver-transport.ts';
import { FrameDriver } from './fake-driver/frame-driver.ts';
import { Arena, GuestRam } from './fake-driver/guest-ram.ts';
import { PciDriver } from './fake-driver/pci-driver.ts';
import { PciDriverTransport } from './fake-driver/pci-driver-transport.ts';
import { RIG_WINDOWS } from './fake-driver/pci-rig.ts';
import { scanBus } from './fake-driver/pci-scan.ts';
import { P9Device } from './p9-device.ts';
import { VirtioPciTransport } from './pci-transport.ts';

const MESSAGE_ADDRESS = 0xfee0_0000;
const MIB = 1 << 20;

/** A machine with a virtio-9p function for each tag; the core behind each prepends the tag's length to what it gets. */
function machine(tags: readonly string[]) {
  const ports = new Bus('pio', 0x1_0000);
  const memory = new Bus('mmio', 2 ** 46);
  const ram = GuestRam.ofLength(4 * MIB);
  const onMessage: ((data: number) => boolean)[] = [];
  const onPin: (() => boolean)[] = [];
  const pin = { level: false, rises: 0 };
  const line = {
    set(level: boolean) {
      if (level && !pin.level) pin.rises += 1;
      pin.level = level;
    },
  };
  const bus = new PciBus({ ports, memory, interrupts: [line] });
  bus.attach(hostBridge(), 0);
  ports.map(0xcf8, 8, new ConfigMechanism1(bus));
  const faults: string[] = [];
  for (const mountTag of tags) {
    const handler = {
      handle(request: readonly Uint8Array[], reply: readonly Uint8Array[]) {
        const bytes = [mountTag.length, ...request.flatMap((part) => [...part])];
        reply[0]?.set(bytes);
        return bytes.length;
      },
      reset: async () => {},
    };
    const device = new P9Device({ mountTag, handler, defer: (work) => void setImmediate(work) });
    const transport = new VirtioPciTransport({
      device,
      memory: ram,
      messages: {
        send: (address, data) => {
          expect(address).toBe(BigInt(MESSAGE_ADDRESS));
          onMessage.some((take) => take(data));
        },
      },
      trace: { guestFault: (name, message) => faults.push(`${name}: ${message}`) },
      rings: { packed: true },
    });
    bus.attach(transport.pci);
  }
  assignBars(bus, RIG_WINDOWS);
  const servePin = (): void => {
    for (let turns = 0; pin.level && turns < 10; turns += 1) for (const take of onPin) take();
  };
  return { ports, memory, ram, onMessage, onPin, pin, servePin, faults };
}

const wait = () => new Promise<void>((resolve) => setImmediate(resolve));

test('the bus shows a host bridge and a virtio-9p function for each share', () => {
  const { ports } = machine(['one', 'two']);
  expect(scanBus(ports).map(({ slot, vendorId, deviceId }) => [slot, vendorId, deviceId])).toEqual([
    [0, expect.any(Number), expect.any(Number)],
    [1, 0x1af4, 0x1049],
    [2, 0x1af4, 0x1049],
  ]);
});

describe.each([
  ['by message', true],
  ['by pin', false],
])('interrupted %s', (_, msix) => {
  test.each([
    { indirect: false, eventIdx: false },
    { indirect: true, eventIdx: true },
    { packed: true, indirect: false, eventIdx: false },
    { packed: true, indirect: true, eventIdx: true },
  ])('two devices of one machine each serve their own driver (%j)', async (choice) => {
    const { ports, memory, ram, onMessage, onPin, pin, servePin, faults } = machine(['one', 'three']);
    const functions = scanBus(ports).filter(({ vendorId }) => vendorId === 0x1af4);
    const drivers: FrameDriver[] = [];
    for (const [index, { config }] of functions.entries()) {
      const transport = new PciDriverTransport(new PciDriver(config, memory), {
        ...(msix && { messages: { address: MESSAGE_ADDRESS, data: 0x40 + 8 * index } }),
        wait,
      });
      expect(transport.deviceId).toBe(9);
      expect(transport.readConfig(0, 2)).toBe(index === 0 ? 3 : 5);
      const arena = new Arena(ram, (1 + index) * MIB, MIB);
      const [queue] = await startDevice(transport, arena, { features: 1n, ...choice });
      if (queue === undefined) throw new Error('no queue');
      expect(transport.status).toBe(0x0f);
      const driver = new FrameDriver(queue, arena, { kick: () => transport.kick(0) });
      transport.onQueueInterrupt = () => driver.interrupt();
      onMessage.push((data) => transport.message(data));
      onPin.push(() => transport.pinRaised());
      drivers.push(driver);
    }
    const frames = Array.from({ length: 50 }, (_, i) => Uint8Array.of(i, 1, 2, 3, 4, 5, 6));
    const sent = frames.flatMap((frame) => drivers.map((driver) => driver.send(frame)));
    for (let turns = 0; turns < 100; turns += 1) {
      if (!msix) servePin();
      await wait();
    }
    const replies = await Promise.all(sent);
    expect(replies.map((reply) => [...reply])).toEqual(
      frames.flatMap((frame) => [
        [3, ...frame],
        [5, ...frame],
      ]),
    );
    expect([faults, pin.level, pin.rises > 0]).toEqual([[], false, !msix]);
  });
});
