/** What the page looks at, wherever it comes from: a machine that runs, a recording, or devices in the page itself. */
import type { EventId } from '../devices/events.ts';
import type { TraceEvent, TraceHeader } from '../trace/event.ts';
import type { MachineModel } from './model/machine-model.ts';
import type { RunState, StepChoice } from './protocol.ts';

/** Takes what happens, piece by piece. */
export interface InspectedListener {
  /** Everything starts anew from a state: a late beginning, or another place of a recording. */
  restarted(model: MachineModel): void;
  /** More events, in their order. */
  events(events: readonly TraceEvent[]): void;
  /** Whether it runs. */
  runState(state: RunState): void;
  /** Nothing follows. */
  ended(why: string): void;
}

/** Where events come from. */
export interface Inspected {
  readonly kind: 'machine' | 'recording' | 'workbench';
  readonly header: TraceHeader;
  /** Begins to hand over what there is and what comes; returns what ends that. */
  listen(listener: InspectedListener): () => void;
  /** Absent where nothing can be held. */
  readonly control?: InspectedControl;
  /** Absent where time only goes forward. */
  readonly timeline?: InspectedTimeline;
}

/** Holds a machine and lets it go on. */
export interface InspectedControl {
  pause(): void;
  resume(): void;
  step(before: StepChoice): void;
}

/** A run that can be entered at any time. */
export interface InspectedTimeline {
  /** Events there are. */
  readonly count: number;
  /** Microseconds from the first event to the last. */
  readonly duration: number;
  /** Seconds of the run that pass in one second while it is played. */
  rate: number;
  /** Shows the state after the last event that is not later than `microseconds`; what the listener gets is a restart. */
  seek(microseconds: number): Promise<void>;
  /** Shows the state after the event of that number, or the last one before it. */
  seekEvent(id: EventId): Promise<void>;
}
