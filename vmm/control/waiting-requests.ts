import type { Request } from '../../ninep/backend.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';

/**
 * Requests that wait for one thing to happen. Nothing is kept of a request that was flushed, so a guest that asks and
 * takes back for ever costs no memory.
 */
export class WaitingRequests {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`; whoever waits looks again then. Rejects with EINTR if `request` is flushed before. */
  wait(request: Request): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      request.onFlush(() => {
        if (this.#waiting.delete(resolve)) reject(errnoOf(ERRNO.EINTR));
      });
    });
  }

  /** Wakes all, in the order in which they came. */
  wake(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of woken) resolve();
  }
}
