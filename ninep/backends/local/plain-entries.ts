import type { Dirents } from 'node-hostfs';
import { DIRECTORY_ENTRY } from '../../messages.ts';
import { qidType } from './share.ts';

const { qid, offset, type, name } = DIRECTORY_ENTRY;
const PATH_AT = qid.minimum - 8;
const TYPE_AT = qid.minimum + offset.minimum;
const NAME_AT = TYPE_AT + type.minimum + name.minimum;
const LENGTH_AT = NAME_AT - name.minimum;

/**
 * Puts the current entry of `batch` at byte `at` of `out` as Rreaddir carries it: its qid's path is the inode number, its
 * version 0. The record in `batch` begins with those 16 bytes that the entry has in its middle, in the same order.
 *
 * @param host the type, a value of `DT`
 * @returns where the entry ends, or -1 where it does not fit; then nothing is written.
 * @spec 9P2000.L readdir; Linux getdents64(2)
 */
export function putPlainEntry(batch: Dirents, host: number, out: Uint8Array, at: number): number {
  const { bytes, at: from, nameAt, nameEnd } = batch;
  const length = nameEnd - nameAt;
  const end = at + NAME_AT + length;
  if (end > out.length) return -1;
  out[at] = qidType(host << 12);
  for (let i = 1; i < PATH_AT; i++) out[at + i] = 0;
  for (let i = 0; i < 16; i++) out[at + PATH_AT + i] = bytes[from + i] ?? 0;
  out[at + TYPE_AT] = host;
  out[at + LENGTH_AT] = length & 0xff;
  out[at + LENGTH_AT + 1] = length >> 8;
  for (let i = 0; i < length; i++) out[at + NAME_AT + i] = bytes[nameAt + i] ?? 0;
  return end;
}

/** The cookie of the entry that `putPlainEntry` put at byte `at`. */
export function cookieOf(out: Uint8Array, at: number): bigint {
  return new DataView(out.buffer, out.byteOffset, out.byteLength).getBigUint64(at + qid.minimum, true);
}

/** Gives the entry at byte `at` another path. */
export function setPath(out: Uint8Array, at: number, path: bigint): void {
  new DataView(out.buffer, out.byteOffset, out.byteLength).setBigUint64(at + PATH_AT, path, true);
}
