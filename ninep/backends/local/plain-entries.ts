import type { Dirents } from 'node-hostfs';
import { DIRECTORY_ENTRY } from '../../messages.ts';
import { qidType } from './share.ts';

const { qid, offset, type, name } = DIRECTORY_ENTRY;
const VERSION_AT = 1;
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
export function putPlainEntry(batch: Dirents, host: number, out: DataView, at: number): number {
  const { view, at: from, nameAt } = batch;
  const length = batch.nameEnd - nameAt;
  const end = at + NAME_AT + length;
  if (end > out.byteLength) return -1;
  out.setUint8(at, qidType(host << 12));
  out.setUint32(at + VERSION_AT, 0);
  copy(view, from, out, at + PATH_AT, 16);
  out.setUint8(at + TYPE_AT, host);
  out.setUint16(at + LENGTH_AT, length, true);
  copy(view, nameAt, out, at + NAME_AT, length);
  return end;
}

/** A view and a `set` cost more than these few bytes. */
function copy(from: DataView, fromAt: number, to: DataView, toAt: number, length: number): void {
  let done = 0;
  for (; done + 4 <= length; done += 4) to.setUint32(toAt + done, from.getUint32(fromAt + done));
  for (; done < length; done++) to.setUint8(toAt + done, from.getUint8(fromAt + done));
}

/** The cookie of the entry that `putPlainEntry` put at byte `at`. */
export function cookieOf(out: DataView, at: number): bigint {
  return out.getBigUint64(at + qid.minimum, true);
}

/** Gives the entry at byte `at` another path. */
export function setPath(out: DataView, at: number, path: bigint): void {
  out.setBigUint64(at + PATH_AT, path, true);
}
