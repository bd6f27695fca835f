import type {
  AttributeChange,
  DirectoryEntry,
  LockRange,
  LockStatus,
  MaybeAsync,
  OpenFile,
  Qid,
  Request,
} from '../backend.ts';

/**
 * An open file that passes everything on to the one behind it. A layer overrides what it changes; it owns the file it was
 * made with.
 */
export class LayerFile implements OpenFile {
  /** There only where the file behind has it: without it, the core asks the node. */
  readonly setattr?: (change: AttributeChange) => MaybeAsync<void>;
  protected readonly inner: OpenFile;

  constructor(inner: OpenFile) {
    this.inner = inner;
    if (inner.setattr !== undefined) this.setattr = (change) => this.change(inner, change);
  }

  get qid(): Qid {
    return this.inner.qid;
  }

  get iounit(): number {
    return this.inner.iounit;
  }

  read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.inner.read(offset, into, request);
  }

  write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return this.inner.write(offset, from, request);
  }

  readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void> {
    return this.inner.readdir(offset, emit);
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

  /** A setattr through `inner`, the file behind. */
  protected change(inner: OpenFile, change: AttributeChange): MaybeAsync<void> {
    return inner.setattr?.(change);
  }
}
