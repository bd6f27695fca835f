/** Lab 3: negotiate. */

import { featureNames } from '../../devices/virtio/device-names.ts';
import type { RingChoice } from '../../devices/virtio/features.ts';
import { VERSION_1 } from '../../devices/virtio/features.ts';
import { MOUNT_TAG_FEATURE } from '../../devices/virtio/p9-device.ts';
import type { FreshDevice } from '../../docs/labs/lab.ts';
import { faultRule } from '../fault-rules.ts';
import { eventsOf, hex, type Rule } from '../finding.ts';
import { type Check, checkOn, type Prepared } from '../lab.ts';
import { LabMachine } from '../machine.ts';
import { agree, commonOf, driverOf, EVENT_IDX } from '../prepare.ts';
import { accessesTo } from '../registers-seen.ts';

const INITIALIZATION = 'virtio 1.2 §3.1.1 Driver Requirements: Device Initialization';
const COMMON = 'virtio 1.2 §4.1.4.3 Common configuration structure layout';
const FEATURE_BITS = 'virtio 1.2 §2.2.1 Driver Requirements: Feature Bits';
const P9 = 9;
const [FEATURES_OK, DRIVER_OK] = [0x08, 0x04];

function prepare(rings: RingChoice, used = false): Prepared<FreshDevice> {
  const machine = new LabMachine({ rings });
  if (used) agree(machine);
  return { machine, given: { common: commonOf(machine), wait: machine.wait } };
}

/** A machine whose device offers the usual and packed rings. */
const everything = () => prepare({ packed: true });
const withoutEventIdx = () => prepare({ eventIdx: false });
const leftByAnother = () => prepare({}, true);

const resetRule: Rule<unknown> = ({ machine }) => {
  const [first] = accessesTo(machine, 'device_status', 'register-write');
  if (first === undefined || first.fields.value === 0) return undefined;
  return {
    wrong: `the first thing you wrote to device_status is ${hex(first.fields.value)}, not 0: whoever had the device before may have left it in any state`,
    spec: INITIALIZATION,
    next: 'write 0 first, which resets the device, and read device_status until it is 0 before you go on',
    event: first,
  };
};

const awaitedRule: Rule<unknown> = ({ machine }) => {
  const [zero, next] = accessesTo(machine, 'device_status', 'register-write');
  if (zero === undefined || next === undefined) return undefined;
  const seen = accessesTo(machine, 'device_status', 'register-read').some(
    ({ id, fields }) => id > zero.id && id < next.id && fields.value === 0,
  );
  if (seen) return undefined;
  return {
    wrong: 'after writing 0 to device_status you did not see it read 0 before you wrote it again',
    spec: 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout',
    next: 'a reset takes its time: read device_status until it is 0, waiting between',
    event: next,
  };
};

const statusRule: Rule<unknown> = ({ machine }) => {
  if (machine.events.some(({ kind }) => kind === 'status')) return undefined;
  return {
    wrong: 'the status of the device has not changed: nothing was set in device_status',
    spec: INITIALIZATION,
    next: 'write 0, then ACKNOWLEDGE (1), then ACKNOWLEDGE | DRIVER (3) to device_status, offset 0x14, 1 byte',
  };
};

/** Both pages of the offer were read, each after it was chosen. */
const offerRule: Rule<unknown> = ({ machine }) => {
  const pages = new Set<number>();
  let page = 0;
  for (const event of machine.events) {
    if (event.kind === 'register-write' && event.fields.block === 'common_cfg' && event.fields.offset === 0x00) {
      page = event.fields.value;
    }
    if (event.kind === 'register-read' && event.fields.block === 'common_cfg' && event.fields.offset === 0x04) {
      pages.add(page);
    }
  }
  const lacking = [0, 1].find((one) => !pages.has(one));
  if (lacking === undefined) return undefined;
  return {
    wrong: `you have not read page ${lacking} of device_feature: there are 64 feature bits, 32 at a time`,
    spec: COMMON,
    next: `write ${lacking} to device_feature_select (offset 0), then read device_feature (offset 4, 4 bytes)`,
  };
};

const acceptedRule: Rule<unknown> = ({ machine }) => {
  if (accessesTo(machine, 'driver_feature', 'register-write').length > 0) return undefined;
  return {
    wrong: 'you have not written driver_feature: the device does not know what you accept',
    spec: INITIALIZATION,
    next: 'for page 0 and 1: write driver_feature_select (offset 8), then driver_feature (offset 0x0c)',
  };
};

const agreedRule: Rule<unknown> = ({ machine }) => {
  const [agreed] = eventsOf(machine, 'features-agreed');
  if (agreed !== undefined) return undefined;
  return {
    wrong: 'FEATURES_OK was not set',
    spec: INITIALIZATION,
    next: 'when both pages of driver_feature are written, write device_status with FEATURES_OK (8) added',
  };
};

const knownRule: Rule<unknown> = ({ machine }) => {
  const agreed = eventsOf(machine, 'features-agreed').at(-1);
  const foreign = (agreed?.fields.accepted ?? 0n) & ~(MOUNT_TAG_FEATURE | EVENT_IDX | VERSION_1);
  if (foreign === 0n) return undefined;
  return {
    wrong: `you accepted ${featureNames(P9, foreign).join(', ')}: the device now takes for granted that you can do that`,
    spec: FEATURE_BITS,
    next: 'take of the offer only what your driver knows: offered & (MOUNT_TAG | EVENT_IDX | VERSION_1)',
    event: agreed,
  };
};

const enoughRule: Rule<unknown> = ({ machine }) => {
  const agreed = eventsOf(machine, 'features-agreed').at(-1);
  const offered = driverOf(machine).offeredFeatures();
  const wanted = offered & (MOUNT_TAG_FEATURE | EVENT_IDX | VERSION_1);
  const lacking = wanted & ~(agreed?.fields.accepted ?? 0n);
  if (lacking === 0n) return undefined;
  return {
    wrong: `you did not accept ${featureNames(P9, lacking).join(', ')}, which the device offers and the lab asks for`,
    spec: FEATURE_BITS,
    next: 'EVENT_IDX is bit 29 of page 0; write page 0 and page 1, each after choosing it',
    event: agreed,
  };
};

/** FEATURES_OK was read back after it was written. */
const readBackRule: Rule<unknown> = ({ machine }) => {
  const writes = accessesTo(machine, 'device_status', 'register-write');
  const wrote = writes.find(({ fields }) => (fields.value & FEATURES_OK) !== 0);
  const reads = accessesTo(machine, 'device_status', 'register-read');
  if (wrote === undefined || reads.some(({ id }) => id > wrote.id)) return undefined;
  return {
    wrong: 'you set FEATURES_OK and did not read it back: a device that objects leaves it clear',
    spec: INITIALIZATION,
    next: 'read device_status after writing it; where FEATURES_OK is clear the device cannot be used',
    event: wrote,
  };
};

const notYetRule: Rule<unknown> = ({ machine }) => {
  if ((driverOf(machine).get('device_status') & DRIVER_OK) === 0) return undefined;
  return {
    wrong: 'DRIVER_OK is set already: the device runs, and has no queue',
    spec: INITIALIZATION,
    next: 'stop at FEATURES_OK; queues come next, DRIVER_OK last',
    event: accessesTo(machine, 'device_status', 'register-write').at(-1),
  };
};

const answerRule: Rule<bigint> = ({ machine, answer }) => {
  const agreed = eventsOf(machine, 'features-agreed').at(-1);
  const right = agreed?.fields.accepted ?? 0n;
  if (answer === right) return undefined;
  const given = typeof answer === 'bigint' ? hex(answer) : String(answer);
  return {
    wrong: `you agreed on ${hex(right)} and gave ${given}`,
    next: 'give the features you wrote to driver_feature, as one bigint',
    event: agreed,
  };
};

/** Judges lab 3. */
export const checkLab3: Check = checkOn<FreshDevice, bigint>({
  trials: [
    { about: 'the device offers more than your driver knows', prepare: everything },
    { about: 'the device does not offer EVENT_IDX', prepare: withoutEventIdx },
    { about: 'another driver has left the device with FEATURES_OK', prepare: leftByAnother },
  ],
  behaviour: [
    statusRule,
    resetRule,
    awaitedRule,
    faultRule,
    offerRule,
    acceptedRule,
    agreedRule,
    knownRule,
    readBackRule,
    notYetRule,
  ],
  answer: [enoughRule, answerRule],
});
