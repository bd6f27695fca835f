import {
  type AttributeChange,
  type Attributes,
  type FileSystemStatus,
  GETATTR,
  type MaybeAsync,
  type Name,
  type Node,
  type OpenFile,
  type Qid,
} from '../../backend.ts';
import { MODE, OPEN_FLAGS } from '../../constants.ts';
import { Errno } from '../../errno.ts';
import { after, attempt } from '../../maybe-async.ts';
import { LayerNode } from '../layer-node.ts';
import type { Account, ChargedNode } from './account.ts';
import { QuotaFile } from './quota-file.ts';

/** The most that a new name can take in its directory, and the most that what it names takes from the start. */
const NAME_ROOM = 4096;
const OBJECT_ROOM = 4096;

/** An extended attribute has at least a block of its own. */
const ATTRIBUTE_ROOM = 4096;

/** A node of a share with a quota: whatever makes it or its directory grow finds room first and is charged afterwards. */
export class QuotaNode extends LayerNode {
  private readonly account: Account;
  private readonly charged: ChargedNode;

  constructor(inner: Node, account: Account) {
    super(inner);
    this.account = account;
    this.charged = { inner, inode: account.inodes.hold(inner.qid.path) };
  }

  protected wrap(inner: Node): QuotaNode {
    return new QuotaNode(inner, this.account);
  }

  protected isSibling(node: QuotaNode): boolean {
    return node.account === this.account;
  }

  protected override wrapFile(file: OpenFile, flags: number): OpenFile {
    return new QuotaFile(file, this.account, this.charged, flags);
  }

  override statfs(): MaybeAsync<FileSystemStatus> {
    const { account } = this;
    return account.onceMeasured(() => after(this.inner.statfs(), (host) => account.statusWithin(host)));
  }

  override setattr(change: AttributeChange): MaybeAsync<void> {
    if (change.size === undefined) return this.inner.setattr(change);
    return this.account.onceMeasured(() => this.account.charging(this.charged, 0, () => this.inner.setattr(change)));
  }

  override open(flags: number): MaybeAsync<OpenFile> {
    if ((flags & OPEN_FLAGS.O_TRUNC) === 0) return super.open(flags);
    return this.account.onceMeasured(() => this.account.charging(this.charged, 0, () => super.open(flags)));
  }

  override create(name: Name, flags: number, mode: number, gid: number) {
    const { account } = this;
    const make = () =>
      after(this.inner.create(name, flags, mode, gid), ({ node, file }) => ({ node: this.wrap(node), file }));
    const opened = ({ node, file }: { node: QuotaNode; file: OpenFile }) => ({
      node,
      file: node.wrapFile(file, flags),
    });
    return account.changeNames(() =>
      this.withFound(name, (found) => {
        if (found !== undefined) return after(account.charging(found.charged, 0, make), opened);
        return this.adding(1, () =>
          after(make(), (made) => {
            return after(account.inodes.chargeNew(made.node.charged.inode, made.node.inner, OBJECT_ROOM), () =>
              opened(made),
            );
          }),
        );
      }),
    );
  }

  override mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid> {
    return this.make(name, () => this.inner.mkdir(name, mode, gid));
  }

  override mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid> {
    return this.make(name, () => this.inner.mknod(name, mode, major, minor, gid));
  }

  override symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid> {
    return this.make(name, () => this.inner.symlink(name, target, gid));
  }

  override link(name: Name, target: Node): MaybeAsync<void> {
    const behind = this.behind(target);
    return this.account.changeNames(() => this.adding(0, () => this.inner.link(name, behind)));
  }

  override unlink(name: Name, directory: boolean): MaybeAsync<void> {
    return this.account.changeNames(() =>
      this.withFound(name, (victim) => this.losing(victim, () => this.inner.unlink(name, directory))),
    );
  }

  override removeSelf(): MaybeAsync<void> {
    return this.account.changeNames(() => this.losing(this, () => this.inner.removeSelf()));
  }

  override rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    const to = this.sibling(newDirectory);
    return this.account.changeNames(() =>
      this.withFound(oldName, (moved) =>
        to.receiving(newName, moved, () =>
          this.account.charging(this.charged, 0, () => this.inner.rename(oldName, to.inner, newName)),
        ),
      ),
    );
  }

  override renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    const to = this.sibling(newDirectory);
    return this.account.changeNames(() => to.receiving(newName, this, () => this.inner.renameSelf(to.inner, newName)));
  }

  override setxattr(name: Uint8Array, value: Uint8Array, flags: number): MaybeAsync<void> {
    const { account } = this;
    const room = name.length + value.length + ATTRIBUTE_ROOM;
    return account.onceMeasured(() =>
      account.withRoom(room, 0, () =>
        account.charging(this.charged, room, () => this.inner.setxattr(name, value, flags)),
      ),
    );
  }

  override removexattr(name: Uint8Array): MaybeAsync<void> {
    return this.account.onceMeasured(() => this.account.charging(this.charged, 0, () => this.inner.removexattr(name)));
  }

  override release(): MaybeAsync<void> {
    const letGo = () => this.account.inodes.letGo(this.charged.inode);
    return attempt(
      () => this.inner.release(),
      letGo,
      (error) => {
        letGo();
        throw error;
      },
    );
  }

  private sibling(node: Node): QuotaNode {
    this.behind(node);
    return node as QuotaNode;
  }

  /** Makes an object with a new name, and charges it. */
  private make(name: Name, operation: () => MaybeAsync<Qid>): MaybeAsync<Qid> {
    const { inodes, ledger } = this.account;
    return this.account.changeNames(() =>
      this.adding(1, () =>
        after(operation(), (qid) =>
          this.withFound(name, (made) => {
            if (made?.qid.path !== qid.path) {
              ledger.use(0, 1);
              return qid;
            }
            return after(inodes.chargeNew(made.charged.inode, made.inner, OBJECT_ROOM), () => qid);
          }),
        ),
      ),
    );
  }

  /** Adds a name to this directory, and so many objects. */
  private adding<T>(objects: number, operation: () => MaybeAsync<T>): MaybeAsync<T> {
    const room = NAME_ROOM + objects * OBJECT_ROOM;
    return this.account.withRoom(room, objects, () => this.account.charging(this.charged, NAME_ROOM, operation));
  }

  /** Adds a name to this directory that may have stood for something else before. */
  private receiving(name: Name, moved: QuotaNode | undefined, operation: () => MaybeAsync<void>): MaybeAsync<void> {
    return this.withFound(name, (victim) => {
      const isMovedItself = victim?.qid.path === moved?.qid.path;
      // A name that is there already takes no more room.
      if (victim === undefined) return this.adding(0, operation);
      return isMovedItself ? operation() : this.losing(victim, operation);
    });
  }

  /** Runs what takes a name from an object, and sees whether that was its last. */
  private losing(victim: QuotaNode | undefined, operation: () => MaybeAsync<void>): MaybeAsync<void> {
    if (victim === undefined) return operation();
    const { inode, inner } = victim.charged;
    return after(this.account.inodes.know(inode, inner), () =>
      after(operation(), () =>
        attempt(
          () => inner.getattr(GETATTR.mode | GETATTR.nlink),
          (attributes) => {
            inode.gone = isGone(attributes);
          },
          keepCharged,
        ),
      ),
    );
  }

  /** Runs an operation with what has that name now, or undefined. */
  private withFound<T>(name: Name, operation: (found: QuotaNode | undefined) => MaybeAsync<T>): MaybeAsync<T> {
    return attempt(
      () => after(this.inner.walk([name]), ({ node }) => node && this.wrap(node)),
      (found) => {
        if (found === undefined) return operation(undefined);
        return attempt(
          () => operation(found),
          (value) => after(found.release(), () => value),
          (error) =>
            after(found.release(), () => {
              throw error;
            }),
        );
      },
      // What cannot be looked up cannot be changed either, and the operation says why.
      (error) => (error instanceof Errno ? operation(undefined) : Promise.reject(error)),
    );
  }
}

/** A directory has no other names; its count of links means something else. */
function isGone({ mode, nlink }: Attributes): boolean {
  return (mode & MODE.type) === MODE.directory || nlink === 0n;
}

/** What cannot be looked at stays charged, until it can be. */
function keepCharged(error: unknown): void {
  if (!(error instanceof Errno)) throw error;
}
