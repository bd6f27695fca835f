/**
 * The system calls that do what a request asks for, by their manual pages: an error that is none of the core's refusals is one of
 * theirs. What is called only to look (statx(2) after a change) or to give back (close(2)) is left out.
 */
import type { RequestName } from '../../messages.ts';

/** By request. */
export const CALLS_OF_REQUESTS: Readonly<Record<RequestName, readonly string[]>> = {
  Tversion: [],
  Tauth: [],
  Tattach: ['statx(2)'],
  Tflush: [],
  Twalk: ['openat2(2)', 'statx(2)'],
  Tlopen: ['open(2)'],
  Tlcreate: ['openat2(2)', 'fchownat(2)', 'fchmod(2)'],
  Topen: ['open(2)'],
  Tcreate: ['openat2(2)', 'mkdirat(2)', 'mknodat(2)', 'symlinkat(2)', 'linkat(2)', 'fchownat(2)', 'fchmod(2)'],
  Tclunk: ['fsetxattr(2)', 'fremovexattr(2)'],
  Tremove: ['unlinkat(2)'],
  Tread: ['preadv2(2)', 'getdents64(2)'],
  Twrite: ['pwritev2(2)'],
  Tfsync: ['fsync(2)', 'fdatasync(2)'],
  Treaddir: ['getdents64(2)', 'lseek(2)'],
  Tgetattr: ['statx(2)'],
  Tsetattr: ['fchmod(2)', 'fchownat(2)', 'ftruncate(2)', 'futimens(3)'],
  Tstatfs: ['fstatfs(2)'],
  Tstat: ['statx(2)', 'readlinkat(2)'],
  Twstat: ['renameat2(2)', 'fchmod(2)', 'fchownat(2)', 'ftruncate(2)', 'futimens(3)', 'fsync(2)'],
  Tmkdir: ['mkdirat(2)', 'fchownat(2)', 'fchmod(2)'],
  Tmknod: ['mknodat(2)', 'fchownat(2)', 'fchmod(2)'],
  Tsymlink: ['symlinkat(2)', 'fchownat(2)'],
  Treadlink: ['readlinkat(2)'],
  Tlink: ['linkat(2)'],
  Trename: ['renameat2(2)'],
  Trenameat: ['renameat2(2)'],
  Tunlinkat: ['unlinkat(2)'],
  Tlock: ['open(2)', 'fcntl(2)'],
  Tgetlock: ['fcntl(2)'],
  Txattrwalk: ['fgetxattr(2)', 'flistxattr(2)'],
  Txattrcreate: [],
};
