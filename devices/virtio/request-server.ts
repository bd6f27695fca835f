/** One queue of requests, each answered in its own chain, at once or later: what most devices do with a queue. */
import type { Defer } from '../ports.ts';
import type { DeviceContext } from './device.ts';
import type { PolledRing, RingPoll, RingPolling } from './ring-poller.ts';
import type { Chain, Virtqueue } from './virtqueue.ts';

/** A request that leaves no place for an answer: the device needs a reset. */
export class Unanswerable {
  /** What was wrong with it, for people. */
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** What a request comes to: how many bytes were written to its writable part, from the first on. */
export type Answer = number | Unanswerable;

/** What a server of requests is made of. */
export interface RequestServerParts {
  readonly context: DeviceContext;
  /** Index of the queue. */
  readonly queue: number;
  readonly defer: Defer;
  /** Looks at the ring after it has run empty; absent where every request comes with a kick. */
  readonly polling?: RingPolling | undefined;
  /** Serves one request. What it throws, or rejects with, is our bug unless `failed` knows better. */
  readonly answer: (chain: Chain) => Answer | Promise<Answer>;
  /** What a request comes to whose `answer` failed. */
  readonly failed?: (error: unknown) => Unanswerable;
}

/** Requests taken in one turn of the device thread. A guest that keeps the ring full must not keep everything else waiting. */
const REQUESTS_PER_TURN = 32;

/** Serves a queue from DRIVER_OK to reset. Completions of one turn share one interrupt. */
export class RequestServer implements PolledRing {
  readonly #parts: RequestServerParts;
  readonly #failed: (error: unknown) => Unanswerable;
  readonly #poll: RingPoll | undefined;
  #underWay = 0;
  #stopped = false;
  /** A rule was broken: nothing more is taken from the queue. */
  #broken = false;
  /** A later turn is due, at the latest to notify the driver. */
  #turnDue = false;
  /** The turn that is due also takes requests, so a kick before it is not needed. */
  #turnTakes = false;
  #drained: () => void = () => {};

  /** Begins with what the driver made available before DRIVER_OK, in a later turn. */
  constructor(parts: RequestServerParts) {
    this.#parts = parts;
    this.#failed = parts.failed ?? bug;
    this.#poll = parts.polling?.attach(this);
    this.#later(true);
  }

  /** The driver rang. */
  notify(): void {
    if (this.#turnTakes) return;
    this.#poll?.rang();
    this.serve();
  }

  /** Takes no more requests; resolves when those under way have ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#poll?.end();
    this.#queue?.detach();
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  waiting(): boolean {
    return this.#queue?.hasNext() ?? false;
  }

  /** Takes requests until none is left or the turn is over. */
  serve(): void {
    const { context } = this.#parts;
    const queue = this.#queue;
    if (queue === undefined || this.#stopped) return;
    queue.suppressKicks();
    for (let left = REQUESTS_PER_TURN; !this.#broken; left -= 1) {
      if (left === 0) {
        this.#poll?.end();
        this.#later(true);
        break;
      }
      const outcome = queue.pop();
      if (outcome === 'empty') {
        if (this.#poll?.begin() === true || !queue.allowKicks()) break;
        queue.suppressKicks();
      } else if (outcome.kind === 'fault') this.#break(outcome.message);
      else this.#take(queue, outcome);
    }
    context.notifyUsed(queue);
  }

  /** The queue that is alive now: after a reset of it alone it is another one. */
  get #queue(): Virtqueue | undefined {
    return this.#parts.context.queue(this.#parts.queue);
  }

  #take(queue: Virtqueue, chain: Chain): void {
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#parts.answer(chain);
    } catch (error) {
      answer = this.#failed(error);
    }
    if (typeof answer === 'number' || answer instanceof Unanswerable) this.#finish(queue, chain, answer);
    else this.#finishLater(queue, chain, answer);
  }

  #finishLater(queue: Virtqueue, chain: Chain, answer: Promise<Answer>): void {
    this.#underWay += 1;
    const finish = (ended: Answer): void => {
      this.#finish(queue, chain, ended);
      this.#underWay -= 1;
      if (!this.#stopped) this.#later(false);
      else if (this.#underWay === 0) this.#drained();
    };
    answer.then(finish, (error: unknown) => finish(this.#failed(error)));
  }

  /** A chain goes back to the queue it came from; what was wrong with one of a queue that is no more is forgotten. */
  #finish(queue: Virtqueue, chain: Chain, answer: Answer): void {
    const unanswerable = answer instanceof Unanswerable;
    queue.push(chain, unanswerable ? 0 : answer);
    if (unanswerable && queue === this.#queue) this.#break(`queue ${queue.index}: head ${chain.head}: ${answer.why}`);
  }

  /** Takes no more requests from a driver that broke a rule; those under way still end. */
  #break(why: string): void {
    if (this.#stopped || this.#broken) return;
    this.#broken = true;
    this.#poll?.end();
    this.#parts.context.needsReset(why);
  }

  #notify(): void {
    const queue = this.#queue;
    if (queue !== undefined) this.#parts.context.notifyUsed(queue);
  }

  #later(takes: boolean): void {
    this.#turnTakes ||= takes;
    if (this.#turnDue) return;
    this.#turnDue = true;
    this.#parts.defer(() => {
      // The answer to what ended just now may be the next request.
      const serves = this.#turnTakes || this.#poll?.worthwhile === true;
      this.#turnDue = false;
      this.#turnTakes = false;
      if (this.#stopped) return;
      if (serves) this.serve();
      else this.#notify();
    });
  }
}

function bug(error: unknown): Unanswerable {
  return new Unanswerable(`internal error: ${error}`);
}
