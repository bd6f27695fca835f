import type { Credential, MaybeAsync } from '../backend.ts';
import type { Call } from '../call.ts';
import { ERRNO, Errno, fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { attempt } from '../maybe-async.ts';
import type { ReplyBody, RequestBody } from '../messages.ts';
import { NO_ID } from '../plan9.ts';
import { Plan9Fid } from '../plan9-fid.ts';
import { userNumber } from '../users.ts';
import { NOFID } from '../wire-types.ts';

/** How a server says that Tattach will do without Tauth. @spec Plan 9 attach(5) */
const NOT_REQUIRED = new Errno(ERRNO.ENOENT, 'ENOENT', 'authentication not required');

/** Introducing a user to a tree. No export requires authentication, so there is never an afid. */
export const attachOps = {
  /** ENOENT is how diod says that there is nothing to authenticate for; its tools take any other error as the end. */
  Tauth() {
    throw NOT_REQUIRED;
  },

  Tattach(call, body) {
    return attach(call, body, () => undefined);
  },
} satisfies Pick<Handlers, 'Tauth' | 'Tattach'>;

/** As above, and the fid knows how it is called. */
export const plainAttachOps = {
  Tauth: attachOps.Tauth,

  Tattach(call, body) {
    return attach(call, body, (fid, credential) => {
      fid.plan9 = Plan9Fid.root(credential);
    });
  },
} satisfies Pick<Handlers<'9P2000.u'>, 'Tauth' | 'Tattach'>;

function attach(
  call: Call,
  { fid: number, afid, uname, aname, n_uname }: RequestBody<'Tattach'>,
  introduce: (fid: Fid, credential: Credential) => void,
): MaybeAsync<ReplyBody<'Tattach'>> {
  const { connection } = call;
  if (afid !== NOFID) fail('EBADF');
  const credential = {
    uname: uname.slice(),
    uid: n_uname === NO_ID ? userNumber(uname) : n_uname,
    aname: aname.slice(),
  };
  const backend = connection.select(credential);
  const fid = connection.fids.reserve(number);
  return attempt(
    () => backend.attach(credential),
    (node) => {
      fid.backend = backend;
      fid.node = node;
      introduce(fid, credential);
      fid.move('bind');
      return { qid: node.qid };
    },
    (error) => {
      connection.fids.retire(fid);
      throw error;
    },
  );
}
