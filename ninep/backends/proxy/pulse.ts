/** How long silence is borne. */
export interface PulseOptions {
  /** Between two looks, in milliseconds. */
  readonly intervalMs: number;
  /** Looks in a row at which nothing had come until the other side counts as dead. */
  readonly patience: number;
}

/** A helper that answers nothing for about ten seconds, not even a probe, is dead. */
export const USUAL_PULSE: PulseOptions = { intervalMs: 1000, patience: 10 };

/**
 * Finds out whether the other side still lives while something is awaited from it. Slow work is no death: after each
 * silent interval it is asked something that it answers at once, whatever else it does. Silence is counted in looks
 * and not by the clock: between two looks this process has listened, so its own pauses do not count.
 */
export class Pulse {
  private readonly options: PulseOptions;
  private readonly on: { probe(): void; dead(): void };
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private silent = 0;
  private heard = false;

  constructor(options: PulseOptions, on: { probe(): void; dead(): void }) {
    this.options = options;
    this.on = on;
  }

  /** Something is awaited from now on. */
  start(): void {
    if (this.timer !== undefined) return;
    this.silent = 0;
    this.heard = false;
    this.timer = setTimeout(() => this.look(), this.options.intervalMs);
  }

  /** Something came. */
  beat(): void {
    this.heard = true;
  }

  /** Nothing is awaited any more. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    this.timer = setTimeout(() => this.look(), this.options.intervalMs);
    if (this.heard) this.silent = 0;
    else this.silent++;
    this.heard = false;
    if (this.silent === 1) this.on.probe();
    if (this.silent >= this.options.patience) this.on.dead();
  }
}
