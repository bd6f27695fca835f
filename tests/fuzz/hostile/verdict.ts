import { Broken } from '../broken.ts';

/** Keeps the first promise that was broken: what is thrown within a device may be caught there. */
export class Verdict {
  #first: Broken | undefined;

  /** @throws Broken at once, and again from `check`. */
  readonly fail = (what: string): never => {
    const broken = new Broken(what);
    this.#first ??= broken;
    throw broken;
  };

  check(): void {
    if (this.#first !== undefined) throw this.#first;
  }
}
