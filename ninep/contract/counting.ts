import type {
  AttributeChange,
  Attributes,
  Backend,
  Credential,
  DirectoryEntry,
  FileSystemStatus,
  LockRange,
  LockStatus,
  MaybeAsync,
  Name,
  Node,
  OpenFile,
  Qid,
  Request,
  WalkResult,
} from '../backend.ts';
import { after } from '../maybe-async.ts';
import type { RgetattrMessage } from '../rgetattr.ts';

/** What has been handed out and not released. */
export interface Tally {
  nodes: number;
  files: number;
}

/** A backend that behaves as another one and counts: the tally is zero when a session has let go of everything. */
export interface Counting extends Backend {
  readonly tally: Tally;
}

/**
 * Counts the nodes and open files of `inner`. Releasing anything twice, or using it after its release, throws an Error
 * that a session reports as a bug.
 *
 * @param tally what to count in, for several backends to count together.
 */
export function counting(inner: Backend, tally: Tally = { nodes: 0, files: 0 }): Counting {
  return {
    tally,
    driver: inner.driver,
    attach: (credential: Credential) => after(inner.attach(credential), (node) => new CountedNode(node, tally)),
    close: () => inner.close(),
  };
}

class CountedNode implements Node {
  readonly qid: Qid;
  readonly getattrInto?: (reply: RgetattrMessage) => boolean;
  private readonly node: Node;
  private readonly tally: Tally;
  private released = false;

  constructor(node: Node, tally: Tally) {
    this.node = node;
    this.tally = tally;
    this.qid = node.qid;
    if (node.getattrInto !== undefined) this.getattrInto = (reply) => this.inner.getattrInto?.(reply) ?? false;
    tally.nodes++;
  }

  private get inner(): Node {
    if (this.released) throw new Error('a node was used after its release');
    return this.node;
  }

  private count(node: Node): Node {
    return new CountedNode(node, this.tally);
  }

  clone(): MaybeAsync<Node> {
    return after(this.inner.clone(), (node) => this.count(node));
  }

  walk(names: readonly Name[]): MaybeAsync<WalkResult> {
    return after(this.inner.walk(names), ({ qids, node }) => ({ qids, node: node && this.count(node) }));
  }

  getattr(mask: bigint): MaybeAsync<Attributes> {
    return this.inner.getattr(mask);
  }

  setattr(change: AttributeChange): MaybeAsync<void> {
    return this.inner.setattr(change);
  }

  statfs(): MaybeAsync<FileSystemStatus> {
    return this.inner.statfs();
  }

  open(flags: number): MaybeAsync<OpenFile> {
    return after(this.inner.open(flags), (file) => new CountedFile(file, this.tally));
  }

  create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }> {
    return after(this.inner.create(name, flags, mode, gid), ({ node, file }) => ({
      node: this.count(node),
      file: new CountedFile(file, this.tally),
    }));
  }

  mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid> {
    return this.inner.mkdir(name, mode, gid);
  }

  mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid> {
    return this.inner.mknod(name, mode, major, minor, gid);
  }

  symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid> {
    return this.inner.symlink(name, target, gid);
  }

  readlink(): MaybeAsync<Uint8Array> {
    return this.inner.readlink();
  }

  link(name: Name, target: Node): MaybeAsync<void> {
    return this.inner.link(name, uncounted(target));
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    return this.inner.rename(oldName, uncounted(newDirectory), newName);
  }

  unlink(name: Name, directory: boolean): MaybeAsync<void> {
    return this.inner.unlink(name, directory);
  }

  removeSelf(): MaybeAsync<void> {
    return this.inner.removeSelf();
  }

  renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    return this.inner.renameSelf(uncounted(newDirectory), newName);
  }

  getxattr(name: Uint8Array): MaybeAsync<Uint8Array> {
    return this.inner.getxattr(name);
  }

  listxattr(): MaybeAsync<Uint8Array> {
    return this.inner.listxattr();
  }

  setxattr(name: Uint8Array, value: Uint8Array, flags: number): MaybeAsync<void> {
    return this.inner.setxattr(name, value, flags);
  }

  removexattr(name: Uint8Array): MaybeAsync<void> {
    return this.inner.removexattr(name);
  }

  release(): MaybeAsync<void> {
    const { inner } = this;
    this.released = true;
    this.tally.nodes--;
    return inner.release();
  }

  /** The node behind a counted one. */
  static behind(node: Node): Node {
    return node instanceof CountedNode ? node.inner : node;
  }
}

function uncounted(node: Node): Node {
  return CountedNode.behind(node);
}

class CountedFile implements OpenFile {
  readonly qid: Qid;
  readonly iounit: number;
  readonly readNow?: NonNullable<OpenFile['readNow']>;
  readonly writeNow?: NonNullable<OpenFile['writeNow']>;
  readonly setattr?: (change: AttributeChange) => MaybeAsync<void>;
  private readonly file: OpenFile;
  private readonly tally: Tally;
  private released = false;

  constructor(file: OpenFile, tally: Tally) {
    this.file = file;
    this.tally = tally;
    this.qid = file.qid;
    this.iounit = file.iounit;
    if (file.readNow !== undefined) this.readNow = (...args) => this.inner.readNow?.(...args) ?? -1;
    if (file.writeNow !== undefined) this.writeNow = (...args) => this.inner.writeNow?.(...args) ?? -1;
    if (file.setattr !== undefined) this.setattr = (change) => this.inner.setattr?.(change);
    tally.files++;
  }

  private get inner(): OpenFile {
    if (this.released) throw new Error('a file was used after its release');
    return this.file;
  }

  /** Results are what the session trusts, so a read that ends after its file's release is as bad as one that begins so. */
  read(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return after(this.inner.read(offset, into, request), (count) => (this.inner === this.file ? count : 0));
  }

  write(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number> {
    return after(this.inner.write(offset, from, request), (count) => (this.inner === this.file ? count : 0));
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
    const { inner } = this;
    this.released = true;
    this.tally.files--;
    return inner.release();
  }
}
