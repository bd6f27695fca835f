import { type AttributeChange, type Attributes, GETATTR, type Timestamp } from '../../backend.ts';
import { SETATTR } from '../../constants.ts';
import type { ReplyBody, RequestBody } from '../../messages.ts';
import type { FidNumber } from '../../wire-types.ts';

/** What Rgetattr says, as a backend says it. */
export function fromReply(reply: ReplyBody<'Tgetattr'>): Attributes {
  return {
    valid: reply.valid & GETATTR.all,
    qid: reply.qid,
    mode: reply.mode,
    uid: reply.uid,
    gid: reply.gid,
    nlink: reply.nlink,
    rdev: reply.rdev,
    size: reply.size,
    blksize: reply.blksize,
    blocks: reply.blocks,
    atime: timestamp(reply.atime_sec, reply.atime_nsec),
    mtime: timestamp(reply.mtime_sec, reply.mtime_nsec),
    ctime: timestamp(reply.ctime_sec, reply.ctime_nsec),
    btime: timestamp(reply.btime_sec, reply.btime_nsec),
    gen: reply.gen,
    dataVersion: reply.data_version,
  };
}

function timestamp(seconds: bigint, nanoseconds: bigint): Timestamp {
  return { seconds: BigInt.asIntN(64, seconds), nanoseconds: Number(BigInt.asUintN(32, nanoseconds)) };
}

/** The Tsetattr that asks for a change. */
export function toRequest(fid: FidNumber, change: AttributeChange): RequestBody<'Tsetattr'> {
  const { mode, uid, gid, size, atime, mtime, ctime } = change;
  let valid = 0;
  if (mode !== undefined) valid |= SETATTR.MODE;
  if (uid !== undefined) valid |= SETATTR.UID;
  if (gid !== undefined) valid |= SETATTR.GID;
  if (size !== undefined) valid |= SETATTR.SIZE;
  if (atime !== undefined) valid |= atime === 'now' ? SETATTR.ATIME : SETATTR.ATIME | SETATTR.ATIME_SET;
  if (mtime !== undefined) valid |= mtime === 'now' ? SETATTR.MTIME : SETATTR.MTIME | SETATTR.MTIME_SET;
  if (ctime) valid |= SETATTR.CTIME;
  const [atime_sec, atime_nsec] = wireTime(atime);
  const [mtime_sec, mtime_nsec] = wireTime(mtime);
  return {
    fid,
    valid,
    mode: mode ?? 0,
    uid: uid ?? 0,
    gid: gid ?? 0,
    size: size ?? 0n,
    atime_sec,
    atime_nsec,
    mtime_sec,
    mtime_nsec,
  };
}

function wireTime(time: Timestamp | 'now' | undefined): [bigint, bigint] {
  if (time === undefined || time === 'now') return [0n, 0n];
  return [BigInt.asUintN(64, time.seconds), BigInt(time.nanoseconds)];
}
