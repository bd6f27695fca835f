/** Follows what is inspected: folds events as they come, and says once per frame that there is something new to show. */
import type { TraceEvent } from '../../trace/event.ts';
import { journeysOf } from '../history/followed.ts';
import { EventHistory } from '../history.ts';
import type { InspectedListener } from '../inspected.ts';
import { emptyModel, foldEvent, type MachineModel } from '../model/machine-model.ts';
import type { RunState } from '../protocol.ts';

/** Least time between two times the page is drawn, in milliseconds, so that most of every second is left for events. */
export const LEAST_PAUSE_MS = 100;

/** Has `draw` called before the first frame after so many milliseconds. */
function beforeFrame(draw: (now: number) => void, pauseMs: number): void {
  if (pauseMs <= 0) requestAnimationFrame(draw);
  else setTimeout(() => requestAnimationFrame(draw), pauseMs);
}

/** The state of the page that comes from outside. */
export class Follower implements InspectedListener {
  readonly history = new EventHistory();
  model: MachineModel = emptyModel();
  run: RunState = { running: true };
  /** Why nothing follows; undefined while something may. */
  endedBy: string | undefined;
  /** Another number after every change. */
  version = 0;
  readonly #changed: () => void;
  #asked = false;
  #drawn = Number.NEGATIVE_INFINITY;

  /** @param changed is called before a frame in which something is new */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  restarted(model: MachineModel): void {
    this.model = model;
    this.history.clear();
    this.#ask();
  }

  events(events: readonly TraceEvent[]): void {
    for (const event of events) {
      foldEvent(this.model, event);
      this.history.push(event);
    }
    this.#ask();
  }

  runState(state: RunState): void {
    this.run = state;
    this.#ask();
  }

  ended(why: string): void {
    this.endedBy = why;
    this.run = { running: false };
    this.#ask();
  }

  #ask(): void {
    this.version += 1;
    if (this.#asked) return;
    this.#asked = true;
    const draw = (now: number) => {
      this.#drawn = now;
      this.#asked = false;
      // A little in each frame, so that a view that wants them has them at once.
      journeysOf(this.history);
      this.#changed();
    };
    beforeFrame(draw, this.#drawn + LEAST_PAUSE_MS - performance.now());
  }
}
