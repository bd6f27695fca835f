/** Something went wrong; the message says what, and goes together with the seed. */
export class RequestsFailed extends Error {
  override readonly name = 'RequestsFailed';
}

/** Turns of the event loop that a request may take; one that is not lost needs a few hundred at the very most. */
const LOST_TURNS = 20_000;

/** Counts turns of the event loop, and notices a request that does not come back. */
export class Patience {
  readonly #since = new Map<object, number>();
  readonly #lost: (error: RequestsFailed) => void;
  #turn = 0;
  #ended = false;

  /** @param lost is told once, at the first request that is lost. */
  constructor(lost: (error: RequestsFailed) => void) {
    this.#lost = lost;
    setImmediate(() => this.#next());
  }

  /** Waits for a request, and no longer than it may take. */
  async for<T>(request: Promise<T>): Promise<T> {
    const key = {};
    this.#since.set(key, this.#turn);
    try {
      return await request;
    } finally {
      this.#since.delete(key);
    }
  }

  /** Nothing more is to be waited for. */
  get over(): boolean {
    return this.#ended;
  }

  end(): void {
    this.#ended = true;
  }

  #next(): void {
    if (this.#ended) return;
    this.#turn += 1;
    // The oldest is the first.
    for (const since of this.#since.values()) {
      if (this.#turn - since <= LOST_TURNS) break;
      this.#ended = true;
      const line = `${this.#since.size} requests wait, one of them for ${LOST_TURNS} turns: a wake-up was lost`;
      this.#lost(new RequestsFailed(line));
      return;
    }
    setImmediate(() => this.#next());
  }
}
