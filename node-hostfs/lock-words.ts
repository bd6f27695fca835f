/** The answer of `ofdGetLock`, reusable: every getter reads the latest answer. */
export class LockWords {
  /** What to hand to `ofdGetLock`. */
  readonly bytes: Uint8Array;
  readonly #words: BigInt64Array;

  constructor() {
    this.#words = new BigInt64Array(4);
    this.bytes = new Uint8Array(this.#words.buffer);
  }

  /** A value of `LOCK_TYPE`; UNLCK means that nothing stands in the way. */
  get type(): number {
    return Number(this.#words[0] ?? 0n);
  }
  get start(): bigint {
    return this.#words[1] ?? 0n;
  }
  /** 0 means to the end of the file. */
  get length(): bigint {
    return this.#words[2] ?? 0n;
  }
  /** The process that holds it, or -1 for an open-file-description lock. */
  get pid(): number {
    return Number(this.#words[3] ?? 0n);
  }
}
