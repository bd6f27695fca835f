import { copyIn, totalLength } from '../../bytes/segments.ts';
import type { MaybeAsync, Request } from '../../ninep/backend.ts';
import { fail } from '../../ninep/errno.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** Lines handed out one per read: a reader waits until there is one, and sees the end after `end()`. */
export class LineQueue {
  readonly #lines: Uint8Array[] = [];
  readonly #waiting = new WaitingRequests();
  #ended = false;

  /** Adds a line, given without its newline; after `end()` nobody will read it and it is dropped. */
  push(line: string): void {
    if (this.#ended) return;
    this.#lines.push(new TextEncoder().encode(`${line}\n`));
    this.#waiting.wake();
  }

  /** Readers see the end once they have read what is there. */
  end(): void {
    this.#ended = true;
    this.#waiting.wake();
  }

  /** Drops the lines that nobody has read. */
  clear(): void {
    this.#lines.length = 0;
  }

  /**
   * One whole line, or nothing at the end. A request that was flushed takes no line with it: EINTR. A line that does not
   * fit stays: EINVAL.
   */
  read(into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.#lines.length > 0 || this.#ended ? this.#take(into) : this.#wait(into, request);
  }

  async #wait(into: readonly Uint8Array[], request: Request): Promise<number> {
    while (this.#lines.length === 0 && !this.#ended) await this.#waiting.wait(request);
    return this.#take(into);
  }

  #take(into: readonly Uint8Array[]): number {
    const line = this.#lines[0];
    if (line === undefined) return 0;
    if (totalLength(into) < line.length) fail('EINVAL');
    this.#lines.shift();
    return copyIn(into, 0, line, line.length);
  }
}
