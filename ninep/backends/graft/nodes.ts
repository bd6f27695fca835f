import type { Backend, Credential, MaybeAsync, Name, Node, OpenFile, Qid } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import type { RgetattrMessage } from '../../rgetattr.ts';
import { GraftNode } from './graft-node.ts';
import { MappedFile, RootListing } from './open-files.ts';

/** One client's view of the two trees; it holds the base's root for as long as any node of the view is held. */
export class Attachment {
  readonly name: Name;
  readonly root: Node;
  private readonly other: Backend;
  private readonly credential: Credential;
  private holders = 0;
  private top: Qid | undefined = undefined;

  /** @param root of the base; it becomes the attachment's. */
  constructor(name: Name, root: Node, other: Backend, credential: Credential) {
    this.name = name;
    this.root = root;
    this.other = other;
    this.credential = credential;
  }

  /** The root of the other tree, for one more holder. */
  enter(): MaybeAsync<GraftNode> {
    return after(this.other.attach(this.credential), (node) => {
      this.top = node.qid;
      return new OtherNode(node, this);
    });
  }

  /** The root of the base, for one more holder. */
  leave(): MaybeAsync<GraftNode> {
    return after(this.root.clone(), (node) => new BaseNode(node, this));
  }

  /** The root of the other tree as a listing shows it. */
  graftedQid(): MaybeAsync<Qid> {
    if (this.top !== undefined) return otherQid(this.top);
    return after(this.enter(), (node) => after(node.release(), () => node.qid));
  }

  /** Whether that is the qid of the other tree's root, before it is shown to a client. */
  isTop(qid: Qid): boolean {
    return qid.path === this.top?.path;
  }

  /** Counts a node of the view. */
  hold(): void {
    this.holders++;
  }

  /** Counts a node out; with the last one goes the base's root. */
  letGo(): MaybeAsync<void> {
    this.holders--;
    if (this.holders === 0) return this.root.release();
  }
}

/** A node of the tree that is grafted upon. */
export class BaseNode extends GraftNode {
  private readonly isRoot: boolean;

  constructor(inner: Node, attachment: Attachment) {
    super(inner, attachment);
    this.isRoot = inner.qid.path === attachment.root.qid.path;
  }

  step(name: Name): MaybeAsync<GraftNode> {
    return this.isGraft(name) ? this.attachment.enter() : this.stepInside(name);
  }

  /** Its qids are shown as they are. */
  getattrInto(reply: RgetattrMessage): boolean {
    return this.inner.getattrInto?.(reply) ?? false;
  }

  protected shown(qid: Qid): Qid {
    return qid;
  }

  protected wrap(inner: Node): GraftNode {
    return new BaseNode(inner, this.attachment);
  }

  protected override wrapFile(file: OpenFile): OpenFile {
    if (!this.isRoot) return file;
    const { attachment } = this;
    return new RootListing(file, attachment.name, () => attachment.graftedQid());
  }

  protected staysInside(names: readonly Name[]): boolean {
    return !names.some((name) => equal(name, this.attachment.name));
  }

  protected isGraft(name: Name): boolean {
    return this.isRoot && equal(name, this.attachment.name);
  }
}

/** A node of the tree that is grafted. */
export class OtherNode extends GraftNode {
  private readonly isTop: boolean;

  constructor(inner: Node, attachment: Attachment) {
    super(inner, attachment);
    this.isTop = attachment.isTop(inner.qid);
  }

  override get qid(): Qid {
    return otherQid(this.inner.qid);
  }

  step(name: Name): MaybeAsync<GraftNode> {
    return this.isTop && isDotDot(name) ? this.attachment.leave() : this.stepInside(name);
  }

  override removeSelf(): MaybeAsync<void> {
    return this.isTop ? fail('EBUSY') : super.removeSelf();
  }

  override renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    return this.isTop ? fail('EBUSY') : super.renameSelf(newDirectory, newName);
  }

  protected shown(qid: Qid): Qid {
    return otherQid(qid);
  }

  protected wrap(inner: Node): GraftNode {
    return new OtherNode(inner, this.attachment);
  }

  protected override wrapFile(file: OpenFile): OpenFile {
    return new MappedFile(file, otherQid);
  }

  protected staysInside(names: readonly Name[]): boolean {
    return !names.some(isDotDot);
  }

  protected isGraft(): boolean {
    return false;
  }
}

const OTHER_RANGE = 0xffff_ffff_0000_0000n;

/** A qid of the other tree in the range kept for it; a path that does not fit is our bug and throws. */
function otherQid(qid: Qid): Qid {
  if (qid.path > 0xffff_ffffn) throw new RangeError(`qid path ${qid.path} of a grafted tree is not below 2^32`);
  return { type: qid.type, version: qid.version, path: OTHER_RANGE | qid.path };
}

function isDotDot(name: Name): boolean {
  return name.length === 2 && name[0] === 0x2e && name[1] === 0x2e;
}

function equal(one: Name, other: Name): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
