/** What a block device stores its blocks in. */

/** Bytes of a sector, the unit of everything in this device, whatever its block size. @spec virtio 1.2 §5.2.4 Device configuration layout */
export const SECTOR = 512;

/**
 * Storage of a fixed length. Callers keep within it; offsets and lengths are in bytes and multiples of 512, and several calls
 * may be under way at once. A call throws, or rejects, where the storage failed.
 */
export interface BlockStore {
  /** Bytes: a multiple of 512. */
  readonly length: number;
  /** Nothing may be written, discarded or zeroed. */
  readonly readonly: boolean;
  /** `discard` gives storage back, and so does `writeZeroes` where it may; false where storage is kept whatever is asked. */
  readonly discards: boolean;
  /** Fills `into`, pieces in order, from byte `at` on. */
  read(into: readonly Uint8Array[], at: number): void | Promise<void>;
  /** Stores `from`, pieces in order, from byte `at` on. */
  write(from: readonly Uint8Array[], at: number): void | Promise<void>;
  /** Settles when all that was written before is on the medium. */
  flush(): void | Promise<void>;
  /** The bytes are not needed any more; what they read as afterwards is anyone's guess. */
  discard(at: number, length: number): void | Promise<void>;
  /** The bytes read as zeroes afterwards; with `mayUnmap` the storage behind them may be given back. */
  writeZeroes(at: number, length: number, mayUnmap: boolean): void | Promise<void>;
  /** Gives the storage up; no call is under way, and none follows. */
  close(): void | Promise<void>;
}
