import type { Clock } from '../../../devices/ports.ts';

/** The machine's time: the host's while it runs; monotonic time stands still while it is paused. */
export class GuestClock implements Clock {
  /** What the host's monotonic clock is ahead of the guest's, in milliseconds. */
  #behindMs = 0;
  #pausedAtMs: number | undefined;

  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return (this.#pausedAtMs ?? performance.now()) - this.#behindMs;
  }

  /** Idempotent. */
  pause(): void {
    this.#pausedAtMs ??= performance.now();
  }

  /** Stands still until what is returned is called, and longer where it was paused. */
  hold(): () => void {
    if (this.#pausedAtMs !== undefined) return () => {};
    this.pause();
    return () => this.resume();
  }

  /** Idempotent. */
  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#behindMs += performance.now() - this.#pausedAtMs;
    this.#pausedAtMs = undefined;
  }
}
