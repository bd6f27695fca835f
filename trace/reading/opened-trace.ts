import type { TraceEvent, TraceHeader } from '../event.ts';

/** The formats there are. */
export type TraceFormat = 'text' | 'jsonl' | 'pcapng' | 'recording';

/** A trace that is being read, once, from its beginning. */
export interface OpenedTrace {
  readonly format: TraceFormat;
  readonly header: TraceHeader;
  /** The events in order. Iterating throws TraceError where the file is damaged. */
  readonly events: AsyncIterable<TraceEvent>;
  /** The file stops in the middle of something; known when all events have been read. */
  readonly truncated: boolean;
}
