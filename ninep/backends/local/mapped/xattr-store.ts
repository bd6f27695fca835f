import { E, type Hostfs, S } from 'node-hostfs';
import { errnoOf } from '../../../errno.ts';
import { check } from '../check.ts';
import type { HostObject } from '../host-object.ts';
import type { Entry, Store, Stored, Update } from './stored.ts';

/** @spec QEMU 9pfs, security_model=mapped-xattr: 32 bits little-endian, and 64 for the device number */
const UID = Buffer.from('user.virtfs.uid');
const GID = Buffer.from('user.virtfs.gid');
const MODE = Buffer.from('user.virtfs.mode');
const RDEV = Buffer.from('user.virtfs.rdev');

/** Reused, since one value is looked at before the next is read. */
const value = Buffer.alloc(8);

/** Nothing there, or nothing that could be there: symbolic links and special files have none, some file systems neither. */
const ABSENT: readonly number[] = [-E.NODATA, -E.OPNOTSUPP, -E.RANGE, -E.ACCES, -E.PERM];

/** Keeps owners, modes and device numbers in extended attributes of the objects themselves: `mapped-xattr`. */
export class XattrStore implements Store {
  changes = 0;
  private readonly hostfs: Hostfs;

  constructor(hostfs: Hostfs) {
    this.hostfs = hostfs;
  }

  read(object: HostObject): Stored {
    return this.readFd(object.fd);
  }

  readMode({ fd }: HostObject): Pick<Stored, 'mode'> {
    return modeOf(this.readNumber(fd, MODE));
  }

  readEntry({ dirfd, name }: Entry): Pick<Stored, 'mode'> {
    const length = this.hostfs.getxattrAt(dirfd, name, MODE, value);
    // Of a name that is gone by now nothing is kept.
    return length === -E.NOENT ? {} : modeOf(asNumber(present(length)));
  }

  ownLinks(): number {
    return 0;
  }

  change(object: HostObject, update: Update): void {
    this.changes++;
    const before = this.read(object);
    const after = update(before);
    // The mode last: until it is there, nobody has setuid for an owner that is not.
    if (after.uid !== before.uid) this.write(object.fd, UID, after.uid);
    if (after.gid !== before.gid) this.write(object.fd, GID, after.gid);
    if (after.mode !== before.mode) this.write(object.fd, MODE, after.mode);
  }

  announce(): boolean {
    return false;
  }

  retract(): void {}

  settle(fd: number, stored: Stored): void {
    this.write(fd, UID, stored.uid);
    this.write(fd, GID, stored.gid);
    if (stored.rdev !== undefined) {
      value.writeBigUInt64LE(stored.rdev);
      check(this.hostfs.setxattr(fd, RDEV, value, 0));
    }
    this.write(fd, MODE, stored.mode);
  }

  /** They are the file's own: its fsync takes them along. */
  sync(): undefined {}

  private readFd(fd: number): Stored {
    const uid = this.readNumber(fd, UID);
    const gid = this.readNumber(fd, GID);
    const mode = this.readNumber(fd, MODE);
    const rdev = isDevice(mode) && this.readBytes(fd, RDEV) === 8 ? value.readBigUInt64LE() : undefined;
    return {
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...modeOf(mode),
      ...(rdev === undefined ? {} : { rdev }),
    };
  }

  private readNumber(fd: number, name: Uint8Array): number | undefined {
    return asNumber(this.readBytes(fd, name));
  }

  /** How many bytes of `value` are the attribute's; 0 where there is none. */
  private readBytes(fd: number, name: Uint8Array): number {
    return present(this.hostfs.getxattr(fd, name, value));
  }

  private write(fd: number, name: Uint8Array, number: number | undefined): void {
    if (number === undefined) return;
    value.writeUInt32LE(number);
    check(this.hostfs.setxattr(fd, name, value.subarray(0, 4), 0));
  }
}

/** The length of an attribute; 0 where there is none. */
function present(length: number): number {
  if (length < 0 && !ABSENT.includes(length)) throw errnoOf(-length);
  return Math.max(length, 0);
}

/** What was read into `value`, if it is a number. */
function asNumber(length: number): number | undefined {
  return length === 4 ? value.readUInt32LE() : undefined;
}

function modeOf(mode: number | undefined): Pick<Stored, 'mode'> {
  return mode === undefined ? {} : { mode };
}

function isDevice(mode = 0): boolean {
  return (mode & S.IFMT) === S.IFCHR || (mode & S.IFMT) === S.IFBLK;
}
