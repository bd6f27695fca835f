/** Smallest area in bytes: room for every reply but those that carry data. */
const LEAST = 8192;
/** Sizes from one power of two to the next: an area is at most a quarter larger than it has to be. */
const STEPS = 4;

/** The size of the area for `room` bytes. */
function areaSize(room: number): number {
  const least = Math.max(room, LEAST);
  const step = 2 ** Math.floor(Math.log2(least)) / STEPS;
  return Math.ceil(least / step) * step;
}

/** Memory for messages, used again once they are done with. */
export class AreaPool {
  /** Free areas by size, as `areaSize` gives it. */
  private readonly free = new Map<number, Uint8Array[]>();
  private readonly most: number;
  private kept = 0;

  /** @param most bytes kept for later */
  constructor(most: number) {
    this.most = most;
  }

  /** An area of `room` bytes or more. Its content is whatever was in it before. */
  take(room: number): Uint8Array {
    return this.ready(room) ?? new Uint8Array(areaSize(room));
  }

  /** The same, where one lies ready. */
  ready(room: number): Uint8Array | undefined {
    const size = areaSize(room);
    const area = this.free.get(size)?.pop();
    if (area !== undefined) this.kept -= size;
    return area;
  }

  /** Gives back an area that nobody reads or writes any more. */
  give(area: Uint8Array): void {
    if (this.kept + area.length > this.most) return;
    this.kept += area.length;
    const same = this.free.get(area.length);
    if (same === undefined) this.free.set(area.length, [area]);
    else same.push(area);
  }

  /** Forgets the free areas. */
  trim(): void {
    this.free.clear();
    this.kept = 0;
  }
}
