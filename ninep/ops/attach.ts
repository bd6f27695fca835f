import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { attempt } from '../maybe-async.ts';
import { NOFID } from '../wire-types.ts';

/** n_uname of a client that gives only a name. @spec 9P2000.u attach: NONUNAME */
const NONUNAME = 0xffff_ffff;

/** Introducing a user to a tree. No export requires authentication, so there is never an afid. */
export const attachOps = {
  /** ENOENT is how diod says that there is nothing to authenticate for; its tools take any other error as the end. */
  Tauth() {
    return fail('ENOENT');
  },

  Tattach(call, { fid: number, afid, uname, aname, n_uname }) {
    const { connection } = call;
    if (afid !== NOFID) fail('EBADF');
    const credential = {
      uname: uname.slice(),
      uid: n_uname === NONUNAME ? undefined : n_uname,
      aname: aname.slice(),
    };
    const backend = connection.select(credential);
    const fid = connection.fids.reserve(number);
    return attempt(
      () => backend.attach(credential),
      (node) => {
        fid.backend = backend;
        fid.node = node;
        fid.move('bind');
        return { qid: node.qid };
      },
      (error) => {
        connection.fids.retire(fid);
        throw error;
      },
    );
  },
} satisfies Pick<Handlers, 'Tauth' | 'Tattach'>;
