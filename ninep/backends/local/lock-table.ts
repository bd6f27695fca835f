import { E, type Hostfs, LOCK_TYPE, LockWords, O } from 'node-hostfs';
import { LOCK_STATUS, type LockRange, type LockStatus } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import type { Descriptors } from './descriptors.ts';

/**
 * Byte-range locks that hold against other clients and against the host's own programs.
 *
 * A client's lock belongs to one of its processes (client_id and proc_id), through whichever fid it was asked for; a
 * host's open-file-description lock belongs to one open file. So each process that holds locks on a file gets an open
 * file of its own here, and the host's kernel merges, splits and compares the ranges.
 */

/** An open file that locks are asked through. */
export interface LockableFile {
  readonly fd: number;
  /** O_RDONLY, O_WRONLY or O_RDWR. */
  readonly access: number;
  /** The same for all open files of one inode. */
  readonly identity: string;
}

/** One process of one client, and its locks on one file. */
interface Owner {
  readonly key: string;
  readonly identity: string;
  readonly procId: number;
  readonly clientId: Uint8Array;
  /** Opened for this owner alone: closing it drops its locks. */
  readonly fd: number;
  /** The open files it locked through; its locks end with the last of them. */
  readonly files: Set<LockableFile>;
}

/** Each owner costs a descriptor, and a client can invent owners. */
const MAX_OWNERS = 1024;

/** All locks of one share. */
export class LockTable {
  private readonly hostfs: Hostfs;
  private readonly readonly: boolean;
  private readonly descriptors: Descriptors;
  private readonly owners = new Map<string, Owner>();
  private readonly words = new LockWords();

  /** With `readonly`, no file is ever opened for writing, so write locks are refused. */
  constructor(hostfs: Hostfs, readonly: boolean, descriptors: Descriptors) {
    this.hostfs = hostfs;
    this.descriptors = descriptors;
    this.readonly = readonly;
  }

  /** Sets or clears a lock without waiting. Fails with EBADF if the file is not open for what the lock protects. */
  lock(file: LockableFile, range: LockRange): LockStatus {
    if (range.type === LOCK_TYPE.UNLCK) return this.unlock(file, range);
    if (range.type === LOCK_TYPE.WRLCK && file.access === O.RDONLY) fail('EBADF');
    if (range.type === LOCK_TYPE.RDLCK && file.access === O.WRONLY) fail('EBADF');
    const owner = this.owners.get(keyOf(file, range)) ?? this.open(file, range);
    if (owner === undefined) return LOCK_STATUS.error;
    const result = this.hostfs.ofdSetLock(owner.fd, range.type, range.start, range.length);
    if (result === 0) owner.files.add(file);
    else if (owner.files.size === 0) this.drop(owner);
    return statusOf(result);
  }

  /** The lock in the way of `range`, of another process here or of the host's; a holder nobody can name is process 0. */
  getlock(file: LockableFile, range: LockRange): LockRange | undefined {
    const self = this.owners.get(keyOf(file, range));
    const temporary = self === undefined ? this.reopen(file, file.access) : -1;
    const fd = self?.fd ?? temporary;
    if (fd < 0) throw errnoOf(-fd);
    try {
      if (!this.query(fd, range.type, range.start, range.length)) return undefined;
      const { type, start, length, pid } = this.words;
      const found = { type: type === LOCK_TYPE.WRLCK ? 1 : 0, start, length } as const;
      const holder = pid > 0 ? undefined : this.holderOf(file, self, start, length);
      return { ...found, procId: holder?.procId ?? Math.max(pid, 0), clientId: holder?.clientId ?? HOST };
    } finally {
      if (temporary >= 0) this.hostfs.close(temporary);
    }
  }

  /** Forgets an open file that is about to close, and the locks that were held through it alone. */
  release(file: LockableFile): void {
    for (const owner of this.owners.values()) {
      if (owner.files.delete(file) && owner.files.size === 0) this.drop(owner);
    }
  }

  /** Drops every lock. */
  close(): void {
    for (const owner of this.owners.values()) this.drop(owner);
  }

  private unlock(file: LockableFile, range: LockRange): LockStatus {
    const owner = this.owners.get(keyOf(file, range));
    if (owner === undefined) return LOCK_STATUS.success;
    const result = this.hostfs.ofdSetLock(owner.fd, LOCK_TYPE.UNLCK, range.start, range.length);
    if (result === 0 && range.start === 0n && range.length === 0n) this.drop(owner);
    return statusOf(result);
  }

  private open(file: LockableFile, range: LockRange): Owner | undefined {
    if (this.owners.size >= MAX_OWNERS) return undefined;
    this.descriptors.take();
    // For both kinds of lock if the host allows it, since the owner may ask for the other kind through another fid.
    let fd = this.readonly ? -1 : this.reopen(file, O.RDWR);
    if (fd < 0) fd = this.reopen(file, file.access);
    if (fd < 0) {
      this.descriptors.give();
      return undefined;
    }
    const owner = {
      key: keyOf(file, range),
      identity: file.identity,
      procId: range.procId,
      clientId: range.clientId.slice(),
      fd,
      files: new Set<LockableFile>(),
    };
    this.owners.set(owner.key, owner);
    return owner;
  }

  /** The same file opened once more, or a negative errno; never waits for a lease held on the host. */
  private reopen(file: LockableFile, access: number): number {
    return this.hostfs.reopen(file.fd, access | O.NONBLOCK);
  }

  private drop(owner: Owner): void {
    this.owners.delete(owner.key);
    this.hostfs.close(owner.fd);
    this.descriptors.give();
  }

  private query(fd: number, type: number, start: bigint, length: bigint): boolean {
    const result = this.hostfs.ofdGetLock(fd, type, start, length, this.words.bytes);
    if (result < 0) throw errnoOf(-result);
    return this.words.type !== LOCK_TYPE.UNLCK;
  }

  /** The kernel does not say whose lock it is: it is theirs for whom nothing is in the way there. */
  private holderOf(file: LockableFile, self: Owner | undefined, start: bigint, length: bigint): Owner | undefined {
    const { identity } = file;
    for (const owner of this.owners.values()) {
      if (owner === self || owner.identity !== identity) continue;
      if (!this.query(owner.fd, LOCK_TYPE.WRLCK, start, length)) return owner;
    }
    return undefined;
  }
}

/** The client id that stands for the host's own programs. */
const HOST = new TextEncoder().encode('host');

function keyOf(file: LockableFile, range: LockRange): string {
  return `${file.identity}:${range.procId}:${Buffer.from(range.clientId).toString('latin1')}`;
}

function statusOf(result: number): LockStatus {
  if (result === 0) return LOCK_STATUS.success;
  if (result === -E.AGAIN || result === -E.ACCES) return LOCK_STATUS.blocked;
  if (result === -E.NOLCK || result === -E.BADF) return LOCK_STATUS.error;
  throw errnoOf(-result);
}
