import { Session as Inspector, type Profiler } from 'node:inspector';

/**
 * Which code of this program has run, by V8's own block coverage: no instrumented copy, no native fuzzer. Asking costs
 * far more than running an input, so inputs are run in batches, and only one that reached something new is looked at more closely.
 */
export class Coverage {
  private readonly inspector = new Inspector();
  private readonly wanted: (url: string) => boolean;
  /** For each function, by its script and where it begins and ends, which of its characters have been reached. */
  private readonly reached = new Map<string, Uint8Array>();

  /** @param wanted whether a script counts, by its URL. */
  constructor(wanted: (url: string) => boolean) {
    this.wanted = wanted;
    this.inspector.connect();
    this.inspector.post('Profiler.enable');
    this.inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Characters of source code reached so far. */
  get size(): number {
    let size = 0;
    for (const characters of this.reached.values()) for (const is of characters) size += is;
    return size;
  }

  /** Forgets what ran until now, without learning from it. */
  clear(): void {
    this.take();
  }

  /** Whether anything ran since the last question that never had before; `keep` remembers it. */
  fresh(keep: boolean): boolean {
    let fresh = false;
    for (const { url, functions } of this.take()) {
      if (!this.wanted(url)) continue;
      for (const { ranges } of functions) if (this.freshIn(url, ranges, keep)) fresh = true;
    }
    return fresh;
  }

  /** Ranges are nested, outer ones first, and are there only where their count differs from what is around them. */
  private freshIn(url: string, ranges: readonly Profiler.CoverageRange[], keep: boolean): boolean {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return false;
    const { startOffset: start, endOffset: end } = whole;
    const now = new Uint8Array(end - start);
    for (const { startOffset, endOffset, count } of ranges) {
      now.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
    }
    const key = `${url} ${start}-${end}`;
    const before = this.reached.get(key);
    if (before === undefined) {
      if (keep) this.reached.set(key, now);
      return true;
    }
    let fresh = false;
    for (let i = 0; i < now.length; i++) {
      if (now[i] === 0 || before[i] === 1) continue;
      fresh = true;
      if (keep) before[i] = 1;
    }
    return fresh;
  }

  private take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    // The inspector of this very thread answers before `post` returns.
    this.inspector.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      result = answer.result;
    });
    return result;
  }

  close(): void {
    this.inspector.disconnect();
  }
}
