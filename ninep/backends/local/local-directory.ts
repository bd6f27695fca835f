import { AT, Dirents, DT, S, STATX, Statx } from 'node-hostfs';
import type { DirectoryEntry, LockRange, LockStatus, MaybeAsync, OpenFile, Qid } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { type Store, seenFormat } from './mapped/stored.ts';
import { cookieOf, putPlainEntry, setPath } from './plain-entries.ts';
import { qidType, type Share } from './share.ts';

/** Bytes of entries read from the host at a time: about a thousand names. */
const BATCH_BYTES = 32_768;
const DOT = 0x2e;

/** Reused, since one entry is looked at before the next is. */
const typeStat = new Statx();

/** A batch that nobody uses: most directories are closed again before the next is opened. */
let spare: Dirents | undefined;

/** A directory opened for listing. The cookies are the host's own, so they stay good for as long as the host's do. */
export class LocalDirectory implements OpenFile {
  readonly qid: Qid;
  readonly iounit = 0;
  private readonly share: Share;
  private readonly object: HostObject;
  private readonly fd: number;
  private batch: Dirents | undefined;
  /** The cookie that the batch goes on from, or undefined before the first. */
  private position: bigint | undefined;
  /** The entry the batch stands at was refused by the last caller. */
  private refused = false;

  /** Takes over `fd`; keeps a reference to `object`; reads `stat` at once. */
  constructor(share: Share, object: HostObject, fd: number, stat: Statx) {
    this.share = share;
    this.fd = fd;
    this.qid = share.qidOf(stat);
    this.object = object.retain();
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): void {
    const batch = this.startAt(offset);
    do {
      while (this.refused || batch.next()) {
        this.refused = false;
        if (this.share.names.hides(batch.name)) continue;
        const entry = this.entry(batch);
        if (!emit(entry)) {
          this.refused = true;
          return;
        }
        this.position = entry.offset;
      }
    } while (this.fetch(batch));
  }

  /** As `readdir`, for directories whose entries are shown as the host has them. */
  readdirInto(offset: bigint, out: Uint8Array): number | undefined {
    const { share, object } = this;
    if (share.store !== undefined || !share.qids.isInode(object.devMajor, object.devMinor)) return undefined;
    const batch = this.startAt(offset);
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    const isRoot = this.isRoot();
    let [last, end] = [-1, 0];
    do {
      while (this.refused || batch.next()) {
        const { type: listed } = batch;
        const type = listed === DT.UNKNOWN ? this.askType(batch.name) : listed;
        const next = putPlainEntry(batch, type, view, end);
        this.refused = next < 0;
        if (next < 0) return last < 0 ? -1 : this.reached(view, last, end);
        if (isRoot && isAbove(batch)) setPath(view, end, object.ino);
        last = end;
        end = next;
      }
    } while (this.fetch(batch));
    return last < 0 ? 0 : this.reached(view, last, end);
  }

  /** Remembers that the entry at byte `last` was the last one given out; returns `end`. */
  private reached(out: DataView, last: number, end: number): number {
    this.position = cookieOf(out, last);
    return end;
  }

  /** The batch, standing before the entry that follows a cookie. */
  private startAt(offset: bigint): Dirents {
    const isFresh = this.batch === undefined;
    this.batch ??= takeBatch();
    // From the start, a listing shows what is there now.
    if (offset === 0n ? !isFresh : offset !== this.position) {
      check(this.share.hostfs.seekdir(this.fd, BigInt.asIntN(64, offset)));
      this.batch.fill(0);
      this.refused = false;
    }
    this.position = offset;
    return this.batch;
  }

  /** Gets the entries after those of the batch; false where there are none. */
  private fetch(batch: Dirents): boolean {
    const length = check(this.share.hostfs.getdents64(this.fd, batch.bytes));
    batch.fill(length);
    return length > 0;
  }

  private isRoot(): boolean {
    const { share, object } = this;
    return object.ino === share.root.ino && object.devMinor === share.root.devMinor;
  }

  private entry(batch: Dirents): DirectoryEntry {
    const { share, object } = this;
    const { name } = batch;
    const host = batch.type === DT.UNKNOWN ? this.askType(name) : batch.type;
    const type = host === DT.REG && share.store !== undefined ? this.keptType(share.store, batch) : host;
    const ino = isAbove(batch) && this.isRoot() ? object.ino : batch.ino;
    const path =
      share.qids.isExact && !isDots(name)
        ? this.exactPath(name, ino)
        : share.qids.path(object.devMajor, object.devMinor, ino);
    return { qid: { type: qidType(type << 12), version: 0, path }, offset: batch.offset, type, name };
  }

  /** For file systems whose directories do not say. A name that has gone meanwhile stays unknown. */
  private askType(name: Uint8Array): number {
    const result = this.share.hostfs.statx(this.fd, name, AT.SYMLINK_NOFOLLOW, STATX.TYPE, typeStat.bytes);
    return result < 0 ? DT.UNKNOWN : (typeStat.mode & S.IFMT) >> 12;
  }

  /** Under a mapped model a regular file may stand for something else. */
  private keptType(store: Store, { name, ino }: Dirents): number {
    return seenFormat(S.IFREG, store.readEntry({ dirfd: this.fd, name }, ino)) >> 12;
  }

  /** What is mounted on a name is on another device, and has another number, than the listing says. */
  private exactPath(name: Uint8Array, ino: bigint): bigint {
    const { share, object, fd } = this;
    const stat = share.findAt(fd, name);
    if (stat === undefined || (stat.devMajor === object.devMajor && stat.devMinor === object.devMinor)) {
      return share.qids.path(object.devMajor, object.devMinor, stat?.ino ?? ino);
    }
    return share.pathOf(fd, name) ?? share.qids.path(object.devMajor, object.devMinor, ino);
  }

  read(): never {
    return fail('EISDIR');
  }

  write(): never {
    return fail('EISDIR');
  }

  async fsync(dataOnly: boolean): Promise<void> {
    const { hostfs } = this.share;
    check(await (dataOnly ? hostfs.fdatasyncAsync(this.fd) : hostfs.fsyncAsync(this.fd)));
  }

  lock(_range: LockRange): LockStatus {
    return fail('EBADF');
  }

  getlock(_range: LockRange): LockRange | undefined {
    return fail('EBADF');
  }

  release(): MaybeAsync<void> {
    spare = this.batch ?? spare;
    this.batch = undefined;
    this.share.hostfs.close(this.fd);
    this.share.descriptors.give();
    return this.object.release();
  }
}

function takeBatch(): Dirents {
  const batch = spare ?? new Dirents(BATCH_BYTES);
  spare = undefined;
  batch.fill(0);
  return batch;
}

/** '..', which at the root of the share is no business of the client's. */
function isAbove({ nameAt, bytes }: Dirents): boolean {
  return bytes[nameAt] === DOT && bytes[nameAt + 1] === DOT && bytes[nameAt + 2] === 0;
}

function isDots(name: Uint8Array): boolean {
  return (name.length === 1 && name[0] === DOT) || isDotDot(name);
}

function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT;
}
