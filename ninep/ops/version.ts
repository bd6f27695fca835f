import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';

const EMPTY = {};

/** Beginning a conversation, and taking a request back. */
export const versionOps = {
  Tversion(call, { msize, version }) {
    const { connection } = call;
    return after(connection.restart(call), () => {
      // Another Tversion or a reset came meanwhile: what is agreed is agreed there.
      if (call.dropped) fail('EINTR');
      return connection.negotiate(msize, version);
    });
  },

  Tflush(call, { oldtag }) {
    const target = call.connection.findCall(oldtag);
    if (target === undefined) return EMPTY;
    target.flush();
    return target.ended().then(() => EMPTY);
  },
} satisfies Pick<Handlers, 'Tversion' | 'Tflush'>;
