/** The life of each device as its driver steers it: status, features, faults. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { addLast, emptyLast, emptyPerDevice, entryFor, type LastOf, type PerDevice } from './per-device.ts';

/** Steps of the status kept. */
const MOST_STEPS = 64;
/** Faults kept. */
const MOST_FAULTS = 32;

/** The status went from one state to another. */
export interface StatusStep {
  readonly event: EventId;
  readonly time: number;
  readonly from: string;
  readonly to: string;
  /** The field as the driver reads it. */
  readonly value: number;
}

/** A rule was broken, or a wish not granted. */
export interface Fault {
  readonly event: EventId;
  readonly time: number;
  readonly kind: 'guest-fault' | 'ring-fault' | 'features-refused';
  readonly message: string;
}

/** Feature bits, in hexadecimal; empty where they were never told. */
export interface FeaturesModel {
  offered: string;
  accepted: string;
  /** Those of FEATURES_OK; empty until then, and after a reset. */
  agreed: string;
  /** Why they were refused last; empty since they were agreed on. */
  refused: string;
  /** The event that told last of them. */
  last: { readonly event: EventId; readonly time: number } | undefined;
}

/** The life of one device. */
export interface LifeModel {
  state: string;
  value: number;
  since: number;
  steps: LastOf<StatusStep>;
  /** How often each transition was taken: by `from to`. */
  taken: { readonly from: string; readonly to: string; count: number; last: number }[];
  features: FeaturesModel;
  faults: LastOf<Fault>;
}

/** All of them. */
export type LivesModel = PerDevice<LifeModel>;

/** None. */
export const emptyLives = (): LivesModel => emptyPerDevice<LifeModel>();

/** A device before the first event about it. */
function unheard(): LifeModel {
  return {
    state: 'reset',
    value: 0,
    since: 0,
    steps: emptyLast(),
    taken: [],
    features: { offered: '', accepted: '', agreed: '', refused: '', last: undefined },
    faults: emptyLast(),
  };
}

/** Transitions counted; there are no more than eight states. */
const MOST_TRANSITIONS = 64;

type Fold<K extends TraceEvent['kind']> = (life: LifeModel, event: TraceEvent<K>) => void;

const hex = (value: bigint) => `0x${value.toString(16)}`;

const FOLDS: { readonly [K in TraceEvent['kind']]?: Fold<K> } = {
  plugged() {},
  status(life, { id, time, fields: { from, to, value } }) {
    addLast(life.steps, { event: id, time, from, to, value }, MOST_STEPS);
    const taken = life.taken.find((one) => one.from === from && one.to === to);
    if (taken !== undefined) [taken.count, taken.last] = [taken.count + 1, time];
    else if (life.taken.length < MOST_TRANSITIONS) life.taken.push({ from, to, count: 1, last: time });
    [life.state, life.value, life.since] = [to, value, time];
    if (to !== 'reset') return;
    life.features.accepted = '';
    life.features.agreed = '';
    life.features.refused = '';
  },
  features({ features }, { id, time, fields }) {
    features.offered = hex(fields.offered);
    features.accepted = hex(fields.accepted);
    features.last = { event: id, time };
  },
  'features-agreed'({ features }, { id, time, fields }) {
    features.agreed = hex(fields.accepted);
    features.refused = '';
    features.last = { event: id, time };
  },
  'features-refused'(life, { id, time, fields }) {
    life.features.refused = fields.why;
    life.features.last = { event: id, time };
    addLast(life.faults, { event: id, time, kind: 'features-refused', message: fields.why }, MOST_FAULTS);
  },
  'guest-fault'(life, { id, time, fields }) {
    addLast(life.faults, { event: id, time, kind: 'guest-fault', message: fields.message }, MOST_FAULTS);
  },
  'ring-fault'(life, { id, time, fields }) {
    const message = `${fields.reason}: ${fields.message}`;
    addLast(life.faults, { event: id, time, kind: 'ring-fault', message }, MOST_FAULTS);
  },
};

/** Takes one event. */
export function foldLives(lives: LivesModel, event: TraceEvent): void {
  const fold = FOLDS[event.kind] as Fold<TraceEvent['kind']> | undefined;
  if (fold === undefined) return;
  const life = entryFor(lives, event.device, unheard);
  if (life !== undefined) fold(life, event);
}
