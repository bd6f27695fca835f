import { readdirSync } from 'node:fs';

const MIB = 2 ** 20;
/** The part of the time in which translations, heaps and caches find their size, and which is not compared. */
const WARM_UP = 0.3;
/** Parts of the rest that are compared, at its beginning and at its end. */
const COMPARED = 0.2;
/** What the resident set may differ by without being called growth, in MiB. */
export const TOLERATED_GROWTH = 40;

/** What this process holds, sampled now and then. */
export class Health {
  #samples = [];

  sample() {
    const rss = process.memoryUsage.rss() / MIB;
    const descriptors = readdirSync('/proc/self/fd').length;
    this.#samples.push({ at: performance.now(), rss, descriptors });
    return `${rss.toFixed(0)} MiB resident, ${descriptors} descriptors`;
  }

  /** Medians after the warm-up and at the end: of the resident set in MiB, and of open descriptors. */
  compare() {
    const settled = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP));
    const count = Math.max(1, Math.floor(settled.length * COMPARED));
    const [first, last] = [settled.slice(0, count), settled.slice(-count)];
    const of = (samples, key) => samples.map((sample) => sample[key]).sort((a, b) => a - b)[samples.length >> 1];
    return {
      rss: { start: of(first, 'rss'), end: of(last, 'rss') },
      descriptors: { start: of(first, 'descriptors'), end: of(last, 'descriptors') },
    };
  }
}
