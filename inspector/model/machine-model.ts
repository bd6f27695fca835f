/**
 * The state of a machine as its events tell it. Plain data (no classes, no Map, no bigint), so that it can be copied, sent
 * and kept: a snapshot of it is where a late page, or a place in a recording, begins.
 *
 * Every part has a file and a row in `PARTS`. Whatever a guest does, each part stays within bounds of its own, and counts
 * what it leaves out.
 */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { MachineDescription } from '../../trace/machine-description.ts';
import { type CountsModel, emptyCounts, foldCounts } from './counts.ts';
import { type DevicesModel, emptyDevices, foldDevices } from './devices.ts';
import { emptyFunctions, type FunctionsModel, foldFunctions } from './functions.ts';
import { emptyInterrupts, foldInterrupts, type InterruptsModel } from './interrupts.ts';
import { emptyLives, foldLives, type LivesModel } from './lives.ts';
import { emptyRegisterBlocks, foldRegisterBlocks, type RegisterBlocksModel } from './register-blocks.ts';
import { emptyRings, foldRings, type RingsModel } from './rings.ts';
import { emptySessions, foldSessions, type SessionsModel } from './sessions.ts';

/** The parts the state consists of. */
export interface ModelParts {
  /** How many events there were of each kind. */
  counts: CountsModel;
  /** The devices that were plugged in. */
  devices: DevicesModel;
  /** The functions on the PCI bus. */
  functions: FunctionsModel;
  /** Status, features and faults of each device. */
  lives: LivesModel;
  /** The registers of each device. */
  registers: RegisterBlocksModel;
  /** MSI-X, interrupt pin and notifications of each device. */
  interrupts: InterruptsModel;
  /** Virtqueues with the chains in them. */
  rings: RingsModel;
  /** 9P: requests under way, fids and names, how long requests took. */
  sessions: SessionsModel;
}

/** Everything the page shows that is not a single event. */
export interface MachineModel extends ModelParts {
  /** Events folded so far, and those that are missing among them. */
  events: number;
  dropped: number;
  /** Number and microseconds of the last one. */
  last: EventId;
  time: number;
  description: MachineDescription | undefined;
}

interface ModelPart<Key extends keyof ModelParts> {
  empty(): ModelParts[Key];
  /** Takes one event into the part, which is changed in place. `model` has the parts before it up to date. */
  fold(part: ModelParts[Key], event: TraceEvent, model: MachineModel): void;
}

/** Every part, in the order in which they take an event. */
const PARTS: { readonly [Key in keyof ModelParts]: ModelPart<Key> } = {
  counts: { empty: emptyCounts, fold: foldCounts },
  devices: { empty: emptyDevices, fold: foldDevices },
  functions: { empty: emptyFunctions, fold: foldFunctions },
  lives: { empty: emptyLives, fold: foldLives },
  registers: { empty: emptyRegisterBlocks, fold: foldRegisterBlocks },
  interrupts: { empty: emptyInterrupts, fold: foldInterrupts },
  rings: { empty: emptyRings, fold: foldRings },
  sessions: { empty: emptySessions, fold: foldSessions },
};

const FOLDS = Object.keys(PARTS) as (keyof ModelParts)[];

/** The model before the first event. */
export function emptyModel(): MachineModel {
  const parts = Object.fromEntries(FOLDS.map((key) => [key, PARTS[key].empty()])) as unknown as ModelParts;
  return { events: 0, dropped: 0, last: 0, time: 0, description: undefined, ...parts };
}

/** Takes one event into the model, which is changed in place. */
export function foldEvent(model: MachineModel, event: TraceEvent): void {
  model.events += 1;
  model.last = event.id;
  model.time = event.time;
  if (event.kind === 'dropped') model.dropped += event.fields.count;
  if (event.kind === 'machine') model.description = event.fields.description as MachineDescription;
  for (const key of FOLDS) foldPart(key, model, event);
}

function foldPart<Key extends keyof ModelParts>(key: Key, model: MachineModel, event: TraceEvent): void {
  const part: ModelPart<Key> = PARTS[key];
  part.fold(model[key], event, model);
}
