/** Lab 8: break it and read the fault. */
import { RING_FAULTS, RING_RULES, type RingFaultReason } from '../../devices/virtio/ring-fault.ts';
import { STATUS } from '../../devices/virtio/status.ts';
import type { Breaks, FragileDevice } from '../../docs/labs/lab.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { reasonOf } from '../fault-rules.ts';
import { eventsOf, type Finding, hex } from '../finding.ts';
import { type Check, run, type Verdict } from '../lab.ts';
import { LabMachine } from '../machine.ts';
import { driverOf, running } from '../prepare.ts';
import { idxRule, ringingRule } from './ring-rules.ts';

const RESET = 'virtio 1.2 §2.1.1 Driver Requirements: Device Status Field';
const AWAITING = 'virtio 1.2 §4.1.4.3.2 Driver Requirements: Common configuration structure layout';

/** What each of the drivers is to break, and how. */
const WANTED: {
  readonly [name in Exclude<keyof Breaks, 'recover'>]: { readonly reason: RingFaultReason; readonly how: string };
} = {
  loop: {
    reason: 'chain-too-long',
    how: 'let the NEXT flag of the last descriptor lead back to the first; all of them for the device to read',
  },
  outside: {
    reason: 'buffer-outside-ram',
    how: 'RAM ends at ram.byteLength: give a descriptor an address from there on',
  },
  backwards: {
    reason: 'readable-after-writable',
    how: 'give the first of two descriptors the flags WRITE and NEXT, and the second none',
  },
  ahead: {
    reason: 'avail-idx',
    how: 'move idx of the available ring by more than the queue has entries',
  },
};

type BreakName = keyof typeof WANTED;
const NAMES = Object.keys(WANTED) as BreakName[];

async function prepare(): Promise<{ machine: LabMachine; device: FragileDevice }> {
  const machine = new LabMachine();
  const device = await running(machine, { base: 0x1_0000, size: 8, carried: 1 });
  machine.forgetPreparation();
  return { machine, device };
}

/** One driver on a device of its own, and then `recover` on what it left. */
async function checkBreak(name: BreakName, breaks: Breaks): Promise<Verdict> {
  const { machine, device } = await prepare();
  const about = `${name}()`;
  const events = machine.record;
  const begun = machine.stream.count;
  const broken = await run(breaks[name], device);
  await machine.settle();
  machine.stopRecording();
  const finding = brokenAs(name, machine);
  if (finding !== undefined || 'thrown' in broken) return { ...broken, finding, about, events, begun };
  machine.forgetPreparation();
  const recovered = await run(breaks.recover, device);
  machine.stopRecording();
  const after = 'thrown' in recovered ? undefined : mended(machine, recovered.answer);
  if (after !== undefined || 'thrown' in recovered) {
    return { ...recovered, finding: after, about: `recover() after ${name}()`, events, begun };
  }
  return { events, begun };
}

function brokenAs(name: BreakName, machine: LabMachine): Finding | undefined {
  const { reason, how } = WANTED[name];
  const [text, spec] = [RING_FAULTS[reason], RING_RULES[reason]];
  const [fault] = eventsOf(machine, 'guest-fault');
  if (fault === undefined) return untouched(machine, how, spec);
  const got = reasonOf(fault.fields.message);
  if (got === reason) return undefined;
  return {
    wrong: `the device objects to something else: ${fault.fields.message}`,
    spec,
    next: `it should say that ${text}: ${how}`,
    event: fault,
  };
}

/** The device found nothing wrong: because it saw nothing, or because there is nothing. */
function untouched(machine: LabMachine, how: string, spec: string): Finding {
  const unseen = ringingRule({ machine, answer: undefined }) ?? idxRule({ machine, answer: undefined });
  if (unseen !== undefined) return unseen;
  const chain = eventsOf(machine, 'chain').at(-1);
  return {
    wrong: `the device took the chain and found nothing wrong with it: ${shown(chain)}`,
    spec,
    next: how,
    event: chain,
  };
}

function shown(chain: TraceEvent<'chain'> | undefined): string {
  const descriptors = chain?.fields.descriptors ?? [];
  return descriptors
    .map(
      ({ index, address, length, flags }) => `descriptor ${index}, ${length} bytes at ${hex(address)}, flags ${flags}`,
    )
    .join('; ');
}

function mended(machine: LabMachine, answer: unknown): Finding | undefined {
  const status = driverOf(machine).get('device_status');
  if (status !== 0) {
    const zero = machine.accesses.some(
      ({ port, kind, at, value }) => port === 'common' && kind === 'write' && at === 0x14 && value === 0,
    );
    return {
      wrong: `device_status is ${hex(status)} (${bits(status)})${zero ? ': the reset was not waited for' : ': the device was not reset'}`,
      spec: zero ? AWAITING : RESET,
      next: 'where DEVICE_NEEDS_RESET (0x40) is set, write 0 to device_status and read it until it is 0, waiting between',
    };
  }
  if (answer === true) return undefined;
  return {
    wrong: `recover gave ${String(answer)} after it reset the device`,
    next: 'give true where the device needed a reset',
  };
}

function bits(status: number): string {
  return (Object.keys(STATUS) as (keyof typeof STATUS)[]).filter((bit) => (status & STATUS[bit]) !== 0).join(' ');
}

/** A device that is well is to be left alone. */
async function checkHealthy(breaks: Breaks): Promise<Verdict> {
  const { machine, device } = await prepare();
  const [events, begun, about] = [machine.record, machine.stream.count, 'recover() on a device that is well'];
  const ended = await run(breaks.recover, device);
  machine.stopRecording();
  if ('thrown' in ended) return { ...ended, about, events, begun };
  const status = driverOf(machine).get('device_status');
  if ((status & STATUS.DRIVER_OK) !== 0 && ended.answer === false) return { events, begun };
  const what = (status & STATUS.DRIVER_OK) === 0 ? 'reset a device that needed none' : `gave ${String(ended.answer)}`;
  const finding = {
    wrong: `recover ${what}`,
    spec: RESET,
    next: 'reset only where DEVICE_NEEDS_RESET, bit 0x40 of device_status, is set; give false otherwise',
  };
  return { finding, about, events, begun };
}

/** Judges lab 8. */
export const checkLab8: Check = async (exported) => {
  const breaks = (exported ?? {}) as Partial<Breaks>;
  const lacking = [...NAMES, 'recover' as const].find((name) => typeof breaks[name] !== 'function');
  if (lacking !== undefined) {
    const finding = {
      wrong: `the file exports no function ${lacking} in its default`,
      next: "keep 'export default breaks'",
    };
    return { finding, events: [] };
  }
  let verdict: Verdict = { events: [] };
  for (const name of NAMES) {
    verdict = await checkBreak(name, breaks as Breaks);
    if (verdict.finding !== undefined || 'thrown' in verdict) return verdict;
  }
  const healthy = await checkHealthy(breaks as Breaks);
  return healthy.finding !== undefined || 'thrown' in healthy ? healthy : verdict;
};
