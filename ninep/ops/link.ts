import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import { checkEntryName, ON_CREATE, ON_RENAME } from '../names.ts';

const EMPTY = {};

/** Names that move or multiply: hard links, renames, and the removal of a fid's own name. */
export const linkOps = {
  Tlink(call, { dfid, fid, name }) {
    checkEntryName(name, ON_CREATE);
    const directory = call.hold(dfid);
    const target = call.hold(fid);
    sameExport(directory, target);
    return after(directory.requireNode().link(name, target.requireNode()), nothing);
  },

  Trename(call, { fid, dfid, name }) {
    checkEntryName(name, ON_RENAME);
    const moved = call.hold(fid);
    const directory = call.hold(dfid);
    sameExport(moved, directory);
    return after(moved.requireNode().renameSelf(directory.requireNode(), name), nothing);
  },

  Trenameat(call, { olddirfid, oldname, newdirfid, newname }) {
    checkEntryName(oldname, ON_RENAME);
    checkEntryName(newname, ON_RENAME);
    const from = call.hold(olddirfid);
    const to = call.hold(newdirfid);
    sameExport(from, to);
    return after(from.requireNode().rename(oldname, to.requireNode(), newname), nothing);
  },

  Tremove(call, { fid: number }) {
    const fid = call.hold(number);
    call.connection.fids.retire(fid);
    return after(fid.requireNode().removeSelf(), nothing);
  },
} satisfies Pick<Handlers, 'Tlink' | 'Trename' | 'Trenameat' | 'Tremove'>;

function nothing() {
  return EMPTY;
}

/** Two exports of one session are two file systems. */
export function sameExport(one: Fid, other: Fid): void {
  if (one.backend !== other.backend) fail('EXDEV');
}
