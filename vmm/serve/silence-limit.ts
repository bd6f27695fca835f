/** Looks within one limit: so much less than all of it can a pause of this process count for. */
const LOOKS = 4;

/**
 * How long a silence is borne. It is counted in looks and not by the clock alone: between two looks this process has listened, so
 * its own pauses do not count, in which others may have spoken without being heard.
 */
export class SilenceLimit {
  private readonly timer: NodeJS.Timeout;
  private silent = 0;

  /** Calls `passed` once after `ms` milliseconds without `refresh`, and again after each silence that begins with one. */
  constructor(ms: number, passed: () => void) {
    this.timer = setTimeout(() => {
      this.silent += 1;
      if (this.silent < LOOKS) this.timer.refresh();
      else passed();
    }, ms / LOOKS).unref();
  }

  /** Something came: the silence begins anew. */
  refresh(): void {
    this.silent = 0;
    this.timer.refresh();
  }

  /** There is no limit any more. */
  end(): void {
    clearTimeout(this.timer);
  }
}
