/** Lab 7: interrupts and suppression. */

import { DriverQueue } from '../../devices/virtio/fake-driver/driver-queue.ts';
import { Arena } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { AVAIL, USED, usedEventOffset } from '../../devices/virtio/queue-layout.ts';
import type { QuietDevice, Suppression } from '../../docs/labs/lab.ts';
import { faultRule } from '../fault-rules.ts';
import { eventsOf, type Finding, hex, type Rule } from '../finding.ts';
import { type Check, firstOf, type Prepared, run } from '../lab.ts';
import { LabMachine } from '../machine.ts';
import { tversion } from '../messages.ts';
import { agree, commonOf, driverOf, EVENT_IDX, placeOf, ringer } from '../prepare.ts';
import { accessesTo } from '../registers-seen.ts';
import { idxRule } from './ring-rules.ts';

const MSIX = 'PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures';
const VECTORS = 'virtio 1.2 §4.1.5.1.2 MSI-X Vector Configuration';
const SUPPRESSION = 'virtio 1.2 §2.7.7 Used Buffer Notification Suppression';
const EVENTS = 'virtio 1.2 §2.7.7.1 Driver Requirements: Used Buffer Notification Suppression';
const MSIX_ID = 0x11;
const NO_VECTOR = 0xffff;
const REQUESTS = 8;
const HALF = 4;
const APIC = 0xfee0_0000;

function prepare(): Prepared<QuietDevice> {
  const machine = new LabMachine({ slow: true });
  const driver = agree(machine, EVENT_IDX);
  const arena = new Arena(machine.guestRam, 0x1_0000, 0x2_0000);
  const queue = new DriverQueue(arena, { size: 2 * REQUESTS });
  for (let i = 0; i < REQUESTS; i += 1) {
    const message = tversion(8192, '9P2000.L');
    const [request, reply] = [arena.allocate(message.length), arena.allocate(8192)];
    arena.bytes(request, message.length).set(message);
    queue.add([{ address: request, length: message.length }], [{ address: reply, length: 8192 }]);
  }
  driver.set('queue_select', 0);
  driver.set('queue_size', queue.ring.size);
  driver.set('queue_desc', BigInt(queue.ring.areas.desc));
  driver.set('queue_driver', BigInt(queue.ring.areas.driver));
  driver.set('queue_device', BigInt(queue.ring.areas.device));
  machine.queue = placeOf(queue.ring);
  const given: QuietDevice = {
    common: commonOf(machine),
    ram: machine.ram,
    queue: machine.queue,
    ring: ringer(machine, driver),
    wait: machine.wait,
    msixCapability: machine.learnerPort('msixCapability', machine.config, capabilityOf(machine)),
    msixTable: machine.learnerPort('msixTable', machine.memory, driver.msixTable),
    messages: machine.messages,
  };
  return { machine, given };
}

function capabilityOf(machine: LabMachine): number {
  return driverOf(machine).capabilities.find(({ id }) => id === MSIX_ID)?.at ?? 0;
}

const enabledRule: Rule<unknown> = ({ machine }) => {
  const control = machine.config.read(capabilityOf(machine) + 2, 2);
  if ((control & 0x8000) !== 0 && (control & 0x4000) === 0) return undefined;
  return {
    wrong: `message control is ${hex(control)}: MSI-X is ${(control & 0x8000) === 0 ? 'off' : 'masked as a whole'}`,
    spec: MSIX,
    next: 'set bit 15 of message control, offset 2 of the capability, and leave bit 14 clear',
  };
};

const aliveRule: Rule<unknown> = ({ machine }) => {
  if (eventsOf(machine, 'queue').length > 0) return undefined;
  return {
    wrong: 'queue 0 did not come to life',
    spec: 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization',
    next: 'write 1 to queue_enable, then add DRIVER_OK to device_status',
  };
};

const vectorRule: Rule<unknown> = ({ machine }) => {
  const vector = driverOf(machine).get('queue_msix_vector');
  const written = accessesTo(machine, 'queue_msix_vector', 'register-write').at(-1);
  if (vector !== NO_VECTOR) return undefined;
  const tried = written === undefined ? '' : `; you wrote ${written.fields.value}, and the device has vectors 0 and 1`;
  return {
    wrong: `queue 0 has no vector: queue_msix_vector reads 0xffff${tried}`,
    spec: VECTORS,
    next: 'write 1 to queue_msix_vector (offset 0x1a, 2 bytes) before queue_enable, and read it back',
    event: written,
  };
};

const entryRule: Rule<unknown> = ({ machine }) => {
  const driver = driverOf(machine);
  const vector = driver.get('queue_msix_vector');
  const at = driver.msixTable + 16 * vector;
  const [low, high, control] = [0, 4, 12].map((offset) => machine.memory.read(at + offset, 4));
  const entry = `entry ${vector} of the MSI-X table`;
  if (low !== APIC || high !== 0) {
    return {
      wrong: `${entry}, that of queue 0, sends to ${hex((high ?? 0) * 2 ** 32 + (low ?? 0))}, where nobody takes messages`,
      spec: MSIX,
      next: `entries have 16 bytes: write ${hex(APIC)} at ${16 * vector}, 0 at ${16 * vector + 4}, and data of your own at ${16 * vector + 8}`,
    };
  }
  if (((control ?? 0) & 1) === 0) return undefined;
  return {
    wrong: `${entry}, that of queue 0, is masked: its message waits for ever`,
    spec: MSIX,
    next: `write 0 to its vector control, at ${16 * vector + 12}: entries are masked until somebody says otherwise`,
  };
};

function usedIdx(machine: LabMachine): number {
  return new DataView(machine.ram.buffer).getUint16((machine.queue?.device ?? 0) + USED.idx, true);
}

function word(machine: LabMachine, offset: number): number {
  return new DataView(machine.ram.buffer).getUint16((machine.queue?.driver ?? 0) + offset, true);
}

function usedEventOf(machine: LabMachine): number {
  return word(machine, usedEventOffset(2 * REQUESTS));
}

/** What was published is what should have been. */
const publishedRule =
  (count: number): Rule<unknown> =>
  ({ machine }) => {
    const idx = word(machine, AVAIL.idx);
    const used = usedIdx(machine);
    if (idx === count && used === count) return undefined;
    return {
      wrong: `idx of the available ring is ${idx} and that of the used ring ${used}; both should be ${count} now`,
      spec: 'virtio 1.2 §2.7.13.3 Updating idx',
      next:
        idx === count
          ? 'ring, and wait until the used ring has caught up'
          : `write ${count} to idx of the available ring`,
    };
  };

const quietRule: Rule<unknown> = ({ machine }) => {
  const notifications = usedNotifications(machine);
  const [first] = notifications;
  if (first === undefined) return undefined;
  const wrong = `the device interrupted you ${times(notifications.length)} in the quiet half`;
  if (word(machine, AVAIL.flags) !== 0) {
    return {
      wrong: `${wrong}: with EVENT_IDX agreed on it does not look at flags of the available ring`,
      spec: EVENTS,
      next: 'leave flags at 0, and say in used_event, after the entries of the available ring, which entry you want to hear of',
      event: first,
    };
  }
  const event = usedEventOf(machine);
  const stored = machine.stores.find(({ at }) => at === (machine.queue?.driver ?? 0) + usedEventOffset(2 * REQUESTS));
  const late = stored !== undefined && stored.after >= (eventsOf(machine, 'kick')[0]?.id ?? 0);
  return {
    wrong: `${wrong}: used_event is ${event}${late ? ', written after you rang' : ''}, and the device notifies when it has filled that entry, counted from 0`,
    spec: SUPPRESSION,
    next: 'name an entry that the four do not reach, at byte 4 + 2 * size of the available ring, before you ring',
    event: first,
  };
};

const onceRule: Rule<unknown> = ({ machine }) => {
  const notifications = usedNotifications(machine);
  const event = usedEventOf(machine);
  const [first] = notifications;
  if (first === undefined) {
    return {
      wrong: `no interrupt came: the device filled entries ${HALF} to ${usedIdx(machine) - 1} of the used ring, and used_event is ${event}`,
      spec: SUPPRESSION,
      next: 'used_event names the entry, counted from 0, after which you want to be notified: write it before you ring',
    };
  }
  const done = HALF + eventsOf(machine, 'used').filter(({ id }) => id < first.id).length;
  if (done === REQUESTS && notifications.length === 1) return undefined;
  return {
    wrong: `${notifications.length === 1 ? 'the interrupt came' : `${notifications.length} interrupts came, the first`} when ${done} of ${REQUESTS} requests were done; used_event is ${event}`,
    spec: SUPPRESSION,
    next: 'it should come after the last: that is entry 7, counted from 0. Leave used_event alone afterwards',
    event: first,
  };
};

function usedNotifications(machine: LabMachine) {
  return eventsOf(machine, 'notification').filter(({ fields }) => fields.queue === 0);
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

const QUIET: readonly Rule<unknown>[] = [
  faultRule,
  aliveRule,
  enabledRule,
  vectorRule,
  entryRule,
  idxRule,
  quietRule,
  publishedRule(HALF),
];
const ONCE: readonly Rule<unknown>[] = [faultRule, onceRule, publishedRule(REQUESTS)];

const NO_SUPPRESSION: Finding = {
  wrong: 'the file does not export an object with the functions quiet and once by default',
  next: "keep the line 'export default suppression' of the exercise as it was",
};

/** Judges lab 7: two halves on one device. */
export const checkLab7: Check = async (exported) => {
  const { quiet, once } = (exported ?? {}) as Partial<Suppression>;
  if (typeof quiet !== 'function' || typeof once !== 'function') return { finding: NO_SUPPRESSION, events: [] };
  const { machine, given } = prepare();
  const events = machine.record;
  const begun = machine.stream.count;
  for (const [half, rules] of [
    [quiet, QUIET],
    [once, ONCE],
  ] as const) {
    machine.forgetPreparation();
    const ended = await run(half, given);
    for (let waits = 0; waits < 2; waits += 1) await machine.settle();
    machine.stopRecording();
    const finding = firstOf(rules, machine, undefined);
    if (finding !== undefined || 'thrown' in ended) return { ...ended, finding, events, begun };
  }
  return { events, begun };
};
