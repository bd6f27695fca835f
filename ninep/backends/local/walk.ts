import { E, O } from 'node-hostfs';
import type { Name, Qid } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { isWithin } from './locate.ts';
import type { Entry } from './mapped/stored.ts';
import { NO_LINKS, STRICTLY_BELOW } from './resolve.ts';
import { qidType, type Share } from './share.ts';

const DOT = 0x2e;
const DOTDOT = Uint8Array.of(DOT, DOT);

/** An object found by name: one reference, to be released by whoever asked, and its qid at that moment. */
export interface Found {
  readonly object: HostObject;
  readonly qid: Qid;
}

/** The object called `name` in `directory`, a symbolic link being itself. */
export function lookup(share: Share, directory: HostObject, name: Name): Found {
  share.names.checkLookup(name);
  if (isDots(name)) return name.length === 1 ? itself(share, directory) : parentOf(share, directory);
  const dirfd = directory.fd;
  return adopt(share, share.hostfs.openat2(dirfd, name, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW), { dirfd, name });
}

/** Takes over an O_PATH descriptor just opened, by `entry` if that is known; throws the errno if it is one. */
export function adopt(share: Share, fd: number, entry?: Entry): Found {
  check(fd);
  let found: Found;
  try {
    const stat = share.statOf(fd);
    share.qids.meet(fd, stat);
    const qid = share.qidOf(stat);
    found = { object: share.hold(fd, stat), qid };
  } catch (error) {
    share.hostfs.close(fd);
    throw error;
  }
  const { object, qid } = found;
  if (share.store === undefined) return found;
  try {
    return { object, qid: { ...qid, type: qidType(share.formatOf(object, entry)) } };
  } catch (error) {
    object.release();
    throw error;
  }
}

function isDots(name: Name): boolean {
  return name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
}

function itself(share: Share, directory: HostObject): Found {
  if (!directory.isDirectory) fail('ENOTDIR');
  const qid = share.qidOf(share.statOf(directory.fd));
  return { object: directory.retain(), qid };
}

/**
 * Where a directory is now, wherever it was found. At the root that is the root. A directory that the host has moved
 * out of the share has no parent in it: ENOENT.
 */
function parentOf(share: Share, directory: HostObject): Found {
  if (!directory.isDirectory) fail('ENOTDIR');
  if (directory.isSameAs(share.root)) return itself(share, directory);
  const fd = share.hostfs.openat2(directory.fd, DOTDOT, O.PATH | O.DIRECTORY, 0, NO_LINKS);
  if (fd === -E.LOOP || fd === -E.XDEV) fail('ENOENT');
  if (fd < 0) throw errnoOf(-fd);
  const parent = adopt(share, fd);
  if (isWithin(share, parent.object)) return parent;
  parent.object.release();
  return fail('ENOENT');
}
