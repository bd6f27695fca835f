import { GETATTR, type MaybeAsync, type Node, QID_TYPE } from '../backend.ts';
import { ACCESS_MODE, OPEN_FLAGS } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import { ACCESS, OPEN } from '../plan9.ts';
import type { PlainVersion } from '../plan9-modes.ts';
import { linkOps } from './link.ts';
import { openFid, openOps } from './open.ts';

const EMPTY = {};

/** Linux's access for Plan 9's; what is executed has to be read by somebody. */
const ACCESS_FLAGS = [ACCESS_MODE.O_RDONLY, ACCESS_MODE.O_WRONLY, ACCESS_MODE.O_RDWR, ACCESS_MODE.O_RDONLY] as const;

const EXECUTABLE = 0o111;

/** Open, clunk and remove in 9P2000 or 9P2000.u. */
export function plainOpenOps(version: PlainVersion) {
  return {
    Topen(call, { fid: number, mode }) {
      const flags = linuxFlags(version, mode);
      const fid = call.hold(number);
      const node = fid.requireNode();
      if ((node.qid.type & QID_TYPE.dir) !== 0) requireReadOnly(mode);
      return after(
        openFid(call, fid, (node) => after(requireExecutable(node, mode), () => node.open(flags))),
        (reply) => {
          if ((mode & OPEN.ORCLOSE) !== 0 && fid.plan9 !== undefined) fid.plan9.removeOnClose = true;
          return reply;
        },
      );
    },

    Tclunk(call, body) {
      const fid = call.connection.fids.get(body.fid);
      if (fid.plan9?.removeOnClose !== true) return openOps.Tclunk(call, body);
      // As a fid that is removed, so that its client hears of it when that fails.
      fid.plan9.removeOnClose = false;
      return after(linkOps.Tremove(call, body), () => EMPTY);
    },

    Tremove(call, body) {
      const { plan9 } = call.connection.fids.get(body.fid);
      if (plan9 !== undefined) plan9.removeOnClose = false;
      return linkOps.Tremove(call, body);
    },
  } satisfies Pick<Handlers<PlainVersion>, 'Topen' | 'Tclunk' | 'Tremove'>;
}

/** The flags of open(2) for an open mode; EINVAL for bits that the dialect does not have. */
export function linuxFlags(version: PlainVersion, mode: number): number {
  const appends = version === '9P2000' ? 0 : OPEN.OAPPEND;
  if ((mode & ~(ACCESS.mask | OPEN.OTRUNC | OPEN.OCEXEC | OPEN.ORCLOSE | appends)) !== 0) fail('EINVAL');
  let flags: number = ACCESS_FLAGS[mode & ACCESS.mask] ?? fail('EINVAL');
  if ((mode & OPEN.OTRUNC) !== 0) flags |= OPEN_FLAGS.O_TRUNC;
  if ((mode & OPEN.OAPPEND) !== 0) flags |= OPEN_FLAGS.O_APPEND;
  return flags;
}

/** EISDIR for what cannot be done with a directory: to write, empty or execute it, or to remove it when closed. */
export function requireReadOnly(mode: number): void {
  const { OTRUNC, ORCLOSE } = OPEN;
  if ((mode & (ACCESS.mask | OTRUNC | ORCLOSE)) !== ACCESS.OREAD) fail('EISDIR');
}

/** EACCES for OEXEC of a file that nobody may execute. */
function requireExecutable(node: Node, mode: number): MaybeAsync<void> {
  if ((mode & ACCESS.mask) !== ACCESS.OEXEC) return;
  return after(node.getattr(GETATTR.mode), (attributes) => {
    if ((attributes.mode & EXECUTABLE) === 0) fail('EACCES');
  });
}
