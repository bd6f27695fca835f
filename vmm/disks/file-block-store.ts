import { E, errnoName, FALLOC, type Hostfs, RWF } from 'node-hostfs';
import { sliceSegments, totalLength } from '../../bytes/segments.ts';
import type { BlockStore } from '../../devices/virtio/block-store.ts';
import type { ImageFile } from './image-file.ts';

/** The most pieces one system call takes (IOV_MAX). */
const MOST_PIECES = 1024;
/** Zeroes written at a time where the file system has no call for it. */
const ZEROES = new Uint8Array(2 ** 20);

/** How an image is used. */
export interface FileBlockStoreOptions {
  readonly hostfs: Hostfs;
  readonly readonly?: boolean | undefined;
  /** Give storage back that the guest does not need. Default true. */
  readonly discards?: boolean | undefined;
  /** Never wait for the medium: what was flushed may be lost when the host crashes. Default false. */
  readonly unsafe?: boolean | undefined;
  /** Told of each kind of failure once. */
  readonly notice?: ((line: string) => void) | undefined;
}

/** Blocks in an image file or block device of the host, straight between the page cache and the guest's buffers. */
export class FileBlockStore implements BlockStore {
  readonly length: number;
  readonly readonly: boolean;
  readonly discards: boolean;
  readonly #fd: number;
  readonly #hostfs: Hostfs;
  readonly #options: FileBlockStoreOptions;
  readonly #failures = new Set<string>();
  #asksCache = true;

  /** Takes over the image's descriptor. */
  constructor({ fd, length }: ImageFile, options: FileBlockStoreOptions) {
    this.#fd = fd;
    this.length = length;
    this.#options = options;
    this.#hostfs = options.hostfs;
    this.readonly = options.readonly ?? false;
    this.discards = options.discards ?? true;
  }

  /** What the page cache has is read at once; the rest in the pool. */
  read(into: readonly Uint8Array[], at: number): void | Promise<void> {
    if (this.#asksCache && into.length > 0) {
      const got = this.#hostfs.preadv2(this.#fd, into.slice(0, MOST_PIECES), at, RWF.NOWAIT);
      if (got === totalLength(into)) return undefined;
      if (got === -E.OPNOTSUPP) this.#asksCache = false;
    }
    return this.#transfer('read', into, at, (pieces, from) => this.#hostfs.preadv2Async(this.#fd, pieces, from, 0));
  }

  write(from: readonly Uint8Array[], at: number): Promise<void> {
    return this.#transfer('write', from, at, (pieces, to) => this.#hostfs.pwritev2Async(this.#fd, pieces, to, 0));
  }

  async flush(): Promise<void> {
    if (this.#options.unsafe || this.readonly) return;
    this.#check('flush', await this.#hostfs.fdatasyncAsync(this.#fd));
  }

  async discard(at: number, length: number): Promise<void> {
    if (length > 0) await this.#punch(at, length);
  }

  async writeZeroes(at: number, length: number, mayUnmap: boolean): Promise<void> {
    if (length === 0 || (mayUnmap && this.discards && (await this.#punch(at, length)))) return;
    const zeroed = await this.#hostfs.fallocateAsync(this.#fd, FALLOC.ZERO_RANGE | FALLOC.KEEP_SIZE, at, length);
    if (zeroed !== -E.OPNOTSUPP) {
      this.#check('zero', zeroed);
      return;
    }
    for (let done = 0; done < length; done += ZEROES.length) {
      await this.write([ZEROES.subarray(0, Math.min(length - done, ZEROES.length))], at + done);
    }
  }

  close(): void {
    this.#hostfs.close(this.#fd);
  }

  /** Gives storage back; what was there reads as zeroes then. False where the file system cannot. */
  async #punch(at: number, length: number): Promise<boolean> {
    const punched = await this.#hostfs.fallocateAsync(this.#fd, FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE, at, length);
    if (punched === -E.OPNOTSUPP) return false;
    this.#check('discard', punched);
    return true;
  }

  /** Repeats a transfer that ended early until all is done. */
  async #transfer(
    what: string,
    pieces: readonly Uint8Array[],
    at: number,
    call: (pieces: readonly Uint8Array[], at: number) => Promise<number>,
  ): Promise<void> {
    const wanted = totalLength(pieces);
    for (let done = 0; done < wanted; ) {
      const rest = done === 0 ? pieces : sliceSegments(pieces, done, wanted - done);
      const moved = this.#check(what, await call(rest.slice(0, MOST_PIECES), at + done));
      if (moved === 0) this.#fail(what, 'the image has become shorter');
      done += moved;
    }
  }

  #check(what: string, result: number): number {
    return result < 0 ? this.#fail(what, errnoName(-result)) : result;
  }

  #fail(what: string, why: string): never {
    const line = `cannot ${what}: ${why}; the guest sees an I/O error`;
    if (!this.#failures.has(line)) this.#options.notice?.(line);
    this.#failures.add(line);
    throw new Error(line);
  }
}
