/**
 * The contract between the 9P core and a file system behind it. The core owns fids, tags, dialects and message shapes;
 * a backend owns objects, permissions and bytes.
 *
 * Every method either answers at once or returns a promise; the core awaits only promises, so what the page cache can
 * answer never leaves the caller's turn. A failed operation throws an `Errno` (or rejects with one) and has changed
 * nothing. Anything else thrown is a bug and is answered EIO.
 *
 * Names are bytes, as on the wire and on the host: 1 to 255 of them, with neither '/' nor NUL. The core has checked
 * that, and that a name to be created, linked, renamed or removed is neither '.' nor '..'.
 */

import type { RgetattrMessage } from './rgetattr.ts';

/** A value now, or later where the operation would block. */
export type MaybeAsync<T> = T | Promise<T>;

/** One path component in bytes, 1 to 255 long, without '/' and NUL. The callee copies what it keeps. */
export type Name = Uint8Array;

/** @spec Plan 9 intro(5): qid type bits */
export const QID_TYPE = { dir: 0x80, append: 0x40, exclusive: 0x20, auth: 0x08, symlink: 0x02, file: 0x00 } as const;

/** The server's unique identification of a file: 13 bytes on the wire. */
export interface Qid {
  /** Bits of `QID_TYPE`. */
  readonly type: number;
  /** u32; changes when the file's content does; 0 means "do not cache" to Linux. */
  readonly version: number;
  /** u64; the same for two fids if and only if they are the same file. */
  readonly path: bigint;
}

/** Seconds since the epoch and nanoseconds, 0 to 999,999,999. */
export interface Timestamp {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** Bits of `request_mask` and `valid`. @spec 9P2000.L Tgetattr */
export const GETATTR = {
  mode: 0x1n,
  nlink: 0x2n,
  uid: 0x4n,
  gid: 0x8n,
  rdev: 0x10n,
  atime: 0x20n,
  mtime: 0x40n,
  ctime: 0x80n,
  ino: 0x100n,
  size: 0x200n,
  blocks: 0x400n,
  btime: 0x800n,
  gen: 0x1000n,
  dataVersion: 0x2000n,
  basic: 0x7ffn,
  all: 0x3fffn,
} as const;

/** What Tgetattr answers. Fields outside `valid` are zero. */
export interface Attributes {
  /** Bits of `GETATTR` that the backend could fill. */
  readonly valid: bigint;
  readonly qid: Qid;
  /** Linux mode with the type bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: bigint;
  /** Linux device number as glibc's makedev encodes it in 64 bits. */
  readonly rdev: bigint;
  readonly size: bigint;
  /** Preferred I/O size in bytes. */
  readonly blksize: bigint;
  /** In units of 512 bytes. */
  readonly blocks: bigint;
  readonly atime: Timestamp;
  readonly mtime: Timestamp;
  readonly ctime: Timestamp;
  readonly btime: Timestamp;
  readonly gen: bigint;
  readonly dataVersion: bigint;
}

/** A Tsetattr, reduced to what is asked for: absent fields stay as they are. */
export interface AttributeChange {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: bigint;
  readonly atime?: Timestamp | 'now';
  readonly mtime?: Timestamp | 'now';
  /** The client asked that ctime moves, and nothing else may. */
  readonly ctime?: true;
}

/** @spec 9P2000.L Rstatfs */
export interface FileSystemStatus {
  readonly type: number;
  readonly bsize: number;
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
  readonly fsid: bigint;
  readonly namelen: number;
}

/** One name in a directory, as Treaddir reports it. */
export interface DirectoryEntry {
  readonly qid: Qid;
  /** The cookie that continues after this entry. */
  readonly offset: bigint;
  /** Linux DT_* value. */
  readonly type: number;
  /** Valid during the call of `emit` only. */
  readonly name: Uint8Array;
}

/** Who attached. Objects made through a node belong to this user where the security model says so. */
export interface Credential {
  readonly uname: Uint8Array;
  /** Numeric user id, or undefined when the client gave none (n_uname of all ones). */
  readonly uid: number | undefined;
  readonly aname: Uint8Array;
}

/** The request an operation belongs to, for those that may wait long. */
export interface Request {
  /** Runs `callback` once if a Tflush for this request arrives while it is under way; the operation should then reject with EINTR. */
  onFlush(callback: () => void): void;
}

/** A byte-range lock, with Linux's meaning of its fields. @spec 9P2000.L Tlock, Tgetlock */
export interface LockRange {
  /** 0 read lock, 1 write lock, 2 unlock. */
  readonly type: 0 | 1 | 2;
  readonly start: bigint;
  /** 0 means to the end of the file, however far it grows. */
  readonly length: bigint;
  readonly procId: number;
  readonly clientId: Uint8Array;
}

/** @spec 9P2000.L Rlock */
export const LOCK_STATUS = { success: 0, blocked: 1, error: 2, grace: 3 } as const;
export type LockStatus = (typeof LOCK_STATUS)[keyof typeof LOCK_STATUS];

/** A regular file or directory opened for I/O. Owned by one fid; `release` is called exactly once. */
export interface OpenFile {
  readonly qid: Qid;
  /** Largest transfer that is still atomic, in bytes; 0 leaves it to the client. */
  readonly iounit: number;
  /** Fills `into` from `offset` on and returns the number of bytes, 0 at the end. The views stay valid until the promise settles. */
  read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number>;
  /** Writes `from` at `offset` (at the end if opened with O_APPEND) and returns how much was written. */
  write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number>;
  /**
   * As `read`, from an offset up to 2^53 into the bytes `from` to `to` (exclusive), where nothing has to be waited for. Optional,
   * and -1 where `read` has to be asked; those bytes may be written to all the same.
   */
  readNow?(offset: number, into: Uint8Array, from: number, to: number): number;
  /** As `write`, in the same way; with -1 nothing has been written. */
  writeNow?(offset: number, bytes: Uint8Array, from: number, to: number): number;
  /** Emits entries after cookie `offset` (0: from the start, with '.' and '..') until `emit` returns false or none is left. */
  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void>;
  /**
   * The same with the entries written into `out` as Rreaddir carries them, as many as fit: the bytes written, or -1 where
   * there is an entry and not even one fits. Optional, and undefined where this directory has to be listed by `readdir`.
   */
  readdirInto?(offset: bigint, out: Uint8Array): number | undefined;
  fsync(dataOnly: boolean): MaybeAsync<void>;
  /** As `Node.setattr`, through the open descriptor; the core prefers it for an open fid. Optional: the node's serves. */
  setattr?(change: AttributeChange): MaybeAsync<void>;
  lock(range: LockRange): MaybeAsync<LockStatus>;
  /** The lock that stands in the way of `range`, or undefined. */
  getlock(range: LockRange): MaybeAsync<LockRange | undefined>;
  release(): MaybeAsync<void>;
}

/** How far a walk came. `node` is the last element, present only if every name was found. */
export interface WalkResult {
  readonly qids: readonly Qid[];
  readonly node: Node | undefined;
}

/**
 * A file system object that a fid stands for: an object, not a path, so it survives rename and unlink. `release` is
 * called exactly once for each node handed out. Nodes hand on the credential they were attached with.
 */
export interface Node {
  readonly qid: Qid;
  /** A second, independent reference to the same object. */
  clone(): MaybeAsync<Node>;
  /**
   * Walks 1 to 16 names, none following a symbolic link; '..' at the root stays there. Throws only if the first name
   * fails; a later failure ends the walk with the qids so far and no node.
   */
  walk(names: readonly Name[]): MaybeAsync<WalkResult>;
  getattr(mask: bigint): MaybeAsync<Attributes>;
  /**
   * The same with every field written into `reply` as it is on the wire, `blksize` being the file system's; says whether it
   * has been. What `reply` held before is anything. Optional, and false where `getattr` has to be asked.
   */
  getattrInto?(reply: RgetattrMessage): boolean;
  setattr(change: AttributeChange): MaybeAsync<void>;
  statfs(): MaybeAsync<FileSystemStatus>;
  /** `flags` are Linux O_* bits of Tlopen as sent, less those the core handles. */
  open(flags: number): MaybeAsync<OpenFile>;
  /** Creates and opens a regular file in this directory. */
  create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }>;
  mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid>;
  mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid>;
  symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid>;
  readlink(): MaybeAsync<Uint8Array>;
  /** Makes `target`, a node of the same backend, known as `name` in this directory. */
  link(name: Name, target: Node): MaybeAsync<void>;
  /** Moves `oldName` of this directory to `newName` of `newDirectory`, a node of the same backend. */
  rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void>;
  /** Removes a name; `directory` says AT_REMOVEDIR. */
  unlink(name: Name, directory: boolean): MaybeAsync<void>;
  /** Removes this object by the name it was reached by (Tremove); ESTALE if that name now means another object. */
  removeSelf(): MaybeAsync<void>;
  /** Moves this object, by the name it was reached by (Trename). */
  renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void>;
  /** The whole value; ENODATA if absent. */
  getxattr(name: Uint8Array): MaybeAsync<Uint8Array>;
  /** All names, each ended by NUL. */
  listxattr(): MaybeAsync<Uint8Array>;
  /** `flags`: 0, XATTR_CREATE 1 or XATTR_REPLACE 2. */
  setxattr(name: Uint8Array, value: Uint8Array, flags: number): MaybeAsync<void>;
  removexattr(name: Uint8Array): MaybeAsync<void>;
  release(): MaybeAsync<void>;
}

/** A file system that can be exported. */
export interface Backend {
  /** The driver's name as in `-fsdev local,...`. */
  readonly driver: string;
  /** The root for this client. */
  attach(credential: Credential): MaybeAsync<Node>;
  /** Gives back every host resource; no node is used afterwards. */
  close(): MaybeAsync<void>;
}
