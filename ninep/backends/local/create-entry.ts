import { AT, E, type Hostfs, KEEP_ID, makedev, O, S, type Statx } from 'node-hostfs';
import type { Credential, MaybeAsync, Name, OpenFile, Qid } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { after, isPending } from '../../maybe-async.ts';
import { ON_CREATE } from '../../names.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { LocalFile } from './local-file.ts';
import { type Stored, storedOf } from './mapped/stored.ts';
import { openFlags, openObject } from './open-object.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import { NO_NAME, type Share } from './share.ts';
import { adopt, type Found } from './walk.ts';

/**
 * Making things in a directory. Each is made so that nobody has a right to it that they do not have in the end, then given its
 * owner, then its mode, where these are not there already, so it is never setuid for the wrong user; if one of the steps
 * fails, the name is taken back and nothing was made. Under a mapped model owner and mode are kept instead, and all but
 * directories are regular files on the host.
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
  share.names.checkEntry(name, ON_CREATE);
  const stored = keptOf(maker, S.IFREG | (mode & 0o7777));
  const wanted = openFlags(share, flags) & ~O.DIRECTORY;
  const making = wanted | O.CREAT | O.EXCL | O.NOFOLLOW | O.NOCTTY | O.NONBLOCK;
  const born = bitsAtBirth(mode, stored, 0o600);
  for (let tries = 0; tries < TRIES; tries++) {
    const make = (dirfd: number) => share.hostfs.openat2(dirfd, name, making, born, STRICTLY_BELOW);
    const fd = makeKept(maker, name, stored, make);
    // A new file is empty: emptying it would count as a change of its content, and take setuid away.
    if (fd >= 0) return settleFile(maker, name, fd, wanted & ~O.TRUNC, { mode, stored });
    if (fd !== -E.EXIST || (flags & O.EXCL) !== 0) throw errnoOf(-fd);
    const found = lookupIfThere(share, directory, name);
    if (found === undefined) continue;
    return openExisting(share, found.object, wanted, credential);
  }
  return fail('ESTALE');
}

export function makeDirectory(maker: Maker, name: Name, mode: number): Qid {
  const stored = keptOf(maker, S.IFDIR | (mode & 0o7777));
  const born = bitsAtBirth(mode, stored, 0o700);
  const make = (dirfd: number) => maker.share.hostfs.mkdirat(dirfd, name, born);
  return makeEntry(maker, name, { format: S.IFDIR, mode, stored }, make);
}

/** Makes a device, a FIFO, a socket or an empty regular file, as the type bits of `mode` say; others are EINVAL. */
export function makeNode(maker: Maker, name: Name, mode: number, major: number, minor: number): Qid {
  const format = mode & S.IFMT;
  if (!NODE_FORMATS.includes(format)) fail('EINVAL');
  const { hostfs } = maker.share;
  const rdev = makedev(major, minor);
  const stored = keptOf(maker, format | (mode & 0o7777), rdev);
  const [host, device] = stored === undefined ? [format, rdev] : [S.IFREG, 0n];
  const born = host | bitsAtBirth(mode, stored, 0o600);
  const make = (dirfd: number) => hostfs.mknodat(dirfd, name, born, device);
  return makeEntry(maker, name, { format: host, mode, stored }, make);
}

const NODE_FORMATS: readonly number[] = [S.IFREG, S.IFIFO, S.IFSOCK, S.IFCHR, S.IFBLK];

export function makeSymlink(maker: Maker, name: Name, target: Uint8Array): Qid {
  const { hostfs } = maker.share;
  const stored = keptOf(maker, S.IFLNK | 0o777);
  if (stored === undefined) {
    const make = (dirfd: number) => hostfs.symlinkat(target, dirfd, name);
    return makeEntry(maker, name, { format: S.IFLNK, mode: undefined, stored }, make);
  }
  const make = (dirfd: number) => writeTarget(hostfs, dirfd, name, target);
  return makeEntry(maker, name, { format: S.IFREG, mode: undefined, stored }, make);
}

/** A file that stands for a symbolic link holds its target. @returns 0 or a negative errno */
function writeTarget(hostfs: Hostfs, dirfd: number, name: Name, target: Uint8Array): number {
  const fd = hostfs.openat2(dirfd, name, O.CREAT | O.EXCL | O.WRONLY | O.NOFOLLOW, 0o600, STRICTLY_BELOW);
  if (fd < 0) return fd;
  const written = hostfs.pwritev2(fd, target, 0, 0);
  hostfs.close(fd);
  if (written === target.length) return 0;
  hostfs.unlinkat(dirfd, name, 0);
  return written < 0 ? written : -E.NOSPC;
}

/** What the model keeps of something new; undefined where all of it is the host's own. */
function keptOf({ share, credential, gid }: Maker, mode: number, rdev?: bigint): Stored | undefined {
  return share.store === undefined ? undefined : storedOf(mode, credential.uid, gid, rdev);
}

/**
 * Permission bits with which something is made: those wanted, where it cannot matter to whom it belongs at first, or else only
 * its maker's own, `least`. The first owner is always the server; the first group may be any, and the owner among the others.
 */
function bitsAtBirth(mode: number, stored: Stored | undefined, least: number): number {
  const [special, owner, group, others] = [mode & 0o7000, (mode >> 6) & 0o7, (mode >> 3) & 0o7, mode & 0o7];
  const isForAll = special === 0 && group === others && (others & ~owner) === 0;
  return stored === undefined && isForAll ? mode & 0o777 : least;
}

/** Makes a name for which something may be kept. @returns what `make` gives: a negative errno if there is no new name */
function makeKept(
  { share, directory }: Maker,
  name: Name,
  stored: Stored | undefined,
  make: (dirfd: number) => number,
) {
  const { store } = share;
  if (store === undefined || stored === undefined) return make(directory.fd);
  const entry = { dirfd: directory.fd, name };
  const announced = store.announce(entry, stored);
  const result = make(entry.dirfd);
  if (result < 0 && announced) store.retract(entry);
  return result;
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

/** What something new is to be like. */
interface Made {
  /** Type bits on the host. */
  readonly format: number;
  /** Permission bits, of what has some. */
  readonly mode: number | undefined;
  readonly stored: Stored | undefined;
}

/** The object of a new file and the file have one descriptor in common. */
function settleFile(maker: Maker, name: Name, fd: number, flags: number, made: Omit<Made, 'format'>) {
  const { share, credential } = maker;
  let object: HostObject | undefined;
  try {
    const stat = settleAttributes(maker, fd, share.statOf(fd), { ...made, format: S.IFREG });
    share.qids.meet(fd, stat);
    object = share.hold(fd, stat);
    return { object, file: new LocalFile(share, object, 'common', flags, stat, credential) };
  } catch (error) {
    if (object === undefined) share.hostfs.close(fd);
    else object.release();
    takeBack(maker, name, 0);
    throw error;
  }
}

function takeBack({ share, directory }: Maker, name: Name, flags: number): void {
  share.hostfs.unlinkat(directory.fd, name, flags);
  share.store?.retract({ dirfd: directory.fd, name });
}

function makeEntry(maker: Maker, name: Name, made: Made, make: (dirfd: number) => number): Qid {
  const { share } = maker;
  share.requireWritable();
  share.names.checkEntry(name, ON_CREATE);
  share.descriptors.take();
  try {
    check(makeKept(maker, name, made.stored, make));
    const fd = openMade(maker, name, made.format);
    try {
      return settleEntry(maker, name, fd, made);
    } finally {
      share.hostfs.close(fd);
    }
  } finally {
    share.descriptors.give();
  }
}

function settleEntry(maker: Maker, name: Name, fd: number, made: Made): Qid {
  const { share, directory } = maker;
  const { format, stored } = made;
  const found = share.statOf(fd);
  // Somebody on the host was quicker: what is there now is not ours to change or to remove. What was just made has one name.
  const isOther = (found.mode & S.IFMT) !== format || (format !== S.IFDIR && found.nlink > 1);
  if (isOther) fail('ESTALE');
  try {
    const stat = settleAttributes(maker, fd, found, made);
    share.qids.meet(fd, stat);
    return share.qidOf(stat, stored?.mode === undefined ? format : stored.mode & S.IFMT);
  } catch (error) {
    if (isStill(share, fd, directory, name)) takeBack(maker, name, format === S.IFDIR ? AT.REMOVEDIR : 0);
    throw error;
  }
}

/** An O_PATH descriptor of what was just made; if there is none to be had, its name is taken back. */
function openMade(maker: Maker, name: Name, format: number): number {
  const { share, directory } = maker;
  const fd = share.hostfs.openat2(directory.fd, name, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
  if (fd < 0) takeBack(maker, name, format === S.IFDIR ? AT.REMOVEDIR : 0);
  return check(fd);
}

/** Whether a name still means what a descriptor holds, which nothing else can be mistaken for meanwhile. */
function isStill(share: Share, fd: number, directory: HostObject, name: Name): boolean {
  const { ino, devMajor, devMinor } = share.statOf(fd);
  const found = share.findAt(directory.fd, name);
  return found?.ino === ino && found.devMajor === devMajor && found.devMinor === devMinor;
}

/**
 * Gives something new what it does not have already of owner and mode.
 *
 * @param stat what it has, read at once
 * @returns what it has then
 */
function settleAttributes(maker: Maker, fd: number, stat: Statx, { format, mode, stored }: Made): Statx {
  const { share } = maker;
  const { hostfs, settings, store } = share;
  const born = stat.mode & 0o7777;
  if (store !== undefined && stored !== undefined) {
    const wanted = format === S.IFDIR ? settings.dmode : settings.fmode;
    store.settle(fd, stored);
    if (born !== wanted) check(hostfs.fchmod(fd, wanted));
    return share.statOf(fd);
  }
  const owned = isOwned(maker, stat) || !setOwner(maker, fd);
  const wanted = mode === undefined ? born : mode & 0o7777;
  if (born !== wanted) check(hostfs.fchmod(fd, wanted));
  return owned && born === wanted ? stat : share.statOf(fd);
}

function isOwned({ credential, gid }: Maker, stat: Statx): boolean {
  return stat.uid === (credential.uid ?? stat.uid) && (gid === KEEP_ID || gid === stat.gid);
}

/** @returns whether the owner was changed; where that must not fail, it throws. */
function setOwner({ share, credential, gid }: Maker, fd: number): boolean {
  const result = share.hostfs.fchownat(fd, NO_NAME, credential.uid ?? KEEP_ID, gid, AT.EMPTY_PATH);
  if (share.model.ownersMustHold) check(result);
  return result === 0;
}
