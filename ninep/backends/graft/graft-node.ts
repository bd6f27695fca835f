import type { Attributes, MaybeAsync, Name, Node, OpenFile, Qid, WalkResult } from '../../backend.ts';
import { Errno, fail } from '../../errno.ts';
import { LayerNode } from '../../layers/layer-node.ts';
import { after } from '../../maybe-async.ts';
import type { Attachment } from './nodes.ts';

/** A node of either tree: everything is passed on, but for what the graft changes. */
export abstract class GraftNode extends LayerNode {
  protected readonly attachment: Attachment;

  constructor(inner: Node, attachment: Attachment) {
    super(inner);
    this.attachment = attachment;
    attachment.hold();
  }

  /** Walks one name; throws if it fails. */
  abstract step(name: Name): MaybeAsync<GraftNode>;
  /** A qid of this tree as the client sees it. */
  protected abstract shown(qid: Qid): Qid;
  /** A node of this tree as the client holds it. */
  protected abstract override wrap(inner: Node): GraftNode;
  /** A walk over these names stays in this tree. */
  protected abstract staysInside(names: readonly Name[]): boolean;
  /** Nodes of one tree can be linked and renamed into each other; a backend sees whether they are its own. */
  protected isSibling(): boolean {
    return true;
  }

  /** This directory's entry of that name is the grafted tree. */
  protected abstract isGraft(name: Name): boolean;

  override walk(names: readonly Name[]): MaybeAsync<WalkResult> {
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

  override getattr(mask: bigint): MaybeAsync<Attributes> {
    return after(this.inner.getattr(mask), (attributes) => {
      const qid = this.shown(attributes.qid);
      return qid === attributes.qid ? attributes : { ...attributes, qid };
    });
  }

  override create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }> {
    if (this.isGraft(name)) fail('EEXIST');
    return super.create(name, flags, mode, gid);
  }

  override mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.mkdir(name, mode, gid), (qid) => this.shown(qid));
  }

  override mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.mknod(name, mode, major, minor, gid), (qid) => this.shown(qid));
  }

  override symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid> {
    if (this.isGraft(name)) fail('EEXIST');
    return after(this.inner.symlink(name, target, gid), (qid) => this.shown(qid));
  }

  override link(name: Name, target: Node): MaybeAsync<void> {
    if (this.isGraft(name)) fail('EEXIST');
    return super.link(name, target);
  }

  override rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    if (this.isGraft(oldName)) fail('EBUSY');
    this.behind(newDirectory);
    if (newDirectory instanceof GraftNode && newDirectory.isGraft(newName)) fail('EBUSY');
    return super.rename(oldName, newDirectory, newName);
  }

  override unlink(name: Name, directory: boolean): MaybeAsync<void> {
    if (this.isGraft(name)) fail('EBUSY');
    return this.inner.unlink(name, directory);
  }

  override renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    this.behind(newDirectory);
    if (newDirectory instanceof GraftNode && newDirectory.isGraft(newName)) fail('EBUSY');
    return super.renameSelf(newDirectory, newName);
  }

  override release(): MaybeAsync<void> {
    return after(this.inner.release(), () => this.attachment.letGo());
  }
}
