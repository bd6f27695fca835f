/**
 * The state of a machine as its events tell it. Plain data (no classes, no Map, no bigint), so that it can be copied, sent
 * and kept: a snapshot of it is where a late page, or a place in a recording, begins.
 */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { MachineDescription } from '../../trace/machine-description.ts';

/** Everything the page shows that is not a single event. */
export interface MachineModel {
  /** Events folded so far, and those that are missing among them. */
  events: number;
  dropped: number;
  /** Number and microseconds of the last one. */
  last: EventId;
  time: number;
  description: MachineDescription | undefined;
}

/** The model before the first event. */
export function emptyModel(): MachineModel {
  return { events: 0, dropped: 0, last: 0, time: 0, description: undefined };
}

/** Takes one event into the model, which is changed in place. */
export function foldEvent(model: MachineModel, event: TraceEvent): void {
  model.events += 1;
  model.last = event.id;
  model.time = event.time;
  if (event.kind === 'dropped') model.dropped += event.fields.count;
  if (event.kind === 'machine') model.description = event.fields.description as MachineDescription;
}
