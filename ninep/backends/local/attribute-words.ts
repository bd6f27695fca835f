import { S, STATX, STATX_WORD } from 'node-hostfs';
import { GETATTR } from '../../backend.ts';
import {
  QID_PATH_WORD,
  QID_TYPE_AT,
  QID_VERSION_WORD,
  type RgetattrMessage,
  rgetattrWord,
  VALID_AT,
} from '../../rgetattr.ts';
import type { HostObject } from './host-object.ts';
import { qidType, type Share } from './share.ts';

/** The fields that are in Rgetattr what they are in the host's answer: their words there and here. */
const SAME: readonly (readonly [to: number, from: number])[] = [
  ...low('uid', STATX_WORD.uid),
  ...low('gid', STATX_WORD.gid),
  ...low('nlink', STATX_WORD.nlink),
  ...low('blksize', STATX_WORD.blksize),
  ...whole('size', STATX_WORD.size),
  ...whole('blocks', STATX_WORD.blocks),
  ...whole('atime_sec', STATX_WORD.atime),
  ...low('atime_nsec', STATX_WORD.atime + 2),
  ...whole('mtime_sec', STATX_WORD.mtime),
  ...low('mtime_nsec', STATX_WORD.mtime + 2),
  ...whole('ctime_sec', STATX_WORD.ctime),
  ...low('ctime_nsec', STATX_WORD.ctime + 2),
  [QID_PATH_WORD, STATX_WORD.ino],
  [QID_PATH_WORD + 1, STATX_WORD.ino + 1],
];
const BORN: typeof SAME = [...whole('btime_sec', STATX_WORD.btime), ...low('btime_nsec', STATX_WORD.btime + 2)];
const MODE_WORD = rgetattrWord('mode');
const RDEV_WORD = rgetattrWord('rdev');
const TO = Uint8Array.from([...SAME, ...BORN], ([to]) => to);
const FROM = Uint8Array.from([...SAME, ...BORN], ([, from]) => from);

type WordField = Parameters<typeof rgetattrWord>[0];

/** A field of 32 bits, or of 64 with nothing in the upper ones. */
function low(field: WordField, from: number): (readonly [number, number])[] {
  return [[rgetattrWord(field), from]];
}

function whole(field: WordField, from: number): (readonly [number, number])[] {
  const to = rgetattrWord(field);
  return [
    [to, from],
    [to + 1, from + 1],
  ];
}

/**
 * What `toAttributes` says, word by word from statx's answer to Rgetattr's; false, and nothing written, where a security
 * model keeps attributes of its own or the qid's path is not the inode number.
 */
export function attributesInto(share: Share, object: HostObject, reply: RgetattrMessage): boolean {
  if (share.store !== undefined || !share.qids.isInode(object.devMajor, object.devMinor)) return false;
  const { bytes, words } = reply;
  const stat = share.statOf(object.fd);
  const { mode } = stat;
  const born = (stat.mask & STATX.BTIME) !== 0;
  const count = born ? TO.length : SAME.length;
  words.fill(0);
  for (let i = 0; i < count; i++) words[TO[i] ?? 0] = stat.words[FROM[i] ?? 0] ?? 0;
  const valid = born ? VALID_WITH_BIRTH : VALID;
  bytes[VALID_AT] = valid & 0xff;
  bytes[VALID_AT + 1] = valid >> 8;
  bytes[QID_TYPE_AT] = qidType(mode & S.IFMT);
  words[QID_VERSION_WORD] = stat.changeStamp || 1;
  words[MODE_WORD] = mode;
  const { rdevMajor, rdevMinor } = stat;
  if (rdevMajor !== 0 || rdevMinor !== 0) {
    const { rdev } = stat;
    words[RDEV_WORD] = Number(BigInt.asUintN(32, rdev));
    words[RDEV_WORD + 1] = Number(rdev >> 32n);
  }
  return true;
}

const VALID = Number(GETATTR.basic);
const VALID_WITH_BIRTH = Number(GETATTR.basic | GETATTR.btime);
