import { copyIn, copyOut } from '../../bytes/segments.ts';
import type { Payload } from '../../bytes/wire.ts';
import type { Call } from '../call.ts';
import { OFFSET_MAX } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, isPending } from '../maybe-async.ts';

const EMPTY = {};

/** Offsets up to here can take any count without passing the largest file offset. */
const OFFSET_LIMIT = OFFSET_MAX - 0xffff_ffffn;

/** Bytes of a file, in place: a read fills the reply's own memory, a write takes them out of the request's. */
export const ioOps = {
  Tread(call, { fid: number, offset, count }) {
    const fid = call.hold(number);
    const room = call.dataRoom(count);
    if (fid.state === 'xattr-read') return readXattr(call, fid, offset, room);
    const file = fid.requireFile();
    if (offset > OFFSET_LIMIT) fail('EINVAL');
    const segments = call.dataArea(room);
    if (room === 0) return { data: { segments, length: 0 } };
    const length = file.read(offset, segments, call);
    if (!isPending(length)) return { data: { segments, length: transferred(length, room) } };
    return length.then((later) => ({ data: { segments, length: transferred(later, room) } }));
  },

  Twrite(call, { fid: number, offset, data }) {
    const fid = call.hold(number);
    if (fid.state === 'xattr-write') return writeXattr(fid, offset, data);
    const file = fid.requireFile();
    if (offset > OFFSET_LIMIT) fail('EFBIG');
    if (data.length === 0) return { count: 0 };
    const count = file.write(offset, data.segments, call);
    if (!isPending(count)) return { count: transferred(count, data.length) };
    return count.then((later) => ({ count: transferred(later, data.length) }));
  },

  Tfsync(call, { fid: number, datasync }) {
    return after(
      call
        .hold(number)
        .requireFile()
        .fsync(datasync !== 0),
      nothing,
    );
  },
} satisfies Pick<Handlers, 'Tread' | 'Twrite' | 'Tfsync'>;

function nothing() {
  return EMPTY;
}

/** A backend that claims to have moved more than it was given would make the client trust bytes nobody wrote. */
export function transferred(count: number, most: number): number {
  if (!(count >= 0 && count <= most && Number.isInteger(count))) {
    throw new Error(`a backend says it moved ${count} of ${most} bytes`);
  }
  return count;
}

function readXattr(call: Call, fid: Fid, offset: bigint, room: number) {
  const value = fid.xattr?.value ?? fail('EBADF');
  const start = offset < BigInt(value.length) ? Number(offset) : value.length;
  const length = Math.min(room, value.length - start);
  const segments = call.dataArea(length);
  copyIn(segments, 0, value.subarray(start), length);
  return { data: { segments, length } };
}

/** The value of Txattrcreate comes in order and without gaps: EINVAL out of order, ENOSPC beyond the announced size. */
function writeXattr(fid: Fid, offset: bigint, data: Payload) {
  const xattr = fid.xattr ?? fail('EBADF');
  if (offset !== BigInt(xattr.filled)) fail('EINVAL');
  if (data.length > xattr.value.length - xattr.filled) fail('ENOSPC');
  copyOut(data.segments, 0, xattr.value.subarray(xattr.filled), data.length);
  xattr.filled += data.length;
  return { count: data.length };
}
