import type {
  AttributeChange,
  Attributes,
  Backend,
  Credential,
  FileSystemStatus,
  MaybeAsync,
  Name,
  Node,
  OpenFile,
  Qid,
  Timestamp,
  WalkResult,
} from '../../backend.ts';
import { GETATTR } from '../../backend.ts';
import { ACCESS_MODE, NAME_MAX, OPEN_FLAGS } from '../../constants.ts';
import { fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { qidOf, REFUSED, SynthDirectory, type SynthMode, type SynthNode } from './nodes.ts';
import { DirectoryListing, SpecialFile, StaticFile } from './open-files.ts';

/** A tree in memory that the host fills and guests see. */
export interface Synth extends Backend {
  /** The root directory, to be filled. */
  readonly root: SynthDirectory;
}

/** How a tree begins: the mode and owner of its root, which are also the defaults of its nodes' owners. */
export interface SynthOptions extends SynthMode {
  /** Listings begin with the name added last; default false. */
  readonly newestFirst?: boolean;
}

/**
 * Makes an empty tree. Guests can look at everything, read files, and read and write special files; they cannot
 * change the tree itself (EPERM).
 *
 * @param options the root's mode is 0555 unless given, its owner 0 and 0.
 */
export function createSynth(options: SynthOptions = {}): Synth {
  let number = 0n;
  const { uid = 0, gid = 0, newestFirst = false } = options;
  const tree = { defaults: { uid, gid }, newestFirst, next: () => number++ };
  const root = new SynthDirectory(tree, undefined, options);
  return {
    driver: 'synth',
    root,
    attach: (credential) => new SynthHold(root, credential),
    close() {},
  };
}

const EPOCH: Timestamp = { seconds: 0n, nanoseconds: 0 };
const EMPTY = new Uint8Array(0);
const DOT = 0x2e;

/** @spec Linux magic.h: V9FS_MAGIC */
const STATUS: FileSystemStatus = {
  type: 0x01021997,
  bsize: 4096,
  blocks: 0n,
  bfree: 0n,
  bavail: 0n,
  files: 0n,
  ffree: 0n,
  fsid: 0n,
  namelen: NAME_MAX,
};

/** A node of the tree in the hands of a client. */
class SynthHold implements Node {
  readonly qid: Qid;
  private readonly node: SynthNode;
  private readonly credential: Credential;

  constructor(node: SynthNode, credential: Credential) {
    this.qid = qidOf(node);
    this.node = node;
    this.credential = credential;
  }

  clone(): Node {
    return new SynthHold(this.node, this.credential);
  }

  walk(names: readonly Name[]): WalkResult {
    let at = this.node;
    const qids: Qid[] = [];
    for (const name of names) {
      const next = at.kind === 'directory' ? step(at, name) : undefined;
      if (next === undefined) {
        if (qids.length > 0) return { qids, node: undefined };
        return fail(at.kind === 'directory' ? 'ENOENT' : 'ENOTDIR');
      }
      at = next;
      qids.push(qidOf(at));
    }
    return { qids, node: new SynthHold(at, this.credential) };
  }

  getattr(): MaybeAsync<Attributes> {
    const { node } = this;
    if (node.kind === 'file' && typeof node.content === 'function') {
      return after(node.content(), (content) => attributesOf(node, content.length));
    }
    return attributesOf(node, sizeOf(node));
  }

  /** Opening with O_TRUNC, as `> file` does, means nothing to a special file and is let through. */
  setattr(change: AttributeChange): void {
    const { mode, uid, gid } = change;
    if (mode !== undefined || uid !== undefined || gid !== undefined) throw REFUSED;
    if (change.size === undefined) throw REFUSED;
    if (this.node.kind === 'directory') fail('EISDIR');
    if (this.node.kind !== 'special') fail('EACCES');
    if (this.node.callbacks.write === undefined && this.node.callbacks.open === undefined) fail('EACCES');
  }

  statfs(): FileSystemStatus {
    return STATUS;
  }

  open(flags: number): MaybeAsync<OpenFile> {
    const { node, qid } = this;
    const access = flags & ACCESS_MODE.mask;
    if (node.kind === 'symlink') return fail('ELOOP');
    if (node.kind === 'directory') {
      if (access !== ACCESS_MODE.O_RDONLY || (flags & OPEN_FLAGS.O_TRUNC) !== 0) fail('EISDIR');
      return new DirectoryListing(qid, node);
    }
    if ((flags & OPEN_FLAGS.O_DIRECTORY) !== 0) fail('ENOTDIR');
    if (node.kind === 'special') return SpecialFile.open(qid, node.callbacks, flags, this.credential);
    if (access !== ACCESS_MODE.O_RDONLY || (flags & OPEN_FLAGS.O_TRUNC) !== 0) fail('EACCES');
    const { content } = node;
    if (typeof content !== 'function') return new StaticFile(qid, content);
    return after(content(), (bytes) => new StaticFile(qid, bytes));
  }

  readlink(): Uint8Array {
    return this.node.kind === 'symlink' ? this.node.target : fail('EINVAL');
  }

  create(): never {
    throw REFUSED;
  }

  mkdir(): never {
    throw REFUSED;
  }

  mknod(): never {
    throw REFUSED;
  }

  symlink(): never {
    throw REFUSED;
  }

  link(): never {
    throw REFUSED;
  }

  rename(): never {
    throw REFUSED;
  }

  unlink(): never {
    throw REFUSED;
  }

  removeSelf(): never {
    throw REFUSED;
  }

  renameSelf(): never {
    throw REFUSED;
  }

  getxattr(): never {
    return fail('ENODATA');
  }

  listxattr(): Uint8Array {
    return EMPTY;
  }

  setxattr(): never {
    return fail('EOPNOTSUPP');
  }

  removexattr(): never {
    return fail('EOPNOTSUPP');
  }

  release(): void {}
}

function step(directory: SynthDirectory, name: Name): SynthNode | undefined {
  if (name[0] === DOT && name.length === 1) return directory;
  if (name[0] === DOT && name[1] === DOT && name.length === 2) return directory.parent;
  return directory.child(name);
}

function sizeOf(node: SynthNode): number {
  switch (node.kind) {
    case 'directory':
      return 0;
    case 'symlink':
      return node.target.length;
    case 'file':
      return typeof node.content === 'function' ? 0 : node.content.length;
    case 'special': {
      const { size = 0 } = node.callbacks;
      return typeof size === 'function' ? size() : size;
    }
  }
}

function attributesOf(node: SynthNode, size: number): Attributes {
  return {
    valid: GETATTR.basic,
    qid: qidOf(node),
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    nlink: node.kind === 'directory' ? 2n + BigInt(node.subdirectories) : 1n,
    rdev: 0n,
    size: BigInt(size),
    blksize: 4096n,
    blocks: BigInt(Math.ceil(size / 512)),
    atime: EPOCH,
    mtime: EPOCH,
    ctime: EPOCH,
    btime: EPOCH,
    gen: 0n,
    dataVersion: 0n,
  };
}
