import { type Hostfs, Statfs } from 'node-hostfs';

/**
 * Which transfers run at once on the caller's thread and which go to the thread pool, where a slow disk stalls nobody.
 *
 * A hop through the pool costs more than copying a few pages, so what memory can answer should not take it. Reads can
 * ask the page cache alone (RWF_NOWAIT). Few file systems can do that for writes; where a write normally ends in the page
 * cache, it is tried directly, and when one was slow after all (the kernel throttles whoever dirties too much), writes
 * take the pool for a while, and for longer if they are slow again.
 */

/** What to expect of a kind of file system. */
export interface FsKind {
  /** Reads never wait for a device. */
  readonly inMemory: boolean;
  /** Writes end in the page cache. */
  readonly cachesWrites: boolean;
  /** What is cached of a file is whole pages, so a read of the cache alone that ends within a page is at the end of the file. */
  readonly cachesPages: boolean;
}

const MEMORY: FsKind = { inMemory: true, cachesWrites: true, cachesPages: true };
const DISK: FsKind = { inMemory: false, cachesWrites: true, cachesPages: true };
/** Files of other file systems, of whatever kind. */
const OVERLAY: FsKind = { inMemory: false, cachesWrites: true, cachesPages: false };
const OTHER: FsKind = { inMemory: false, cachesWrites: false, cachesPages: false };

/** The smallest page there is. */
const PAGE = 4096;

/** @spec Linux magic.h */
const KINDS: ReadonlyMap<bigint, FsKind> = new Map([
  [0x01021994n, MEMORY], // tmpfs
  [0x858458f6n, MEMORY], // ramfs
  [0xef53n, DISK], // ext2, ext3, ext4
  [0x58465342n, DISK], // xfs
  [0x9123683en, DISK], // btrfs
  [0xf2f52010n, DISK], // f2fs
  [0x794c7630n, OVERLAY], // overlayfs
]);

/** Whether a read of the page cache alone that got bytes up to this offset, and not all it asked for, has reached the end of the file. */
export function endsFile(kind: FsKind, offset: number): boolean {
  return kind.cachesPages && offset % PAGE !== 0;
}

/** Longest write tried directly, in bytes: more than what one message of any usual client carries. */
const DIRECT_BYTES = 1 << 20;
/** A direct write that took longer was throttled, or merely unlucky: a busy host takes a few from anyone. */
const SLOW_MS = 10;
/** How long writes take the pool after that; twice as long after each further one, up to a bound. */
const PENALTY_MS = 100;
const LONGEST_PENALTY_MS = 10_000;
/** A slow write this long after the penalty for the last one has nothing to do with it. */
const FORGOTTEN_MS = 1000;

/** The decisions for one share. */
export class IoPolicy {
  private readonly hostfs: Hostfs;
  private readonly status = new Statfs();
  private readonly kinds = new Map<number, FsKind>();
  private poolUntil = 0;
  private before = 0;
  private penalty = PENALTY_MS;

  constructor(hostfs: Hostfs) {
    this.hostfs = hostfs;
  }

  /** The kind of file system that a descriptor on the given device is of. */
  kindOf(fd: number, devMajor: number, devMinor: number): FsKind {
    const device = devMajor * 2 ** 32 + devMinor;
    let kind = this.kinds.get(device);
    if (kind === undefined) {
      const known = this.hostfs.fstatfs(fd, this.status.bytes) < 0 ? undefined : KINDS.get(this.status.type);
      kind = known ?? OTHER;
      this.kinds.set(device, kind);
    }
    return kind;
  }

  /** Whether a write of `length` bytes should run at once; it belongs in the pool otherwise. Then comes `wroteDirectly`. */
  writesDirectly(kind: FsKind, length: number): boolean {
    if (!kind.cachesWrites || length > DIRECT_BYTES) return false;
    this.before = performance.now();
    return this.before >= this.poolUntil;
  }

  /** The write that `writesDirectly` allowed last has ended. */
  wroteDirectly(): void {
    const now = performance.now();
    if (now - this.before > SLOW_MS) this.punish(this.before, now);
  }

  private punish(before: number, now: number): void {
    const again = before - this.poolUntil < FORGOTTEN_MS;
    this.penalty = again ? Math.min(2 * this.penalty, LONGEST_PENALTY_MS) : PENALTY_MS;
    this.poolUntil = now + this.penalty;
  }
}
