/** Lab 4: build a queue. */
import { AVAIL, areaLength, QUEUE_AREAS, type QueueArea } from '../../devices/virtio/queue-layout.ts';
import type { AgreedDevice, QueuePlace } from '../../docs/labs/lab.ts';
import { faultRule } from '../fault-rules.ts';
import { eventsOf, hex, type Rule } from '../finding.ts';
import { type Check, checkOn, type Prepared } from '../lab.ts';
import { LabMachine, type Stretch } from '../machine.ts';
import { agree, commonOf } from '../prepare.ts';
import { accessesTo } from '../registers-seen.ts';

const INITIALIZATION = 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization';
const SETUP = 'virtio 1.2 §4.1.5.1.3 Virtqueue Configuration';
const SPLIT = 'virtio 1.2 §2.7 Split Virtqueues';
const SIZE = 8;
const AREAS: readonly QueueArea[] = ['desc', 'driver', 'device'];

function prepare(free: Stretch): Prepared<AgreedDevice> {
  const machine = new LabMachine({ free });
  agree(machine);
  return { machine, given: { common: commonOf(machine), ram: machine.ram, free, wait: machine.wait } };
}

const selectRule: Rule<unknown> = ({ machine }) => {
  const wrong = accessesTo(machine, 'queue_select', 'register-write').find(({ fields }) => fields.value !== 0);
  return (
    wrong && {
      wrong: `you chose queue ${wrong.fields.value}; a 9P device has one queue, number 0`,
      spec: SETUP,
      next: 'write 0 to queue_select (offset 0x16)',
      event: wrong,
    }
  );
};

const enableRule: Rule<unknown> = ({ machine }) => {
  const writes = accessesTo(machine, 'queue_enable', 'register-write');
  if (writes.some(({ fields }) => fields.value === 1)) return undefined;
  return {
    wrong: 'queue 0 was never enabled: the device ran without any queue',
    spec: SETUP,
    next: 'write queue_size and the addresses of the three areas, then 1 to queue_enable (offset 0x1c), then DRIVER_OK',
    event: writes.at(-1),
  };
};

const driverOkRule: Rule<unknown> = ({ machine }) => {
  if (eventsOf(machine, 'status').some(({ fields }) => fields.to === 'running')) return undefined;
  return {
    wrong: 'the queue is enabled, but the device does not run: DRIVER_OK is not set',
    spec: INITIALIZATION,
    next: 'add DRIVER_OK (4) to device_status when the queue is enabled',
  };
};

interface Area {
  readonly area: QueueArea;
  readonly holds: string;
  readonly at: number;
  readonly end: number;
}

/** The areas as the device has them. */
function areasOf(machine: LabMachine): readonly Area[] {
  const [queue] = eventsOf(machine, 'queue');
  if (queue === undefined) return [];
  const { size, descriptorArea, driverArea, deviceArea } = queue.fields;
  const at = { desc: Number(descriptorArea), driver: Number(driverArea), device: Number(deviceArea) };
  return AREAS.map((area) => ({
    area,
    holds: QUEUE_AREAS.split[area].holds,
    at: at[area],
    end: at[area] + areaLength('split', area, size),
  }));
}

const placeRule: Rule<unknown> = ({ machine }) => {
  const { base, length } = machine.free;
  const outside = areasOf(machine).find(({ at, end }) => at < base || end > base + length);
  if (outside === undefined) return undefined;
  const written = accessesTo(machine, `queue_${outside.area}`, 'register-write').length > 0;
  return {
    wrong: `the ${outside.holds} is from ${hex(outside.at)} to ${hex(outside.end)}, which is not yours${written ? '' : `: queue_${outside.area} was not written`}`,
    spec: SPLIT,
    next: `your part of RAM is from ${hex(base)} to ${hex(base + length)}`,
    event: eventsOf(machine, 'queue')[0],
  };
};

const overlapRule: Rule<unknown> = ({ machine }) => {
  const areas = areasOf(machine);
  const [queue] = eventsOf(machine, 'queue');
  for (const one of areas) {
    const other = areas.find((two) => two !== one && two.at >= one.at && two.at < one.end);
    if (other === undefined) continue;
    return {
      wrong: `the ${one.holds} of ${queue?.fields.size} entries ends at ${hex(one.end)} and the ${other.holds} begins at ${hex(other.at)}, inside it`,
      spec: SPLIT,
      next: 'of n entries the descriptor table has 16n bytes, the available ring 6 + 2n, the used ring 6 + 8n. Did you write queue_size?',
      event: queue,
    };
  }
  return undefined;
};

const sizeRule: Rule<unknown> = ({ machine }) => {
  const [queue] = eventsOf(machine, 'queue');
  if (queue === undefined || queue.fields.size === SIZE) return undefined;
  return {
    wrong: `the queue has ${queue.fields.size} entries; the lab asks for ${SIZE}`,
    spec: SETUP,
    next: 'write what you want to queue_size (offset 0x18, 2 bytes) before queue_enable',
    event: queue,
  };
};

const clearRule: Rule<unknown> = ({ machine }) => {
  const ring = areasOf(machine).find(({ area }) => area === 'driver');
  if (ring === undefined) return undefined;
  const flags = new DataView(machine.ram.buffer).getUint16(ring.at + AVAIL.flags, true);
  if (flags === 0) return undefined;
  return {
    wrong: `the available ring begins with flags ${hex(flags)}: that is what was in RAM before`,
    spec: 'virtio 1.2 §2.7.6 The Virtqueue Available Ring',
    next: 'fill all three areas with zeros before you enable the queue',
  };
};

const answerRule: Rule<QueuePlace> = ({ machine, answer }) => {
  const [queue] = eventsOf(machine, 'queue');
  for (const { area, at } of areasOf(machine)) {
    if (answer?.[area] === at) continue;
    return {
      wrong: `you told the device that queue_${area} is ${hex(at)}, and gave ${String(answer?.[area])}`,
      next: 'give the place as you wrote it',
      event: queue,
    };
  }
  if (answer.size === queue?.fields.size) return undefined;
  return {
    wrong: `you gave size ${answer.size}; the queue has ${queue?.fields.size}`,
    next: 'give the size you wrote',
    event: queue,
  };
};

/** Judges lab 4. */
export const checkLab4: Check = checkOn<AgreedDevice, QueuePlace>({
  trials: [
    { about: 'free RAM begins at 0x20000', prepare: () => prepare({ base: 0x2_0000, length: 0x1000 }) },
    { about: 'free RAM begins at 0x4345b, an odd address', prepare: () => prepare({ base: 0x4_345b, length: 0x400 }) },
  ],
  behaviour: [selectRule, faultRule, enableRule, driverOkRule, overlapRule, placeRule, sizeRule, clearRule],
  answer: [answerRule],
});
