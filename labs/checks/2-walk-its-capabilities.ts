/** Lab 2: walk its capabilities. */
import { type FoundCapability, PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import type { OneFunction, Structures } from '../../docs/labs/lab.ts';
import { eventsOf, type Finding, hex, type Rule } from '../finding.ts';
import { type Check, checkOn, type Prepared } from '../lab.ts';
import { LabMachine, type LabMachineOptions } from '../machine.ts';

const LIST = 'PCI Local Bus 3.0 §6.7 Capabilities List';
const CAPABILITIES = 'virtio 1.2 §4.1.4 Virtio Structure PCI Capabilities';
const BARS = 'PCI Local Bus 3.0 §6.2.5.1 Address Maps';
const CAPABILITIES_POINTER = 0x34;
const STRUCTURES = ['common', 'notify', 'isr', 'device'] as const;
type Structure = (typeof STRUCTURES)[number];

function prepare(options: LabMachineOptions): Prepared<OneFunction> {
  const machine = new LabMachine(options);
  const config = machine.learnerPort('config', machine.config);
  const memory = machine.learnerPort('memory', machine.memory);
  return { machine, given: { config, memory } };
}

const pointerRule: Rule<unknown> = ({ machine }) => {
  const reads = eventsOf(machine, 'config-read');
  if (reads.some(({ fields }) => fields.offset === CAPABILITIES_POINTER)) return undefined;
  return {
    wrong: 'you have not read the capabilities pointer',
    spec: LIST,
    next: 'the register at 0x34 holds the offset of the first capability; the second byte of each leads to the next, 0 ends the list',
  };
};

/** One capability of the chain was looked at, and no more. */
const chainRule: Rule<unknown> = ({ machine }) => {
  const { capabilities } = new PciDriver(machine.config, machine.memory);
  const reads = eventsOf(machine, 'config-read');
  const wasRead = (at: number) => reads.some(({ fields }) => fields.offset <= at && at < fields.offset + fields.width);
  const followed = capabilities.filter(({ at }) => wasRead(at + 1) || wasRead(at + 3));
  if (followed.length > 1) return undefined;
  return {
    wrong: `you have looked at ${followed.length} of ${capabilities.length} capabilities`,
    spec: LIST,
    next: 'follow the second byte of each capability (offset + 1) until it is 0; take those with id 9 by their cfg_type (offset + 3)',
  };
};

/** Memory was read where no structure is: most likely the place of the device structure is wrong. */
const memoryRule: Rule<unknown> = ({ machine }) => {
  const driver = new PciDriver(machine.config, machine.memory);
  const [first] = machine.accesses.filter(({ port }) => port === 'memory');
  if (first === undefined) return undefined;
  const inside = STRUCTURES.some((name) => {
    const begin = driver.address(name);
    return first.at >= begin && first.at < begin + driver.capability(name).length;
  });
  return inside ? undefined : wrongAddress('device', first.at, driver);
};

const structureRules = STRUCTURES.map(
  (name): Rule<Structures> =>
    ({ machine, answer }) => {
      const driver = new PciDriver(machine.config, machine.memory);
      const [given, right] = [answer?.[name], driver.address(name)];
      return given === right ? undefined : wrongAddress(name, given, driver);
    },
);

function wrongAddress(name: Structure, given: unknown, driver: PciDriver): Finding {
  const { at, bar, offset } = driver.capability(name);
  const [right, base] = [driver.address(name), driver.barAddress(bar)];
  const place = `its capability at ${hex(at)} says offset ${hex(offset)} of BAR ${bar}`;
  if (typeof given !== 'number' || Number.isNaN(given)) {
    return { wrong: `${name} is ${String(given)}, not a number`, spec: CAPABILITIES, next: place };
  }
  const wrong = `${name} is not at ${hex(given)}`;
  const other = STRUCTURES.find((one) => driver.address(one) === given);
  if (given < 0) {
    return {
      wrong: `${wrong}, which is negative`,
      spec: BARS,
      next: "JavaScript's |, & and << give signed 32 bits: add with +, or end with >>> 0",
    };
  }
  if (other !== undefined) {
    return {
      wrong: `${wrong}: that is ${other}`,
      spec: CAPABILITIES,
      next: 'cfg_type is 1 for common, 2 notify, 3 isr, 4 device',
    };
  }
  if (given === offset) {
    return {
      wrong: `${wrong}: that is where it is in BAR ${bar}`,
      spec: CAPABILITIES,
      next: `add the address of BAR ${bar}, which is in the register at ${hex(0x10 + 4 * bar)}`,
    };
  }
  if (right >= 2 ** 32 && given === right % 2 ** 32) {
    return {
      wrong: `${wrong}: those are the low 32 bits of where it is`,
      spec: BARS,
      next: `BAR ${bar} is 64 bits wide (its bits 2:1 are 2): the upper half is in the register after it. Join them with *, not with <<`,
    };
  }
  if (given > right && given - right < 16 && base % 16 === 0) {
    return {
      wrong: `${wrong}: that is ${hex(given - right)} too much`,
      spec: BARS,
      next: 'the low four bits of a memory BAR are flags, not part of the address',
    };
  }
  return { wrong, spec: CAPABILITIES, next: `${place}; take the first capability of its cfg_type` };
}

const multiplierRule: Rule<Structures> = ({ machine, answer }) => {
  const driver = new PciDriver(machine.config, machine.memory);
  const { at }: FoundCapability = driver.capability('notify');
  const right = machine.config.read(at + 16, 4);
  if (answer.notifyMultiplier === right) return undefined;
  return {
    wrong: `notify_off_multiplier is ${right}, not ${answer.notifyMultiplier}`,
    spec: 'virtio 1.2 §4.1.4.4 Notification structure layout',
    next: `it is the 4 bytes after the capability of the notification structure: at ${hex(at)} + 16 in configuration space`,
  };
};

const tagRule: Rule<Structures> = ({ machine, answer }) => {
  if (answer.mountTag === machine.mountTag) return undefined;
  const said = `the mount tag is '${machine.mountTag}', not '${answer.mountTag}'`;
  return {
    wrong: said,
    spec: 'Linux include/uapi/linux/virtio_9p.h: struct virtio_9p_config',
    next: 'the device structure begins with the length of the tag, 2 bytes, little-endian; then come so many bytes of it, without an end mark',
  };
};

/** Judges lab 2. */
export const checkLab2: Check = checkOn<OneFunction, Structures>({
  trials: [
    { about: 'BAR 4 lies below 4 GiB', prepare: () => prepare({ mountTag: 'host' }) },
    {
      about: 'BAR 4 lies above 4 GiB, and the tag is another',
      prepare: () => prepare({ slot: 7, mountTag: 'src-tree', high: true }),
    },
  ],
  behaviour: [pointerRule, chainRule, memoryRule],
  answer: [...structureRules, multiplierRule, tagRule],
});
