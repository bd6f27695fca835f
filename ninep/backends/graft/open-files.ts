import type { DirectoryEntry, LockRange, LockStatus, MaybeAsync, Name, OpenFile, Qid, Request } from '../../backend.ts';
import { DIRENT_TYPE } from '../../constants.ts';
import { after } from '../../maybe-async.ts';

/** An open file that passes everything on. Attributes go to the node, since `setattr` is left out. */
abstract class PassedFile implements OpenFile {
  abstract readonly qid: Qid;
  readonly iounit: number;
  protected readonly inner: OpenFile;

  constructor(inner: OpenFile) {
    this.inner = inner;
    this.iounit = inner.iounit;
  }

  abstract readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void>;

  read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.inner.read(offset, into, request);
  }

  write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.inner.write(offset, from, request);
  }

  fsync(dataOnly: boolean): MaybeAsync<void> {
    return this.inner.fsync(dataOnly);
  }

  lock(range: LockRange): MaybeAsync<LockStatus> {
    return this.inner.lock(range);
  }

  getlock(range: LockRange): MaybeAsync<LockRange | undefined> {
    return this.inner.getlock(range);
  }

  release(): MaybeAsync<void> {
    return this.inner.release();
  }
}

/** A file of the grafted tree, with its qids as clients see them. */
export class MappedFile extends PassedFile {
  readonly qid: Qid;
  private readonly shown: (qid: Qid) => Qid;

  constructor(inner: OpenFile, shown: (qid: Qid) => Qid) {
    super(inner);
    this.qid = shown(inner.qid);
    this.shown = shown;
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void> {
    return this.inner.readdir(offset, (entry) =>
      emit({ qid: this.shown(entry.qid), offset: entry.offset, type: entry.type, name: entry.name }),
    );
  }
}

/** The cookie behind the last entry of a root: a positive offset that no host file system is known to use. */
const END = 0x7fff_ffff_ffff_fff3n;

/** The root of the base, opened: its listing ends with the grafted tree, and hides a name that is the same. */
export class RootListing extends PassedFile {
  readonly qid: Qid;
  private readonly name: Name;
  private readonly graftedQid: () => MaybeAsync<Qid>;

  constructor(inner: OpenFile, name: Name, graftedQid: () => MaybeAsync<Qid>) {
    super(inner);
    this.qid = inner.qid;
    this.name = name;
    this.graftedQid = graftedQid;
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void> {
    if (offset === END) return;
    const { name } = this;
    let stopped = false;
    const others = (entry: DirectoryEntry): boolean => {
      if (entry.name.length === name.length && entry.name.every((byte, i) => byte === name[i])) return true;
      stopped = !emit(entry);
      return !stopped;
    };
    return after(this.inner.readdir(offset, others), () => {
      if (stopped) return;
      return after(this.graftedQid(), (qid) => {
        emit({ qid, offset: END, type: DIRENT_TYPE.directory, name });
      });
    });
  }
}
