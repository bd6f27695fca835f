import { copyIn, totalLength } from '../../bytes/segments.ts';
import type { MaybeAsync, Request } from '../../ninep/backend.ts';
import { fail } from '../../ninep/errno.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** Bytes for a guest to read: all at once, or as they come. */
export type ByteSource = Uint8Array | string | AsyncIterable<Uint8Array>;

/**
 * A stream behind a file: each read takes the next bytes, whatever its offset, and waits where there are none yet. A
 * read taken back by Tflush takes no bytes with it.
 */
export class BytePump {
  /** Where more comes from; what is given all at once has no more. */
  readonly #iterator: AsyncIterator<Uint8Array> | undefined;
  readonly #failed: (error: unknown) => void;
  readonly #waiting = new WaitingRequests();
  #rest: Uint8Array = new Uint8Array(0);
  #fetching = false;
  /** No more will come: the source is at its end, failed or was let go. */
  #ended = false;
  #broken = false;

  /** @param failed is told what the source threw, if it does */
  constructor(source: ByteSource, failed: (error: unknown) => void = () => {}) {
    this.#failed = failed;
    if (typeof source === 'object' && Symbol.asyncIterator in source) {
      this.#iterator = source[Symbol.asyncIterator]();
    } else {
      this.#rest = typeof source === 'string' ? new TextEncoder().encode(source) : source;
      this.#ended = true;
    }
  }

  /** Fills `into` with at least one byte, or with none at the end. Fails with EINTR when flushed, EIO when the source failed. */
  read(into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    const room = totalLength(into);
    return room === 0 || this.#rest.length > 0 || this.#ended
      ? this.#take(into, room)
      : this.#wait(into, room, request);
  }

  /** Lets the source go and drops what was not read; reads see the end. */
  close(): void {
    if (!this.#ended) void this.#letGo();
    this.#ended = true;
    this.#rest = new Uint8Array(0);
    this.#waiting.wake();
  }

  async #wait(into: readonly Uint8Array[], room: number, request: Request): Promise<number> {
    while (this.#rest.length === 0 && !this.#ended) {
      // Waiting comes first: a source may answer in its own turn.
      const woken = this.#waiting.wait(request);
      if (!this.#fetching && this.#iterator !== undefined) void this.#fetch(this.#iterator);
      await woken;
    }
    return this.#take(into, room);
  }

  #take(into: readonly Uint8Array[], room: number): number {
    if (this.#broken) fail('EIO');
    const length = Math.min(room, this.#rest.length);
    copyIn(into, 0, this.#rest, length);
    this.#rest = this.#rest.subarray(length);
    return length;
  }

  /** Gets the next bytes; they are kept for the next read if the reader has gone meanwhile. */
  async #fetch(iterator: AsyncIterator<Uint8Array>): Promise<void> {
    this.#fetching = true;
    try {
      const { done, value } = await iterator.next();
      if (done) this.#ended = true;
      else if (!this.#ended) this.#rest = value;
    } catch (error) {
      if (!this.#ended) {
        this.#ended = true;
        this.#broken = true;
        this.#failed(error);
      }
    }
    this.#fetching = false;
    this.#waiting.wake();
  }

  async #letGo(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // Nobody reads from this source any more, so nobody misses what it could not do.
    }
  }
}
