import type { BlockStore } from './block-store.ts';

/** Blocks that hold nothing: what is written is forgotten, and all reads as zeroes. It costs no memory, whatever its length. */
export class NullBlockStore implements BlockStore {
  readonly length: number;
  readonly readonly: boolean;
  readonly discards = true;

  /** `length` in bytes, a multiple of 512. */
  constructor(length: number, { readonly = false } = {}) {
    this.length = length;
    this.readonly = readonly;
  }

  read(into: readonly Uint8Array[]): void {
    for (const piece of into) piece.fill(0);
  }

  write(): void {}
  flush(): void {}
  discard(): void {}
  writeZeroes(): void {}
  close(): void {}
}
