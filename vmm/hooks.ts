import type { EventStream } from '../trace/event-stream.ts';
import type { Progress } from './fixtures/progress.ts';

/** Who watches a machine being made and run; absent hooks cost nothing. */
export interface Hooks {
  /** Shown while kernel and root are made, once. */
  readonly progress?: Progress;
  /** One line for each 9P message, with the mount tag before it. */
  readonly trace?: (line: string) => void;
  /** Takes everything that happens, event by event; it costs time while it is there. */
  readonly events?: EventStream;
  /** Something a person should know, one line each: hints about the host, rules the guest broke. */
  readonly notice?: (line: string) => void;
}
