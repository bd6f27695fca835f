import { list, payload, text, u8, u32, u32OrAbsent, u64, type ValueOf, type WireType } from '../bytes/wire.ts';
import { errnoName } from './errno.ts';
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
  qid,
  setattrMask,
  tag,
  unlinkFlags,
  xattrFlags,
} from './wire-types.ts';

/** The fields of a message: their order here is their order on the wire. */
export type Fields = Readonly<Record<string, WireType<unknown>>>;

/** One message of the protocol. Codec, trace, notation and generated tests all come from these rows. */
export interface MessageRow<N extends string = string, F extends Fields = Fields> {
  /** The byte that names the message on the wire. */
  readonly type: number;
  readonly name: N;
  /** Where the message is specified. */
  readonly cite: string;
  readonly fields: F;
}

/** Declares a message. */
export function message<const N extends string, F extends Fields>(
  type: number,
  messageName: N,
  cite: string,
  fields: F,
): MessageRow<N, F> {
  return { type, name: messageName, cite, fields };
}

const L = '9P2000.L';
const opened = { qid, iounit: u32 };
const lockRange = { type: lockType, start: u64, length: u64, proc_id: u32, client_id: bytes };

/**
 * Every message of 9P2000.L. Requests and their replies are neighbours; a reply's type is its request's plus one.
 * Tlerror (6) does not exist: Rlerror answers any request.
 */
export const MESSAGES = [
  message(7, 'Rlerror', `${L} lerror`, { ecode: errorNumber(errnoName) }),

  message(8, 'Tstatfs', `${L} statfs`, { fid }),
  message(9, 'Rstatfs', `${L} statfs`, {
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

  message(12, 'Tlopen', `${L} lopen`, { fid, flags: openFlags }),
  message(13, 'Rlopen', `${L} lopen`, opened),

  message(14, 'Tlcreate', `${L} lcreate`, { fid, name, flags: openFlags, mode, gid: id }),
  message(15, 'Rlcreate', `${L} lcreate`, opened),

  message(16, 'Tsymlink', `${L} symlink`, { dfid: fid, name, symtgt: bytes, gid: id }),
  message(17, 'Rsymlink', `${L} symlink`, { qid }),

  message(18, 'Tmknod', `${L} mknod`, { dfid: fid, name, mode, major: u32, minor: u32, gid: id }),
  message(19, 'Rmknod', `${L} mknod`, { qid }),

  message(20, 'Trename', `${L} rename`, { fid, dfid: fid, name }),
  message(21, 'Rrename', `${L} rename`, {}),

  message(22, 'Treadlink', `${L} readlink`, { fid }),
  message(23, 'Rreadlink', `${L} readlink`, { target: bytes }),

  message(24, 'Tgetattr', `${L} getattr`, { fid, request_mask: getattrMask }),
  message(25, 'Rgetattr', `${L} getattr`, {
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

  message(26, 'Tsetattr', `${L} setattr`, {
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
  message(27, 'Rsetattr', `${L} setattr`, {}),

  message(30, 'Txattrwalk', `${L} xattrwalk`, { fid, newfid: fid, name: bytes }),
  message(31, 'Rxattrwalk', `${L} xattrwalk`, { size: u64 }),

  message(32, 'Txattrcreate', `${L} xattrcreate`, { fid, name: bytes, attr_size: u64, flags: xattrFlags }),
  message(33, 'Rxattrcreate', `${L} xattrcreate`, {}),

  message(40, 'Treaddir', `${L} readdir`, { fid, offset: u64, count: u32 }),
  message(41, 'Rreaddir', `${L} readdir`, { data: payload }),

  message(50, 'Tfsync', `${L} fsync`, { fid, datasync: u32OrAbsent }),
  message(51, 'Rfsync', `${L} fsync`, {}),

  message(52, 'Tlock', `${L} lock`, {
    fid,
    type: lockType,
    flags: lockFlags,
    start: u64,
    length: u64,
    proc_id: u32,
    client_id: bytes,
  }),
  message(53, 'Rlock', `${L} lock`, { status: lockStatus }),

  message(54, 'Tgetlock', `${L} getlock`, { fid, ...lockRange }),
  message(55, 'Rgetlock', `${L} getlock`, lockRange),

  message(70, 'Tlink', `${L} link`, { dfid: fid, fid, name }),
  message(71, 'Rlink', `${L} link`, {}),

  message(72, 'Tmkdir', `${L} mkdir`, { dfid: fid, name, mode, gid: id }),
  message(73, 'Rmkdir', `${L} mkdir`, { qid }),

  message(74, 'Trenameat', `${L} renameat`, { olddirfid: fid, oldname: name, newdirfid: fid, newname: name }),
  message(75, 'Rrenameat', `${L} renameat`, {}),

  message(76, 'Tunlinkat', `${L} unlinkat`, { dirfd: fid, name, flags: unlinkFlags }),
  message(77, 'Runlinkat', `${L} unlinkat`, {}),

  message(100, 'Tversion', 'Plan 9 version(5)', { msize: u32, version: text }),
  message(101, 'Rversion', 'Plan 9 version(5)', { msize: u32, version: text }),

  message(102, 'Tauth', '9P2000.u auth', { afid: fid, uname: bytes, aname: bytes, n_uname: id }),
  message(103, 'Rauth', '9P2000.u auth', { aqid: qid }),

  message(104, 'Tattach', '9P2000.u attach', { fid, afid: fid, uname: bytes, aname: bytes, n_uname: id }),
  message(105, 'Rattach', '9P2000.u attach', { qid }),

  message(108, 'Tflush', 'Plan 9 flush(5)', { oldtag: tag }),
  message(109, 'Rflush', 'Plan 9 flush(5)', {}),

  message(110, 'Twalk', 'Plan 9 walk(5)', { fid, newfid: fid, wname: list(name) }),
  message(111, 'Rwalk', 'Plan 9 walk(5)', { wqid: list(qid) }),

  message(116, 'Tread', 'Plan 9 read(5)', { fid, offset: u64, count: u32 }),
  message(117, 'Rread', 'Plan 9 read(5)', { data: payload }),

  message(118, 'Twrite', 'Plan 9 read(5)', { fid, offset: u64, data: payload }),
  message(119, 'Rwrite', 'Plan 9 read(5)', { count: u32 }),

  message(120, 'Tclunk', 'Plan 9 clunk(5)', { fid }),
  message(121, 'Rclunk', 'Plan 9 clunk(5)', {}),

  message(122, 'Tremove', 'Plan 9 remove(5)', { fid }),
  message(123, 'Rremove', 'Plan 9 remove(5)', {}),
] as const;

/** One record in the data of Rreaddir. @spec 9P2000.L readdir */
export const DIRECTORY_ENTRY = { qid, offset: u64, type: u8, name } as const;

type AnyRow = (typeof MESSAGES)[number];

/** The name of any message. */
export type MessageName = AnyRow['name'];

/** The name of a message a client sends. */
export type RequestName = Extract<MessageName, `T${string}`>;

/** The name of the reply to a request. */
export type ReplyName<N extends RequestName> = N extends `T${infer Verb}` ? Extract<MessageName, `R${Verb}`> : never;

/** The fields of the message named `N`, as values. */
export type MessageBody<N extends MessageName> = BodyOf<Extract<AnyRow, { readonly name: N }>['fields']>;

/** The fields of a request, as values. */
export type RequestBody<N extends RequestName> = MessageBody<N>;

/** The fields of the reply to the request named `N`, as values. */
export type ReplyBody<N extends RequestName> = MessageBody<ReplyName<N>>;

type BodyOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };
