/** How many events there were of each kind. */
import type { EventKind, TraceEvent } from '../../trace/event.ts';

/** The counts; a kind that did not happen is left out. */
export type CountsModel = { [K in EventKind]?: number };

/** Nothing counted. */
export function emptyCounts(): CountsModel {
  return {};
}

/** Counts one event. */
export function foldCounts(counts: CountsModel, { kind }: TraceEvent): void {
  counts[kind] = (counts[kind] ?? 0) + 1;
}
