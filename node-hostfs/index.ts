/** The file-system calls Node lacks, and sockets. Read README.md first, then `calls.ts`. */
export type { AsyncCalls, Calls, Hostfs, Int64, NameBytes } from './calls.ts';
export {
  AT,
  CAP,
  DT,
  FALLOC,
  KEEP_ID,
  LOCK,
  LOCK_TYPE,
  O,
  RENAME,
  RESOLVE,
  RWF,
  S,
  SEEK,
  STATX,
  SYNC_FILE_RANGE,
  UTIME,
  XATTR,
} from './constants.ts';
export { Dirents } from './dirents.ts';
export { E, errnoName } from './errno.ts';
export { FileHandle } from './file-handle.ts';
export { loadHostfs, loadSockets } from './load.ts';
export { LockWords } from './lock-words.ts';
export { SIGNATURES, showCall } from './signatures.ts';
export { READY, type SocketListener, type SocketStream, type Sockets } from './sockets.ts';
export { Statfs } from './statfs.ts';
export { makedev, STATX_WORD, Statx, type StatxTime } from './statx.ts';
