/** What an action changed in guest RAM. */
import { partAt, type RamPart } from './ram-parts.ts';

/** Bytes that changed, next to each other and of one part. */
export interface RamChange {
  readonly address: number;
  readonly length: number;
  /** Name of the part, or empty. */
  readonly part: string;
  /** Where in the part. */
  readonly offset: number;
  /** The first of them, as they are now. */
  readonly bytes: Uint8Array;
}

/** Unchanged bytes that two changes may have between them and still count as one. */
const GAP = 3;
/** Bytes kept of a change. */
const MOST_BYTES = 32;
/** Changes told of one action. */
const MOST_CHANGES = 64;

/** The changes from `before` to `after`, both of the whole of RAM. */
export function ramChanges(before: Uint8Array, after: Uint8Array, parts: readonly RamPart[]): RamChange[] {
  const found: RamChange[] = [];
  let at = 0;
  while (at < after.length && found.length < MOST_CHANGES) {
    if (before[at] === after[at]) {
      at += 1;
      continue;
    }
    const part = partAt(parts, at);
    const end = part === undefined ? after.length : part.address + part.length;
    let last = at;
    for (let next = at + 1; next < end && next - last <= GAP + 1; next += 1)
      if (before[next] !== after[next]) last = next;
    const length = last + 1 - at;
    found.push({
      address: at,
      length,
      part: part?.name ?? '',
      offset: at - (part?.address ?? at),
      bytes: after.slice(at, at + Math.min(length, MOST_BYTES)),
    });
    at = last + 1;
  }
  return found;
}
