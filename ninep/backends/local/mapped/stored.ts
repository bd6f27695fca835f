import { KEEP_ID, S } from 'node-hostfs';
import type { AttributeChange, MaybeAsync, Name } from '../../../backend.ts';
import type { HostObject } from '../host-object.ts';

/**
 * What a mapped model keeps of an object beside the host's own attributes. A field that is absent was never set: there
 * the host's own shows through.
 */
export interface Stored {
  readonly uid?: number;
  readonly gid?: number;
  /** Type and permission bits. */
  readonly mode?: number;
  /** As glibc's makedev encodes it. */
  readonly rdev?: bigint;
}

/** A name in a directory that is open, for as long as this turn lasts. */
export interface Entry {
  readonly dirfd: number;
  readonly name: Name;
}

/** Something in which names are, asked for its descriptor anew in each turn. */
export interface DirectoryHandle {
  readonly fd: number;
}

/** What is stored next, from what is stored now; must give the same again when it is asked again. */
export type Update = (stored: Stored) => Stored;

/** Where a mapped model keeps what it keeps. */
export interface Store {
  /** How many changes there were: as long as it is the same, so is all that was kept of what there was. */
  readonly changes: number;
  /** What is kept of an object; `entry`, where the caller knows it, is a name it has now. */
  read(object: HostObject, entry?: Entry): Stored;
  /** Of that the mode, which may take less to find. */
  readMode(object: HostObject, entry?: Entry): Pick<Stored, 'mode'>;
  /** The same for a name in a directory alone, of inode `ino`; for listings. */
  readEntry(entry: Entry, ino: bigint): Pick<Stored, 'mode'>;
  /** How many of a directory's links on the host are the store's own. */
  ownLinks(object: HostObject): number;
  /** Changes what is kept of an object, at once or after the disk. */
  change(object: HostObject, update: Update): MaybeAsync<void>;
  /** Before something new gets a name: says whether anything was kept that `retract` must take back if it does not. */
  announce(entry: Entry, stored: Stored): boolean;
  retract(entry: Entry): void;
  /** After something new has its name, and before anybody else may use it. */
  settle(fd: number, stored: Stored): void;
  /** What is kept of an object that is open for fsync reaches the disk. */
  sync(object: HostObject): Promise<void> | undefined;
}

/** The type bits a client sees: what is a regular file on the host may stand for anything but a directory. */
export function seenFormat(hostMode: number, stored: Pick<Stored, 'mode'>): number {
  const host = hostMode & S.IFMT;
  const kept = (stored.mode ?? 0) & S.IFMT;
  return host === S.IFREG && FORMATS.includes(kept) ? kept : host;
}

const FORMATS: readonly number[] = [S.IFREG, S.IFLNK, S.IFCHR, S.IFBLK, S.IFIFO, S.IFSOCK];

/** Type and permission bits a client sees. */
export function seenMode(hostMode: number, stored: Stored): number {
  return seenFormat(hostMode, stored) | ((stored.mode ?? hostMode) & 0o7777);
}

/** What is kept of something new. `rdev` counts for devices alone. */
export function storedOf(mode: number, uid: number | undefined, gid: number, rdev = 0n): Stored {
  const format = mode & S.IFMT;
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === KEEP_ID ? {} : { gid }),
    mode,
    ...(format === S.IFCHR || format === S.IFBLK ? { rdev } : {}),
  };
}

/**
 * A setattr's owner and mode. A new owner takes setuid and setgid away from all but directories, as chown(2) does, unless
 * the mode is set as well.
 */
export function withChange(stored: Stored, hostMode: number, change: AttributeChange): Stored {
  const mode = seenMode(hostMode, stored);
  const format = mode & S.IFMT;
  const chowned = change.uid !== undefined || change.gid !== undefined;
  const next: { -readonly [K in keyof Stored]: Stored[K] } = { ...stored };
  if (change.uid !== undefined) next.uid = change.uid;
  if (change.gid !== undefined) next.gid = change.gid;
  if (change.mode !== undefined) next.mode = format | (change.mode & 0o7777);
  else if (chowned && format !== S.IFDIR && withoutSetIds(mode) !== mode) next.mode = withoutSetIds(mode);
  return next;
}

/** A mode without setuid and setgid. Without group execution the latter means mandatory locking, and stays. */
export function withoutSetIds(mode: number): number {
  const setgid = (mode & S.IXGRP) !== 0 ? S.ISGID : 0;
  return mode & ~(S.ISUID | setgid);
}

export function isSameStored(one: Stored, other: Stored): boolean {
  return one.uid === other.uid && one.gid === other.gid && one.mode === other.mode && one.rdev === other.rdev;
}
