/** Hands out numbers from 0 on, used ones again first. */
export class NumberPool {
  private readonly free: number[] = [];
  private readonly limit: number;
  private next = 0;

  /** @param limit how many there are. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** A number nobody has; throws a RangeError when there is none. */
  take(): number {
    const used = this.free.pop();
    if (used !== undefined) return used;
    if (this.next >= this.limit) throw new RangeError(`all ${this.limit} numbers are in use`);
    return this.next++;
  }

  give(number: number): void {
    this.free.push(number);
  }
}
