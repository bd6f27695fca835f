/** Which MSI-X vector each cause of interrupt has: one choice, whichever interface the driver made it by. */
import { NO_VECTOR } from './common-config-registers.ts';

/** The vectors of one function. */
export class InterruptVectors {
  /** Number of vectors the function has, 0 to 2048. */
  readonly #count: number;
  readonly #queues: number[];
  #config = NO_VECTOR;

  constructor(count: number, queues: number) {
    this.#count = count;
    this.#queues = new Array<number>(queues).fill(NO_VECTOR);
  }

  /** Vector of configuration change notifications, or `NO_VECTOR`. */
  get config(): number {
    return this.#config;
  }

  set config(vector: number) {
    this.#config = this.#existing(vector);
  }

  /** Vector of used buffer notifications of a queue, or `NO_VECTOR`, as where there is no such queue. */
  queue(index: number): number {
    return this.#queues[index] ?? NO_VECTOR;
  }

  /** Chooses the vector of a queue that exists. */
  setQueue(index: number, vector: number): void {
    if (index < this.#queues.length) this.#queues[index] = this.#existing(vector);
  }

  /** No vectors. */
  reset(): void {
    this.#queues.fill(NO_VECTOR);
    this.#config = NO_VECTOR;
  }

  /** A vector the function has, or none. @spec virtio 1.2 §4.1.5.1.2.1 Device Requirements: MSI-X Vector Configuration */
  #existing(vector: number): number {
    return vector < this.#count ? vector : NO_VECTOR;
  }
}
