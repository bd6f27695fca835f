import { LOCK_STATUS, type LockRange, type LockStatus } from '../../backend.ts';
import { ACCESS_MODE, OFFSET_MAX } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { bytesKey } from './names.ts';
import type { Volume } from './volume.ts';

const READ = 0;
const WRITE = 1;
const UNLOCK = 2;

/** The longest client id that can hold locks, in bytes; Linux sends its host name. */
const CLIENT_ID_MAX = 1024;

/** An open file that locks are asked through. */
export interface LockableFile {
  /** O_RDONLY, O_WRONLY or O_RDWR. */
  readonly access: number;
}

/** A locked range; both ends are in it. */
interface Held {
  readonly type: typeof READ | typeof WRITE;
  readonly start: bigint;
  readonly end: bigint;
}

/** One process of one client. */
interface Owner {
  readonly procId: number;
  readonly clientId: Uint8Array;
  /** In order, apart from each other unless of different types. */
  readonly ranges: Held[];
  /** The open files it locked through; its locks end with the last of them. */
  readonly files: Set<LockableFile>;
}

/**
 * The byte-range locks on one file. A lock belongs to a process of a client (client_id and proc_id), through whichever
 * fid it asked, and ends with the last of those fids.
 *
 * @spec POSIX.1-2017 fcntl(): Advisory Record Locking
 */
export class FileLocks {
  private readonly volume: Volume;
  /** In the order in which they got the first of the locks they hold. */
  private readonly owners = new Map<string, Owner>();

  constructor(volume: Volume) {
    this.volume = volume;
  }

  /** Sets or clears a lock without waiting. Fails with EBADF if the file is not open for what the lock protects. */
  lock(file: LockableFile, range: LockRange): LockStatus {
    if (range.type === WRITE && file.access === ACCESS_MODE.O_RDONLY) fail('EBADF');
    if (range.type === READ && file.access === ACCESS_MODE.O_WRONLY) fail('EBADF');
    if (range.clientId.length > CLIENT_ID_MAX) return LOCK_STATUS.error;
    const key = keyOf(range);
    const known = this.owners.get(key);
    if (range.type === UNLOCK) return known === undefined ? LOCK_STATUS.success : this.unlock(key, known, range);
    if (this.inTheWay(range, known) !== undefined) return LOCK_STATUS.blocked;
    const owner = known ?? this.newOwner(range);
    if (owner === undefined) return LOCK_STATUS.error;
    const { type, start } = range;
    const end = endOf(range);
    const first = owner.ranges.length === 0;
    if (!this.change(owner, start, end, { type, start, end })) {
      if (known === undefined) this.drop(key, owner);
      return LOCK_STATUS.error;
    }
    if (first) {
      this.owners.delete(key);
      this.owners.set(key, owner);
    }
    owner.files.add(file);
    return LOCK_STATUS.success;
  }

  /** The lock of another owner that stands in the way of `range`, or undefined. */
  getlock(range: LockRange): LockRange | undefined {
    const self = range.clientId.length > CLIENT_ID_MAX ? undefined : this.owners.get(keyOf(range));
    const found = this.inTheWay(range, self);
    if (found === undefined) return undefined;
    const { owner, held } = found;
    const length = held.end === OFFSET_MAX ? 0n : held.end - held.start + 1n;
    return { type: held.type, start: held.start, length, procId: owner.procId, clientId: owner.clientId };
  }

  /** Forgets an open file that is about to close, and the locks that were held through it alone. */
  release(file: LockableFile): void {
    for (const [key, owner] of this.owners) {
      if (owner.files.delete(file) && owner.files.size === 0) this.drop(key, owner);
    }
  }

  private unlock(key: string, owner: Owner, range: LockRange): LockStatus {
    if (!this.change(owner, range.start, endOf(range), undefined)) return LOCK_STATUS.error;
    if (range.start === 0n && range.length === 0n) this.drop(key, owner);
    return LOCK_STATUS.success;
  }

  /** Puts `lock`, or nothing, in the place of all that the owner holds in a range; only what touches it is looked at. */
  private change({ ranges }: Owner, start: bigint, end: bigint, lock: Held | undefined): boolean {
    const first = placeOf(ranges, start - 1n);
    let past = first;
    for (let held = ranges[past]; held !== undefined && held.start <= end + 1n; held = ranges[past]) past++;
    const pieces = replaced(ranges.slice(first, past), start, end, lock);
    if (!this.volume.countLocks(pieces.length - (past - first))) return false;
    ranges.splice(first, past - first, ...pieces);
    return true;
  }

  /** An owner counts as a lock, since it takes as much room as one. */
  private newOwner({ procId, clientId }: LockRange): Owner | undefined {
    if (!this.volume.countLocks(1)) return undefined;
    return { procId, clientId: clientId.slice(), ranges: [], files: new Set() };
  }

  private drop(key: string, owner: Owner): void {
    this.volume.countLocks(-1 - owner.ranges.length);
    this.owners.delete(key);
  }

  private inTheWay(range: LockRange, self: Owner | undefined): { owner: Owner; held: Held } | undefined {
    const end = endOf(range);
    for (const owner of this.owners.values()) {
      if (owner === self) continue;
      const { ranges } = owner;
      let place = placeOf(ranges, range.start);
      for (let held = ranges[place]; held !== undefined && held.start <= end; held = ranges[++place]) {
        if (held.type === WRITE || range.type === WRITE) return { owner, held };
      }
    }
    return undefined;
  }
}

function endOf({ start, length }: LockRange): bigint {
  return length === 0n ? OFFSET_MAX : start + length - 1n;
}

/** The place of the first range that ends at `at` or later. */
function placeOf(ranges: readonly Held[], at: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.end ?? OFFSET_MAX) >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The ranges with everything from `start` to `end` cut out, and with `added` merged into its neighbours of its type. */
function replaced(ranges: readonly Held[], start: bigint, end: bigint, added: Held | undefined): Held[] {
  const pieces: Held[] = [];
  for (const held of ranges) {
    if (held.start < start) pieces.push({ ...held, end: held.end < start ? held.end : start - 1n });
    if (held.end > end) pieces.push({ ...held, start: held.start > end ? held.start : end + 1n });
  }
  if (added !== undefined) pieces.push(added);
  pieces.sort((a, b) => (a.start < b.start ? -1 : 1));
  const merged: Held[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last !== undefined && last.type === piece.type && last.end + 1n === piece.start) {
      merged[merged.length - 1] = { ...last, end: piece.end };
    } else {
      merged.push(piece);
    }
  }
  return merged;
}

function keyOf(range: LockRange): string {
  return `${range.procId}:${bytesKey(range.clientId)}`;
}
