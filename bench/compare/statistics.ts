/** What is said of some values of the same thing. */

/** Middle and ends. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (least === undefined || most === undefined || upper === undefined || lower === undefined) {
    throw new RangeError('no values');
  }
  return { median: (lower + upper) / 2, least, most };
}

/** How many times as good `own` is as `peer`, run by run, so that what disturbed the host in one run disturbs both. */
export function ratioOf(own: readonly number[], peer: readonly number[], lessIsBetter: boolean): Spread {
  if (own.length !== peer.length) throw new RangeError(`${own.length} runs against ${peer.length}`);
  return spreadOf(own.map((value, run) => (lessIsBetter ? (peer[run] ?? 0) / value : value / (peer[run] ?? 0))));
}

/** Half the distance between the ends, in per cent of the middle. */
export function spreadPercent({ median, least, most }: Spread): number {
  return median === 0 ? 0 : ((most - least) / 2 / median) * 100;
}
