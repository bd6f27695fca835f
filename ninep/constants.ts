/**
 * The numbers of 9P2000.L: sizes, bits and their names. The bits are Linux's own values on most architectures, fixed by
 * the protocol whatever host the server runs on.
 */

/** size[4] type[1] tag[2]. @spec Plan 9 intro(5): message header */
export const HEADER_SIZE = 7;

/** What precedes the data of Rread and Rreaddir: header and count[4]. */
export const READ_OVERHEAD = 11;

/** Room Linux keeps for the headers of Tread and Twrite, so iounit = msize - 24. @spec Linux 9p.h: P9_IOHDRSZ */
export const IO_HEADER_SIZE = 24;

/** The smallest msize we speak, as Linux asks for no less. */
export const MINIMUM_MSIZE = 4096;

/** The largest msize we offer unless told otherwise: (1024 - 2) pages, what fits a virtqueue's longest chain. */
export const DEFAULT_MSIZE = 4_186_112;

/** The largest msize that may be offered: 16 MiB, what sockets can use. */
export const LARGEST_MSIZE = 16 << 20;

/** @spec Plan 9 walk(5): MAXWELEM */
export const MAXWELEM = 16;

/** Longest name in bytes, as Linux's file systems have it (NAME_MAX). */
export const NAME_MAX = 255;

/** Longest symlink target in bytes, without the final NUL (PATH_MAX - 1). */
export const TARGET_MAX = 4095;

/** Longest value and longest list of extended attributes in bytes. @spec Linux limits.h: XATTR_SIZE_MAX, XATTR_LIST_MAX */
export const XATTR_SIZE_MAX = 65_536;

/** The largest file offset (a signed 64-bit number). */
export const OFFSET_MAX = 0x7fff_ffff_ffff_ffffn;

/** @spec 9P2000.L Tlopen flags, less the access mode in bits 0 and 1 */
export const OPEN_FLAGS = {
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_SYNC: 0o4010000,
  O_DSYNC: 0o10000,
  FASYNC: 0o20000,
  O_DIRECT: 0o40000,
  O_LARGEFILE: 0o100000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
} as const;

/** The access modes in bits 0 and 1 of the open flags; 3 is none of them. */
export const ACCESS_MODE = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, mask: 3 } as const;

/** @spec 9P2000.L Tsetattr valid */
export const SETATTR = {
  MODE: 0x1,
  UID: 0x2,
  GID: 0x4,
  SIZE: 0x8,
  ATIME: 0x10,
  MTIME: 0x20,
  CTIME: 0x40,
  ATIME_SET: 0x80,
  MTIME_SET: 0x100,
} as const;

/** @spec 9P2000.L Tgetattr request_mask; the composite names come first so that a trace shows the shortest form */
export const GETATTR_BITS = {
  ALL: 0x3fffn,
  BASIC: 0x7ffn,
  MODE: 0x1n,
  NLINK: 0x2n,
  UID: 0x4n,
  GID: 0x8n,
  RDEV: 0x10n,
  ATIME: 0x20n,
  MTIME: 0x40n,
  CTIME: 0x80n,
  INO: 0x100n,
  SIZE: 0x200n,
  BLOCKS: 0x400n,
  BTIME: 0x800n,
  GEN: 0x1000n,
  DATA_VERSION: 0x2000n,
} as const;

/** @spec 9P2000.L Tunlinkat flags */
export const UNLINK_FLAGS = { AT_REMOVEDIR: 0x200 } as const;

/** @spec 9P2000.L Txattrcreate flags */
export const XATTR_FLAGS = { XATTR_CREATE: 1, XATTR_REPLACE: 2 } as const;

/** @spec 9P2000.L Tlock flags */
export const LOCK_FLAGS = { BLOCK: 1, RECLAIM: 2 } as const;

/** @spec 9P2000.L Tlock type: the names of 0, 1 and 2 */
export const LOCK_TYPES: readonly string[] = ['RDLCK', 'WRLCK', 'UNLCK'];

/** @spec 9P2000.L Rlock status: the names of 0 to 3 */
export const LOCK_STATUS_NAMES: readonly string[] = ['SUCCESS', 'BLOCKED', 'ERROR', 'GRACE'];

/** Type bits and permission bits of a Linux mode. */
export const MODE = {
  type: 0o170000,
  permissions: 0o7777,
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  character: 0o020000,
  fifo: 0o010000,
} as const;

/** Values of the type byte in a directory entry. @spec Linux dirent.h: DT_* */
export const DIRENT_TYPE = {
  unknown: 0,
  fifo: 1,
  character: 2,
  directory: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const;
