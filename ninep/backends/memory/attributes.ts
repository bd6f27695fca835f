import { type AttributeChange, type Attributes, type Credential, GETATTR, type Timestamp } from '../../backend.ts';
import { MODE } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { DirectoryInode, FileInode, type Inode, SpecialInode } from './inode.ts';
import { PAGE_SIZE } from './volume.ts';
import { dropCapability, setPermissions } from './xattrs.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;
const GROUP_EXECUTE = 0o010;

/** The unit of `blocks`, in bytes. */
const BLOCK = 512;

/** What Tgetattr answers: everything there is. Numbers are never used again, so the generation is always 0. */
export function attributesOf(inode: Inode): Attributes {
  return {
    valid: GETATTR.all,
    qid: inode.qid,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    nlink: BigInt(inode.links),
    rdev: inode instanceof SpecialInode ? inode.rdev : 0n,
    size: inode.size,
    blksize: BigInt(PAGE_SIZE),
    blocks: BigInt(inode.allocated / BLOCK),
    atime: inode.atime,
    mtime: inode.mtime,
    ctime: inode.ctime,
    btime: inode.btime,
    gen: 0n,
    dataVersion: inode.version,
  };
}

/**
 * Carries out a setattr: first the size, then the owner, then the mode, since setting an owner takes setuid and setgid
 * away, and last the times. What can be refused is refused before anything changes: EISDIR or EINVAL for the size of
 * what is no regular file, EOPNOTSUPP for the mode of a symbolic link.
 */
export function changeAttributes(inode: Inode, change: AttributeChange, credential: Credential): void {
  const { mode, uid, gid, size, atime, mtime } = change;
  if (size !== undefined) {
    if (inode instanceof DirectoryInode) fail('EISDIR');
    if (!(inode instanceof FileInode)) fail('EINVAL');
  }
  if (mode !== undefined && inode.format === MODE.symlink) fail('EOPNOTSUPP');
  if (size !== undefined && inode instanceof FileInode) resize(inode, size, credential);
  const now = inode.volume.now();
  if (uid !== undefined || gid !== undefined) changeOwner(inode, uid ?? inode.uid, gid ?? inode.gid, now);
  if (mode !== undefined) {
    setPermissions(inode, mode & MODE.permissions);
    inode.ctime = now;
  }
  if (atime !== undefined) inode.atime = timeOf(atime, now);
  if (mtime !== undefined) inode.mtime = timeOf(mtime, now);
  if (atime !== undefined || mtime !== undefined || change.ctime === true) inode.ctime = now;
}

/** Sets a file's size on behalf of a user. */
export function resize(file: FileInode, size: bigint, credential: Credential): void {
  dropPrivileges(file, credential);
  file.pages.resize(size);
  file.modified();
}

/**
 * Takes setuid, setgid and capabilities off a file whose content a user changes; the superuser's changes leave setuid
 * and setgid on.
 *
 * @spec POSIX.1-2017 write(): S_ISUID and S_ISGID
 */
export function dropPrivileges(file: FileInode, credential: Credential): void {
  dropCapability(file);
  if (credential.uid !== 0) dropSetIds(file);
}

/** @spec POSIX.1-2017 chown(): S_ISUID and S_ISGID */
function changeOwner(inode: Inode, uid: number, gid: number, now: Timestamp): void {
  if (!(inode instanceof DirectoryInode)) {
    dropSetIds(inode);
    dropCapability(inode);
  }
  inode.uid = uid;
  inode.gid = gid;
  inode.ctime = now;
}

function dropSetIds(inode: Inode): void {
  // Without group execution the bit is no setgid: it means mandatory locking.
  const setgid = (inode.permissions & GROUP_EXECUTE) !== 0 ? SETGID : 0;
  inode.permissions &= ~(SETUID | setgid);
}

function timeOf(time: Timestamp | 'now', now: Timestamp): Timestamp {
  return time === 'now' ? now : time;
}
