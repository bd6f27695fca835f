import type {
  AttributeChange,
  Attributes,
  FileSystemStatus,
  MaybeAsync,
  Name,
  Node,
  OpenFile,
  Qid,
  WalkResult,
} from '../../backend.ts';
import { Errno, fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import type { Attachment } from './nodes.ts';

/** A node of either tree: everything is passed on, but for what the graft changes. */
export abstract class GraftNode implements Node {
  protected readonly inner: Node;
  protected readonly attachment: Attachment;

  constructor(inner: Node, attachment: Attachment) {
    this.inner = inner;
    this.attachment = attachment;
    attachment.hold();
  }

  abstract readonly qid: Qid;
  abstract clone(): MaybeAsync<Node>;
  /** Walks one name; throws if it fails. */
  abstract step(name: Name): MaybeAsync<GraftNode>;
  /** A qid of this tree as the client sees it. */
  protected abstract shown(qid: Qid): Qid;
  /** A node of this tree as the client holds it. */
  protected abstract wrap(inner: Node): GraftNode;
  /** A file of this tree as the client holds it. */
  protected abstract wrapFile(file: OpenFile): OpenFile;
  /** A walk over these names stays in this tree. */
  protected abstract staysInside(names: readonly Name[]): boolean;
  /** What is behind a node of the same tree; EXDEV for the other one's. */
  protected abstract sameTree(node: Node): Node;
  /** This directory's entry of that name is the grafted tree. */
  protected abstract isGraft(name: Name): boolean;

  walk(names: readonly Name[]): MaybeAsync<WalkResult> {
    if (!this.staysInside(names)) return this.walkAcross(names);
    return after(this.inner.walk(names), ({ qids, node }) => ({
      qids: qids.map((qid) => this.shown(qid)),
      node: node === undefined ? undefined : this.wrap(node),
    }));
  }

  private async walkAcross(names: readonly Name[]): Promise<WalkResult> {
    const qids: Qid[] = [];
    let at: GraftNode = this;
    for (const name of names) {
      let next: GraftNode;
      try {
        next = await at.step(name);
      } catch (error) {
        if (at !== this) await at.release();
        if (qids.length > 0 && error instanceof Errno) return { qids, node: undefined };
        throw error;
      }
      if (at !== this) await at.release();
      at = next;
      qids.push(at.qid);
    }
    return { qids, node: at };
  }

  /** One step that stays in this tree. */
  protected stepInside(name: Name): MaybeAsync<GraftNode> {
    return after(this.inner.walk([name]), ({ node }) => (node === undefined ? fail('ENOENT') : this.wrap(node)));
  }

  getattr(mask: bigint): MaybeAsync<Attributes> {
    return after(this.inner.getattr(mask), (attributes) => {
      const qid = this.shown(attributes.qid);
      return qid === attributes.qid ? attributes : { ...attributes, qid };
    });
  }

  setattr(change: AttributeChange): MaybeAsync<void> {
    return this.inner.setattr(change);
  }

  statfs(): MaybeAsync<FileSystemStatus> {
    return this.inner.statfs();
  }

  open(flags: number): MaybeAsync<OpenFile> {
    return after(this.inner.open(flags), (file) => this.wrapFile(file));
  }

  create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.create(name, flags, mode, gid), ({ node, file }) => {
      const wrapped = this.wrap(node);
      return { node: wrapped, file: wrapped.wrapFile(file) };
    });
  }

  mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.mkdir(name, mode, gid), (qid) => this.shown(qid));
  }

  mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.mknod(name, mode, major, minor, gid), (qid) => this.shown(qid));
  }

  symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.symlink(name, target, gid), (qid) => this.shown(qid));
  }

  readlink(): MaybeAsync<Uint8Array> {
    return this.inner.readlink();
  }

  link(name: Name, target: Node): MaybeAsync<void> {
    if (this.isGraft(name)) fail('EEXIST');
    return this.inner.link(name, this.sameTree(target));
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    if (this.isGraft(oldName)) fail('EBUSY');
    const directory = this.sameTree(newDirectory);
    if (newDirectory instanceof GraftNode && newDirectory.isGraft(newName)) fail('EBUSY');
    return this.inner.rename(oldName, directory, newName);
  }

  unlink(name: Name, directory: boolean): MaybeAsync<void> {
    if (this.isGraft(name)) fail('EBUSY');
    return this.inner.unlink(name, directory);
  }

  removeSelf(): MaybeAsync<void> {
    return this.inner.removeSelf();
  }

  renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    const directory = this.sameTree(newDirectory);
    if (newDirectory instanceof GraftNode && newDirectory.isGraft(newName)) fail('EBUSY');
    return this.inner.renameSelf(directory, newName);
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
    return after(this.inner.release(), () => this.attachment.letGo());
  }
}
