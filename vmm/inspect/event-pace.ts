/**
 * How much of a flood is shown. Whoever watches can follow some thousands of events a second; writing down more takes time of the
 * machine for nothing. What shows how the machine is made and set up is always shown, what passes through it as far as there is room.
 */
import type { EventKind } from '../../trace/event.ts';

/** Events of a flood that are shown. */
export interface PaceLimits {
  /** In a row, after a while of silence. */
  readonly burst: number;
  /** For each second in the long run. */
  readonly perSecond: number;
  /** In a row once some were left out: what belongs together is to be seen together. */
  readonly run: number;
}

/** A mount and the work of some seconds are whole; a flood is seen in pieces of some hundred requests. */
export const USUAL_PACE: PaceLimits = { burst: 16_384, perSecond: 3_000, run: 2_000 };

/** Kinds that come with each request; of anything else there is no flood. */
const TRAFFIC: ReadonlySet<EventKind> = new Set([
  'kick',
  'chain',
  'used',
  'notification',
  'message',
  'pin',
  'request',
  'reply',
  'taken-back',
  'host-call',
]);

/** Decides event by event. */
export class EventPace {
  readonly #limits: PaceLimits;
  #room: number;
  #time = 0;
  #leavesOut = false;
  #flooded = false;

  constructor(limits: PaceLimits = USUAL_PACE) {
    this.#limits = limits;
    this.#room = limits.burst;
  }

  /** Some were left out, and it has not been quiet since. */
  get flooded(): boolean {
    return this.#flooded;
  }

  /** Whether the event that is the next one in order is to be shown; `time` in microseconds. */
  shows(kind: EventKind, time: number): boolean {
    const { burst, perSecond, run } = this.#limits;
    this.#room = Math.min(burst, this.#room + ((time - this.#time) * perSecond) / 1e6);
    this.#time = time;
    if (!TRAFFIC.has(kind)) return true;
    if (this.#room < 1) this.#leavesOut = this.#flooded = true;
    else if (this.#room >= run) this.#leavesOut = false;
    if (this.#room >= burst / 2) this.#flooded = false;
    if (this.#leavesOut) return false;
    this.#room -= 1;
    return true;
  }
}
