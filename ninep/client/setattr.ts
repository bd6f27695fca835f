import { SETATTR } from '../constants.ts';
import type { RequestBody } from '../messages.ts';
import type { FidNumber } from '../wire-types.ts';

/** What `Tree.setattr` changes. */
export interface Change {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: bigint;
  /** Seconds and nanoseconds, or the server's present time. */
  readonly atime?: readonly [bigint, bigint] | 'now';
  readonly mtime?: readonly [bigint, bigint] | 'now';
}

/** The Tsetattr that changes just what is given. */
export function setattrBody(fid: FidNumber, change: Change): RequestBody<'Tsetattr'> {
  const { mode, uid, gid, size, atime, mtime } = change;
  let valid = 0;
  if (mode !== undefined) valid |= SETATTR.MODE;
  if (uid !== undefined) valid |= SETATTR.UID;
  if (gid !== undefined) valid |= SETATTR.GID;
  if (size !== undefined) valid |= SETATTR.SIZE;
  if (atime !== undefined) valid |= atime === 'now' ? SETATTR.ATIME : SETATTR.ATIME | SETATTR.ATIME_SET;
  if (mtime !== undefined) valid |= mtime === 'now' ? SETATTR.MTIME : SETATTR.MTIME | SETATTR.MTIME_SET;
  const [atime_sec, atime_nsec] = atime === undefined || atime === 'now' ? [0n, 0n] : atime;
  const [mtime_sec, mtime_nsec] = mtime === undefined || mtime === 'now' ? [0n, 0n] : mtime;
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
