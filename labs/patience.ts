/** The exercise did something without an end. Its stack leads to where. */
export class RunawayError extends Error {
  override readonly name = 'RunawayError';
}

/** Accesses to RAM between two waits: more than any exercise needs. */
const MOST_ACCESSES = 200_000;
/** What an access to a register counts, of which there are fewer. */
const REGISTER = 10;
const MOST_WAITS = 500;

/** Ends exercises that poll for ever. */
export class Patience {
  #spent = 0;
  #waits = 0;

  /** A register was accessed. @throws RunawayError when there were too many accesses since the last wait. */
  register(what: string): void {
    this.#spend(what, REGISTER);
  }

  /** RAM was accessed. @throws RunawayError when there were too many accesses since the last wait. */
  ram(what: string): void {
    this.#spend(what, 1);
  }

  /** The exercise waits. @throws RunawayError when it has too often. */
  wait(): void {
    this.#spent = 0;
    this.#waits += 1;
    if (this.#waits > MOST_WAITS) {
      throw new RunawayError(`you have waited ${MOST_WAITS} times: what you wait for does not happen`);
    }
  }

  #spend(what: string, cost: number): void {
    this.#spent += cost;
    if (this.#spent <= MOST_ACCESSES) return;
    throw new RunawayError(
      `${what}, after so many accesses without a wait: the device gets its turn while you 'await wait()'`,
    );
  }
}
