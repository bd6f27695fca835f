import { expect, test } from '@jest/globals';
import { Bus } from '../../devices/bus.ts';
import type { Gpa } from '../../devices/ports.ts';
import { BlkDevice } from '../../devices/virtio/blk-device.ts';
import type { VirtioDevice } from '../../devices/virtio/device.ts';
import { GuestRam } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { MmioDriverTransport } from '../../devices/virtio/fake-driver/mmio-driver-transport.ts';
import { MemoryBlockStore } from '../../devices/virtio/memory-block-store.ts';
import { MMIO_CONFIG_OFFSET } from '../../devices/virtio/mmio-registers.ts';
import { MMIO_LENGTH, VirtioMmioTransport } from '../../devices/virtio/mmio-transport.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { blocksOf, deviceIdOf, seenValue } from '../../inspector/model/device-blocks.ts';
import { emptyModel, foldEvent } from '../../inspector/model/machine-model.ts';
import { createSynth } from '../../ninep/backends/synth/synth.ts';
import { createSession } from '../../ninep/session.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { EventStream } from '../../trace/event-stream.ts';
import { describeMachine } from '../../trace/machine-description.ts';
import { OTHER_TABLES } from '../../trace/other-tables.ts';

/** The device-specific configuration by MMIO tells of itself, as over PCI the BAR does that it lies in. */

const BASE = 0xd000_0000 as Gpa;

/** A device by MMIO that is watched, with its driver's side. */
function watched(device: VirtioDevice) {
  const stream = new EventStream();
  const events: TraceEvent[] = [];
  stream.add({ messageBytes: 0, bufferBytes: 0, take: (event) => events.push(event) });
  const [ports, memory] = [new Bus('pio', 0x1_0000), new Bus('mmio', 2 ** 46)];
  const trace = { guestFault: () => {}, events: stream.port('disk') };
  const transport = new VirtioMmioTransport({
    device,
    memory: GuestRam.ofLength(4096),
    line: { set: () => {} },
    trace,
  });
  memory.map(BASE, MMIO_LENGTH, transport.target);
  stream.emit('disk', 'plugged', { name: transport.target.name, bus: 'mmio', address: BASE });
  const description = describeMachine(
    { pci: { functions: () => [] }, bars: [], ports, mmio: memory },
    [],
    OTHER_TABLES,
  );
  stream.emit('', 'machine', { description });
  const write = (offset: number, width: 1 | 2 | 4, value: number) =>
    memory.write(BASE + MMIO_CONFIG_OFFSET + offset, width, value);
  const driver = new MmioDriverTransport(memory, BASE, () => Promise.resolve());
  /** What was told of the configuration, in few words. */
  const told = () =>
    events.flatMap(({ kind, fields }) =>
      'block' in fields && fields.block === 'device_cfg'
        ? [`${kind}: ${'text' in fields ? fields.text : fields.value}`]
        : [],
    );
  return { driver, write, told, events };
}

const defer = (work: () => void) => void setImmediate(work);

test('reads are told by the names of registers, and the inspector knows them', () => {
  const handler = createSession(createSynth());
  const { driver, told, events } = watched(new P9Device({ mountTag: 'host', handler, defer }));
  expect(driver.get('DeviceID')).toBe(9);
  expect([driver.readConfig(0, 2), driver.readConfig(2, 1)]).toEqual([4, 0x68]);
  expect(told()).toEqual(['register-read: tag_len = 0x4', 'register-read: tag[0] = 0x68']);
  const model = emptyModel();
  for (const event of events) foldEvent(model, event);
  expect(deviceIdOf(model, 'disk')).toBe(9);
  const blocks = blocksOf(model, 'disk');
  expect(blocks.map(({ block, table }) => [block, table?.name])).toEqual([
    ['registers', 'virtio_mmio'],
    ['device_cfg', 'virtio_9p_config'],
  ]);
  expect([seenValue(blocks, ['tag_len']), seenValue(blocks, ['tag[0]'])]).toEqual([4n, 0x68n]);
});

test('writes are told before what they do, and those without effect as such', () => {
  const device = new BlkDevice({ store: new MemoryBlockStore(new Uint8Array(512 * 8)), serial: '', defer });
  const { write, told } = watched(device);
  write(32, 1, 1);
  write(0, 4, 7);
  expect(told()).toEqual([
    'register-write: writeback = 0x1',
    'register-write: capacity[31:0] = 0x7',
    'write-refused: 7',
  ]);
});
