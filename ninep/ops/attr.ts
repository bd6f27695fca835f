import type { AttributeChange, Attributes, MaybeAsync, Timestamp } from '../backend.ts';
import { GETATTR_BITS, IO_HEADER_SIZE, MODE, OFFSET_MAX, SETATTR } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import type { ReplyBody, RequestBody } from '../messages.ts';

const EMPTY = {};
const UNCHANGED_ID = 0xffff_ffff;
const NANOSECONDS = 1_000_000_000n;
const ALL_CHANGES = Object.values(SETATTR).reduce((all, bit) => all | bit, 0);

/** What a file is, and what its file system is. */
export const attrOps = {
  Tgetattr(call, { fid: number, request_mask }) {
    const { msize, scaleBlockSize } = call.connection;
    const most = scaleBlockSize ? msize - IO_HEADER_SIZE : 0;
    // No such fid is ENOENT here, as in QEMU: clients that ask whether a walk made one, its own tests for one, go by that.
    const node = call.hold(number, 'ENOENT').requireNode();
    return after(node.getattr(request_mask), (attributes) => toReply(attributes, most));
  },

  Tsetattr(call, body) {
    const change = toChange(body);
    return after(setAttributes(call.hold(body.fid), change), () => EMPTY);
  },

  Tstatfs(call, { fid: number }) {
    return call.hold(number).requireNode().statfs();
  },
} satisfies Pick<Handlers, 'Tgetattr' | 'Tsetattr' | 'Tstatfs'>;

/** Changes attributes through the open file where its backend takes that. */
export function setAttributes(fid: Fid, change: AttributeChange): MaybeAsync<void> {
  const node = fid.requireNode();
  const { file } = fid;
  return file?.setattr === undefined ? node.setattr(change) : file.setattr(change);
}

/** The reply to Tgetattr. `blksize` grows to what one message carries, `most`, for clients read and write in such pieces. */
function toReply(a: Attributes, most: number): ReplyBody<'Tgetattr'> {
  return {
    valid: a.valid & GETATTR_BITS.ALL,
    qid: a.qid,
    mode: a.mode,
    uid: a.uid,
    gid: a.gid,
    nlink: a.nlink,
    rdev: a.rdev,
    size: a.size,
    blksize: preferredSize(a.blksize, most),
    blocks: a.blocks,
    atime_sec: a.atime.seconds,
    atime_nsec: BigInt(a.atime.nanoseconds),
    mtime_sec: a.mtime.seconds,
    mtime_nsec: BigInt(a.mtime.nanoseconds),
    ctime_sec: a.ctime.seconds,
    ctime_nsec: BigInt(a.ctime.nanoseconds),
    btime_sec: a.btime.seconds,
    btime_nsec: BigInt(a.btime.nanoseconds),
    gen: a.gen,
    data_version: a.dataVersion,
  };
}

/** The largest multiple of the file system's block that fits one message, but never less than the block. */
function preferredSize(blksize: bigint, most: number): bigint {
  const block = Number(blksize);
  return block > 0 && block < most ? BigInt(most - (most % block)) : blksize;
}

/** What Tsetattr asks for; EINVAL for bits, sizes and times that cannot be. */
function toChange(body: RequestBody<'Tsetattr'>): AttributeChange {
  const { valid, mode, uid, gid, size } = body;
  if ((valid & ~ALL_CHANGES) !== 0) fail('EINVAL');
  if ((valid & SETATTR.SIZE) !== 0 && size > OFFSET_MAX) fail('EINVAL');
  const change: { -readonly [K in keyof AttributeChange]: AttributeChange[K] } = {};
  if ((valid & SETATTR.MODE) !== 0) change.mode = mode & MODE.permissions;
  if ((valid & SETATTR.UID) !== 0 && uid !== UNCHANGED_ID) change.uid = uid;
  if ((valid & SETATTR.GID) !== 0 && gid !== UNCHANGED_ID) change.gid = gid;
  if ((valid & SETATTR.SIZE) !== 0) change.size = size;
  if ((valid & SETATTR.ATIME) !== 0) {
    change.atime = (valid & SETATTR.ATIME_SET) === 0 ? 'now' : toTimestamp(body.atime_sec, body.atime_nsec);
  }
  if ((valid & SETATTR.MTIME) !== 0) {
    change.mtime = (valid & SETATTR.MTIME_SET) === 0 ? 'now' : toTimestamp(body.mtime_sec, body.mtime_nsec);
  }
  if ((valid & SETATTR.CTIME) !== 0 && valid === SETATTR.CTIME) change.ctime = true;
  return change;
}

/** Seconds are signed on the host: the top half of the wire's range lies before 1970. */
function toTimestamp(seconds: bigint, nanoseconds: bigint): Timestamp {
  if (nanoseconds >= NANOSECONDS) fail('EINVAL');
  return { seconds: BigInt.asIntN(64, seconds), nanoseconds: Number(nanoseconds) };
}
