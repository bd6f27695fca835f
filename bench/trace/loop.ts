// Requests through the fake driver and the 9P core over a tree in memory; prints nanoseconds of CPU for each. `watched` as an
// argument: with an event stream that a sink counts.
import { Bus } from '../../devices/bus.ts';
import { assignBars } from '../../devices/pci/assign-bars.ts';
import { hostBridge } from '../../devices/pci/host-bridge.ts';
import { PciBus } from '../../devices/pci/pci-bus.ts';
import type { AccessWidth } from '../../devices/ports.ts';
import { startDevice } from '../../devices/virtio/fake-driver/driver-transport.ts';
import { FrameDriver } from '../../devices/virtio/fake-driver/frame-driver.ts';
import { Arena, GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import { RIG_WINDOWS } from '../../devices/virtio/fake-driver/pci-rig.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { VirtioPciTransport } from '../../devices/virtio/pci-transport.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { Client } from '../../ninep/client/client.ts';
import { Tree } from '../../ninep/client/tree.ts';
import { encodeMessage } from '../../ninep/codec.ts';
import { createSession } from '../../ninep/session.ts';
import { tagNumber } from '../../ninep/wire-types.ts';

const REQUESTS = 60_000;
const DEPTH = 32;
const ROOM = 8192;

/** What watches, where somebody does: made by the program that is only there in trees that have a stream. */
export type Watch = (options: object) => { readonly observer?: object; readonly trace?: object };

/** Runs the loop. */
export async function loop(watch: Watch = () => ({})): Promise<void> {
  const memory = createMemory();
  memory.writeFile('file', new Uint8Array(4096));
  const { observer, trace } = watch({});
  const session = createSession(memory, { ...(observer && { observer }) });
  const [ports, mmio] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const ram = GuestRam.ofLength(4 << 20);
  const bus = new PciBus({ ports, memory: mmio, interrupts: [{ set: () => {} }] });
  bus.attach(hostBridge(), 0);
  let interrupted: () => void = () => {};
  const transport = new VirtioPciTransport({
    device: new P9Device({ mountTag: 'host', handler: session, defer: (work) => void setImmediate(work) }),
    memory: ram,
    messages: { send: () => interrupted() },
    ...(trace && { trace: trace as never }),
  });
  bus.attach(transport.pci);
  assignBars(bus, RIG_WINDOWS);
  const config = {
    read: (offset: number, width: AccessWidth) => transport.pci.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => transport.pci.writeConfig(offset, width, value),
  };
  const wait = () => new Promise<void>((resolve) => setImmediate(resolve));
  const way = new PciDriverTransport(new PciDriver(config, mmio), {
    messages: { address: 0xfee0_0000, data: 0x40 },
    wait,
  });
  const arena = new Arena(ram, 1 << 20, 3 << 20);
  const [queue] = await startDevice(way, arena, { features: 1n, indirect: true, eventIdx: true });
  if (queue === undefined) throw new Error('there is no queue');
  const driver = new FrameDriver(queue, arena, { kick: () => way.kick(0), depth: DEPTH, room: ROOM });
  interrupted = () => driver.interrupt();
  const client = new Client(
    { handle: (request, reply) => driver.handle(request, reply), reset: async () => {} },
    { msize: ROOM },
  );
  await client.version();
  const tree = await Tree.attach(client);
  const fid = await tree.open('file');
  const frames = Array.from({ length: DEPTH }, (_, tag) =>
    tag % 2 === 0
      ? encodeMessage('Tread', tagNumber(tag), { fid, offset: 0n, count: 4096 })
      : encodeMessage('Tgetattr', tagNumber(tag), { fid, request_mask: 0x7ffn }),
  );
  const run = async (count: number) => {
    for (let done = 0; done < count; done += DEPTH) await Promise.all(frames.map((frame) => driver.send(frame)));
  };
  await run(REQUESTS / 4);
  const before = process.cpuUsage();
  await run(REQUESTS);
  const { user, system } = process.cpuUsage(before);
  console.log((((user + system) * 1000) / REQUESTS).toFixed(0));
}
