/** What is wrong with an exercise, as it is told to whoever wrote it. */
import type { TraceEvent } from '../trace/event.ts';
import type { LabMachine } from './machine.ts';

/** The first thing that is wrong. */
export interface Finding {
  /** What happened, with its numbers. */
  readonly wrong: string;
  /** Section and title of the specification that says how it should be. */
  readonly spec?: string | undefined;
  /** What to try. */
  readonly next: string;
  /** The event that shows it. */
  readonly event?: TraceEvent | undefined;
}

/** One run of an exercise that came to its end. */
export interface Run<Answer> {
  readonly machine: LabMachine;
  readonly answer: Answer;
}

/** Finds one thing that may be wrong. */
export type Rule<Answer> = (run: Run<Answer>) => Finding | undefined;

/** Events of one kind. */
export type OfKind<K extends TraceEvent['kind']> = Extract<TraceEvent, { readonly kind: K }>;

/** Events of one kind, the oldest first. */
export function eventsOf<K extends TraceEvent['kind']>(
  { events }: { readonly events: readonly TraceEvent[] },
  kind: K,
): OfKind<K>[] {
  return events.filter((event): event is OfKind<K> => event.kind === kind);
}

/** A number as the texts have it. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
