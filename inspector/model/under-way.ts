/** 9P requests that have not ended: what is said later about a request's reply or system calls needs to know what it asked for. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** Requests remembered at most, for a peer that never answers; half of them, the oldest, are then forgotten. */
export const MOST_UNDER_WAY = 4096;
/** System calls remembered of each. */
const MOST_CALLS = 8;

/** A system call, as it is shown beside the object it was made on. */
export interface CallSeen {
  readonly event: EventId;
  readonly text: string;
  readonly result: number;
  readonly error?: string;
}

/** A request under way. */
export interface RequestSeen {
  readonly event: EventId;
  readonly time: number;
  readonly device: string;
  readonly name: string;
  readonly fids: readonly number[];
  /** Its fields by name, as the event has them; anything may be missing. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The last system calls made for it. */
  calls: CallSeen[];
}

/** All of them, by their `request` event. */
export interface UnderWayModel {
  requests: Record<EventId, RequestSeen>;
  count: number;
  /** Requests forgotten before they ended. */
  forgotten: number;
}

/** None. */
export function emptyUnderWay(): UnderWayModel {
  return { requests: {}, count: 0, forgotten: 0 };
}

/**
 * Takes one event into the model, which is changed in place.
 *
 * @returns the request that has ended with it, if it was seen.
 */
export function foldUnderWay(model: UnderWayModel, event: TraceEvent): RequestSeen | undefined {
  if (event.kind === 'request') begin(model, event);
  if (event.kind === 'host-call' && event.fields.request !== undefined) {
    const { name, text, result, error } = event.fields;
    const calls = model.requests[event.fields.request]?.calls;
    calls?.push({ event: event.id, text: text ?? name, result, ...(error !== undefined && { error }) });
    if (calls !== undefined && calls.length > MOST_CALLS) calls.shift();
  }
  if (event.kind !== 'reply' && event.kind !== 'taken-back') return undefined;
  const ended = model.requests[event.fields.request];
  if (ended === undefined) return undefined;
  delete model.requests[event.fields.request];
  model.count -= 1;
  return ended;
}

function begin(model: UnderWayModel, { id, time, device, fields }: TraceEvent<'request'>): void {
  if (model.count >= MOST_UNDER_WAY) forgetOldest(model);
  if (model.requests[id] === undefined) model.count += 1;
  model.requests[id] = {
    event: id,
    time,
    device,
    name: fields.name,
    fids: fields.fids ?? [],
    fields: isRecord(fields.fields) ? fields.fields : {},
    calls: [],
  };
}

function forgetOldest(model: UnderWayModel): void {
  const kept = Object.entries(model.requests).slice(model.count >> 1);
  model.forgotten += model.count - kept.length;
  model.requests = Object.fromEntries(kept);
  model.count = kept.length;
}

/** Whether a value has fields by name. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
