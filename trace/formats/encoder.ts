import type { TraceEvent } from '../event.ts';

/** Writes events in one format. What the calls return, one after the other, is the file. */
export interface TraceEncoder {
  /** Most bytes of each 9P message that the format keeps. */
  readonly messageBytes: number;
  /** Most bytes of each buffer of a ring. */
  readonly bufferBytes: number;
  /** What comes before the first event. */
  head(): Uint8Array;
  /** One event; empty where the format has nothing to write yet. */
  encode(event: TraceEvent): Uint8Array;
  /** What comes after the last event. */
  end(): Uint8Array;
}

export const NOTHING = new Uint8Array(0);
