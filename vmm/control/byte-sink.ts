import { copyOut, totalLength } from '../../bytes/segments.ts';
import type { MaybeAsync, Request } from '../../ninep/backend.ts';
import { fail } from '../../ninep/errno.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** Takes bytes, which are its own from then on; a returned promise asks for no more until it settles. */
export type ByteListener = (bytes: Uint8Array) => void | Promise<void>;

/**
 * A listener behind a file: it gets each write as one piece, and the next only when it is done with that, so a slow
 * listener holds the writer back and memory is bounded by one write. After a listener has failed writes fail with EPIPE.
 */
export class ByteSink {
  readonly #listener: ByteListener;
  readonly #failed: (error: unknown) => void;
  readonly #waiting = new WaitingRequests();
  #busy = false;
  #broken = false;

  /** @param failed is told what the listener threw, if it does */
  constructor(listener: ByteListener, failed: (error: unknown) => void = () => {}) {
    this.#listener = listener;
    this.#failed = failed;
  }

  /**
   * Hands the bytes on, copied, since the guest may reuse its pages at once; returns how many, when the listener is done
   * with them. Flushed before its turn it fails with EINTR and nothing was handed on; flushed later it returns at once.
   */
  write(from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    const length = totalLength(from);
    if (length === 0) return 0;
    if (!this.#busy) {
      this.#handOn(from, length);
      if (!this.#busy) return length;
      return this.#whenTaken(length, request);
    }
    return this.#whenFree(from, length, request);
  }

  async #whenFree(from: readonly Uint8Array[], length: number, request: Request): Promise<number> {
    while (this.#busy) await this.#waiting.wait(request);
    this.#handOn(from, length);
    return this.#whenTaken(length, request);
  }

  async #whenTaken(length: number, request: Request): Promise<number> {
    if (this.#busy) {
      // The bytes are on their way and must not be written a second time: a Tflush ends the waiting, not the write.
      await this.#waiting.wait(request).catch(() => {});
    }
    return this.#broken ? fail('EPIPE') : length;
  }

  #handOn(from: readonly Uint8Array[], length: number): void {
    if (this.#broken) fail('EPIPE');
    const bytes = new Uint8Array(length);
    copyOut(from, 0, bytes, length);
    try {
      const taken = this.#listener(bytes);
      if (taken !== undefined && typeof taken.then === 'function') void this.#hold(taken);
    } catch (error) {
      this.#break(error);
      fail('EPIPE');
    }
  }

  async #hold(taken: Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await taken;
    } catch (error) {
      this.#break(error);
    }
    this.#busy = false;
    this.#waiting.wake();
  }

  #break(error: unknown): void {
    this.#broken = true;
    this.#failed(error);
  }
}
