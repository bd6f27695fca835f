import type { DeviceContext } from '../../../devices/virtio/device.ts';
import type { Chain } from '../../../devices/virtio/virtqueue.ts';
import type { HostileRam } from './ram.ts';
import type { Verdict } from './verdict.ts';
import type { WatchedQueue } from './watched-queue.ts';

/** Chains a device may take in one step: a bound on how long a kick keeps everything else waiting. */
const MOST_POPS = 1024;
/** Views of guest memory it may ask for in one step: those chains, of as many buffers as a queue has entries. */
const MOST_VIEWS = 1 << 17;
/** Work a device may have put off at once beside a turn for each life that began or ended since the last one. */
const SPARE_TURNS = 2;

/** What one device was given and gave back: kept by the fuzzer, by other means than the device's. */
export class Ledger {
  readonly ram: HostileRam;
  readonly verdict: Verdict;
  /** Another CPU changes rings while the device looks at them: nobody can say what it will have seen. */
  racing = false;
  /** A single queue can be taken from the device. */
  mayStop = false;
  popped = 0;
  returned = 0;
  lives = 0;
  /** Resets of the device that have not ended. */
  resetting = 0;
  /** Reasons to interrupt the driver there have been: bursts of used buffers, broken rules, resets. */
  causes = 0;
  readonly faults = new Map<string, number>();
  /** Rules the driver has broken so far. */
  faulted = 0;
  /** The queues of the life the device is in; empty between lives. */
  queues: (WatchedQueue | undefined)[] = [];
  /** Queues of lives that have ended, but for what is under way. */
  readonly #draining = new Set<Ledger['queues']>();
  /** Queues that were reset alone in this life. */
  readonly #alone: WatchedQueue[] = [];
  #popsBefore = 0;
  /** Work put off until a later turn. */
  readonly #deferred: (() => void)[] = [];
  #changesSinceTurn = 0;

  constructor(ram: HostileRam, verdict: Verdict) {
    this.ram = ram;
    this.verdict = verdict;
  }

  /** The driver broke a rule, and the device said so in these words. */
  fault(message: string): void {
    this.causes += 1;
    this.faulted += 1;
    const kind = kindOf(message);
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  began(queues: number): void {
    this.lives += 1;
    this.#changesSinceTurn += 1;
    this.queues = new Array<WatchedQueue | undefined>(queues).fill(undefined);
  }

  /** The device is cut off its queues. Returns what to call when it has let go of what it was given. */
  ended(): () => void {
    const queues = [...this.queues, ...this.#alone.splice(0)];
    for (const queue of queues) queue?.end();
    this.queues = [];
    this.causes += 1;
    this.#changesSinceTurn += 1;
    this.#draining.add(queues);
    this.resetting += 1;
    return () => {
      this.#draining.delete(queues);
      this.resetting -= 1;
    };
  }

  /** One queue is cut off; the device goes on. */
  endedAlone(index: number): void {
    const queue = this.queues[index];
    this.queues[index] = undefined;
    this.#changesSinceTurn += 1;
    if (queue === undefined) return;
    queue.end();
    this.#alone.push(queue);
  }

  readonly defer = (work: () => void): void => {
    this.#deferred.push(work);
    if (this.#deferred.length > SPARE_TURNS + this.#changesSinceTurn)
      this.verdict.fail(`${this.#deferred.length} pieces of work are put off at once`);
  };

  /** Runs what was put off until now; what is put off meanwhile waits for the next turn. */
  turn(): void {
    this.#changesSinceTurn = 0;
    for (const work of this.#deferred.splice(0)) work();
  }

  /** Whether head (or buffer id) `head` of a queue is the device's now. */
  holds(queue: number, head: number): boolean {
    return this.queues[queue]?.holds(head) ?? false;
  }

  /** What the device may write now. */
  *live(): Iterable<Uint8Array> {
    for (const queues of [this.queues, this.#alone, ...this.#draining])
      for (const queue of queues) if (queue !== undefined) yield* queue.live();
  }

  beginStep(): void {
    this.#popsBefore = this.popped;
    this.ram.beginStep();
  }

  /** @throws Broken when the device did more in this step than it may, or anything in it was wrong. */
  endStep(): void {
    const pops = this.popped - this.#popsBefore;
    if (pops > MOST_POPS) this.verdict.fail(`${pops} chains were taken in one step`);
    if (this.ram.views > MOST_VIEWS) this.verdict.fail(`${this.ram.views} views of memory were taken in one step`);
    this.verdict.check();
  }
}

/** A used buffer notification the device asks for. */
export type NotifyUsed = DeviceContext['notifyUsed'];

/** A fault as a kind: its text without the numbers. */
function kindOf(message: string): string {
  return message
    .replace(/ \(.*\)$/, '')
    .replace(/0x[0-9a-f]+|\d+/g, 'N')
    .replace(/^queue N: /, '');
}

/** Tells a chain in words. */
export function showChain({ head, readableLength, writableLength }: Chain): string {
  return `head ${head} with ${readableLength} bytes to read and ${writableLength} to write`;
}
