import { fail } from '../../errno.ts';

/** How much a share may hold; what is left out has no limit. */
export interface QuotaLimits {
  /** Bytes of disk space. */
  readonly bytes?: number;
  /** Files, directories and everything else that has an inode, the root included. */
  readonly inodes?: number;
}

/** Bytes and inodes taken beforehand, to be settled when it is known what was used of them. */
export interface Reservation {
  readonly bytes: number;
  readonly inodes: number;
}

/**
 * The account of a share: what is in use, and what requests under way may still use. A reservation counts until it is
 * given back, so requests that run side by side cannot take the same room twice.
 */
export class Ledger {
  readonly byteLimit: number;
  readonly inodeLimit: number;
  private usedBytes = 0;
  private usedInodes = 0;
  private reservedBytes = 0;
  private reservedInodes = 0;

  /** @throws RangeError for limits that are no whole numbers. */
  constructor({ bytes, inodes }: QuotaLimits) {
    this.byteLimit = limitOf('bytes', bytes, 0);
    this.inodeLimit = limitOf('inodes', inodes, 1);
  }

  /** Bytes in use, without reservations. */
  get bytes(): number {
    return this.usedBytes;
  }

  /** Inodes in use, without reservations. */
  get inodes(): number {
    return this.usedInodes;
  }

  /** Bytes that can still be reserved; never negative. */
  get freeBytes(): number {
    return Math.max(0, this.byteLimit - this.usedBytes - this.reservedBytes);
  }

  /** Inodes that can still be reserved; never negative. */
  get freeInodes(): number {
    return Math.max(0, this.inodeLimit - this.usedInodes - this.reservedInodes);
  }

  /** Takes room beforehand, or fails with ENOSPC and takes nothing. Where more is used than there may be, even no room is too much. */
  reserve(bytes: number, inodes: number): Reservation {
    if (this.usedBytes > this.byteLimit || bytes > this.freeBytes || inodes > this.freeInodes) fail('ENOSPC');
    this.reservedBytes += bytes;
    this.reservedInodes += inodes;
    return { bytes, inodes };
  }

  /** Gives a reservation back; what was used of it has been counted by `use`. */
  settle({ bytes, inodes }: Reservation): void {
    this.reservedBytes -= bytes;
    this.reservedInodes -= inodes;
  }

  /** Counts what has come into use, or gone out of it where negative. */
  use(bytes: number, inodes: number): void {
    this.usedBytes += bytes;
    this.usedInodes += inodes;
  }
}

function limitOf(name: string, limit: number | undefined, least: number): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (Number.isSafeInteger(limit) && limit >= least) return limit;
  throw new RangeError(`quota.${name} is ${limit}; it is a whole number, ${least} or more`);
}
