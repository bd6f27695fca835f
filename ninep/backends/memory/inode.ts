import { QID_TYPE, type Qid, type Timestamp } from '../../backend.ts';
import { DIRENT_TYPE, MODE } from '../../constants.ts';
import type { FileLocks } from './file-locks.ts';
import { type Entry, Names } from './names.ts';
import { Pages } from './pages.ts';
import type { Volume } from './volume.ts';

/** Extended attributes: names as `bytesKey` makes them. */
export type Attribute = readonly [name: string, value: Uint8Array];

/** What a new object begins with. */
export interface Birth {
  /** Permission bits, 0 to 0o7777. */
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  readonly attributes: readonly Attribute[];
}

/**
 * An object of the tree. It lives as long as it has a name or somebody holds it; with the last of both go its memory and
 * its place among the inodes.
 */
export abstract class Inode {
  readonly number: bigint;
  readonly volume: Volume;
  /** Type bits of the mode. */
  abstract readonly format: number;
  abstract readonly qidType: number;
  /** Linux DT_* value. */
  abstract readonly direntType: number;
  permissions: number;
  uid: number;
  gid: number;
  /** As stat(2) says it: for a directory 2 and its subdirectories, for anything else its names. */
  links = 0;
  atime: Timestamp;
  mtime: Timestamp;
  ctime: Timestamp;
  readonly btime: Timestamp;
  /** Grows with every change of the content. */
  version = 1n;
  readonly attributes: Map<string, Uint8Array>;
  private holders = 0;

  /** Counts a name and its bytes: ENOSPC if there is no room. */
  constructor(volume: Volume, birth: Birth, ownBytes: number) {
    volume.takeName(birth.attributes.reduce((sum, attribute) => sum + attributeBytes(attribute), ownBytes));
    this.volume = volume;
    this.number = volume.nextNumber();
    this.permissions = birth.permissions;
    this.uid = birth.uid;
    this.gid = birth.gid;
    this.attributes = new Map(birth.attributes);
    const now = volume.now();
    this.atime = now;
    this.mtime = now;
    this.ctime = now;
    this.btime = now;
  }

  get mode(): number {
    return this.format | this.permissions;
  }

  get qid(): Qid {
    // 0 would mean "do not cache".
    return { type: this.qidType, version: Number(BigInt.asUintN(32, this.version)) || 1, path: this.number };
  }

  /** In bytes. */
  get size(): bigint {
    return 0n;
  }

  /** Bytes of memory that the content takes. */
  get allocated(): number {
    return 0;
  }

  /** The content has changed: mtime, ctime and version move. */
  modified(now = this.volume.now()): void {
    this.mtime = now;
    this.ctime = now;
    this.version++;
  }

  /** Keeps the object alive until `release`. */
  hold(): void {
    this.holders++;
  }

  release(): void {
    // One directory after another may have been kept only by the one below it: a chain too long for recursion.
    for (let inode: Inode | undefined = this; inode !== undefined; ) {
      inode.holders--;
      if (inode.holders > 0 || inode.links > 0) return;
      inode = inode.discard();
    }
  }

  /** One link more: counts a name, or fails with ENOSPC. */
  addName(): void {
    this.volume.takeName(0);
    this.links++;
  }

  /** A name has been taken away. */
  dropName(): void {
    this.links--;
    if (this.links > 0) this.volume.giveName();
    else if (this.holders === 0) this.discard()?.release();
  }

  /** Gives everything back. @returns what this object held, to be released. */
  protected discard(): Inode | undefined {
    this.volume.giveName();
    for (const attribute of this.attributes) this.volume.give(attributeBytes(attribute));
    this.attributes.clear();
    return undefined;
  }
}

/** What an attribute counts for. */
export function attributeBytes([name, value]: Attribute): number {
  return name.length + value.length;
}

/** A regular file. */
export class FileInode extends Inode {
  readonly format = MODE.file;
  readonly qidType = QID_TYPE.file;
  readonly direntType = DIRENT_TYPE.file;
  readonly pages: Pages;
  /** Made with the first lock. */
  locks: FileLocks | undefined = undefined;

  constructor(volume: Volume, birth: Birth) {
    super(volume, birth, 0);
    this.pages = new Pages(volume);
  }

  override get size(): bigint {
    return this.pages.size;
  }

  override get allocated(): number {
    return this.pages.allocated;
  }

  protected override discard(): Inode | undefined {
    this.pages.resize(0n);
    return super.discard();
  }
}

/** A directory. Its parent is held, so that '..' leads somewhere even after both were removed. */
export class DirectoryInode extends Inode {
  readonly format = MODE.directory;
  readonly qidType = QID_TYPE.dir;
  readonly direntType = DIRENT_TYPE.directory;
  readonly names = new Names();
  /** Its own name, or undefined for the root. */
  entry: Entry | undefined = undefined;
  private above: DirectoryInode | undefined;

  /** @param parent undefined makes a root. */
  constructor(volume: Volume, birth: Birth, parent: DirectoryInode | undefined) {
    super(volume, birth, 0);
    this.above = parent;
    this.links = 2;
    parent?.hold();
  }

  /** The directory it is in, or was in last; the root is in itself. */
  get parent(): DirectoryInode {
    return this.above ?? this;
  }

  get isRoot(): boolean {
    return this.above === undefined;
  }

  /** It was removed: nothing can be in it any more. */
  get isDead(): boolean {
    return this.links === 0;
  }

  moveTo(parent: DirectoryInode): void {
    const before = this.above;
    if (before === parent) return;
    parent.hold();
    this.above = parent;
    before?.release();
  }

  override dropName(): void {
    this.links = 1;
    super.dropName();
  }

  protected override discard(): Inode | undefined {
    super.discard();
    return this.above;
  }
}

/** A symbolic link. */
export class SymlinkInode extends Inode {
  readonly format = MODE.symlink;
  readonly qidType = QID_TYPE.symlink;
  readonly direntType = DIRENT_TYPE.symlink;
  readonly target: Uint8Array;

  /** Keeps a copy of `target`. */
  constructor(volume: Volume, birth: Birth, target: Uint8Array) {
    super(volume, birth, target.length);
    this.target = target.slice();
  }

  override get size(): bigint {
    return BigInt(this.target.length);
  }

  protected override discard(): Inode | undefined {
    this.volume.give(this.target.length);
    return super.discard();
  }
}

/** A device, FIFO or socket: a name with numbers, which nobody can open here. */
export class SpecialInode extends Inode {
  readonly format: number;
  readonly qidType = QID_TYPE.file;
  readonly direntType: number;
  /** As glibc's makedev encodes it; 0 for what is no device. */
  readonly rdev: bigint;

  constructor(volume: Volume, birth: Birth, format: number, rdev: bigint) {
    super(volume, birth, 0);
    this.format = format;
    this.direntType = format >> 12;
    this.rdev = rdev;
  }
}
