import type { BlockStore } from './block-store.ts';

/** Blocks in memory: for tests, and for machines in a page. */
export class MemoryBlockStore implements BlockStore {
  readonly length: number;
  readonly readonly: boolean;
  readonly discards = true;
  readonly #bytes: Uint8Array;

  /** Works on `bytes` in place, whose length is a multiple of 512. */
  constructor(bytes: Uint8Array, { readonly = false } = {}) {
    this.#bytes = bytes;
    this.length = bytes.length;
    this.readonly = readonly;
  }

  read(into: readonly Uint8Array[], at: number): void {
    for (const piece of into) {
      piece.set(this.#bytes.subarray(at, at + piece.length));
      at += piece.length;
    }
  }

  write(from: readonly Uint8Array[], at: number): void {
    for (const piece of from) {
      this.#bytes.set(piece, at);
      at += piece.length;
    }
  }

  flush(): void {}

  discard(at: number, length: number): void {
    this.#bytes.fill(0, at, at + length);
  }

  writeZeroes(at: number, length: number): void {
    this.#bytes.fill(0, at, at + length);
  }

  close(): void {}
}
