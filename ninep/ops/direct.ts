import { copyIn } from '../../bytes/segments.ts';
import type { Call } from '../call.ts';
import { codecOf } from '../codec.ts';
import { IO_HEADER_SIZE, READ_OVERHEAD } from '../constants.ts';
import { fieldOffset } from '../field-offset.ts';
import type { DirectHandlers } from '../handlers.ts';
import { RgetattrMessage, rgetattrWord } from '../rgetattr.ts';
import { transferred } from './io.ts';

/**
 * What clients ask all the time, served from the bytes of the request into those of the reply. Whatever is out of the
 * ordinary, errors included, is left to the handlers of `attrOps` and `ioOps`.
 */

/** The general way is to be taken. */
const UNSERVED = 0;

const GETATTR = { size: codecOf('Tgetattr').minimum, fid: fieldOffset('Tgetattr', 'fid') };
const READ = {
  size: codecOf('Tread').minimum,
  fid: fieldOffset('Tread', 'fid'),
  offset: fieldOffset('Tread', 'offset'),
  count: fieldOffset('Tread', 'count'),
};
const WRITE = {
  size: codecOf('Twrite').minimum,
  fid: fieldOffset('Twrite', 'fid'),
  offset: fieldOffset('Twrite', 'offset'),
  count: fieldOffset('Twrite', 'data'),
};
const RGETATTR = codecOf('Rgetattr');
const RREAD = codecOf('Rread');
const RWRITE = codecOf('Rwrite');

/** Reused, since it is copied into the reply in the same turn. */
const attributes = new RgetattrMessage();
const BLOCK_SIZE_WORD = rgetattrWord('blksize');
const written = new Uint8Array(RWRITE.minimum);

export const directOps: DirectHandlers = {
  Tgetattr(call) {
    const { connection } = call;
    if (call.copied !== GETATTR.size) return UNSERVED;
    const fid = connection.fids.find(call.u32(GETATTR.fid));
    const node = fid?.state === 'xattr-write' ? undefined : fid?.node;
    if (node?.getattrInto?.(attributes) !== true) return UNSERVED;
    if (connection.scaleBlockSize) scaleBlockSize(attributes.words, connection.msize - IO_HEADER_SIZE);
    putHeader(attributes.bytes, RGETATTR.minimum, RGETATTR.type, call.tag);
    copyIn(call.reply, 0, attributes.bytes, RGETATTR.minimum);
    return RGETATTR.minimum;
  },

  Tread(call) {
    const file = call.connection.fids.find(call.u32(READ.fid))?.file;
    if (file?.readNow === undefined || call.copied !== READ.size) return UNSERVED;
    const offset = offsetAt(call, READ.offset);
    const room = call.dataRoom(call.u32(READ.count));
    const [head, data] = call.reply;
    if (offset < 0 || room === 0 || head === undefined) return UNSERVED;
    let length: number;
    if (head.length >= READ_OVERHEAD + room) {
      length = file.readNow(offset, head, READ_OVERHEAD, READ_OVERHEAD + room);
    } else if (head.length === READ_OVERHEAD && data !== undefined && data.length >= room) {
      length = file.readNow(offset, data, 0, room);
    } else return UNSERVED;
    if (length < 0) return UNSERVED;
    putHeader(head, READ_OVERHEAD + transferred(length, room), RREAD.type, call.tag);
    putU32(head, READ_OVERHEAD - 4, length);
    return READ_OVERHEAD + length;
  },

  Twrite(call) {
    const file = call.connection.fids.find(call.u32(WRITE.fid))?.file;
    if (file?.writeNow === undefined || call.copied !== WRITE.size) return UNSERVED;
    const offset = offsetAt(call, WRITE.offset);
    const count = call.u32(WRITE.count);
    const [head, data] = call.request;
    if (offset < 0 || count === 0 || count !== call.size - WRITE.size || head === undefined) return UNSERVED;
    let length: number;
    if (head.length >= call.size) length = file.writeNow(offset, head, WRITE.size, call.size);
    else if (head.length === WRITE.size && data !== undefined && data.length >= count) {
      length = file.writeNow(offset, data, 0, count);
    } else return UNSERVED;
    if (length < 0) return UNSERVED;
    putHeader(written, RWRITE.minimum, RWRITE.type, call.tag);
    putU32(written, RWRITE.minimum - 4, transferred(length, count));
    copyIn(call.reply, 0, written, RWRITE.minimum);
    return RWRITE.minimum;
  },
};

/** A file offset that a number can be exact about, with any count; -1 for one beyond. */
function offsetAt(call: Call, at: number): number {
  const high = call.u32(at + 4);
  return high < 2 ** 20 ? call.u32(at) + high * 2 ** 32 : -1;
}

/** As `preferredSize` does: the largest multiple of the file system's block that is at most `most`, if there is one. */
function scaleBlockSize(words: Uint32Array, most: number): void {
  const block = words[BLOCK_SIZE_WORD] ?? 0;
  if (block > 0 && block < most) words[BLOCK_SIZE_WORD] = most - (most % block);
}

function putHeader(to: Uint8Array, size: number, type: number, tag: number): void {
  putU32(to, 0, size);
  to[4] = type;
  to[5] = tag & 0xff;
  to[6] = tag >>> 8;
}

function putU32(to: Uint8Array, at: number, value: number): void {
  to[at] = value & 0xff;
  to[at + 1] = (value >>> 8) & 0xff;
  to[at + 2] = (value >>> 16) & 0xff;
  to[at + 3] = value >>> 24;
}
