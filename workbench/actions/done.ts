/** The record of an action: what it said, which events it caused, what it changed in RAM, what the device found wrong. */
import { RING_FAULTS, RING_RULES, type RingFaultReason } from '../../devices/virtio/ring-fault.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { RamChange } from '../rig/ram-changes.ts';

/** What the device found wrong, in its words. */
export interface Complaint {
  readonly text: string;
  readonly spec?: string | undefined;
}

/** An action that was done. */
export interface Done {
  readonly number: number;
  readonly key: string;
  readonly title: string;
  readonly spec: string;
  readonly said: readonly string[];
  readonly events: readonly TraceEvent[];
  /** Events beyond those kept. */
  readonly moreEvents: number;
  readonly changes: readonly RamChange[];
  readonly complaints: readonly Complaint[];
  /** Why the driver itself could not do it. */
  readonly problem?: string | undefined;
}

/** What the device complains of in these events; the same thing once. */
export function complaintsIn(events: readonly TraceEvent[]): Complaint[] {
  const found: Complaint[] = [];
  for (const complaint of events.flatMap(complaintOf)) {
    // What is told of a queue or of features is told again of the device that stops for it.
    if (!found.some(({ text }) => complaint.text.includes(text))) found.push(complaint);
  }
  return found;
}

function complaintOf(event: TraceEvent): Complaint[] {
  if (event.kind === 'ring-fault') return [{ text: event.fields.message, spec: specOf(event.fields.reason) }];
  if (event.kind === 'guest-fault') return [guestFault(event.fields.message)];
  if (event.kind === 'features-refused') return [{ text: event.fields.why }];
  if (event.kind === 'reply' && event.fields.error !== undefined) return [{ text: event.fields.text }];
  if (event.kind !== 'write-refused') return [];
  return [{ text: `a write to ${event.fields.block} at 0x${event.fields.offset.toString(16)} has no effect` }];
}

function guestFault(message: string): Complaint {
  const rule = Object.entries(RING_FAULTS).find(([, text]) => message.includes(text));
  return { text: message, spec: rule && specOf(rule[0]) };
}

function specOf(reason: string): string | undefined {
  return Object.hasOwn(RING_RULES, reason) ? RING_RULES[reason as RingFaultReason] : undefined;
}
