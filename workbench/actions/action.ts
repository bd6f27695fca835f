/** What the learner does, as data: a name, what it is for, where that is specified, and how it is done. */
import type { Bench } from '../rig/bench.ts';

/** Says something in the record of the action. */
export type Say = (line: string) => void;

/** One thing to do. Nothing is undone: a device forgets by a reset alone. */
export interface Action {
  readonly key: string;
  /** A few words, as an imperative. */
  readonly title: string;
  /** One or two sentences. */
  readonly doc: string;
  readonly spec: string;
  /** Why it cannot be done now, for people; undefined where it can. */
  obstacle?(bench: Bench): string | undefined;
  /** @throws RangeError, one line for people, where the driver itself cannot do it. */
  run(bench: Bench, say: Say): void | Promise<void>;
}
