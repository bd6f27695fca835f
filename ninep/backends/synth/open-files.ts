import { copyIn, totalLength } from '../../../bytes/segments.ts';
import type {
  Credential,
  DirectoryEntry,
  LockRange,
  LockStatus,
  MaybeAsync,
  OpenFile,
  Qid,
  Request,
} from '../../backend.ts';
import { ACCESS_MODE, DIRENT_TYPE } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { qidOf, type SynthCallbacks, type SynthDirectory, type SynthHandle, type SynthNode } from './nodes.ts';

/** What open files of all kinds have in common: nothing in a synth tree can be locked, and nothing waits for a disk. */
abstract class SynthOpen implements OpenFile {
  readonly qid: Qid;
  readonly iounit = 0;

  constructor(qid: Qid) {
    this.qid = qid;
  }

  read(_offset: bigint, _into: readonly Uint8Array[], _request: Request): MaybeAsync<number> {
    return fail('EBADF');
  }

  write(_offset: bigint, _from: readonly Uint8Array[], _request: Request): MaybeAsync<number> {
    return fail('EBADF');
  }

  readdir(_offset: bigint, _emit: (entry: DirectoryEntry) => boolean): void {
    fail('ENOTDIR');
  }

  fsync(): void {}

  lock(_range: LockRange): LockStatus {
    return fail('EOPNOTSUPP');
  }

  getlock(_range: LockRange): LockRange | undefined {
    return fail('EOPNOTSUPP');
  }

  release(): MaybeAsync<void> {}
}

/** A regular file, with the content it had when it was opened. */
export class StaticFile extends SynthOpen {
  private readonly content: Uint8Array;

  constructor(qid: Qid, content: Uint8Array) {
    super(qid);
    this.content = content;
  }

  override read(offset: bigint, into: readonly Uint8Array[]): number {
    const { content } = this;
    if (offset >= BigInt(content.length)) return 0;
    const rest = content.subarray(Number(offset));
    return copyIn(into, 0, rest, Math.min(rest.length, totalLength(into)));
  }
}

/** A file whose reads and writes are callbacks. */
export class SpecialFile extends SynthOpen {
  private readonly handle: SynthHandle;
  private readonly flags: number;

  private constructor(qid: Qid, handle: SynthHandle, flags: number) {
    super(qid);
    this.handle = handle;
    this.flags = flags;
  }

  /** Opens; EACCES for a direction that has no callback. */
  static open(qid: Qid, callbacks: SynthCallbacks, flags: number, credential: Credential): MaybeAsync<OpenFile> {
    if (callbacks.open === undefined) {
      if (!serves(callbacks, flags)) fail('EACCES');
      return new SpecialFile(qid, callbacks, flags);
    }
    return after(callbacks.open(flags, credential), (handle = callbacks) => {
      if (serves(handle, flags)) return new SpecialFile(qid, handle, flags);
      // The callback has opened it already, so what that began must end.
      return after(handle.release?.(), () => fail('EACCES'));
    });
  }

  override read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    const { handle, flags } = this;
    if (handle.read === undefined || (flags & ACCESS_MODE.mask) === ACCESS_MODE.O_WRONLY) return fail('EBADF');
    return handle.read(offset, into, request);
  }

  override write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    const { handle, flags } = this;
    if (handle.write === undefined || (flags & ACCESS_MODE.mask) === ACCESS_MODE.O_RDONLY) return fail('EBADF');
    return handle.write(offset, from, request);
  }

  override release(): MaybeAsync<void> {
    return this.handle.release?.();
  }
}

/** Whether there is a callback for each direction that `flags` ask for. */
function serves(handle: SynthHandle, flags: number): boolean {
  const access = flags & ACCESS_MODE.mask;
  if (access !== ACCESS_MODE.O_WRONLY && handle.read === undefined) return false;
  return access === ACCESS_MODE.O_RDONLY || handle.write !== undefined;
}

const DIRENT_TYPES: Record<SynthNode['kind'], number> = {
  directory: DIRENT_TYPE.directory,
  symlink: DIRENT_TYPE.symlink,
  file: DIRENT_TYPE.file,
  special: DIRENT_TYPE.file,
};

const DOT = Uint8Array.of(0x2e);
const DOTDOT = Uint8Array.of(0x2e, 0x2e);

/** Cookies of '.' and '..'; an entry's cookie is its order and this many more. */
const AFTER_DOTS = 2n;

/** A directory opened for listing. Names keep their cookies whatever is added or removed meanwhile. */
export class DirectoryListing extends SynthOpen {
  private readonly directory: SynthDirectory;

  constructor(qid: Qid, directory: SynthDirectory) {
    super(qid);
    this.directory = directory;
  }

  override read(): never {
    return fail('EISDIR');
  }

  override readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): void {
    const { directory } = this;
    if (offset < 1n && !emit(entryOf(directory, DOT, 1n))) return;
    if (offset < 2n && !emit(entryOf(directory.parent, DOTDOT, 2n))) return;
    let entry = directory.entryAfter(offset < AFTER_DOTS ? 0n : offset - AFTER_DOTS);
    while (entry !== undefined && emit(entryOf(entry.node, entry.name, entry.order + AFTER_DOTS))) {
      entry = directory.entryAfter(entry.order);
    }
  }
}

function entryOf(node: SynthNode, name: Uint8Array, offset: bigint): DirectoryEntry {
  return { qid: qidOf(node), offset, type: DIRENT_TYPES[node.kind], name };
}
