import {
  type AttributeChange,
  type Attributes,
  type Backend,
  type Credential,
  GETATTR,
  type MaybeAsync,
  type Name,
  type Node,
  type OpenFile,
  type Qid,
} from '../../backend.ts';
import { type ErrnoName, fail } from '../../errno.ts';
import { after } from '../../maybe-async.ts';
import { LayerFile } from '../layer-file.ts';
import { LayerNode } from '../layer-node.ts';
import { changeAclIds, type IdChange, isAcl } from './acl-ids.ts';
import { IdMap, type IdRange, OVERFLOW_ID } from './id-ranges.ts';

/** How clients' users and groups are numbered behind a share; what is left out keeps its numbers. */
export interface IdMaps {
  readonly uid?: readonly IdRange[];
  readonly gid?: readonly IdRange[];
}

/**
 * Gives users and groups other numbers behind a share than clients know them by: owners, those who attach, and the
 * entries of access control lists. As on an idmapped mount of Linux, an owner without a number for clients is shown as
 * 65534, and what is his keeps its owner and mode (EPERM); giving something to a user without a number behind the share
 * is EINVAL, and creating as one EOVERFLOW.
 *
 * @throws RangeError for ranges that overlap.
 * @spec Linux mount_setattr(2), ID-mapped mounts
 */
export function idMapped(backend: Backend, maps: IdMaps): Backend {
  const ids = new Ids(maps);
  return {
    driver: backend.driver,
    attach: (credential) => {
      const uid = credential.uid === undefined ? undefined : ids.user?.outward(credential.uid);
      const isStranger = ids.user !== undefined && credential.uid !== undefined && uid === undefined;
      const known = ids.user === undefined ? credential : outsideCredential(credential, uid);
      return after(backend.attach(known), (node) => new IdMappedNode(node, ids, isStranger));
    },
    close: () => backend.close(),
  };
}

/** A stranger looks around as nobody; one without a number stays the server's own user. */
function outsideCredential(credential: Credential, uid: number | undefined): Credential {
  return { ...credential, uid: credential.uid === undefined ? undefined : (uid ?? OVERFLOW_ID) };
}

/** The two maps, absent where numbers stay. */
class Ids {
  readonly user: IdMap | undefined;
  readonly group: IdMap | undefined;
  /** For lists on their way in from clients. */
  readonly toOutside: IdChange;
  /** For lists on their way to clients. */
  readonly toInside: IdChange;

  constructor({ uid, gid }: IdMaps) {
    this.user = uid && new IdMap(uid);
    this.group = gid && new IdMap(gid);
    this.toOutside = {
      user: (id) => outward(this.user, id, 'EINVAL'),
      group: (id) => outward(this.group, id, 'EINVAL'),
    };
    this.toInside = { user: (id) => inward(this.user, id), group: (id) => inward(this.group, id) };
  }

  /** Whether clients have numbers for both owners of a file. */
  knows({ uid, gid }: Attributes): boolean {
    return (this.user?.hasInside(uid) ?? true) && (this.group?.hasInside(gid) ?? true);
  }

  change(change: AttributeChange): AttributeChange {
    const { uid, gid } = change;
    if (uid === undefined && gid === undefined) return change;
    return {
      ...change,
      ...(uid === undefined ? {} : { uid: this.toOutside.user(uid) }),
      ...(gid === undefined ? {} : { gid: this.toOutside.group(gid) }),
    };
  }
}

function outward(map: IdMap | undefined, id: number, error: ErrnoName): number {
  return map === undefined ? id : (map.outward(id) ?? fail(error));
}

function inward(map: IdMap | undefined, id: number): number {
  return map === undefined ? id : map.inward(id);
}

class IdMappedNode extends LayerNode {
  private readonly ids: Ids;
  /** Who attached has no number behind the share. */
  private readonly isStranger: boolean;

  constructor(inner: Node, ids: Ids, isStranger: boolean) {
    super(inner);
    this.ids = ids;
    this.isStranger = isStranger;
  }

  protected wrap(inner: Node): IdMappedNode {
    return new IdMappedNode(inner, this.ids, this.isStranger);
  }

  protected isSibling(node: IdMappedNode): boolean {
    return node.ids === this.ids;
  }

  protected override wrapFile(file: OpenFile): OpenFile {
    return file.setattr === undefined ? file : new IdMappedFile(file, (change) => this.outside(change));
  }

  override getattr(mask: bigint): MaybeAsync<Attributes> {
    const { user, group } = this.ids;
    return after(this.inner.getattr(mask), (attributes) => ({
      ...attributes,
      uid: inward(user, attributes.uid),
      gid: inward(group, attributes.gid),
    }));
  }

  override setattr(change: AttributeChange): MaybeAsync<void> {
    return after(this.outside(change), (outside) => this.inner.setattr(outside));
  }

  override create(name: Name, flags: number, mode: number, gid: number) {
    return super.create(name, flags, mode, this.maker(gid));
  }

  override mkdir(name: Name, mode: number, gid: number): MaybeAsync<Qid> {
    return this.inner.mkdir(name, mode, this.maker(gid));
  }

  override mknod(name: Name, mode: number, major: number, minor: number, gid: number): MaybeAsync<Qid> {
    return this.inner.mknod(name, mode, major, minor, this.maker(gid));
  }

  override symlink(name: Name, target: Uint8Array, gid: number): MaybeAsync<Qid> {
    return this.inner.symlink(name, target, this.maker(gid));
  }

  override getxattr(name: Uint8Array): MaybeAsync<Uint8Array> {
    const value = this.inner.getxattr(name);
    return isAcl(name) ? after(value, (list) => changeAclIds(list, this.ids.toInside)) : value;
  }

  override setxattr(name: Uint8Array, value: Uint8Array, flags: number): MaybeAsync<void> {
    return this.inner.setxattr(name, isAcl(name) ? changeAclIds(value, this.ids.toOutside) : value, flags);
  }

  /** A setattr as the backend is to see it; EPERM for owner and mode of what belongs to nobody clients know. */
  private outside(change: AttributeChange): MaybeAsync<AttributeChange> {
    const { mode, uid, gid } = change;
    if (mode === undefined && uid === undefined && gid === undefined) return change;
    const changed = this.ids.change(change);
    return after(this.inner.getattr(GETATTR.uid | GETATTR.gid), (owner) => {
      return this.ids.knows(owner) ? changed : fail('EPERM');
    });
  }

  /** The group of something new; EOVERFLOW where it, or the one who makes it, has no number behind the share. */
  private maker(gid: number): number {
    return this.isStranger ? fail('EOVERFLOW') : outward(this.ids.group, gid, 'EOVERFLOW');
  }
}

class IdMappedFile extends LayerFile {
  private readonly outside: (change: AttributeChange) => MaybeAsync<AttributeChange>;

  constructor(inner: OpenFile, outside: (change: AttributeChange) => MaybeAsync<AttributeChange>) {
    super(inner);
    this.outside = outside;
  }

  protected override change(inner: OpenFile, change: AttributeChange): MaybeAsync<void> {
    return after(this.outside(change), (outside) => super.change(inner, outside));
  }
}
