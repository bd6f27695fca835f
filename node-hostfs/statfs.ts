/**
 * The answer of `fstatfs`, left where the kernel wrote it.
 *
 * @spec Linux statfs(2): struct statfs of 64-bit kernels, 120 bytes
 */
const STATFS_BYTES = 120;

/** A buffer for `fstatfs`, reusable: every getter reads the latest answer. */
export class Statfs {
  /** What to hand to `fstatfs`. */
  readonly bytes: Uint8Array;
  readonly #words: BigUint64Array;

  constructor() {
    const buffer = new ArrayBuffer(STATFS_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#words = new BigUint64Array(buffer);
  }

  /** The file system's magic number. */
  get type(): bigint {
    return this.#word(0);
  }
  /** Optimal transfer size in bytes. */
  get bsize(): bigint {
    return this.#word(1);
  }
  /** In units of `frsize`, as are `bfree` and `bavail`. */
  get blocks(): bigint {
    return this.#word(2);
  }
  get bfree(): bigint {
    return this.#word(3);
  }
  get bavail(): bigint {
    return this.#word(4);
  }
  /** Inodes in all. */
  get files(): bigint {
    return this.#word(5);
  }
  get ffree(): bigint {
    return this.#word(6);
  }
  /** Both halves of the identification, the first in the low 32 bits. */
  get fsid(): bigint {
    return this.#word(7);
  }
  /** Longest name in bytes. */
  get namelen(): bigint {
    return this.#word(8);
  }
  get frsize(): bigint {
    return this.#word(9);
  }
  /** ST_* mount flags. */
  get flags(): bigint {
    return this.#word(10);
  }

  #word(index: number): bigint {
    return this.#words[index] ?? 0n;
  }
}
