import type { Credential, DirectoryEntry, LockRange, LockStatus, OpenFile, Qid } from '../../backend.ts';
import { ACCESS_MODE, OPEN_FLAGS } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { dropPrivileges } from './attributes.ts';
import { FileLocks, type LockableFile } from './file-locks.ts';
import type { DirectoryInode, FileInode, Inode } from './inode.ts';

/** What open files and directories have in common: they keep the object alive, and there is no disk to wait for. */
abstract class MemoryOpen<T extends Inode> implements OpenFile {
  readonly iounit = 0;
  protected readonly inode: T;
  private readonly keepsAtime: boolean;

  constructor(inode: T, flags: number) {
    this.inode = inode;
    this.keepsAtime = (flags & OPEN_FLAGS.O_NOATIME) !== 0;
    inode.hold();
    inode.volume.handles++;
  }

  get qid(): Qid {
    return this.inode.qid;
  }

  abstract read(offset: bigint, into: readonly Uint8Array[]): number;
  abstract write(offset: bigint, from: readonly Uint8Array[]): number;
  abstract readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): void;
  abstract lock(range: LockRange): LockStatus;
  abstract getlock(range: LockRange): LockRange | undefined;

  fsync(): void {}

  release(): void {
    this.inode.volume.handles--;
    this.inode.release();
  }

  protected accessed(): void {
    if (!this.keepsAtime) this.inode.atime = this.inode.volume.now();
  }
}

/** A regular file opened for I/O. */
export class MemoryFile extends MemoryOpen<FileInode> implements LockableFile {
  readonly access: number;
  private readonly appends: boolean;
  private readonly credential: Credential;

  constructor(inode: FileInode, flags: number, credential: Credential) {
    super(inode, flags);
    this.access = flags & ACCESS_MODE.mask;
    this.appends = (flags & OPEN_FLAGS.O_APPEND) !== 0;
    this.credential = credential;
  }

  read(offset: bigint, into: readonly Uint8Array[]): number {
    if (this.access === ACCESS_MODE.O_WRONLY) fail('EBADF');
    const count = this.inode.pages.read(offset, into);
    this.accessed();
    return count;
  }

  write(offset: bigint, from: readonly Uint8Array[]): number {
    if (this.access === ACCESS_MODE.O_RDONLY) fail('EBADF');
    const { inode } = this;
    const count = inode.pages.write(this.appends ? inode.size : offset, from);
    dropPrivileges(inode, this.credential);
    inode.modified();
    return count;
  }

  readdir(): never {
    return fail('ENOTDIR');
  }

  lock(range: LockRange): LockStatus {
    const { inode } = this;
    inode.locks ??= new FileLocks(inode.volume);
    return inode.locks.lock(this, range);
  }

  getlock(range: LockRange): LockRange | undefined {
    return this.inode.locks?.getlock(range);
  }

  override release(): void {
    this.inode.locks?.release(this);
    super.release();
  }
}

const DOT = Uint8Array.of(0x2e);
const DOTDOT = Uint8Array.of(0x2e, 0x2e);
/** The cookie of '..'. */
export const AFTER_DOTS = 2n;

const COOKIE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A directory opened for listing. */
export class MemoryListing extends MemoryOpen<DirectoryInode> {
  read(): never {
    return fail('EISDIR');
  }

  write(): never {
    return fail('EISDIR');
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): void {
    const directory = this.inode;
    if (directory.isDead) fail('ENOENT');
    this.accessed();
    if (offset > COOKIE_MAX) return;
    const cookie = Number(offset);
    if (cookie < 1 && !emit(shown(directory, DOT, 1))) return;
    if (cookie < 2 && !emit(shown(directory.parent, DOTDOT, 2))) return;
    let entry = directory.names.after(cookie);
    while (entry !== undefined && emit(shown(entry.inode, entry.name, entry.cookie))) {
      entry = directory.names.after(entry.cookie);
    }
  }

  lock(): never {
    return fail('EBADF');
  }

  getlock(): never {
    return fail('EBADF');
  }
}

function shown(inode: Inode, name: Uint8Array, cookie: number): DirectoryEntry {
  return { qid: inode.qid, offset: BigInt(cookie), type: inode.direntType, name };
}
