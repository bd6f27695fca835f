import type { MaybeAsync, Name, Node, WalkResult } from '../backend.ts';
import type { Call } from '../call.ts';
import { HEADER_SIZE, MAXWELEM } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt, isPending } from '../maybe-async.ts';
import type { ReplyBody } from '../messages.ts';
import { checkName } from '../names.ts';

type Rwalk = ReplyBody<'Twalk'>;

const NO_QIDS: Rwalk = { wqid: [] };

/** The way through the tree. A walk that gets only part of the way answers the qids it saw and makes no fid. */
export const walkOps = {
  Twalk(call, { fid: number, newfid, wname }) {
    if (wname.length > MAXWELEM) fail('EINVAL');
    for (let i = 0; i < wname.length; i++) {
      const name = wname[i];
      if (name !== undefined) checkName(name);
    }
    if (HEADER_SIZE + 2 + 13 * wname.length > call.replyLimit) fail('EMSGSIZE');
    const from = call.hold(number);
    const node = from.requireNode();
    if (newfid === number) return walkInPlace(call, from, node, wname);
    const fid = call.connection.fids.reserve(newfid);
    fid.backend = from.backend;
    fid.plan9 = from.plan9?.walk(wname);
    let result: MaybeAsync<WalkResult>;
    try {
      result = wname.length === 0 ? after(node.clone(), arrived) : node.walk(wname);
    } catch (error) {
      call.connection.fids.retire(fid);
      throw error;
    }
    return isPending(result) ? arriveLater(call, fid, result, wname) : arrive(call, fid, result, wname);
  },
} satisfies Pick<Handlers, 'Twalk'>;

/** The new fid stands for where the walk ended, or is none. */
function arrive(call: Call, fid: Fid, result: WalkResult, wname: readonly Name[]): Rwalk {
  if (result.node === undefined) {
    call.connection.fids.retire(fid);
    return partial(result, wname);
  }
  fid.node = result.node;
  fid.move('bind');
  return complete(result, wname);
}

function arriveLater(call: Call, fid: Fid, pending: Promise<WalkResult>, wname: readonly Name[]): Promise<Rwalk> {
  return pending.then(
    (result) => arrive(call, fid, result, wname),
    (error) => {
      call.connection.fids.retire(fid);
      throw error;
    },
  );
}

function arrived(node: Node): WalkResult {
  return { qids: [], node };
}

/** newfid is fid itself: the fid moves on, or stays where it is if the walk does not arrive. */
function walkInPlace(call: Call, from: Fid, node: Node, wname: readonly Name[]) {
  from.move('begin');
  if (wname.length === 0) {
    from.move('undo');
    return NO_QIDS;
  }
  return attempt(
    () => node.walk(wname),
    (result) => {
      if (result.node === undefined) {
        from.move('undo');
        return partial(result, wname);
      }
      const moved = call.connection.fids.replace(from, result.node);
      if (moved !== undefined) {
        moved.plan9 = from.plan9?.walk(wname);
        return complete(result, wname);
      }
      return after(result.node.release(), () => complete(result, wname));
    },
    (error) => {
      from.move('undo');
      throw error;
    },
  );
}

function complete(result: WalkResult, wname: readonly Name[]): Rwalk {
  if (result.qids.length !== wname.length) throw new Error('a backend walked and returned another number of qids');
  return { wqid: result.qids };
}

function partial(result: WalkResult, wname: readonly Name[]): Rwalk {
  if (result.qids.length >= wname.length) throw new Error('a backend walked all the way and returned no node');
  if (result.qids.length === 0) fail('ENOENT');
  return { wqid: result.qids };
}
