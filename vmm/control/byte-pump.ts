import type { MaybeAsync, Request } from '../../ninep/backend.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';

/** Bytes for a guest to read: all at once, or as they come. */
export type ByteSource = Uint8Array | string | AsyncIterable<Uint8Array>;

/**
 * A stream behind a file: each read takes the next bytes, whatever its offset, and waits where there are none yet. A
 * read taken back by Tflush takes no bytes with it.
 */
export class BytePump {
  readonly #next: () => Promise<Uint8Array | undefined>;
  readonly #close: () => void;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #fetch: Promise<void> | undefined;
  #failure: unknown;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: ByteSource) {
    const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
    const iterator = bytes instanceof Uint8Array ? [bytes].values() : bytes[Symbol.asyncIterator]();
    this.#next = async () => {
      const { done, value } = await iterator.next();
      return done ? undefined : value;
    };
    this.#close = () => void iterator.return?.();
  }

  /** Fills `into` with at least one byte, or with none at the end. Rejects with EINTR when flushed, EIO when the source failed. */
  read(into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    let flushed = false;
    const interrupted = new Promise<never>((_, reject) => {
      request.onFlush(() => {
        flushed = true;
        reject(errnoOf(ERRNO.EINTR));
      });
    });
    interrupted.catch(() => {});
    const take = async (): Promise<number> => {
      while (!flushed && this.#rest.length === 0 && !this.#ended) await Promise.race([this.#fetchMore(), interrupted]);
      if (flushed) throw errnoOf(ERRNO.EINTR);
      if (this.#failure !== undefined) throw errnoOf(ERRNO.EIO);
      return this.#copyInto(into);
    };
    const result = this.#turn.then(take);
    this.#turn = result.catch(() => {});
    return Promise.race([result, interrupted]);
  }

  /** Lets the source go; further reads see the end. */
  close(): void {
    if (!this.#ended) this.#close();
    this.#ended = true;
  }

  /** One fetch at a time; its result is kept for the next read even if the reader has gone. */
  #fetchMore(): Promise<void> {
    this.#fetch ??= this.#next()
      .then(
        (chunk) => {
          if (chunk === undefined) this.#ended = true;
          else this.#rest = chunk;
        },
        (error) => {
          this.#failure = error;
          this.#ended = true;
        },
      )
      .finally(() => {
        this.#fetch = undefined;
      });
    return this.#fetch;
  }

  #copyInto(into: readonly Uint8Array[]): number {
    let copied = 0;
    for (const target of into) {
      const part = this.#rest.subarray(0, target.length);
      target.set(part);
      this.#rest = this.#rest.subarray(part.length);
      copied += part.length;
      if (this.#rest.length === 0) break;
    }
    return copied;
  }
}
