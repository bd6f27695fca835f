import type { Random } from '../support/random.ts';

/** How late a ring is delivered at most, in turns of the event loop. */
const MOST_TURNS = 3;

/**
 * Carries kicks and interrupts as a host does: later, at a moment of its own, and several as one if they come before that.
 * So driver and device meet each other in every state; the seed decides, not the clock.
 */
export class Wires {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A wire to `end`: returns what rings it. */
  to(end: () => void): () => void {
    let underWay = false;
    return () => {
      if (underWay) return;
      underWay = true;
      this.later(() => {
        underWay = false;
        end();
      });
    };
  }

  /** Resolves after some turns of the event loop, or none. */
  delay(): Promise<void> {
    return new Promise((resolve) => this.later(resolve));
  }

  /** Runs `work` after this turn: some turns later, or as soon as what runs now has ended. */
  later(work: () => void, turns = this.#random.below(MOST_TURNS + 1)): void {
    if (turns === 0) queueMicrotask(work);
    else setImmediate(() => (turns === 1 ? work() : this.later(work, turns - 1)));
  }
}
