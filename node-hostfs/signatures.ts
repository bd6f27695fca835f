/** What the arguments of each call are, and how people write them. */
import type { Calls } from './calls.ts';
import {
  AT,
  CAP,
  FALLOC,
  KEEP_ID,
  LOCK,
  LOCK_TYPE,
  O,
  RENAME,
  RESOLVE,
  RWF,
  SEEK,
  STATX,
  SYNC_FILE_RANGE,
  XATTR,
} from './constants.ts';

/** Shows one argument. */
type Show = (value: unknown) => string;

/** Names of a set of bits; what has no name is a number in hex. */
function flagsOf(prefix: string, names: Readonly<Record<string, number>>, none = '0'): Show {
  // Names of several bits come first, so that O_SYNC is not O_DSYNC and a rest.
  const known = Object.entries(names)
    .filter(([, bits]) => bits > 0)
    .sort(([, a], [, b]) => bitCount(b) - bitCount(a));
  return (value) => {
    let left = Number(value) >>> 0;
    const found: string[] = [];
    for (const [name, bits] of known) {
      if ((left & bits) >>> 0 !== bits) continue;
      found.push(`${prefix}${name}`);
      left = (left & ~bits) >>> 0;
    }
    if (left !== 0) found.push(`0x${left.toString(16)}`);
    return found.length === 0 ? none : found.join('|');
  };
}

function bitCount(bits: number): number {
  return bits
    .toString(2)
    .split('')
    .filter((bit) => bit === '1').length;
}

/** The name of one value of several. */
function oneOf(prefix: string, names: Readonly<Record<string, number>>): Show {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, `${prefix}${name}`]));
  return (value) => byValue.get(Number(value)) ?? String(value);
}

const decoder = new TextDecoder();

const number: Show = String;
const octal: Show = (value) => `0${Number(value).toString(8)}`;
const dirfd: Show = (value) => (value === AT.FDCWD ? 'AT_FDCWD' : String(value));
const id: Show = (value) => (value === KEEP_ID ? '-1' : String(value));
/** A name as text in quotes; what is no UTF-8 shows as replacement characters. */
const name: Show = (value) => JSON.stringify(decoder.decode(value as Uint8Array));
/** Bytes by their number. */
const bytes: Show = (value) => `[${lengthOf(value)}]`;
const buffers: Show = (value) => (Array.isArray(value) ? `[${value.map(lengthOf).join('+')}]` : bytes(value));

function lengthOf(value: unknown): number {
  return (value as Uint8Array).length;
}

const { ACCMODE, RDONLY, ...OPEN_FLAGS } = O;
const openFlags: Show = (value) => {
  const bits = Number(value);
  const access = (bits & ACCMODE) === RDONLY && (bits & O.PATH) === 0 ? ['O_RDONLY'] : [];
  const rest = flagsOf('O_', OPEN_FLAGS, '')(bits);
  return [...access, ...(rest === '' ? [] : [rest])].join('|');
};
const atFlags = flagsOf('AT_', {
  SYMLINK_NOFOLLOW: AT.SYMLINK_NOFOLLOW,
  REMOVEDIR: AT.REMOVEDIR,
  SYMLINK_FOLLOW: AT.SYMLINK_FOLLOW,
  NO_AUTOMOUNT: AT.NO_AUTOMOUNT,
  EMPTY_PATH: AT.EMPTY_PATH,
});
const lockType = oneOf('F_', LOCK_TYPE);

/** One call: how it is called in manual pages, and how each of its arguments is shown. */
interface Signature<C extends keyof Calls> {
  readonly name: string;
  readonly shows: ShowsOf<Parameters<Calls[C]>>;
}

type ShowsOf<A extends readonly unknown[]> = { readonly [I in keyof A]: Show };

/** Every call. One with an argument too many or too few does not compile. */
export const SIGNATURES: { readonly [C in keyof Calls]: Signature<C> } = {
  openat2: { name: 'openat2', shows: [dirfd, name, openFlags, octal, flagsOf('RESOLVE_', RESOLVE)] },
  openat: { name: 'openat', shows: [dirfd, name, openFlags, octal] },
  reopen: { name: 'open_fd', shows: [number, openFlags] },
  nameToHandleAt: { name: 'name_to_handle_at', shows: [dirfd, name, bytes, atFlags] },
  openByHandleAt: { name: 'open_by_handle_at', shows: [number, bytes, openFlags] },
  close: { name: 'close', shows: [number] },
  getFlags: { name: 'fcntl_getfl', shows: [number] },
  setFlags: { name: 'fcntl_setfl', shows: [number, openFlags] },
  umask: { name: 'umask', shows: [octal] },
  hasCapability: { name: 'capget', shows: [oneOf('CAP_', CAP)] },
  descriptorLimit: { name: 'getrlimit_nofile', shows: [] },
  statx: { name: 'statx', shows: [dirfd, name, atFlags, flagsOf('STATX_', STATX), bytes] },
  fstatfs: { name: 'fstatfs', shows: [number, bytes] },
  getdents64: { name: 'getdents64', shows: [number, bytes] },
  lseek: { name: 'lseek', shows: [number, number, oneOf('SEEK_', SEEK)] },
  seekdir: { name: 'lseek', shows: [number, number] },
  mkdirat: { name: 'mkdirat', shows: [dirfd, name, octal] },
  mknodat: { name: 'mknodat', shows: [dirfd, name, octal, number] },
  symlinkat: { name: 'symlinkat', shows: [name, dirfd, name] },
  readlinkat: { name: 'readlinkat', shows: [dirfd, name, bytes] },
  linkat: { name: 'linkat', shows: [dirfd, name, dirfd, name, atFlags] },
  linkFd: { name: 'linkat_fd', shows: [number, dirfd, name] },
  unlinkat: { name: 'unlinkat', shows: [dirfd, name, atFlags] },
  renameat2: { name: 'renameat2', shows: [dirfd, name, dirfd, name, flagsOf('RENAME_', RENAME)] },
  fchmod: { name: 'fchmod', shows: [number, octal] },
  fchownat: { name: 'fchownat', shows: [dirfd, name, id, id, atFlags] },
  futimens: { name: 'futimens', shows: [number, number, number, number, number] },
  ftruncate: { name: 'ftruncate', shows: [number, number] },
  fallocate: { name: 'fallocate', shows: [number, flagsOf('FALLOC_FL_', FALLOC), number, number] },
  getxattr: { name: 'fgetxattr', shows: [number, name, bytes] },
  getxattrAt: { name: 'lgetxattr', shows: [number, name, name, bytes] },
  setxattr: { name: 'fsetxattr', shows: [number, name, bytes, flagsOf('XATTR_', XATTR)] },
  listxattr: { name: 'flistxattr', shows: [number, bytes] },
  removexattr: { name: 'fremovexattr', shows: [number, name] },
  hugePages: { name: 'madvise_hugepage', shows: [bytes] },
  preadv2: { name: 'preadv2', shows: [number, buffers, number, flagsOf('RWF_', RWF)] },
  pwritev2: { name: 'pwritev2', shows: [number, buffers, number, flagsOf('RWF_', RWF)] },
  pread: { name: 'preadv2', shows: [number, bytes, number, number, number, flagsOf('RWF_', RWF)] },
  pwrite: { name: 'pwritev2', shows: [number, bytes, number, number, number, flagsOf('RWF_', RWF)] },
  fsync: { name: 'fsync', shows: [number] },
  fdatasync: { name: 'fdatasync', shows: [number] },
  syncFileRange: {
    name: 'sync_file_range',
    shows: [number, number, number, flagsOf('SYNC_FILE_RANGE_', SYNC_FILE_RANGE)],
  },
  ofdSetLock: { name: 'fcntl_ofd_setlk', shows: [number, lockType, number, number] },
  ofdGetLock: { name: 'fcntl_ofd_getlk', shows: [number, lockType, number, number, bytes] },
  flock: { name: 'flock', shows: [number, flagsOf('LOCK_', LOCK)] },
  refuseEscapes: { name: 'seccomp', shows: [] },
};

/** The call as people write it: `openat2(7, "name", O_PATH|O_NOFOLLOW, 00, RESOLVE_BENEATH)`. */
export function showCall(call: keyof Calls, args: readonly unknown[]): string {
  const { name: called, shows } = SIGNATURES[call];
  const each: readonly Show[] = shows;
  return `${called}(${args.map((value, index) => (each[index] ?? String)(value)).join(', ')})`;
}
