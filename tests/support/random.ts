/** A seeded generator (sfc32): the same numbers from the same seed, on every machine, and quick enough for millions. */
export class Random {
  private a = 0;
  private b = 0;
  private c = 0;
  private counter = 1;

  /** The two seeds, whole numbers, make independent series. */
  constructor(seed: number, series = 0) {
    this.restart(seed, series);
  }

  /** Begins another series, as a new generator would. */
  restart(seed: number, series = 0): void {
    this.a = seed | 0;
    this.b = series | 0;
    this.c = 0x9e3779b9 | 0;
    this.counter = 1;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `most` - 1. */
  below(most: number): number {
    return Math.floor((this.next() / 2 ** 32) * most);
  }

  /** True once in `times` on the average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of the choices, of which there is at least one. */
  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }
}
