import type { LockRange } from '../../backend.ts';

const UNLOCK = 2;

/** More changes than any program leaves standing; beyond them a file's locks cannot be taken again. */
const MOST_KEPT = 4096;

/**
 * The locks that were got through one open file, as the changes that would make them again: in order, without those that
 * later ones made void.
 */
export class HeldLocks {
  private changes: LockRange[] = [];
  /** There were more than can be kept. */
  overflown = false;

  /** Whether nothing is locked, as far as this can tell. */
  get empty(): boolean {
    return this.changes.length === 0 && !this.overflown;
  }

  /** What to ask for, in this order, to have them all again. */
  get replay(): readonly LockRange[] {
    return this.changes;
  }

  /** A lock was set or cleared. */
  done(range: LockRange): void {
    const others = this.changes.filter((before) => !sameOwner(before, range) || !covers(range, before));
    const needed = range.type !== UNLOCK || others.some((before) => sameOwner(before, range) && meet(before, range));
    if (needed) others.push({ ...range, clientId: range.clientId.slice() });
    this.changes = others;
    if (others.length > MOST_KEPT) {
      this.changes = [];
      this.overflown = true;
    }
  }
}

function sameOwner(one: LockRange, other: LockRange): boolean {
  if (one.procId !== other.procId || one.clientId.length !== other.clientId.length) return false;
  return one.clientId.every((byte, i) => byte === other.clientId[i]);
}

function covers(outer: LockRange, inner: LockRange): boolean {
  if (outer.start > inner.start) return false;
  return outer.length === 0n || (inner.length !== 0n && endOf(outer) >= endOf(inner));
}

function meet(one: LockRange, other: LockRange): boolean {
  return (one.length === 0n || endOf(one) > other.start) && (other.length === 0n || endOf(other) > one.start);
}

function endOf({ start, length }: LockRange): bigint {
  return start + length;
}
