import type { MaybeAsync, Request } from '../../backend.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import type { Clock } from './clock.ts';
import { LeakyBucket } from './leaky-bucket.ts';
import { checkThrottling, type Measure, type Throttling } from './limits.ts';

export type Direction = 'read' | 'write';

/** A request in the queue. */
interface Waiting {
  readonly size: number;
  readonly pass: () => void;
}

/** A bucket and what it counts. */
interface Gauge {
  readonly measure: Measure;
  readonly bucket: LeakyBucket;
}

/**
 * The limits of one share at work. Reads pass in the order they came, and so do writes; each direction waits for its own
 * limits and for those of both together.
 */
export class Throttle {
  private readonly clock: Clock;
  private readonly iopsSize: number;
  private readonly all: readonly Gauge[];
  private readonly lanes: Readonly<Record<Direction, Lane>>;
  private last: number;

  /** @throws RangeError for limits that contradict each other. */
  constructor(throttling: Throttling, clock: Clock) {
    checkThrottling(throttling);
    this.clock = clock;
    this.iopsSize = throttling.iopsSize ?? 0;
    this.last = clock.now();
    const both = gauges(throttling, 'total');
    const read = gauges(throttling, 'read');
    const write = gauges(throttling, 'write');
    this.all = [...both, ...read, ...write];
    this.lanes = { read: new Lane([...both, ...read]), write: new Lane([...both, ...write]) };
  }

  /** Returns when a request of `size` bytes may begin; rejects with EINTR when it is flushed before. */
  admit(direction: Direction, size: number, request: Request): MaybeAsync<void> {
    const lane = this.lanes[direction];
    if (lane.waiting.length === 0 && this.waitOf(lane) === 0) return this.count(lane, size);
    return new Promise((resolve, reject) => {
      const waiting = { size, pass: resolve };
      lane.waiting.push(waiting);
      request.onFlush(() => {
        if (this.leave(lane, waiting)) reject(errnoOf(ERRNO.EINTR));
      });
      if (lane.disarm === undefined) this.arm(lane);
    });
  }

  /** Takes a request out of the queue; false if it has passed already. */
  private leave(lane: Lane, waiting: Waiting): boolean {
    const at = lane.waiting.indexOf(waiting);
    if (at < 0) return false;
    lane.waiting.splice(at, 1);
    if (lane.waiting.length === 0) {
      lane.disarm?.();
      lane.disarm = undefined;
    }
    return true;
  }

  /** Lets pass who may, and sets the timer for the next. */
  private arm(lane: Lane): void {
    lane.disarm = undefined;
    while (lane.waiting.length > 0) {
      const seconds = this.waitOf(lane);
      if (seconds > 0) {
        lane.disarm = this.clock.after(Math.ceil(seconds * 1000), () => this.arm(lane));
        return;
      }
      const next = lane.waiting.shift();
      if (next === undefined) return;
      this.count(lane, next.size);
      next.pass();
    }
  }

  private waitOf(lane: Lane): number {
    const now = this.clock.now();
    const seconds = Math.max(0, now - this.last) / 1000;
    this.last = now;
    for (const { bucket } of this.all) bucket.leak(seconds);
    return lane.gauges.reduce((longest, { bucket }) => Math.max(longest, bucket.wait()), 0);
  }

  private count(lane: Lane, size: number): void {
    const operations = this.iopsSize > 0 && size > this.iopsSize ? size / this.iopsSize : 1;
    for (const { measure, bucket } of lane.gauges) bucket.pour(measure === 'bps' ? size : operations);
  }
}

/** One direction: what limits it, and who waits. */
class Lane {
  readonly gauges: readonly Gauge[];
  readonly waiting: Waiting[] = [];
  /** Stops the timer, where one runs. */
  disarm: (() => void) | undefined = undefined;

  constructor(gauges: readonly Gauge[]) {
    this.gauges = gauges;
  }
}

function gauges(throttling: Throttling, scope: 'total' | Direction): Gauge[] {
  return (['bps', 'iops'] as const).flatMap((measure) => {
    const limit = throttling[measure]?.[scope];
    return limit === undefined || limit.rate === 0 ? [] : [{ measure, bucket: new LeakyBucket(limit) }];
  });
}
