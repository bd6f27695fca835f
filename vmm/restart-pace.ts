/** Shortest time from one start of a guest to the next, in milliseconds. */
const SHORTEST_LIFE_MS = 250;

/** Keeps a guest that resets itself at once, for ever, from taking a whole processor of the host. */
export class RestartPace {
  #startedMs = Number.NEGATIVE_INFINITY;
  #go: () => void = () => {};

  /** A life begins now. */
  started(): void {
    this.#startedMs = performance.now();
  }

  /** Resolves when the next life may begin, or at `cancel`. */
  async wait(): Promise<void> {
    const left = this.#startedMs + SHORTEST_LIFE_MS - performance.now();
    if (left <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#go = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Nobody will wait for another life. */
  cancel(): void {
    this.#startedMs = Number.NEGATIVE_INFINITY;
    this.#go();
  }
}
