import type { EventStream } from '../trace/event-stream.ts';
import type { Progress } from './fixtures/progress.ts';

/** A machine whose CPUs can stand still with the thread of its devices. */
export interface HeldMachine {
  /** Asks every CPU to stand still, without a turn of the event loop; what it returns lets them go on. */
  standStill(): () => void;
}

/** Holds the thread of a machine's devices when somebody wants to look at it. */
export interface MachineHolder {
  /** From now on a machine stands with its thread. What it returns ends that: nothing is held any more. */
  attach(machine: HeldMachine): () => void;
}

/** Who watches a machine being made and run; absent hooks cost nothing. */
export interface Hooks {
  /** Shown while kernel and root are made, once. */
  readonly progress?: Progress;
  /** One line for each 9P message, with the mount tag before it. */
  readonly trace?: (line: string) => void;
  /** Takes everything that happens, event by event; it costs time while it is there. */
  readonly events?: EventStream;
  /** May hold the machine; see `openInspector`. */
  readonly inspector?: MachineHolder;
  /** Something a person should know, one line each: hints about the host, rules the guest broke. */
  readonly notice?: (line: string) => void;
}
