import type { LockRange } from '../backend.ts';
import { LOCK_FLAGS, OFFSET_MAX } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import type { RequestBody } from '../messages.ts';

const READ = 0;
const WRITE = 1;
const UNLOCK = 2;

/** Byte-range locks. They never wait here: a client that wants to wait is told BLOCKED and asks again. */
export const lockOps = {
  Tlock(call, body) {
    if ((body.flags & ~LOCK_FLAGS.BLOCK) !== 0) fail('EINVAL');
    const { type } = body;
    if (type !== READ && type !== WRITE && type !== UNLOCK) fail('EINVAL');
    const file = call.hold(body.fid).requireFile();
    return after(file.lock(toRange(body, type)), (status) => ({ status }));
  },

  Tgetlock(call, body) {
    // Linux asks with UNLCK whatever the program asked for, so that type means: anything that would stop a writer.
    if (body.type > UNLOCK) fail('EINVAL');
    const file = call.hold(body.fid).requireFile();
    return after(file.getlock(toRange(body, body.type === READ ? READ : WRITE)), (found) => {
      const { start, length, proc_id, client_id } = body;
      if (found === undefined) return { type: UNLOCK, start, length, proc_id, client_id };
      return {
        type: found.type,
        start: found.start,
        length: found.length,
        proc_id: found.procId,
        client_id: found.clientId,
      };
    });
  },
} satisfies Pick<Handlers, 'Tlock' | 'Tgetlock'>;

/** A range within the offsets a file can have, or EINVAL. Owns its client id. */
function toRange(body: Omit<RequestBody<'Tgetlock'>, 'type'>, type: LockRange['type']): LockRange {
  const { start, length } = body;
  if (start > OFFSET_MAX || (length > 0n && length - 1n > OFFSET_MAX - start)) fail('EINVAL');
  // Up to the last byte is to the end, however it was said; 2^63 bytes would not fit what a host's calls take.
  const toEnd = length > 0n && length - 1n === OFFSET_MAX - start;
  return { type, start, length: toEnd ? 0n : length, procId: body.proc_id, clientId: body.client_id.slice() };
}
