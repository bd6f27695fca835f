import { E, O, RWF, type Statx, SYNC_FILE_RANGE } from 'node-hostfs';
import { sliceSegments, totalLength } from '../../../bytes/segments.ts';
import type { AttributeChange, Credential, LockRange, LockStatus, MaybeAsync, OpenFile, Qid } from '../../backend.ts';
import { errnoOf, fail } from '../../errno.ts';
import { changeAttributes } from './change-attributes.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { endsFile, type FsKind } from './io-policy.ts';
import type { LockableFile } from './lock-table.ts';
import { poolTurns } from './pool-turns.ts';
import { dropSetIds } from './set-ids.ts';
import type { Share } from './share.ts';

/** It takes `read` or `write`, which may wait. */
const LATER = -1;

/** The most pieces one system call takes (IOV_MAX). */
const MOST_PIECES = 1024;

const MOST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const WRITEOUT = SYNC_FILE_RANGE.WAIT_BEFORE | SYNC_FILE_RANGE.WRITE;

/** A regular file opened for I/O: a descriptor of its own, so that position-free reads, writes and locks are its own. */
export class LocalFile implements OpenFile, LockableFile {
  readonly qid: Qid;
  readonly iounit = 0;
  readonly fd: number;
  readonly access: number;
  private readonly share: Share;
  private readonly object: HostObject;
  private readonly credential: Credential;
  private readonly kind: FsKind;
  /** Each write reaches the disk before it is answered. */
  private readonly durable: boolean;
  private readonly appends: boolean;
  /** The descriptor is the object's. */
  private readonly isCommon: boolean;
  private asksCache = true;
  /** Before each write, setuid and setgid may have to be taken off. */
  private readonly dropsSetIds: boolean;
  private seenChanges: number | undefined;

  /**
   * Takes over `fd`, opened with `flags`, or uses the one of `object` that was opened like that; keeps a reference to `object`;
   * reads `stat` at once.
   */
  constructor(
    share: Share,
    object: HostObject,
    fd: number | 'common',
    flags: number,
    stat: Statx,
    credential: Credential,
  ) {
    this.share = share;
    this.isCommon = fd === 'common';
    this.credential = credential;
    this.access = flags & O.ACCMODE;
    this.appends = (flags & O.APPEND) !== 0;
    this.durable = (flags & (O.SYNC | O.DSYNC)) !== 0;
    this.qid = share.qidOf(stat);
    this.fd = fd === 'common' ? object.lend() : fd;
    this.kind = share.policy.kindOf(this.fd, object.devMajor, object.devMinor);
    const kernelDrops = share.kernelDropsSetIds && this.kind.cachesWrites && share.store === undefined;
    this.dropsSetIds = credential.uid !== 0 && !kernelDrops;
    this.object = object.retain();
  }

  /** Made when it is asked for, since most files need none. */
  get identity(): string {
    return this.object.identity;
  }

  read(offset: bigint, into: readonly Uint8Array[]): MaybeAsync<number> {
    const { hostfs } = this.share;
    const pieces = atMost(into);
    if (this.kind.inMemory) return check(hostfs.preadv2(this.fd, oneOrMore(pieces), place(offset), 0));
    const wanted = totalLength(pieces);
    let done = 0;
    let rest = pieces;
    // A short answer may mean the end of the file, or of what is cached: only where it stops, or a second question, tells.
    while (this.asksCache && done < wanted) {
      const at = place(done === 0 ? offset : offset + BigInt(done));
      const got = hostfs.preadv2(this.fd, oneOrMore(rest), at, RWF.NOWAIT);
      if (got === 0) return done;
      if (got < 0) {
        if (got === -E.OPNOTSUPP) this.asksCache = false;
        else if (got !== -E.AGAIN) return done > 0 ? done : check(got);
        break;
      }
      done += got;
      if (done === wanted || endsFile(this.kind, Number(BigInt.asUintN(32, offset)) + done)) return done;
      rest = sliceSegments(pieces, done, wanted - done);
    }
    if (done === wanted) return done;
    return this.readInPool(offset + BigInt(done), rest, done);
  }

  readNow(offset: number, into: Uint8Array, from: number, to: number): number {
    const { hostfs } = this.share;
    if (this.kind.inMemory) return check(hostfs.pread(this.fd, into, from, to, offset, 0));
    if (!this.asksCache) return LATER;
    for (let at = from; at < to; ) {
      const got = hostfs.pread(this.fd, into, at, to, offset + at - from, RWF.NOWAIT);
      if (got === 0) return at - from;
      // What is not cached, or failed, `read` meets again.
      if (got < 0) return LATER;
      at += got;
      if (at < to && endsFile(this.kind, offset + at - from)) return at - from;
    }
    return to - from;
  }

  private async readInPool(offset: bigint, rest: readonly Uint8Array[], done: number): Promise<number> {
    const { hostfs } = this.share;
    const got = await poolTurns.run(this.identity, () => hostfs.preadv2Async(this.fd, rest, offset, 0));
    if (got < 0 && done === 0) throw errnoOf(-got);
    return done + Math.max(got, 0);
  }

  write(offset: bigint, from: readonly Uint8Array[]): MaybeAsync<number> {
    const { hostfs, policy } = this.share;
    this.share.requireWritable();
    if (this.access === O.RDONLY) fail('EBADF');
    const dropped = this.dropSetIds();
    if (dropped !== undefined) return dropped.then(() => this.write(offset, from));
    const pieces = atMost(from);
    if (this.share.settings.writesOut) return this.writeOut(offset, pieces);
    if (!this.durable && policy.writesDirectly(this.kind, totalLength(pieces))) {
      const written = hostfs.pwritev2(this.fd, oneOrMore(pieces), place(offset), 0);
      policy.wroteDirectly();
      return check(written);
    }
    return this.writeInPool(offset, pieces).then(check);
  }

  writeNow(offset: number, bytes: Uint8Array, from: number, to: number): number {
    const { hostfs, policy, settings, store, readonly } = this.share;
    if (readonly || this.access === O.RDONLY || this.durable || store !== undefined || settings.writesOut) return LATER;
    if (!policy.writesDirectly(this.kind, to - from)) return LATER;
    this.dropSetIds();
    const written = hostfs.pwrite(this.fd, bytes, from, to, offset, 0);
    policy.wroteDirectly();
    return check(written);
  }

  /** What a mapped model keeps is looked at again only after something of it was changed. */
  private dropSetIds(): MaybeAsync<void> {
    if (!this.dropsSetIds) return;
    const { store } = this.share;
    if (store !== undefined && this.seenChanges === store.changes) return;
    this.seenChanges = store?.changes;
    return dropSetIds(this.share, this.object, this.fd, this.credential);
  }

  /** Also has the host begin to write it to the disk, after what it is writing there already. @spec QEMU 9psetup, writeout */
  private async writeOut(offset: bigint, pieces: readonly Uint8Array[]): Promise<number> {
    const { hostfs } = this.share;
    const written = check(await this.writeInPool(offset, pieces));
    // Where an append went, nobody says: a length of 0 reaches to the end of the file.
    const [from, length] = this.appends ? [0n, 0] : [offset, written];
    // It promises nothing, so it cannot fail: what the disk refuses, fsync tells.
    if (written > 0) {
      await poolTurns.run(this.identity, () => hostfs.syncFileRangeAsync(this.fd, from, length, WRITEOUT));
    }
    return written;
  }

  private writeInPool(offset: bigint, pieces: readonly Uint8Array[]): Promise<number> {
    return poolTurns.run(this.identity, () => this.share.hostfs.pwritev2Async(this.fd, pieces, offset, 0));
  }

  readdir(): never {
    return fail('ENOTDIR');
  }

  async fsync(dataOnly: boolean): Promise<void> {
    const { hostfs } = this.share;
    const sync = () => (dataOnly ? hostfs.fdatasyncAsync(this.fd) : hostfs.fsyncAsync(this.fd));
    check(await poolTurns.run(this.identity, sync));
    if (!dataOnly) await this.share.store?.sync(this.object);
  }

  setattr(change: AttributeChange): MaybeAsync<void> {
    const writable = this.access === O.RDONLY ? undefined : this.fd;
    return changeAttributes(this.share, { object: this.object, writable, credential: this.credential }, change);
  }

  lock(range: LockRange): LockStatus {
    return this.share.locks.lock(this, range);
  }

  getlock(range: LockRange): LockRange | undefined {
    return this.share.locks.getlock(this, range);
  }

  release(): MaybeAsync<void> {
    this.share.locks.release(this);
    if (this.isCommon) return this.releaseCommon();
    const closed = this.close();
    this.share.descriptors.give();
    const released = this.object.release();
    return closed === undefined ? released : closed.then(() => released);
  }

  /** The node's reference usually goes next and is the last: lent until then, the descriptor is not exchanged for another. */
  private releaseCommon(): MaybeAsync<void> {
    const released = this.object.release();
    this.object.giveBack();
    return released;
  }

  /** The object's own descriptor keeps the blocks of an unlinked file until it is released. */
  private close(): MaybeAsync<void> {
    if (!this.object.isHeld) return this.share.close(this.fd, this.object.format);
    this.share.hostfs.close(this.fd);
  }
}

/** One piece by itself costs node-hostfs half of what a list of one does. */
function oneOrMore(pieces: readonly Uint8Array[]): Uint8Array | readonly Uint8Array[] {
  const [first] = pieces;
  return first !== undefined && pieces.length === 1 ? first : pieces;
}

/** An offset in the form that costs less to hand over. */
function place(offset: bigint): number | bigint {
  return offset <= MOST_SAFE ? Number(offset) : offset;
}

function atMost(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  return pieces.length > MOST_PIECES ? pieces.slice(0, MOST_PIECES) : pieces;
}
