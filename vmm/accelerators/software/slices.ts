import type { Defer } from '../../../devices/ports.ts';

/** Longest sleep of an idle guest, in milliseconds: no timer of a guest is further away than it can wait for. */
const LONGEST_SLEEP_MS = 1000;

/** What is run in slices. */
export interface SliceBody {
  /**
   * Runs the guest for a millisecond or so. Returns 0 to go on at once, milliseconds until there is something to do where
   * the guest is idle, or undefined where it has ended.
   */
  run(): number | undefined;
}

/**
 * Lets the guest share a thread with everything else: it runs in slices of about a millisecond, with a turn of the
 * event loop between them, and sleeps on a timer while it is idle.
 */
export class Slices {
  readonly #body: SliceBody;
  readonly #defer: Defer;
  #state: 'running' | 'paused' | 'stopped' = 'paused';
  #inside = false;
  /** Number of the slice that is due; one that was asked for and is no longer wanted finds another here. */
  #due = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];
  #count = 0;

  constructor(body: SliceBody, defer: Defer) {
    this.#body = body;
    this.#defer = defer;
  }

  /** Whether a slice is under way: the caller was called from it. */
  get inside(): boolean {
    return this.#inside;
  }

  /** Whether the guest is to go on: not paused, not stopped. */
  get running(): boolean {
    return this.#state === 'running';
  }

  /** Slices so far. */
  get count(): number {
    return this.#count;
  }

  /** Goes on, unless stopped for good. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    if (!this.#inside) this.#soon();
  }

  /** Resolves when no slice is under way, and none will be before `resume`. */
  pause(): Promise<void> {
    if (this.#state === 'running') this.#state = 'paused';
    return this.#rest();
  }

  /** As `pause`, for good. */
  stop(): Promise<void> {
    this.#state = 'stopped';
    return this.#rest();
  }

  /** There is something to do: an idle guest does not sleep on. */
  wake(): void {
    if (this.#timer === undefined || this.#state !== 'running') return;
    this.#soon();
  }

  #rest(): Promise<void> {
    this.#cancel();
    return this.#inside ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }

  #cancel(): void {
    this.#due++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #soon(): void {
    this.#cancel();
    const due = this.#due;
    this.#defer(() => {
      if (due === this.#due) this.#slice();
    });
  }

  #slice(): void {
    this.#count++;
    this.#inside = true;
    let next: number | undefined;
    try {
      next = this.#body.run();
    } finally {
      this.#inside = false;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    if (this.#state !== 'running' || next === undefined) return;
    if (next <= 0) this.#soon();
    else this.#timer = setTimeout(() => this.#slice(), Math.min(Math.ceil(next), LONGEST_SLEEP_MS));
  }
}
