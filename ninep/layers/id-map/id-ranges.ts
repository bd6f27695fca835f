/** So many numbers in a row that are one thing to clients and another behind the share. */
export interface IdRange {
  /** First number as clients see it. */
  readonly inside: number;
  /** First number behind the share. */
  readonly outside: number;
  /** How many, 1 or more. */
  readonly count: number;
}

/** What clients see of an owner who has no number for them. @spec Linux admin-guide, sysctl kernel/overflowuid */
export const OVERFLOW_ID = 65_534;

/** No user and no group: "leave it as it is". */
const NO_ID = 0xffff_ffff;

/** How many ranges a map may have, as in a user namespace. @spec Linux user_namespaces(7) */
const RANGES_MAX = 340;

/**
 * Numbers of users or groups in both directions.
 *
 * @throws RangeError, one line, for ranges that overlap on either side or hold what is no number of anybody.
 */
export class IdMap {
  private readonly ranges: readonly IdRange[];

  constructor(ranges: readonly IdRange[]) {
    if (ranges.length === 0 || ranges.length > RANGES_MAX) {
      throw new RangeError(`${ranges.length} ranges; a map has 1 to ${RANGES_MAX}`);
    }
    for (const range of ranges) requireRange(range);
    for (const side of ['inside', 'outside'] as const) requireApart(ranges, side);
    this.ranges = ranges.map((range) => ({ ...range }));
  }

  /** The number behind the share, or undefined where there is none. */
  outward(inside: number): number | undefined {
    if (inside === NO_ID) return NO_ID;
    const range = this.ranges.find((range) => inside >= range.inside && inside - range.inside < range.count);
    return range === undefined ? undefined : range.outside + (inside - range.inside);
  }

  /** The number as clients see it; `OVERFLOW_ID` where there is none. */
  inward(outside: number): number {
    const range = this.rangeBehind(outside);
    return range === undefined ? OVERFLOW_ID : range.inside + (outside - range.outside);
  }

  /** Whether clients have a number for that one. */
  hasInside(outside: number): boolean {
    return this.rangeBehind(outside) !== undefined;
  }

  private rangeBehind(outside: number): IdRange | undefined {
    return this.ranges.find((range) => outside >= range.outside && outside - range.outside < range.count);
  }
}

function requireRange(range: IdRange): void {
  const { inside, outside, count } = range;
  const whole = [inside, outside, count].every((value) => Number.isInteger(value) && value >= 0);
  if (whole && count > 0 && inside + count <= NO_ID && outside + count <= NO_ID) return;
  throw new RangeError(`${show(range)} is no range; numbers go from 0 to ${NO_ID - 1}, and there is at least one`);
}

function requireApart(ranges: readonly IdRange[], side: 'inside' | 'outside'): void {
  const sorted = [...ranges].sort((one, other) => one[side] - other[side]);
  for (const [index, range] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && range[side] + range.count > next[side]) {
      throw new RangeError(`${show(range)} and ${show(next)} overlap ${side}; each number can be in one range only`);
    }
  }
}

function show({ inside, outside, count }: IdRange): string {
  return `${inside}:${outside}:${count}`;
}
