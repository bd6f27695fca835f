/** Bytes of a path, a file name, a link target or an attribute name, without NUL; not necessarily UTF-8. */
export type NameBytes = Uint8Array;

/** A signed 64-bit integer: a safe number or a bigint. */
export type Int64 = number | bigint;

/**
 * The system calls. Each returns 0 or more, or a negative errno (`-E.NOENT`); none throws for what the kernel refuses.
 * What is wrong with the arguments themselves (type, range, NUL in a name, a buffer too short) throws a `TypeError` or
 * a `RangeError` before any call is made. A call that a signal interrupts is made again.
 *
 * A `dirfd` may be `AT.FDCWD`. "Object descriptor" means that O_PATH descriptors are welcome. A name is not followed
 * past its last component where it is a symbolic link, unless the flags say so.
 */
export interface Calls {
  /** Opens by `flags` under the restrictions of `resolve`; `mode` counts only where a file is made. @returns a descriptor. @spec Linux openat2(2) */
  openat2(dirfd: number, name: NameBytes, flags: number, mode: number, resolve: number): number;
  /** For kernels and sandboxes without openat2. @returns a descriptor. @spec Linux openat(2) */
  openat(dirfd: number, name: NameBytes, flags: number, mode: number): number;
  /** Opens the object of an object descriptor for I/O, whatever it is called by now; O_CREAT and O_NOFOLLOW are EINVAL. @returns a descriptor. */
  reopen(fd: number, flags: number): number;
  /**
   * What the file system itself calls an object: fills `out` (`FileHandle.bytes`, 140 bytes or more). With an empty name and
   * AT.EMPTY_PATH: of an object descriptor. -EOPNOTSUPP where the file system has no handles.
   * @returns bytes of the handle. @spec Linux name_to_handle_at(2)
   */
  nameToHandleAt(dirfd: number, name: NameBytes, out: Uint8Array, flags: number): number;
  /**
   * Opens by a handle (`FileHandle.handle`) through the mount that `mountFd`, no O_PATH descriptor, is on. It heeds no
   * permissions on the way, so it takes CAP_DAC_READ_SEARCH (-EPERM), and the caller to know where the handle is from. -ESTALE
   * for what is gone. @returns a descriptor. @spec Linux open_by_handle_at(2)
   */
  openByHandleAt(mountFd: number, handle: Uint8Array, flags: number): number;
  /** Gives up a descriptor; after any answer it is gone. @spec Linux close(2) */
  close(fd: number): number;
  /** The status flags of an open file: access mode, O_APPEND, O_NONBLOCK and so on. @spec Linux fcntl(2) F_GETFL */
  getFlags(fd: number): number;
  /** Sets those status flags that can change: O_APPEND, O_NONBLOCK, O_NOATIME, O_DIRECT. @spec Linux fcntl(2) F_SETFL */
  setFlags(fd: number, flags: number): number;
  /** Sets the umask of the whole process, 0 to 0o777. @returns the old one. @spec Linux umask(2) */
  umask(mask: number): number;
  /** `capability`: of `CAP`. @returns 1 if it is effective in this thread, 0 if not. @spec Linux capget(2) */
  hasCapability(capability: number): number;
  /** @returns how many descriptors the process may hold. @spec Linux getrlimit(2) RLIMIT_NOFILE */
  descriptorLimit(): number;

  /** Fills `out` (`Statx.bytes`, 256 bytes or more). With an empty name and AT.EMPTY_PATH: of an object descriptor. @spec Linux statx(2) */
  statx(dirfd: number, name: NameBytes, flags: number, mask: number, out: Uint8Array): number;
  /** Fills `out` (`Statfs.bytes`, 120 bytes or more) for an object descriptor. @spec Linux statfs(2) */
  fstatfs(fd: number, out: Uint8Array): number;
  /** Fills `out` (`Dirents.bytes`) with whole entries. @returns bytes filled, 0 at the end. @spec Linux getdents64(2) */
  getdents64(fd: number, out: Uint8Array): number;
  /** Moves the file position. @returns it; -EOVERFLOW where it is no safe integer. @spec Linux lseek(2) */
  lseek(fd: number, offset: Int64, whence: number): number;
  /** Continues a directory after the entry whose cookie this is; 0 starts over. */
  seekdir(fd: number, cookie: Int64): number;

  /** @spec Linux mkdirat(2) */
  mkdirat(dirfd: number, name: NameBytes, mode: number): number;
  /** `mode` with type bits; `dev` as of `makedev`. @spec Linux mknodat(2) */
  mknodat(dirfd: number, name: NameBytes, mode: number, dev: Int64): number;
  /** @spec Linux symlinkat(2) */
  symlinkat(target: NameBytes, dirfd: number, name: NameBytes): number;
  /** Reads a link's target into `out`, cut off where it is too short. With an empty name: of an object descriptor. @returns its length. @spec Linux readlinkat(2) */
  readlinkat(dirfd: number, name: NameBytes, out: Uint8Array): number;
  /** @spec Linux linkat(2) */
  linkat(olddirfd: number, oldname: NameBytes, newdirfd: number, newname: NameBytes, flags: number): number;
  /** Gives the object of an object descriptor one more name, with or without the privilege that AT_EMPTY_PATH takes. */
  linkFd(fd: number, newdirfd: number, newname: NameBytes): number;
  /** `flags`: 0 or AT.REMOVEDIR. @spec Linux unlinkat(2) */
  unlinkat(dirfd: number, name: NameBytes, flags: number): number;
  /** `flags`: bits of `RENAME`. @spec Linux renameat2(2) */
  renameat2(olddirfd: number, oldname: NameBytes, newdirfd: number, newname: NameBytes, flags: number): number;

  /** Sets the permission bits of an object descriptor; a symbolic link is -EOPNOTSUPP. @spec Linux fchmodat2(2) */
  fchmod(fd: number, mode: number): number;
  /** `KEEP_ID` leaves one as it is. With an empty name and AT.EMPTY_PATH: of an object descriptor. @spec Linux fchownat(2) */
  fchownat(dirfd: number, name: NameBytes, uid: number, gid: number, flags: number): number;
  /** Sets the times of an object descriptor, each seconds and nanoseconds; `UTIME` has the special nanoseconds. @spec Linux utimensat(2) */
  futimens(fd: number, atime: Int64, atimeNs: number, mtime: Int64, mtimeNs: number): number;
  /** @spec Linux ftruncate(2) */
  ftruncate(fd: number, length: Int64): number;
  /** `mode`: bits of `FALLOC`. @spec Linux fallocate(2) */
  fallocate(fd: number, mode: number, offset: Int64, length: Int64): number;

  /** Reads an attribute of an object descriptor into `out`; an empty `out` only asks for the size. @returns its size. @spec Linux getxattr(2) */
  getxattr(fd: number, name: NameBytes, out: Uint8Array): number;
  /** The same of a name in a directory, which is one component (-EINVAL); of a symbolic link, its own. @returns its size. @spec Linux getxattr(2) */
  getxattrAt(dirfd: number, name: NameBytes, attribute: NameBytes, out: Uint8Array): number;
  /** `flags`: 0 or one of `XATTR`. @spec Linux setxattr(2) */
  setxattr(fd: number, name: NameBytes, value: Uint8Array, flags: number): number;
  /** Lists attribute names, each ended by NUL, into `out`; an empty `out` only asks for the size. @returns the size. @spec Linux listxattr(2) */
  listxattr(fd: number, out: Uint8Array): number;
  /** @spec Linux removexattr(2) */
  removexattr(fd: number, name: NameBytes): number;

  /**
   * Asks for huge pages under the whole pages of `bytes`, which is worth it before they are first touched. -EINVAL where the
   * kernel has none. @spec Linux madvise(2) MADV_HUGEPAGE
   */
  hugePages(bytes: Uint8Array): number;
  /** Fills the buffers, one or at most 1,024 of them, from `offset` on (-1: the file position). @returns bytes read. @spec Linux preadv2(2) */
  preadv2(fd: number, buffers: Uint8Array | readonly Uint8Array[], offset: Int64, flags: number): number;
  /** Writes the buffers, one or at most 1,024 of them, at `offset` (-1: the file position). @returns bytes written. @spec Linux pwritev2(2) */
  pwritev2(fd: number, buffers: Uint8Array | readonly Uint8Array[], offset: Int64, flags: number): number;
  /** The same with one buffer, of whose bytes those from `from` to `to` (exclusive) are filled. @returns bytes read. @spec Linux preadv2(2) */
  pread(fd: number, into: Uint8Array, from: number, to: number, offset: Int64, flags: number): number;
  /** The same with one buffer, of whose bytes those from `from` to `to` (exclusive) are written. @returns bytes written. @spec Linux pwritev2(2) */
  pwrite(fd: number, bytes: Uint8Array, from: number, to: number, offset: Int64, flags: number): number;
  /** @spec Linux fsync(2) */
  fsync(fd: number): number;
  /** @spec Linux fdatasync(2) */
  fdatasync(fd: number): number;
  /** `flags`: bits of `SYNC_FILE_RANGE`. @spec Linux sync_file_range(2) */
  syncFileRange(fd: number, offset: Int64, length: Int64, flags: number): number;

  /** Sets or clears a lock without waiting: -EAGAIN if another stands in the way. A length of 0 reaches to the end. @spec Linux fcntl(2) F_OFD_SETLK */
  ofdSetLock(fd: number, type: number, start: Int64, length: Int64): number;
  /** Asks for the lock in the way of this one: `out` (`LockWords.bytes`, 32 bytes or more) gets it, or type UNLCK. @spec Linux fcntl(2) F_OFD_GETLK */
  ofdGetLock(fd: number, type: number, start: Int64, length: Int64, out: Uint8Array): number;
  /** `operation`: of `LOCK`. Without LOCK.NB it waits. @spec Linux flock(2) */
  flock(fd: number, operation: number): number;

  /**
   * Refuses, for all threads and for good, what a server of files never does: new processes, programs and connections,
   * mounts, namespaces, other processes, other users, files by handle, io_uring: -EPERM from then on. @spec Linux seccomp(2)
   */
  refuseEscapes(): number;
}

/**
 * The same calls on libuv's thread pool: `fsyncAsync` beside `fsync`. Arguments are checked, and throw, at once. Buffers
 * are kept alive until the promise settles and must be neither changed nor transferred until then; a descriptor must
 * stay open until then.
 */
export type AsyncCalls = {
  [Call in keyof Calls as `${Call}Async`]: (...args: Parameters<Calls[Call]>) => Promise<number>;
};

/** Every call in both its variants. */
export type Hostfs = Calls & AsyncCalls;
