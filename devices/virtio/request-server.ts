/** One queue of requests, each answered in its own chain, at once or later: what most devices do with a queue. */
import type { Defer } from '../ports.ts';
import type { DeviceContext } from './device.ts';
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
  /** Serves one request. What it throws, or rejects with, is our bug. */
  readonly answer: (chain: Chain) => Answer | Promise<Answer>;
}

/** Requests taken in one turn of the device thread. A guest that keeps the ring full must not keep everything else waiting. */
const REQUESTS_PER_TURN = 32;

/** Serves a queue from DRIVER_OK to reset. Completions of one turn share one interrupt. */
export class RequestServer {
  readonly #parts: RequestServerParts;
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
    this.#later(true);
  }

  /** The driver rang. */
  notify(): void {
    if (!this.#turnTakes) this.#serve();
  }

  /** Takes no more requests; resolves when those under way have ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#queue?.detach();
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** The queue that is alive now: after a reset of it alone it is another one. */
  get #queue(): Virtqueue | undefined {
    return this.#parts.context.queue(this.#parts.queue);
  }

  #serve(): void {
    const { context } = this.#parts;
    const queue = this.#queue;
    if (queue === undefined) return;
    queue.suppressKicks();
    for (let left = REQUESTS_PER_TURN; !this.#broken; left -= 1) {
      if (left === 0) {
        this.#later(true);
        break;
      }
      const outcome = queue.pop();
      if (outcome === 'empty') {
        if (!queue.allowKicks()) break;
        queue.suppressKicks();
      } else if (outcome.kind === 'fault') this.#break(outcome.message);
      else this.#take(queue, outcome);
    }
    context.notifyUsed(queue);
  }

  #take(queue: Virtqueue, chain: Chain): void {
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#parts.answer(chain);
    } catch (error) {
      answer = bug(error);
    }
    if (answer instanceof Promise) void this.#finishLater(queue, chain, answer);
    else this.#finish(queue, chain, answer);
  }

  async #finishLater(queue: Virtqueue, chain: Chain, answer: Promise<Answer>): Promise<void> {
    this.#underWay += 1;
    this.#finish(queue, chain, await answer.catch(bug));
    this.#underWay -= 1;
    if (!this.#stopped) this.#later(false);
    else if (this.#underWay === 0) this.#drained();
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
      const serves = this.#turnTakes;
      this.#turnDue = false;
      this.#turnTakes = false;
      if (this.#stopped) return;
      if (serves) this.#serve();
      else this.#notify();
    });
  }
}

function bug(error: unknown): Unanswerable {
  return new Unanswerable(`internal error: ${error}`);
}
