import { AT, E, type Hostfs, loadHostfs, O, S, STATX, Statx } from 'node-hostfs';
import type { MaybeAsync, Qid } from '../../backend.ts';
import { QID_TYPE } from '../../backend.ts';
import { Errno, errnoOf, fail } from '../../errno.ts';
import { check } from './check.ts';
import { type Descriptors, processDescriptors } from './descriptors.ts';
import { Handles } from './handles.ts';
import { HostObject } from './host-object.ts';
import { IoPolicy } from './io-policy.ts';
import { LockTable } from './lock-table.ts';
import { FileStore } from './mapped/file-store.ts';
import type { KeptMetadata } from './mapped/kept-metadata.ts';
import { MappedNames } from './mapped/mapped-names.ts';
import { type Entry, type Store, seenFormat } from './mapped/stored.ts';
import { XattrStore } from './mapped/xattr-store.ts';
import { type Names, PlainNames } from './names.ts';
import { Parked } from './parked.ts';
import { QidPaths } from './qid-paths.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import type { SecurityModel } from './security-model.ts';
import { kernelDropsSetIds } from './set-ids.ts';
import type { Settings } from './settings.ts';
import { ShareError } from './share-error.ts';
import { openRoot } from './share-root.ts';

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
  /** What this process writes to loses setuid and setgid without being asked for them. */
  readonly kernelDropsSetIds: boolean;
  readonly locks: LockTable;
  readonly descriptors: Descriptors;
  readonly handles: Handles;
  readonly parked: Parked;
  readonly settings: Settings;
  /** Where a mapped model keeps what clients see; absent where that is the host's own. */
  readonly store: Store | undefined;
  readonly names: Names;
  /** The metadata of objects without names, under `mapped-file`. */
  readonly kept: KeptMetadata | undefined;
  private readonly stat = new Statx();

  /** @throws ShareError if the directory is missing, not a directory, unreadable, or cannot be had under the model. */
  constructor(settings: Settings, descriptors?: Descriptors) {
    this.hostfs = settings.hostfs ?? loadHostfs();
    this.settings = settings;
    this.model = settings.model;
    this.readonly = settings.readonly;
    const fd = openRoot(this.hostfs, settings.path, this.model);
    this.descriptors = descriptors ?? processDescriptors(this.hostfs);
    this.policy = new IoPolicy(this.hostfs);
    this.kernelDropsSetIds = kernelDropsSetIds(this.hostfs);
    const { store, names, kept } = storage(this);
    this.store = store;
    this.names = names;
    this.kept = kept;
    this.root = this.holdRoot(settings.path, fd);
    this.handles = new Handles(this.hostfs, fd, this.descriptors);
    this.parked = new Parked(this, this.handles);
    this.qids = new QidPaths(this.hostfs, this.root, settings);
    this.locks = new LockTable(this.hostfs, this.readonly, this.descriptors);
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

  /** The same, or undefined where nothing has the name. */
  findAt(dirfd: number, name: Uint8Array): Statx | undefined {
    const flags = AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT;
    const result = this.hostfs.statx(dirfd, name, flags, WANTED, this.stat.bytes);
    if (result === -E.NOENT) return undefined;
    if (result < 0) throw errnoOf(-result);
    return this.stat;
  }

  /** Type bits of the mode as clients see it. `entry`: a name the object has now, if one is known. */
  formatOf(object: HostObject, entry?: Entry): number {
    const { store } = this;
    // Only what is a regular file here can be anything else there.
    if (store === undefined || object.format !== S.IFREG) return object.format;
    return seenFormat(object.format, store.readMode(object, entry));
  }

  /** `format`: the type as clients see it, where that may be another than the host's. */
  qidOf(stat: Statx, format = stat.mode & S.IFMT): Qid {
    return {
      type: qidType(format),
      // 0 would mean "do not cache".
      version: stat.changeStamp || 1,
      path: this.qids.path(stat.devMajor, stat.devMinor, stat.ino),
    };
  }

  /** The qid path of what a name means now, on whatever device; undefined where it means nothing. */
  pathOf(dirfd: number, name: Uint8Array): bigint | undefined {
    const fd = this.hostfs.openat2(dirfd, name, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
    if (fd < 0) return undefined;
    try {
      const { devMajor, devMinor, ino } = this.statOf(fd);
      this.qids.meet(fd, { devMajor, devMinor });
      return this.qids.path(devMajor, devMinor, ino);
    } finally {
      this.hostfs.close(fd);
    }
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

/** What a share has beyond the host's own, by its model. */
function storage(share: Share): Pick<Share, 'store' | 'names' | 'kept'> {
  if (share.model.keptIn === 'files') {
    const store = new FileStore(share);
    return { store, names: new MappedNames(share, store), kept: store.kept };
  }
  const store = share.model.keptIn === 'attributes' ? new XattrStore(share.hostfs) : undefined;
  return { store, names: new PlainNames(share), kept: undefined };
}

/** The type bits of a qid for the type bits of a mode. */
export function qidType(format: number): number {
  if (format === S.IFDIR) return QID_TYPE.dir;
  return format === S.IFLNK ? QID_TYPE.symlink : QID_TYPE.file;
}
