import { AT, E, KEEP_ID, makedev, O, S } from 'node-hostfs';
import type { Credential, MaybeAsync, Name, OpenFile, Qid } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { after, isPending } from '../../maybe-async.ts';
import { checkEntryName, ON_CREATE } from '../../names.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { opened, openFlags, openObject } from './open-object.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import { NO_NAME, type Share } from './share.ts';
import { adopt, type Found, lookup } from './walk.ts';

/**
 * Making things in a directory. Each is made with no rights for others, then given its owner, then its mode, so it is never
 * setuid for the wrong user; if one of the steps fails, the name is taken back and nothing was made.
 */

/** Where something is made, and for whom. */
export interface Maker {
  readonly share: Share;
  readonly directory: HostObject;
  readonly credential: Credential;
  readonly gid: number;
}

/** How often a name may appear and vanish under our hands before we give up. */
const TRIES = 8;

/** Creates a regular file and opens it; without O_EXCL, one that is there already is opened as it is. */
export function createFile(
  maker: Maker,
  name: Name,
  flags: number,
  mode: number,
): MaybeAsync<{ object: HostObject; file: OpenFile }> {
  const { share, directory, credential } = maker;
  share.requireWritable();
  checkEntryName(name, ON_CREATE);
  const wanted = openFlags(share, flags) & ~O.DIRECTORY;
  const making = wanted | O.CREAT | O.EXCL | O.NOFOLLOW | O.NOCTTY | O.NONBLOCK;
  for (let tries = 0; tries < TRIES; tries++) {
    const fd = share.hostfs.openat2(directory.fd, name, making, 0o600, STRICTLY_BELOW);
    // A new file is empty: emptying it would count as a change of its content, and take setuid away.
    if (fd >= 0) return settleFile(maker, name, fd, wanted & ~O.TRUNC, mode);
    if (fd !== -E.EXIST || (flags & O.EXCL) !== 0) throw errnoOf(-fd);
    const found = lookupIfThere(share, directory, name);
    if (found === undefined) continue;
    return openExisting(share, found.object, wanted, credential);
  }
  return fail('ESTALE');
}

export function makeDirectory(maker: Maker, name: Name, mode: number): Qid {
  const make = (dirfd: number) => maker.share.hostfs.mkdirat(dirfd, name, 0o700);
  return makeEntry(maker, name, S.IFDIR, mode, make);
}

/** Makes a device, a FIFO, a socket or an empty regular file, as the type bits of `mode` say; others are EINVAL. */
export function makeNode(maker: Maker, name: Name, mode: number, major: number, minor: number): Qid {
  const format = mode & S.IFMT;
  if (!NODE_FORMATS.includes(format)) fail('EINVAL');
  const make = (dirfd: number) => maker.share.hostfs.mknodat(dirfd, name, format | 0o600, makedev(major, minor));
  return makeEntry(maker, name, format, mode, make);
}

const NODE_FORMATS: readonly number[] = [S.IFREG, S.IFIFO, S.IFSOCK, S.IFCHR, S.IFBLK];

export function makeSymlink(maker: Maker, name: Name, target: Uint8Array): Qid {
  const make = (dirfd: number) => maker.share.hostfs.symlinkat(target, dirfd, name);
  return makeEntry(maker, name, S.IFLNK, undefined, make);
}

function lookupIfThere(share: Share, directory: HostObject, name: Name): Found | undefined {
  const fd = share.hostfs.openat2(directory.fd, name, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
  return fd === -E.NOENT ? undefined : adopt(share, fd);
}

function openExisting(
  share: Share,
  object: HostObject,
  flags: number,
  credential: Credential,
): MaybeAsync<{ object: HostObject; file: OpenFile }> {
  try {
    if (object.isDirectory) fail('EISDIR');
    const file = openObject(share, object, flags, credential);
    const settled = after(file, (file) => ({ object, file }));
    if (isPending(settled)) {
      return settled.catch((error: unknown) => {
        object.release();
        throw error;
      });
    }
    return settled;
  } catch (error) {
    object.release();
    throw error;
  }
}

function settleFile(maker: Maker, name: Name, fd: number, flags: number, mode: number) {
  const { share, credential } = maker;
  let object: HostObject | undefined;
  let ours = true;
  try {
    setOwner(maker, fd);
    check(share.hostfs.fchmod(fd, mode & 0o7777));
    object = adopt(share, share.hostfs.reopen(fd, O.PATH)).object;
    ours = false;
    return { object, file: opened(share, object, fd, flags, credential) };
  } catch (error) {
    if (ours) share.hostfs.close(fd);
    object?.release();
    share.hostfs.unlinkat(maker.directory.fd, name, 0);
    throw error;
  }
}

function makeEntry(
  maker: Maker,
  name: Name,
  format: number,
  mode: number | undefined,
  make: (dirfd: number) => number,
): Qid {
  const { share, directory } = maker;
  share.requireWritable();
  checkEntryName(name, ON_CREATE);
  check(make(directory.fd));
  const { object } = lookupMade(share, directory, name, format);
  try {
    // Somebody on the host was quicker: what is there now is not ours to change or to remove.
    if (object.format !== format || hasOtherNames(share, object)) fail('ESTALE');
    try {
      setOwner(maker, object.fd);
      if (mode !== undefined) check(share.hostfs.fchmod(object.fd, mode & 0o7777));
      return share.qidOf(share.statOf(object.fd));
    } catch (error) {
      undo(share, directory, name, object);
      throw error;
    }
  } finally {
    object.release();
  }
}

/** Finds what was just made, or takes its name back. */
function lookupMade(share: Share, directory: HostObject, name: Name, format: number): Found {
  try {
    return lookup(share, directory, name);
  } catch (error) {
    share.hostfs.unlinkat(directory.fd, name, format === S.IFDIR ? AT.REMOVEDIR : 0);
    throw error;
  }
}

/** What was just made has one name; another file linked in under it has more. */
function hasOtherNames(share: Share, object: HostObject): boolean {
  return !object.isDirectory && share.statOf(object.fd).nlink > 1;
}

function undo(share: Share, directory: HostObject, name: Name, object: HostObject): void {
  if (!object.matches(share.statAt(directory.fd, name))) return;
  share.hostfs.unlinkat(directory.fd, name, object.isDirectory ? AT.REMOVEDIR : 0);
}

function setOwner({ share, credential, gid }: Maker, fd: number): void {
  const result = share.hostfs.fchownat(fd, NO_NAME, credential.uid ?? KEEP_ID, gid, AT.EMPTY_PATH);
  if (share.model.ownersMustHold) check(result);
}
