/**
 * The numbers these calls take and return, as the kernel's headers for x86-64 define them. A test holds them against
 * the compiler's own headers.
 */

/** Flags of `openat2`, `openat` and `reopen`. O_CLOEXEC is always added. @spec Linux open(2) */
export const O = {
  RDONLY: 0,
  WRONLY: 0o1,
  RDWR: 0o2,
  ACCMODE: 0o3,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DSYNC: 0o10000,
  ASYNC: 0o20000,
  DIRECT: 0o40000,
  LARGEFILE: 0o100000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  SYNC: 0o4010000,
  PATH: 0o10000000,
  TMPFILE: 0o20200000,
} as const;

/** Restrictions on how `openat2` resolves a path. @spec Linux openat2(2) */
export const RESOLVE = {
  NO_XDEV: 0x01,
  NO_MAGICLINKS: 0x02,
  NO_SYMLINKS: 0x04,
  BENEATH: 0x08,
  IN_ROOT: 0x10,
  CACHED: 0x20,
} as const;

/** The directory and the flags of the `*at` calls. @spec Linux openat(2), statx(2), unlinkat(2), linkat(2) */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  STATX_SYNC_AS_STAT: 0x0000,
  STATX_FORCE_SYNC: 0x2000,
  STATX_DONT_SYNC: 0x4000,
} as const;

/** Fields asked of and answered by `statx`. @spec Linux statx(2) */
export const STATX = {
  TYPE: 0x001,
  MODE: 0x002,
  NLINK: 0x004,
  UID: 0x008,
  GID: 0x010,
  ATIME: 0x020,
  MTIME: 0x040,
  CTIME: 0x080,
  INO: 0x100,
  SIZE: 0x200,
  BLOCKS: 0x400,
  BASIC_STATS: 0x7ff,
  BTIME: 0x800,
  MNT_ID: 0x1000,
} as const;

/** Type and permission bits of a mode. @spec Linux inode(7) */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
  ISUID: 0o4000,
  ISGID: 0o2000,
  ISVTX: 0o1000,
  IXGRP: 0o0010,
} as const;

/** The type in a directory entry. @spec Linux getdents64(2) */
export const DT = { UNKNOWN: 0, FIFO: 1, CHR: 2, DIR: 4, BLK: 6, REG: 8, LNK: 10, SOCK: 12, WHT: 14 } as const;

/** Flags of `preadv2` and `pwritev2`. @spec Linux preadv2(2) */
export const RWF = { HIPRI: 0x1, DSYNC: 0x2, SYNC: 0x4, NOWAIT: 0x8, APPEND: 0x10 } as const;

/** Starting points of `lseek`. @spec Linux lseek(2) */
export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** Types of an open-file-description lock. @spec Linux fcntl(2) */
export const LOCK_TYPE = { RDLCK: 0, WRLCK: 1, UNLCK: 2 } as const;

/** Operations of `flock`. @spec Linux flock(2) */
export const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;

/** Flags of `renameat2`. @spec Linux rename(2) */
export const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;

/** Flags of `setxattr`. @spec Linux setxattr(2) */
export const XATTR = { CREATE: 1, REPLACE: 2 } as const;

/** Modes of `fallocate`. @spec Linux fallocate(2) */
export const FALLOC = { KEEP_SIZE: 0x1, PUNCH_HOLE: 0x2, COLLAPSE_RANGE: 0x8, ZERO_RANGE: 0x10 } as const;

/** Flags of `syncFileRange`. @spec Linux sync_file_range(2) */
export const SYNC_FILE_RANGE = { WAIT_BEFORE: 1, WRITE: 2, WAIT_AFTER: 4 } as const;

/** Capabilities. @spec Linux capabilities(7) */
export const CAP = { FSETID: 4 } as const;

/** Values of a nanoseconds field that `futimens` takes for "now" and "as it is". @spec Linux utimensat(2) */
export const UTIME = { NOW: 0x3fffffff, OMIT: 0x3ffffffe } as const;

/** Owner or group that `fchownat` leaves as it is. @spec Linux chown(2) */
export const KEEP_ID = 0xffffffff;
