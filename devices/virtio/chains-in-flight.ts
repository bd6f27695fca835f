/** What holds `pop` and `push` of a virtqueue to each other, whatever the format of its rings. */
import type { Chain } from './virtqueue.ts';

/** The chains a device has taken from one queue and not given back. */
export class ChainsInFlight<Taken extends Chain> {
  readonly #queue: number;
  readonly #byHead: (Taken | undefined)[] = [];
  #count = 0;
  #waiters: (() => void)[] = [];

  /** @param queue index of the queue, for messages. */
  constructor(queue: number) {
    this.#queue = queue;
  }

  /** 0 to the size of the queue. */
  get count(): number {
    return this.#count;
  }

  /** Whether a chain with this head, or buffer id, was taken and not given back. */
  has(head: number): boolean {
    return this.#byHead[head] !== undefined;
  }

  /** The device takes a chain; `has` said that there is none of its head. */
  take(chain: Taken): void {
    this.#byHead[chain.head] = chain;
    this.#count += 1;
  }

  /**
   * The device gives a chain back with the number of bytes it wrote.
   *
   * @throws RangeError for a chain that is not in flight on this queue, or a length it cannot hold: our bug.
   */
  giveBack(chain: Chain, writtenLength: number): Taken {
    const taken = this.#byHead[chain.head];
    if (taken === undefined || taken !== chain) {
      throw new RangeError(`queue ${this.#queue}: the chain at head ${chain.head} is not in flight`);
    }
    if (!(writtenLength >= 0 && writtenLength <= chain.writableLength && Number.isInteger(writtenLength))) {
      throw new RangeError(
        `queue ${this.#queue}: ${writtenLength} bytes do not fit the ${chain.writableLength} of head ${chain.head}`,
      );
    }
    this.#byHead[chain.head] = undefined;
    this.#count -= 1;
    if (this.#count === 0 && this.#waiters.length > 0) for (const wake of this.#waiters.splice(0)) wake();
    return taken;
  }

  /** Resolves when the device has given back everything. */
  allBack(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }
}
