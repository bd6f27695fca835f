import { STATX, type Statx } from 'node-hostfs';
import { type Attributes, GETATTR, type Timestamp } from '../../backend.ts';
import type { Share } from './share.ts';

const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };

/** What Tgetattr answers, from what statx answered. The birth time is there where the file system keeps one. */
export function toAttributes(share: Share, stat: Statx): Attributes {
  const born = (stat.mask & STATX.BTIME) !== 0;
  return {
    valid: born ? GETATTR.basic | GETATTR.btime : GETATTR.basic,
    qid: share.qidOf(stat),
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    nlink: BigInt(stat.nlink),
    rdev: stat.rdev,
    size: stat.size,
    blksize: BigInt(stat.blksize),
    blocks: stat.blocks,
    atime: stat.atime,
    mtime: stat.mtime,
    ctime: stat.ctime,
    btime: born ? stat.btime : EPOCH,
    gen: 0n,
    dataVersion: 0n,
  };
}
