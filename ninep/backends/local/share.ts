import { AT, E, errnoName, type Hostfs, loadHostfs, O, S, STATX, Statx } from 'node-hostfs';
import type { MaybeAsync, Qid } from '../../backend.ts';
import { QID_TYPE } from '../../backend.ts';
import { Errno, fail } from '../../errno.ts';
import { check } from './check.ts';
import { type Descriptors, processDescriptors } from './descriptors.ts';
import { HostObject } from './host-object.ts';
import { IoPolicy } from './io-policy.ts';
import { LockTable } from './lock-table.ts';
import { Parked } from './parked.ts';
import { QidPaths } from './qid-paths.ts';
import type { SecurityModel } from './security-model.ts';
import { ShareError } from './share-error.ts';

/** The empty name, by which the `*at` calls mean the descriptor itself. */
export const NO_NAME = new Uint8Array(0);

const WANTED = STATX.BASIC_STATS | STATX.BTIME;

/** Giving back the blocks of a file, as the closing of an unlinked one does, takes long from this many on (64 MiB). */
export const MANY_BLOCKS = 131_072n;

/** What all nodes and files of one exported directory have in common. */
export class Share {
  readonly hostfs: Hostfs;
  readonly model: SecurityModel;
  readonly readonly: boolean;
  readonly root: HostObject;
  readonly qids: QidPaths;
  readonly policy: IoPolicy;
  readonly locks: LockTable;
  readonly descriptors: Descriptors;
  readonly parked: Parked;
  private readonly stat = new Statx();

  /** @throws ShareError if `path` is missing, not a directory or unreadable. */
  constructor(path: string, model: SecurityModel, readonly: boolean, descriptors?: Descriptors) {
    this.hostfs = loadHostfs();
    this.model = model;
    this.readonly = readonly;
    const fd = openRoot(this.hostfs, path);
    this.descriptors = descriptors ?? processDescriptors(this.hostfs);
    this.parked = new Parked(this);
    this.root = this.holdRoot(path, fd);
    this.qids = new QidPaths(this.root.devMajor, this.root.devMinor);
    this.policy = new IoPolicy(this.hostfs);
    this.locks = new LockTable(this.hostfs, readonly, this.descriptors);
  }

  /** Attributes behind a descriptor; valid until the next call of this method. */
  statOf(fd: number): Statx {
    check(this.hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, WANTED, this.stat.bytes));
    return this.stat;
  }

  /** Attributes of a name, a symbolic link not followed; valid until the next call of `statOf` or this. */
  statAt(dirfd: number, name: Uint8Array): Statx {
    check(this.hostfs.statx(dirfd, name, AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT, WANTED, this.stat.bytes));
    return this.stat;
  }

  qidOf(stat: Statx): Qid {
    return {
      type: qidType(stat.mode & S.IFMT),
      // 0 would mean "do not cache".
      version: stat.changeStamp || 1,
      path: this.qids.path(stat.devMajor, stat.devMinor, stat.ino),
    };
  }

  /** Fails with EROFS if nothing may change. */
  requireWritable(): void {
    if (this.readonly) fail('EROFS');
  }

  /** An object behind an O_PATH descriptor just opened, which may be parked when it is not in use. */
  hold(fd: number, stat: Statx): HostObject {
    const object = new HostObject(this, fd, stat);
    this.descriptors.watch(object);
    return object;
  }

  private holdRoot(path: string, fd: number): HostObject {
    try {
      return new HostObject(this, fd, this.statOf(fd));
    } catch (error) {
      this.hostfs.close(fd);
      if (error instanceof Errno) throw new ShareError(path, 'failed', `it fails with ${error.name}`);
      throw error;
    }
  }

  /** Closes a descriptor of an object of this format, in the pool if that may take long. */
  close(fd: number, format: number): MaybeAsync<void> {
    if (format === S.IFREG && this.hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, WANTED, this.stat.bytes) === 0) {
      const { nlink, blocks } = this.stat;
      if (nlink === 0 && blocks >= MANY_BLOCKS) return this.hostfs.closeAsync(fd).then(nothing);
    }
    this.hostfs.close(fd);
  }
}

function nothing(): void {}

/** The type bits of a qid for the type bits of a mode. */
export function qidType(format: number): number {
  if (format === S.IFDIR) return QID_TYPE.dir;
  return format === S.IFLNK ? QID_TYPE.symlink : QID_TYPE.file;
}

function openRoot(hostfs: Hostfs, path: string): number {
  if (path.length === 0 || path.includes('\0')) throw new ShareError(path, 'missing', 'not a path');
  const fd = hostfs.openat(AT.FDCWD, Buffer.from(path), O.PATH | O.DIRECTORY, 0);
  if (fd === -E.NOENT) throw new ShareError(path, 'missing', 'no such directory; create it, or correct the path');
  if (fd === -E.NOTDIR)
    throw new ShareError(path, 'not a directory', 'it is not a directory; share the directory that holds it');
  if (fd === -E.ACCES) throw unreadable(path);
  if (fd < 0) throw new ShareError(path, 'failed', `the host refuses it with ${errnoName(fd)}`);
  const problem = probe(hostfs, fd, path);
  if (problem === undefined) return fd;
  hostfs.close(fd);
  throw problem;
}

function unreadable(path: string): ShareError {
  return new ShareError(path, 'unreadable', 'permission denied; it takes read and search permission on the directory');
}

/** Tries what every session will need: listing the directory, and looking up a name in it. */
function probe(hostfs: Hostfs, fd: number, path: string): ShareError | undefined {
  const listed = hostfs.reopen(fd, O.RDONLY | O.DIRECTORY);
  if (listed === -E.NOENT) return new ShareError(path, 'no /proc', '/proc is not mounted on the host; mount it');
  if (listed < 0 && listed !== -E.ACCES) {
    return new ShareError(path, 'failed', `opening it fails with ${errnoName(listed)}`);
  }
  const found = hostfs.openat2(fd, Buffer.from('.'), O.PATH, 0, 0);
  if (found === -E.NOSYS) {
    return new ShareError(path, 'failed', 'the host kernel has no openat2, which came with Linux 5.6');
  }
  for (const opened of [listed, found]) if (opened >= 0) hostfs.close(opened);
  return listed < 0 || found < 0 ? unreadable(path) : undefined;
}
