/** One request's steps, from the driver's kick to the interrupt, with the time each took: what a waterfall is drawn of. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { textOf } from '../../trace/event-text.ts';
import type { EventHistory } from '../history.ts';
import type { Journey, Journeys } from './journeys.ts';

/** What a step is, as far as colours and words go. */
export type StepRole = 'kick' | 'chain' | 'request' | 'here' | 'pool' | 'reply' | 'used' | 'notification' | 'interrupt';

/** One step. */
export interface Step {
  readonly role: StepRole;
  readonly event: EventId;
  /** What happened, in words; empty for an event that fell out of the window. */
  readonly text: string;
  /** Microseconds of the stream, absent as well then. */
  readonly from?: number;
  readonly to?: number;
}

/** All steps of a request. */
export interface Steps {
  readonly steps: readonly Step[];
  /** Microseconds of the stream from the first step to the last. */
  readonly from: number;
  readonly to: number;
  /** Part of the time that each phase took, in the order of phases; those whose ends are not known are left out. */
  readonly phases: readonly Phase[];
}

/** A piece of the way of a request. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The steps of a journey, as far as its events are still there. */
export function stepsOf(journey: Journey, history: EventHistory, journeys: Journeys): Steps {
  const { kick, chain, request, calls, reply, takenBack, used, notification } = journey;
  const interrupt = journey.interrupt ?? journeys.of(notification)?.interrupt;
  const named: readonly (readonly [StepRole, EventId | undefined])[] = [
    ['kick', kick],
    ['chain', chain],
    ['request', request],
    ...calls.map((call) => ['here', call] as const),
    ['reply', reply ?? takenBack],
    ['used', used],
    ['notification', notification],
    ['interrupt', interrupt],
  ];
  const steps = named.flatMap(([role, event]) =>
    event === undefined ? [] : [stepOf(role, event, history.byId(event))],
  );
  const times = steps.flatMap(({ from, to }) => (from === undefined || to === undefined ? [] : [from, to]));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  return {
    steps,
    from: times.length === 0 ? journey.start : from,
    to: times.length === 0 ? journey.start : to,
    phases: phasesOf(steps),
  };
}

function stepOf(role: StepRole, id: EventId, event: TraceEvent | undefined): Step {
  if (event === undefined) return { role, event: id, text: '' };
  const { time } = event;
  // Calls are told when they have ended.
  if (event.kind !== 'host-call') return { role, event: id, text: textOf(event), from: time, to: time };
  const { took = 0, where } = event.fields;
  return { role: where === 'pool' ? 'pool' : 'here', event: id, text: textOf(event), from: time - took, to: time };
}

/** Between which steps a phase lies, and what happens in it. */
const PHASES: readonly (readonly [name: string, from: StepRole, to: StepRole])[] = [
  ['until the device looked', 'kick', 'chain'],
  ['reading the chain', 'chain', 'request'],
  ['serving', 'request', 'reply'],
  ['returning the chain', 'reply', 'used'],
  ['until the driver is told', 'used', 'notification'],
  ['signalling', 'notification', 'interrupt'],
];

function phasesOf(steps: readonly Step[]): Phase[] {
  return PHASES.flatMap(([name, first, last]) => {
    const from = steps.find(({ role }) => role === first)?.to;
    const to = steps.find(({ role }) => role === last)?.from;
    // A kick that came before the request before this one was served says nothing of how long the device took to look.
    return from === undefined || to === undefined || to < from ? [] : [{ name, from, to }];
  });
}
