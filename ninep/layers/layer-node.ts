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
} from '../backend.ts';
import { fail } from '../errno.ts';
import { after } from '../maybe-async.ts';

/**
 * A node that passes everything on to the one behind it. A layer overrides what it changes, and says with `wrap` and
 * `wrapFile` what clients hold in place of what comes from behind; it owns the node it was made with.
 */
export abstract class LayerNode implements Node {
  protected readonly inner: Node;

  constructor(inner: Node) {
    this.inner = inner;
  }

  get qid(): Qid {
    return this.inner.qid;
  }

  /** What a client holds in place of a node from behind. */
  protected abstract wrap(inner: Node): LayerNode;

  /** Whether a node of the same class belongs to the same layer of the same export. */
  protected abstract isSibling(node: LayerNode): boolean;

  /** What a client holds in place of a file that this node opened. */
  protected wrapFile(file: OpenFile, _flags: number): OpenFile {
    return file;
  }

  /** What is behind another node of this layer; EXDEV for a node of anything else. */
  protected behind(node: Node): Node {
    if (node instanceof LayerNode && node.constructor === this.constructor && this.isSibling(node)) return node.inner;
    return fail('EXDEV');
  }

  clone(): MaybeAsync<Node> {
    return after(this.inner.clone(), (node) => this.wrap(node));
  }

  walk(names: readonly Name[]): MaybeAsync<WalkResult> {
    return after(this.inner.walk(names), ({ qids, node }) => ({ qids, node: node && this.wrap(node) }));
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
    return after(this.inner.open(flags), (file) => this.wrapFile(file, flags));
  }

  create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }> {
    return after(this.inner.create(name, flags, mode, gid), ({ node, file }) => {
      const wrapped = this.wrap(node);
      return { node: wrapped, file: wrapped.wrapFile(file, flags) };
    });
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
    return this.inner.link(name, this.behind(target));
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    return this.inner.rename(oldName, this.behind(newDirectory), newName);
  }

  unlink(name: Name, directory: boolean): MaybeAsync<void> {
    return this.inner.unlink(name, directory);
  }

  removeSelf(): MaybeAsync<void> {
    return this.inner.removeSelf();
  }

  renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    return this.inner.renameSelf(this.behind(newDirectory), newName);
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
    return this.inner.release();
  }
}
