import type { Timestamp } from '../../backend.ts';
import { fail } from '../../errno.ts';

/** The unit in which a file's content is kept and `statfs` counts, in bytes. */
export const PAGE_SIZE = 4096;

/** The most names one file can have, as on ext4; one more is EMLINK. */
export const LINK_MAX = 65_000;

/** The most locked ranges and owners of locks in one tree at once: a client can invent both. */
const LOCKS_MAX = 8_192;

/** What is in use of a tree. */
export interface Usage {
  /** Bytes of pages, symlink targets and extended attributes, including those of unlinked files still held. */
  readonly bytes: number;
  /** Names and unlinked objects still held; the root is one. */
  readonly inodes: number;
  /** Nodes and open files handed out and not released. */
  readonly handles: number;
}

/** What a tree is made with. */
export interface VolumeOptions {
  /** In bytes. */
  readonly capacity: number;
  /** How many names there can be. */
  readonly inodes: number;
  readonly uid: number;
  readonly gid: number;
  readonly clock: () => Timestamp;
}

/** What all objects of one tree share: its limits, its clock, its numbers, and what is in use. */
export class Volume implements Usage {
  readonly capacity: number;
  readonly inodeLimit: number;
  /** Who owns what a client makes that has no user or group number. */
  readonly uid: number;
  readonly gid: number;
  /** The present time. */
  readonly now: () => Timestamp;
  bytes = 0;
  inodes = 0;
  handles = 0;
  private locks = 0;
  private lastNumber = 0n;

  constructor(options: VolumeOptions) {
    this.capacity = options.capacity;
    this.inodeLimit = options.inodes;
    this.uid = options.uid;
    this.gid = options.gid;
    this.now = options.clock;
  }

  /** A number for a new object, never used before. */
  nextNumber(): bigint {
    return ++this.lastNumber;
  }

  /** Whether so many more bytes fit; counts them if they do. */
  tryTake(bytes: number): boolean {
    if (bytes > this.capacity - this.bytes) return false;
    this.bytes += bytes;
    return true;
  }

  /** Counts bytes, or fails with ENOSPC. */
  take(bytes: number): void {
    if (!this.tryTake(bytes)) fail('ENOSPC');
  }

  /** Counts bytes no longer in use. */
  give(bytes: number): void {
    this.bytes -= bytes;
  }

  /** Counts one more name and the bytes it brings, or fails with ENOSPC and counts nothing. */
  takeName(bytes: number): void {
    if (this.inodes >= this.inodeLimit) fail('ENOSPC');
    this.take(bytes);
    this.inodes++;
  }

  giveName(): void {
    this.inodes--;
  }

  /** Counts locks, fewer if negative. Returns false, and counts nothing, if that is too many. */
  countLocks(more: number): boolean {
    if (more > LOCKS_MAX - this.locks) return false;
    this.locks += more;
    return true;
  }
}
