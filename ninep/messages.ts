import { list, payload, text, u8, u32, u32OrAbsent, u64, type ValueOf, type WireType } from '../bytes/wire.ts';
import { errnoName } from './errno.ts';
import { NO_ID } from './plan9.ts';
import { countedStat } from './stat.ts';
import { formIn, inEachVersion, onlyIn, VERSIONS, type Version } from './versions.ts';
import {
  bytes,
  errorNumber,
  fid,
  getattrMask,
  id,
  lockFlags,
  lockStatus,
  lockType,
  mode,
  name,
  openFlags,
  openMode,
  perm,
  qid,
  setattrMask,
  tag,
  unlinkFlags,
  xattrFlags,
} from './wire-types.ts';

/** The fields of a message: their order here is their order on the wire. */
export type Fields = Readonly<Record<string, WireType<unknown>>>;

/** One message of the protocol. Codec, trace, notation and generated tests all come from these rows. */
export interface MessageRow<
  N extends string = string,
  F extends Fields = Fields,
  V extends readonly Version[] = readonly Version[],
> {
  /** The byte that names the message on the wire. */
  readonly type: number;
  readonly name: N;
  /** Where the message is specified. */
  readonly cite: string;
  /** The dialects that have the message. */
  readonly versions: V;
  readonly fields: F;
}

/** Declares a message. */
export function message<const N extends string, const V extends readonly Version[], F extends Fields>(
  type: number,
  messageName: N,
  cite: string,
  versions: V,
  fields: F,
): MessageRow<N, F, V> {
  return { type, name: messageName, cite, versions, fields };
}

const ALL = VERSIONS;
/** What 9P2000.L has instead of `PLAIN`. */
const LINUX = ['9P2000.L'] as const;
/** What 9P2000.L does without. */
const PLAIN = ['9P2000', '9P2000.u'] as const;

const L = '9P2000.L';
/** Who a user is besides a name. */
const n_uname = onlyIn(['9P2000.u', '9P2000.L'], id, NO_ID);
const NOTHING = new Uint8Array(0);
const opened = { qid, iounit: u32 };
const lockRange = { type: lockType, start: u64, length: u64, proc_id: u32, client_id: bytes };

/**
 * Every message of every dialect. Requests and their replies are neighbours; a reply's type is its request's plus one.
 * Tlerror (6) and Terror (106) do not exist: Rlerror and Rerror answer any request.
 */
export const MESSAGES = [
  message(7, 'Rlerror', `${L} lerror`, LINUX, { ecode: errorNumber(errnoName) }),

  message(8, 'Tstatfs', `${L} statfs`, LINUX, { fid }),
  message(9, 'Rstatfs', `${L} statfs`, LINUX, {
    type: u32,
    bsize: u32,
    blocks: u64,
    bfree: u64,
    bavail: u64,
    files: u64,
    ffree: u64,
    fsid: u64,
    namelen: u32,
  }),

  message(12, 'Tlopen', `${L} lopen`, LINUX, { fid, flags: openFlags }),
  message(13, 'Rlopen', `${L} lopen`, LINUX, opened),

  message(14, 'Tlcreate', `${L} lcreate`, LINUX, { fid, name, flags: openFlags, mode, gid: id }),
  message(15, 'Rlcreate', `${L} lcreate`, LINUX, opened),

  message(16, 'Tsymlink', `${L} symlink`, LINUX, { dfid: fid, name, symtgt: bytes, gid: id }),
  message(17, 'Rsymlink', `${L} symlink`, LINUX, { qid }),

  message(18, 'Tmknod', `${L} mknod`, LINUX, { dfid: fid, name, mode, major: u32, minor: u32, gid: id }),
  message(19, 'Rmknod', `${L} mknod`, LINUX, { qid }),

  message(20, 'Trename', `${L} rename`, LINUX, { fid, dfid: fid, name }),
  message(21, 'Rrename', `${L} rename`, LINUX, {}),

  message(22, 'Treadlink', `${L} readlink`, LINUX, { fid }),
  message(23, 'Rreadlink', `${L} readlink`, LINUX, { target: bytes }),

  message(24, 'Tgetattr', `${L} getattr`, LINUX, { fid, request_mask: getattrMask }),
  message(25, 'Rgetattr', `${L} getattr`, LINUX, {
    valid: getattrMask,
    qid,
    mode,
    uid: id,
    gid: id,
    nlink: u64,
    rdev: u64,
    size: u64,
    blksize: u64,
    blocks: u64,
    atime_sec: u64,
    atime_nsec: u64,
    mtime_sec: u64,
    mtime_nsec: u64,
    ctime_sec: u64,
    ctime_nsec: u64,
    btime_sec: u64,
    btime_nsec: u64,
    gen: u64,
    data_version: u64,
  }),

  message(26, 'Tsetattr', `${L} setattr`, LINUX, {
    fid,
    valid: setattrMask,
    mode,
    uid: id,
    gid: id,
    size: u64,
    atime_sec: u64,
    atime_nsec: u64,
    mtime_sec: u64,
    mtime_nsec: u64,
  }),
  message(27, 'Rsetattr', `${L} setattr`, LINUX, {}),

  message(30, 'Txattrwalk', `${L} xattrwalk`, LINUX, { fid, newfid: fid, name: bytes }),
  message(31, 'Rxattrwalk', `${L} xattrwalk`, LINUX, { size: u64 }),

  message(32, 'Txattrcreate', `${L} xattrcreate`, LINUX, { fid, name: bytes, attr_size: u64, flags: xattrFlags }),
  message(33, 'Rxattrcreate', `${L} xattrcreate`, LINUX, {}),

  message(40, 'Treaddir', `${L} readdir`, LINUX, { fid, offset: u64, count: u32 }),
  message(41, 'Rreaddir', `${L} readdir`, LINUX, { data: payload }),

  message(50, 'Tfsync', `${L} fsync`, LINUX, { fid, datasync: u32OrAbsent }),
  message(51, 'Rfsync', `${L} fsync`, LINUX, {}),

  message(52, 'Tlock', `${L} lock`, LINUX, {
    fid,
    type: lockType,
    flags: lockFlags,
    start: u64,
    length: u64,
    proc_id: u32,
    client_id: bytes,
  }),
  message(53, 'Rlock', `${L} lock`, LINUX, { status: lockStatus }),

  message(54, 'Tgetlock', `${L} getlock`, LINUX, { fid, ...lockRange }),
  message(55, 'Rgetlock', `${L} getlock`, LINUX, lockRange),

  message(70, 'Tlink', `${L} link`, LINUX, { dfid: fid, fid, name }),
  message(71, 'Rlink', `${L} link`, LINUX, {}),

  message(72, 'Tmkdir', `${L} mkdir`, LINUX, { dfid: fid, name, mode, gid: id }),
  message(73, 'Rmkdir', `${L} mkdir`, LINUX, { qid }),

  message(74, 'Trenameat', `${L} renameat`, LINUX, { olddirfid: fid, oldname: name, newdirfid: fid, newname: name }),
  message(75, 'Rrenameat', `${L} renameat`, LINUX, {}),

  message(76, 'Tunlinkat', `${L} unlinkat`, LINUX, { dirfd: fid, name, flags: unlinkFlags }),
  message(77, 'Runlinkat', `${L} unlinkat`, LINUX, {}),

  message(100, 'Tversion', 'Plan 9 version(5)', ALL, { msize: u32, version: text }),
  message(101, 'Rversion', 'Plan 9 version(5)', ALL, { msize: u32, version: text }),

  message(102, 'Tauth', 'Plan 9 attach(5), 9P2000.u auth', ALL, { afid: fid, uname: bytes, aname: bytes, n_uname }),
  message(103, 'Rauth', 'Plan 9 attach(5)', ALL, { aqid: qid }),

  message(104, 'Tattach', 'Plan 9 attach(5), 9P2000.u attach', ALL, {
    fid,
    afid: fid,
    uname: bytes,
    aname: bytes,
    n_uname,
  }),
  message(105, 'Rattach', 'Plan 9 attach(5)', ALL, { qid }),

  message(107, 'Rerror', 'Plan 9 error(5), 9P2000.u error', PLAIN, {
    ename: text,
    errno: onlyIn(['9P2000.u'], errorNumber(errnoName), 0),
  }),

  message(108, 'Tflush', 'Plan 9 flush(5)', ALL, { oldtag: tag }),
  message(109, 'Rflush', 'Plan 9 flush(5)', ALL, {}),

  message(110, 'Twalk', 'Plan 9 walk(5)', ALL, { fid, newfid: fid, wname: list(name) }),
  message(111, 'Rwalk', 'Plan 9 walk(5)', ALL, { wqid: inEachVersion((version) => list(formIn(qid, version))) }),

  message(112, 'Topen', 'Plan 9 open(5)', PLAIN, { fid, mode: openMode }),
  message(113, 'Ropen', 'Plan 9 open(5)', PLAIN, opened),

  message(114, 'Tcreate', 'Plan 9 open(5), 9P2000.u create', PLAIN, {
    fid,
    name,
    perm,
    mode: openMode,
    extension: onlyIn(['9P2000.u'], bytes, NOTHING),
  }),
  message(115, 'Rcreate', 'Plan 9 open(5)', PLAIN, opened),

  message(116, 'Tread', 'Plan 9 read(5)', ALL, { fid, offset: u64, count: u32 }),
  message(117, 'Rread', 'Plan 9 read(5)', ALL, { data: payload }),

  message(118, 'Twrite', 'Plan 9 read(5)', ALL, { fid, offset: u64, data: payload }),
  message(119, 'Rwrite', 'Plan 9 read(5)', ALL, { count: u32 }),

  message(120, 'Tclunk', 'Plan 9 clunk(5)', ALL, { fid }),
  message(121, 'Rclunk', 'Plan 9 clunk(5)', ALL, {}),

  message(122, 'Tremove', 'Plan 9 remove(5)', ALL, { fid }),
  message(123, 'Rremove', 'Plan 9 remove(5)', ALL, {}),

  message(124, 'Tstat', 'Plan 9 stat(5)', PLAIN, { fid }),
  message(125, 'Rstat', 'Plan 9 stat(5), 9P2000.u stat', PLAIN, { stat: countedStat }),

  message(126, 'Twstat', 'Plan 9 stat(5), 9P2000.u stat', PLAIN, { fid, stat: countedStat }),
  message(127, 'Rwstat', 'Plan 9 stat(5)', PLAIN, {}),
] as const;

/** One record in the data of Rreaddir. @spec 9P2000.L readdir */
export const DIRECTORY_ENTRY = { qid, offset: u64, type: u8, name } as const;

type AnyRow = (typeof MESSAGES)[number];

/** The name of any message. */
export type MessageName = AnyRow['name'];

/** The name of a message a client sends, in any dialect or in those of `V`. */
export type RequestName<V extends Version = Version> = Extract<NameIn<AnyRow, V>, `T${string}`>;

type NameIn<R, V> = R extends { readonly name: infer N; readonly versions: readonly (infer W)[] }
  ? [V & W] extends [never]
    ? never
    : N
  : never;

/** The name of the reply to a request. */
export type ReplyName<N extends RequestName> = N extends `T${infer Verb}` ? Extract<MessageName, `R${Verb}`> : never;

/** The fields of the message named `N`, as values. */
export type MessageBody<N extends MessageName> = BodyOf<Extract<AnyRow, { readonly name: N }>['fields']>;

/** The fields of a request, as values. */
export type RequestBody<N extends RequestName> = MessageBody<N>;

/** The fields of the reply to the request named `N`, as values. */
export type ReplyBody<N extends RequestName> = MessageBody<ReplyName<N>>;

type BodyOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };
