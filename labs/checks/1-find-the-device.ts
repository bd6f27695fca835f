/** Lab 1: find the device. */
import { configHeader } from '../../devices/pci/config-header.ts';
import { DEVICE_TYPES } from '../../devices/virtio/device-names.ts';
import { configSpace, scanBus } from '../../devices/virtio/fake-driver/pci-scan.ts';
import type { BareMachine, Found } from '../../docs/labs/lab.ts';
import { eventsOf, type Finding, hex, type Rule } from '../finding.ts';
import { type Check, checkOn, type Prepared } from '../lab.ts';
import { LabMachine, type LabMachineOptions } from '../machine.ts';

const MECHANISM = 'PCI Local Bus 3.0 §3.2.2.3.2 Software Generation of Configuration Transactions';
const DISCOVERY = 'virtio 1.2 §4.1.2 PCI Device Discovery';
const CONTROL = 'PCI Local Bus 3.0 §6.2.2 Device Control';
const CONFIG_ADDRESS = 0xcf8;
const ENABLE = 0x8000_0000;
const VIRTIO_VENDOR = 0x1af4;
const COMMAND = configHeader.at('command').at;
const [MEMORY_SPACE, BUS_MASTER] = [0x02, 0x04];

function prepare(options: LabMachineOptions): Prepared<BareMachine> {
  const machine = new LabMachine(options);
  // As after power-on: nothing decodes, nobody is master of the bus.
  for (const { pci } of machine.pci.functions()) pci.writeConfig(COMMAND, 2, 0);
  return { machine, given: { ports: machine.learnerPort('ports', machine.ports) } };
}

/** The address register was written in a way that reaches nobody. */
const addressRule: Rule<unknown> = ({ machine }) => {
  const writes = machine.accesses.filter(({ kind, at }) => kind === 'write' && at === CONFIG_ADDRESS);
  const narrow = writes.find(({ width }) => width !== 4);
  if (narrow !== undefined) {
    return {
      wrong: `you wrote ${narrow.width} bytes to CONFIG_ADDRESS (0xcf8): it takes whole dwords only`,
      spec: MECHANISM,
      next: 'write it with width 4',
    };
  }
  const disabled = writes.find(({ value }) => value < ENABLE);
  return (
    disabled && {
      wrong: `you wrote ${hex(disabled.value)} to CONFIG_ADDRESS: bit 31 is clear, so CONFIG_DATA reaches nobody`,
      spec: MECHANISM,
      next: 'add 0x80000000, and mind that | makes it a negative number in JavaScript: use +',
    }
  );
};

const scanRule: Rule<unknown> = ({ machine }) => {
  const reads = eventsOf(machine, 'config-read');
  if (reads.length === 0) {
    return {
      wrong: 'no register of configuration space was read',
      spec: MECHANISM,
      next: 'write the address of a register to port 0xcf8, then read it at port 0xcfc',
    };
  }
  const slots = new Set(reads.map(({ fields }) => fields.slot));
  const lowest = Array.from({ length: 32 }, (_, slot) => slot).find((slot) => !slots.has(slot)) ?? 32;
  if (lowest > machine.slot) return undefined;
  return {
    wrong: `you have looked at ${slots.size} of the 32 slots (${[...slots].slice(0, 8).join(', ')}); the device is in none of them`,
    spec: MECHANISM,
    next: 'go through slots 0 to 31: the slot is bits 15:11 of the address. A vendor id of 0xffff says that nobody is there',
    event: reads.at(-1),
  };
};

const slotRule: Rule<Found> = ({ machine, answer }) => {
  const slot = answer?.slot;
  if (slot === machine.slot) return undefined;
  const place = machine.pci.functions().find((one) => one.slot === slot && one.number === 0);
  return {
    wrong: `the virtio-9p function is not in slot ${slot}: ${place === undefined ? 'nobody is there' : whatIs(place.pci)}`,
    spec: DISCOVERY,
    next: 'look for vendor 0x1af4 and device 0x1040 + 9, or 0x1009, which a transitional 9P function has',
  };
};

function whatIs(pci: { readConfig(offset: number, width: 1 | 2 | 4): number }): string {
  const [vendor, device] = [pci.readConfig(0, 2), pci.readConfig(2, 2)];
  const type = DEVICE_TYPES[device - 0x1040];
  const what = vendor !== VIRTIO_VENDOR ? 'which is not virtio' : `a virtio ${type ?? 'device'}`;
  return `there is ${hex(vendor)}:${hex(device)}, ${what}`;
}

const countRule: Rule<Found> = ({ machine, answer }) => {
  const all = scanBus(machine.ports);
  if (answer.functions === all.length) return undefined;
  const further = all.find(({ number }) => number > 0);
  const wrong = `you counted ${answer.functions} functions, there are ${all.length}`;
  if (further === undefined) {
    return {
      wrong,
      spec: MECHANISM,
      next: 'count every function whose vendor id is not 0xffff, the host bridge in slot 0 too',
    };
  }
  return {
    wrong: `${wrong}: slot ${further.slot} has a function ${further.number} as well`,
    spec: 'PCI Local Bus 3.0 §6.2.1 Device Identification',
    next: 'bit 7 of header_type (0x0e) of function 0 says that a slot has more: then look at functions 1 to 7, bits 10:8 of the address',
  };
};

const commandRule: Rule<Found> = ({ machine }) => {
  const command = configSpace(machine.ports, machine.slot).read(COMMAND, 2);
  const lacking = [
    ...((command & MEMORY_SPACE) === 0 ? ['MEMORY_SPACE (bit 1): it does not decode its BARs'] : []),
    ...((command & BUS_MASTER) === 0 ? ['BUS_MASTER (bit 2): it may not touch guest memory'] : []),
  ];
  const writes = eventsOf(machine, 'config-write').filter(({ fields }) => fields.offset === COMMAND);
  const foreign = writes.find(({ fields }) => fields.slot !== machine.slot);
  if (foreign !== undefined) return elsewhere(machine, foreign.fields.slot, foreign);
  if (lacking.length === 0) return undefined;
  return {
    wrong: `the command register of the device is ${hex(command)}; it lacks ${lacking.join(', and ')}`,
    spec: CONTROL,
    next: 'read the command register (offset 4, 2 bytes) of the function found, set both bits, write it back',
    event: writes.at(-1),
  };
};

function elsewhere(machine: LabMachine, slot: number, event: Finding['event']): Finding {
  return {
    wrong: `you wrote the command register of slot ${slot}; the device is in slot ${machine.slot}`,
    spec: CONTROL,
    next: 'the address in 0xcf8 stays until it is written again: choose the function found before you write',
    event,
  };
}

/** Judges lab 1. */
export const checkLab1: Check = checkOn<BareMachine, Found>({
  trials: [
    { about: 'the device is in slot 3', prepare: () => prepare({ others: [[2, 0]] }) },
    {
      about: 'the device is transitional and in slot 19, and slot 5 has two functions',
      prepare: () =>
        prepare({
          slot: 19,
          others: [
            [5, 0],
            [5, 3],
          ],
          interfaces: { modern: true, legacy: true },
        }),
    },
  ],
  behaviour: [addressRule, scanRule],
  answer: [slotRule, countRule, commandRule],
});
