/**
 * The answer of `nameToHandleAt`, left where it was written: the mount's number, then the handle.
 *
 * @spec Linux name_to_handle_at(2): an int, and struct file_handle with at most MAX_HANDLE_SZ (128) bytes
 */
const MOUNT_ID_BYTES = 4;
const HEADER_BYTES = 8;
const MOST_HANDLE_BYTES = 128;

/** A buffer for `nameToHandleAt`, reusable: it holds the latest answer. */
export class FileHandle {
  /** What to hand to `nameToHandleAt`. */
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;

  constructor() {
    const buffer = new ArrayBuffer(MOUNT_ID_BYTES + HEADER_BYTES + MOST_HANDLE_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  /** Number of the mount the object was reached through. It may be given again once nothing holds that mount. */
  get mountId(): number {
    return this.#words[0] ?? 0;
  }

  /** What to hand to `openByHandleAt`: a view, which the next answer overwrites. Its content is the file system's affair. */
  get handle(): Uint8Array {
    const length = this.#words[1] ?? 0;
    return this.bytes.subarray(MOUNT_ID_BYTES, MOUNT_ID_BYTES + HEADER_BYTES + length);
  }
}
