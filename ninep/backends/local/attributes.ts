import { S, STATX } from 'node-hostfs';
import { type Attributes, GETATTR, type Timestamp } from '../../backend.ts';
import type { HostObject } from './host-object.ts';
import { type Stored, seenMode } from './mapped/stored.ts';
import type { Share } from './share.ts';

const NOTHING: Stored = {};
const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };

/** What Tgetattr answers, from what statx answered and what the model keeps. The birth time is there where the file system keeps one. */
export function toAttributes(share: Share, object: HostObject): Attributes {
  const stored = share.store?.read(object) ?? NOTHING;
  const own = object.isDirectory ? (share.store?.ownLinks(object) ?? 0) : 0;
  const stat = share.statOf(object.fd);
  const mode = seenMode(stat.mode, stored);
  const born = (stat.mask & STATX.BTIME) !== 0;
  return {
    valid: born ? GETATTR.basic | GETATTR.btime : GETATTR.basic,
    qid: share.qidOf(stat, mode & S.IFMT),
    mode,
    uid: stored.uid ?? stat.uid,
    gid: stored.gid ?? stat.gid,
    nlink: BigInt(stat.nlink - own),
    rdev: stored.rdev ?? stat.rdev,
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
