/** Lab 5: first message. */
import type { Greeting, RunningDevice } from '../../docs/labs/lab.ts';
import { faultRule } from '../fault-rules.ts';
import { eventsOf, type Rule } from '../finding.ts';
import { type Check, checkOn, type Prepared } from '../lab.ts';
import { LabMachine } from '../machine.ts';
import { type RunningOptions, running } from '../prepare.ts';
import { idxRule, orderRule, requestRule, ringingRule, roomRule, slotRule } from './ring-rules.ts';

const RECEIVING = 'virtio 1.2 §2.7.14 Receiving Used Buffers From The Device';

async function prepare(options: RunningOptions): Promise<Prepared<RunningDevice>> {
  const machine = new LabMachine({ slow: true });
  return { machine, given: await running(machine, options) };
}

const servedRule: Rule<unknown> = ({ machine }) => {
  if (machine.events.some(({ kind }) => kind === 'used')) return undefined;
  return {
    wrong: 'the device has returned no chain',
    spec: RECEIVING,
    next: 'look at the events: npm run lab 5 -- --trace',
  };
};

const answerRule: Rule<Greeting> = ({ machine, answer }) => {
  const reply = eventsOf(machine, 'reply').at(-1);
  const said = reply?.fields.fields as { readonly msize?: unknown; readonly version?: unknown } | undefined;
  if (answer?.msize === said?.msize && answer?.version === said?.version) return undefined;
  return {
    wrong: `the server answered ${reply?.fields.text}; you gave msize ${String(answer?.msize)}, version '${String(answer?.version).slice(0, 40)}'`,
    spec: 'Plan 9 version(5)',
    next: 'Rversion is size[4] type[1] tag[2] msize[4] version[s], where the writable descriptor points. It is there once idx of the used ring has moved: wait for that',
    event: reply,
  };
};

/** Judges lab 5. */
export const checkLab5: Check = checkOn<RunningDevice, Greeting>({
  trials: [
    { about: 'the queue is new', prepare: () => prepare({ base: 0x1_0000, size: 8, carried: 0 }) },
    {
      about: 'the queue has carried nine messages before, so that its indices are 9, and is elsewhere',
      prepare: () => prepare({ base: 0x6_8000, size: 8, carried: 9 }),
    },
  ],
  behaviour: [ringingRule, idxRule, orderRule, roomRule, faultRule, slotRule, requestRule, servedRule],
  answer: [answerRule],
});
