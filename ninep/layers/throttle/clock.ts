/** Time, for what waits; a test brings its own. */
export interface Clock {
  /** Milliseconds since whenever, never going back. */
  now(): number;
  /** Calls `callback` once after so many milliseconds, unless the function it returns is called before. */
  after(ms: number, callback: () => void): () => void;
}

/** The longest a timer of the system's can run, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The system's clock. A wait longer than its timers (24 days) ends early, and whoever waits looks again. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};
