/** Work that devices put off, done when the learner's action lets it. */
import type { Defer } from '../../devices/ports.ts';

/** Turns after which a device that goes on putting work off is left to itself until the next action. */
const MOST_TURNS = 1000;

/** One turn of the event loop: what promises do has been done then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Holds what was put off until `settle` is called, so that each action ends with all that follows from it. */
export class Turns {
  readonly defer: Defer = (work) => void this.#due.push(work);
  #due: (() => void)[] = [];

  /** Does what was put off, and what that puts off, until nothing is left. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < MOST_TURNS; turns += 1) {
      await turn();
      if (this.#due.length === 0) return;
      const due = this.#due;
      this.#due = [];
      for (const work of due) work();
    }
  }
}
