import { errnoName } from './errno.ts';
import type { SessionObserver } from './observer.ts';

/** Buckets of the histogram: below 1 µs, then one for each power of two, the last without an upper end. */
const BUCKETS = 33;

/** What one kind of request has come to. */
export interface MessageCounts {
  /** Requests that have ended. */
  readonly count: number;
  /** Bytes of well-formed requests. */
  readonly bytesIn: number;
  /** Bytes of replies. */
  readonly bytesOut: number;
  /** Those taken back by a Tflush, a Tversion or a reset, and so without a reply. */
  readonly takenBack: number;
  /** Those that failed, by the name of the error. */
  readonly errors: Readonly<Record<string, number>>;
  /** Element i counts those that took less than 2^i µs and are in no element before; the last one all others. */
  readonly latency: readonly number[];
}

/** Counts by the name of the request; `unknown` for types that no dialect has. */
export type Counts = Readonly<Record<string, MessageCounts>>;

/** Counts what the sessions of one share do. */
export class Counters {
  private readonly clock: () => number;
  private readonly byName = new Map<string, Tally>();

  /** @param clock the time in milliseconds; the system's unless given. */
  constructor(clock: () => number = () => performance.now()) {
    this.clock = clock;
  }

  /** What a session shows its work to; each session needs its own. */
  observer(): SessionObserver {
    const started = new Map<number, number>();
    return {
      request: ({ id }) => {
        started.set(id, this.clock());
      },
      reply: ({ id, name = 'unknown', size, body }, answer) => {
        const now = this.clock();
        const ms = now - (started.get(id) ?? now);
        started.delete(id);
        const tally = this.tallyOf(name);
        tally.count++;
        tally.bytesIn += body === undefined ? 0 : size;
        if (answer === undefined) tally.takenBack++;
        else tally.bytesOut += answer.length;
        if (answer?.errno !== undefined) tally.fail(answer.errno);
        tally.time(ms * 1000);
      },
    };
  }

  /** What has been counted so far, by the name of the request. */
  read(): Counts {
    return Object.fromEntries([...this.byName].map(([name, tally]) => [name, tally.read()]));
  }

  private tallyOf(name: string): Tally {
    let tally = this.byName.get(name);
    if (tally === undefined) {
      tally = new Tally();
      this.byName.set(name, tally);
    }
    return tally;
  }
}

class Tally {
  count = 0;
  bytesIn = 0;
  bytesOut = 0;
  takenBack = 0;
  private readonly errors = new Map<number, number>();
  private readonly latency = new Float64Array(BUCKETS);

  fail(errno: number): void {
    this.errors.set(errno, (this.errors.get(errno) ?? 0) + 1);
  }

  time(microseconds: number): void {
    const bucket = Math.min(BUCKETS - 1, 32 - Math.clz32(Math.min(microseconds, 0xffff_ffff)));
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
  }

  read(): MessageCounts {
    const { count, bytesIn, bytesOut, takenBack } = this;
    const errors = Object.fromEntries([...this.errors].map(([errno, times]) => [errnoName(errno), times]));
    return { count, bytesIn, bytesOut, takenBack, errors, latency: [...this.latency] };
  }
}

/**
 * Counts as text, one line for each kind of request below a line of headings, fields apart by one blank:
 *
 *     message count bytes_in bytes_out taken_back errors latency_us
 *     Twalk 12 340 290 0 ENOENT:3 4:4,8:6,16:2
 *
 * `latency_us` names for each part of the histogram that is not empty the upper end in µs, which is not in it, and how
 * many there are; `errors` how often each was answered; `-` stands for none.
 */
export function countsAsText(counts: Counts): string {
  const lines = Object.entries(counts).map(([name, { count, bytesIn, bytesOut, takenBack, errors, latency }]) => {
    const times = latency.flatMap((many, bucket) => (many === 0 ? [] : [`${upperEnd(bucket)}:${many}`]));
    const failures = Object.entries(errors).map(([error, many]) => `${error}:${many}`);
    return [name, count, bytesIn, bytesOut, takenBack, listed(failures), listed(times)].join(' ');
  });
  return `${['message count bytes_in bytes_out taken_back errors latency_us', ...lines].join('\n')}\n`;
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? '-' : items.join(',');
}

function upperEnd(bucket: number): string {
  return bucket === BUCKETS - 1 ? 'inf' : String(2 ** bucket);
}
