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
  readonly queue: Virtqueue;
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
    this.#parts.queue.detach();
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  #serve(): void {
    const { queue, context } = this.#parts;
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
      else this.#take(outcome);
    }
    context.notifyUsed(queue);
  }

  #take(chain: Chain): void {
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#parts.answer(chain);
    } catch (error) {
      answer = bug(error);
    }
    if (answer instanceof Promise) void this.#finishLater(chain, answer);
    else this.#finish(chain, answer);
  }

  async #finishLater(chain: Chain, answer: Promise<Answer>): Promise<void> {
    this.#underWay += 1;
    this.#finish(chain, await answer.catch(bug));
    this.#underWay -= 1;
    if (!this.#stopped) this.#later(false);
    else if (this.#underWay === 0) this.#drained();
  }

  #finish(chain: Chain, answer: Answer): void {
    const unanswerable = answer instanceof Unanswerable;
    this.#parts.queue.push(chain, unanswerable ? 0 : answer);
    if (unanswerable) this.#break(`queue ${this.#parts.queue.index}: head ${chain.head}: ${answer.why}`);
  }

  /** Takes no more requests from a driver that broke a rule; those under way still end. */
  #break(why: string): void {
    if (this.#stopped || this.#broken) return;
    this.#broken = true;
    this.#parts.context.needsReset(why);
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
      else this.#parts.context.notifyUsed(this.#parts.queue);
    });
  }
}

function bug(error: unknown): Unanswerable {
  return new Unanswerable(`internal error: ${error}`);
}
