import type { MaybeAsync, Request } from '../../ninep/backend.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';

/** Lines handed out one per read: a reader waits until there is one, and sees the end after `end()`. */
export class LineQueue {
  readonly #lines: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  #ended = false;

  push(line: string): void {
    this.#lines.push(new TextEncoder().encode(`${line}\n`));
    this.#waiting.shift()?.();
  }

  end(): void {
    this.#ended = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** One whole line, or nothing at the end. Rejects with EINTR when flushed; EINVAL where the line does not fit. */
  read(into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.#lines.length > 0 || this.#ended ? this.#take(into) : this.#wait(into, request);
  }

  async #wait(into: readonly Uint8Array[], request: Request): Promise<number> {
    while (this.#lines.length === 0 && !this.#ended) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        request.onFlush(() => {
          const at = this.#waiting.indexOf(resolve);
          if (at >= 0) this.#waiting.splice(at, 1);
          reject(errnoOf(ERRNO.EINTR));
        });
      });
    }
    return this.#take(into);
  }

  #take(into: readonly Uint8Array[]): number {
    const line = this.#lines[0];
    const target = into[0];
    if (line === undefined) return 0;
    if (target === undefined || target.length < line.length) throw errnoOf(ERRNO.EINVAL);
    target.set(line);
    this.#lines.shift();
    return line.length;
  }
}
