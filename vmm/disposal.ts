/** What has to be given back, in reverse order of taking it; every step runs, whatever the others do. */
export class Disposal {
  readonly #steps: (() => unknown)[] = [];
  #running: Promise<void> | undefined;

  /** Remembers how to give `thing` back, and returns it. */
  take<T>(thing: T, giveBack: (thing: T) => unknown): T {
    this.#steps.push(() => giveBack(thing));
    return thing;
  }

  /** Gives everything back, once: later calls get the same promise. Rejects with the first failure after all steps have run. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
