/** What a limit counts: bytes or operations a second. */
export const MEASURES = ['bps', 'iops'] as const;
export type Measure = (typeof MEASURES)[number];

/** Which requests a limit is about: reads and writes together, or one of them. */
export const SCOPES = ['total', 'read', 'write'] as const;
export type Scope = (typeof SCOPES)[number];

/** One limit. @spec QEMU throttle.txt */
export interface Limit {
  /** Units a second in the long run; 0 is no limit. */
  readonly rate: number;
  /** Units a second in a burst, `rate` or more; 0 or absent: no bursts beyond a tenth of a second's worth. */
  readonly burst?: number;
  /** Seconds a burst at that rate may last, 1 unless given. */
  readonly burstSeconds?: number;
}

/** Limits on reads and writes, in bytes and in operations a second. @spec QEMU 9psetup, -fsdev throttling */
export interface Throttling {
  readonly bps?: { readonly [S in Scope]?: Limit };
  readonly iops?: { readonly [S in Scope]?: Limit };
  /** A larger operation counts as several, as many as hold so many bytes; 0 or absent: every operation as one. */
  readonly iopsSize?: number;
}

/** The largest rate, and the largest burst times its length. @spec QEMU throttle.h: THROTTLE_VALUE_MAX */
export const RATE_MAX = 1_000_000_000_000_000;

/**
 * Refuses limits that contradict each other, as QEMU does.
 *
 * @throws RangeError, one line that names the limit as QEMU's options do (`bps-total-max`).
 */
export function checkThrottling(throttling: Throttling): void {
  for (const measure of MEASURES) {
    const limits = throttling[measure] ?? {};
    for (const scope of SCOPES) checkLimit(`${measure}-${scope}`, limits[scope]);
    for (const scope of ['read', 'write'] as const) {
      for (const [suffix, of] of PARTS) {
        if (!of(limits.total) || !of(limits[scope])) continue;
        throw new RangeError(
          `${measure}-total${suffix} and ${measure}-${scope}${suffix} cannot go together; give the total, or read and write`,
        );
      }
    }
  }
  const { iopsSize = 0, iops = {} } = throttling;
  if (iopsSize > 0 && !SCOPES.some((scope) => (iops[scope]?.rate ?? 0) > 0)) {
    throw new RangeError('iops-size says how operations are counted, and none are limited; add iops-total=N');
  }
}

const PARTS: readonly (readonly [suffix: string, of: (limit: Limit | undefined) => boolean])[] = [
  ['', (limit) => (limit?.rate ?? 0) > 0],
  ['-max', (limit) => (limit?.burst ?? 0) > 0],
];

function checkLimit(name: string, limit: Limit | undefined): void {
  if (limit === undefined) return;
  const { rate, burst = 0, burstSeconds = 1 } = limit;
  for (const [key, value] of [
    [name, rate],
    [`${name}-max`, burst],
  ] as const) {
    if (!(value >= 0 && value <= RATE_MAX)) throw new RangeError(`${key} is ${value}; it goes from 0 to ${RATE_MAX}`);
  }
  if (!(burstSeconds >= 1)) throw new RangeError(`${name}-max-length is ${burstSeconds}; it is 1 or more seconds`);
  if (burstSeconds > 1 && burst === 0) {
    throw new RangeError(`${name}-max-length is the length of a burst; add ${name}-max=N, the rate in it`);
  }
  if (burst * burstSeconds > RATE_MAX) {
    throw new RangeError(`${name}-max-length is too long for that ${name}-max; their product is at most ${RATE_MAX}`);
  }
  if (burst > 0 && rate === 0)
    throw new RangeError(`${name}-max is the rate in a burst; add ${name}=N, the rate after`);
  if (burst > 0 && burst < rate) throw new RangeError(`${name}-max is below ${name}; it is the higher one`);
}
