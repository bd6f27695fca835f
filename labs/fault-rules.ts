/**
 * What the device itself objected to, in words for whoever writes a driver. One table: the device's message, what it means
 * for the exercise, what to do.
 */
import { RING_FAULTS, RING_RULES, type RingFaultReason } from '../devices/virtio/ring-fault.ts';
import type { TraceEvent } from '../trace/event.ts';
import { eventsOf, type Finding, type Rule } from './finding.ts';

interface Hint {
  readonly fault: RegExp;
  /** What happened; `$1` and so on are what `fault` found. */
  readonly wrong: string;
  readonly spec: string;
  readonly next: string;
}

const INITIALIZATION = 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization';
const FEATURE_BITS = 'virtio 1.2 §2.2.1 Driver Requirements: Feature Bits';
const STATUS_FIELD = 'virtio 1.2 §2.1.1 Driver Requirements: Device Status Field';
const COMMON = 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout';

/** Objections to a status, to features and to when a queue is enabled. */
const STATUS_HINTS: readonly Hint[] = [
  {
    fault: /^device_status (0x\w+) refused: it clears bits/,
    wrong: 'you wrote $1 to device_status, which takes bits back that were set before: the device ignores it',
    spec: STATUS_FIELD,
    next: 'read device_status and write that with one bit more; only writing 0, a reset, clears it',
  },
  {
    fault: /^device_status (0x\w+) refused: bits (0x\w+) are not the driver's/,
    wrong: 'you wrote $1 to device_status, but $2 in it is not for the driver to set',
    spec: 'virtio 1.2 §2.1 Device Status Field',
    next: 'the bits of a driver are ACKNOWLEDGE 1, DRIVER 2, FEATURES_OK 8, DRIVER_OK 4 and FAILED 0x80',
  },
  {
    fault: /DRIVER_OK may not be set in state (reset|acknowledged|driver)$/,
    wrong: 'you set DRIVER_OK before FEATURES_OK (the device is in state $1): the device ignores it',
    spec: INITIALIZATION,
    next: 'the order is ACKNOWLEDGE, DRIVER, features, FEATURES_OK, reading it back, queues, DRIVER_OK',
  },
  {
    fault: /FEATURES_OK may not be set in state (reset|acknowledged)$/,
    wrong: 'you set FEATURES_OK before DRIVER (the device is in state $1): the device ignores it',
    spec: INITIALIZATION,
    next: 'set ACKNOWLEDGE, then DRIVER, then write your features, then FEATURES_OK',
  },
  {
    fault: /DRIVER may not be set in state (reset|acknowledged)$/,
    wrong: 'you set DRIVER before ACKNOWLEDGE: the device ignores it',
    spec: INITIALIZATION,
    next: 'a guest first says that it has noticed the device, ACKNOWLEDGE, then that it can drive it, DRIVER',
  },
  {
    fault: /(\w+) may not be set in state resetting$/,
    wrong: 'you set $1 while the device is still being reset: the device ignores it',
    spec: 'virtio 1.2 §2.4.2 Driver Requirements: Device Reset',
    next: 'after writing 0 read device_status until it is 0, with a wait between',
  },
  {
    fault: /(\w+) may not be set in state needs-reset$/,
    wrong: 'you set $1 though the device needs a reset',
    spec: STATUS_FIELD,
    next: 'write 0 to device_status and begin again',
  },
  {
    fault: /feature bits that are not offered: (0x\w+)/,
    wrong: 'you accepted features the device does not offer ($1), so it does not keep FEATURES_OK',
    spec: FEATURE_BITS,
    next: 'accept nothing but what both are true of: the device offers it, and your driver knows it (offered & known)',
  },
  {
    fault: /did not accept VIRTIO_F_VERSION_1/,
    wrong: 'you did not accept VIRTIO_F_VERSION_1, so the device does not keep FEATURES_OK',
    spec: 'virtio 1.2 §6.1 Driver Requirements: Reserved Feature Bits',
    next: 'it is bit 32: bit 0 of the second page. Write driver_feature_select 1, then driver_feature 1',
  },
  {
    fault: /^features may not be changed in state (.*)$/,
    wrong: 'you wrote driver_feature in state $1, when features are no longer up for discussion',
    spec: INITIALIZATION,
    next: 'write both pages of features before FEATURES_OK',
  },
  {
    fault: /^queue (\d+) may not be enabled in state (reset|acknowledged|driver)$/,
    wrong: 'you enabled queue $1 in state $2, before features were agreed on: the device needs a reset',
    spec: INITIALIZATION,
    next: 'set FEATURES_OK first: what a queue looks like depends on the features',
  },
  {
    fault: /^queue (\d+) may not be enabled in state running$/,
    wrong: 'you enabled queue $1 after DRIVER_OK: the device began without it, and needs a reset now',
    spec: INITIALIZATION,
    next: 'set all queues up first; DRIVER_OK is the last step',
  },
  {
    fault: /^queue (\d+) may not be enabled in state (.*)$/,
    wrong: 'you enabled queue $1 in state $2: the device needs a reset',
    spec: INITIALIZATION,
    next: 'enable queues between FEATURES_OK and DRIVER_OK',
  },
];

/** The parts of a queue by what the device calls them in its messages. */
const REGISTER_OF: Readonly<Record<string, string>> = {
  desc: 'queue_desc',
  driver: 'queue_driver',
  device: 'queue_device',
  size: 'queue_size',
};

/** Objections to queues and descriptors: what to do about each. */
const RING_NEXT: { readonly [reason in RingFaultReason]?: string } = {
  'queue-enabled-twice': 'write queue_enable once',
  'queue-size': 'take 2, 4, 8 and so on, not more than queue_size said when you read it',
  'queue-alignment': 'round each address up: the descriptor table to 16, the available ring to 2, the used ring to 4',
  'queue-outside-ram':
    'addresses are guest physical: offsets in `ram`, within `free`. An address has two halves to write',
  'avail-idx':
    'idx counts entries and goes up by one for each chain. Where nobody counted yet it has to be 0: RAM is not zero by itself',
  'head-range': 'an entry of the available ring is the number of a descriptor, 0 to size - 1, not its address',
  'head-in-flight': 'the chain you offer is still with the device: wait for it in the used ring first',
  'next-range': '`next` is the number of a descriptor, 0 to size - 1',
  'chain-too-long': 'follow the chain: each descriptor with NEXT leads to another, and the last one has no NEXT',
  'readable-after-writable': 'put what the device reads first, and what it may write (flag WRITE, 2) after that',
  'buffer-outside-ram':
    'the address of a buffer is an offset in `ram`, 8 bytes, little-endian, followed by 4 of length',
  'indirect-not-negotiated': 'flag 4 is INDIRECT; NEXT is 1 and WRITE is 2',
  'indirect-with-next': 'flag 4 is INDIRECT; NEXT is 1 and WRITE is 2',
};

const CHANGED = /the driver changed the configuration of an enabled queue \((\w+) (.*)\)/;

/** The first thing the device objected to. */
export const faultRule: Rule<unknown> = ({ machine }) => {
  const [event] = eventsOf(machine, 'guest-fault');
  return event === undefined ? undefined : findingOf(event);
};

/** Explains an objection. */
export function findingOf(event: TraceEvent<'guest-fault'>): Finding {
  const { message } = event.fields;
  for (const { fault, wrong, spec, next } of STATUS_HINTS) {
    const found = fault.exec(message);
    if (found !== null) return { wrong: filled(wrong, found), spec, next, event };
  }
  const changed = CHANGED.exec(message);
  if (changed !== null) {
    const register = REGISTER_OF[changed[1] ?? ''] ?? changed[1];
    return {
      wrong: `${register} was written after queue_enable (${changed[1]} ${changed[2]}): the device ignores it and needs a reset`,
      spec: COMMON,
      next: 'write queue_size and the three addresses first, queue_enable last',
      event,
    };
  }
  const reason = reasonOf(message);
  return {
    wrong: `the device objects: ${message}`,
    spec: reason && RING_RULES[reason],
    next: (reason && RING_NEXT[reason]) ?? 'the section named says how it is to be; the device needs a reset now',
    event,
  };
}

/** The rule a message of the device is about. */
export function reasonOf(message: string): RingFaultReason | undefined {
  const known = Object.keys(RING_FAULTS) as RingFaultReason[];
  return known.find((reason) => message.includes(RING_FAULTS[reason]));
}

function filled(text: string, found: RegExpExecArray): string {
  return text.replace(/\$(\d)/g, (_, place) => found[Number(place)] ?? '');
}
