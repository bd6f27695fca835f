import { AT, Statfs } from 'node-hostfs';
import type {
  AttributeChange,
  Attributes,
  Credential,
  FileSystemStatus,
  MaybeAsync,
  Name,
  Node,
  OpenFile,
  Qid,
  WalkResult,
} from '../../backend.ts';
import { Errno, fail } from '../../errno.ts';
import { after, isPending } from '../../maybe-async.ts';
import { checkTarget, ON_CREATE, ON_RENAME, ON_UNLINK } from '../../names.ts';
import type { RgetattrMessage } from '../../rgetattr.ts';
import { attributesInto } from './attribute-words.ts';
import { toAttributes } from './attributes.ts';
import { changeAttributes } from './change-attributes.ts';
import { check } from './check.ts';
import { createFile, type Maker, makeDirectory, makeNode, makeSymlink } from './create-entry.ts';
import type { HostObject } from './host-object.ts';
import { locate } from './locate.ts';
import type { Directory } from './names.ts';
import { openObject } from './open-object.ts';
import { readTarget } from './read-target.ts';
import type { Share } from './share.ts';
import { type Found, lookup } from './walk.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattrs.ts';

const fileSystem = new Statfs();

/** A fid's object on the host, with the credential it was attached with. */
export class LocalNode implements Node {
  readonly qid: Qid;
  private readonly share: Share;
  private readonly object: HostObject;
  private readonly credential: Credential;

  /** Takes over one reference to `object`. */
  constructor(share: Share, object: HostObject, qid: Qid, credential: Credential) {
    this.share = share;
    this.object = object;
    this.credential = credential;
    this.qid = qid;
  }

  clone(): Node {
    return this.nodeOf(this.object.retain(), this.qid);
  }

  walk(names: readonly Name[]): WalkResult {
    const qids: Qid[] = [];
    let at = this.object;
    let qid = this.qid;
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (name === undefined) break;
      let found: Found;
      try {
        found = lookup(this.share, at, name);
      } catch (error) {
        if (i > 0) at.release();
        if (i === 0 || !(error instanceof Errno)) throw error;
        return { qids, node: undefined };
      }
      // The first is where the walk begins, and this node's.
      if (i > 0) at.release();
      at = found.object;
      qid = found.qid;
      if (i === 0) qids[0] = qid;
      else qids.push(qid);
    }
    return { qids, node: this.nodeOf(at, qid) };
  }

  getattr(_mask: bigint): Attributes {
    return toAttributes(this.share, this.object);
  }

  getattrInto(reply: RgetattrMessage): boolean {
    return attributesInto(this.share, this.object, reply);
  }

  setattr(change: AttributeChange): MaybeAsync<void> {
    const target = { object: this.object, writable: undefined, credential: this.credential };
    return changeAttributes(this.share, target, change);
  }

  statfs(): FileSystemStatus {
    check(this.share.hostfs.fstatfs(this.object.fd, fileSystem.bytes));
    const { type, bsize, frsize, blocks, bfree, bavail, files, ffree, fsid, namelen } = fileSystem;
    return {
      type: Number(BigInt.asUintN(32, type)),
      // The counts are in fragments, and Rstatfs has one unit only.
      bsize: Number(frsize === 0n ? bsize : frsize),
      blocks,
      bfree,
      bavail,
      files,
      ffree,
      fsid,
      namelen: Number(namelen),
    };
  }

  open(flags: number): MaybeAsync<OpenFile> {
    return openObject(this.share, this.object, flags, this.credential);
  }

  create(name: Name, flags: number, mode: number, gid: number): MaybeAsync<{ node: Node; file: OpenFile }> {
    return after(createFile(this.maker(gid), name, flags, mode), ({ object, file }) => {
      return { node: this.nodeOf(object, file.qid), file };
    });
  }

  mkdir(name: Name, mode: number, gid: number): Qid {
    return makeDirectory(this.maker(gid), name, mode);
  }

  mknod(name: Name, mode: number, major: number, minor: number, gid: number): Qid {
    return makeNode(this.maker(gid), name, mode, major, minor);
  }

  symlink(name: Name, target: Uint8Array, gid: number): Qid {
    checkTarget(target);
    return makeSymlink(this.maker(gid), name, target);
  }

  readlink(): Uint8Array {
    return readTarget(this.share, this.object);
  }

  link(name: Name, target: Node): void {
    this.share.requireWritable();
    this.share.names.checkEntry(name, ON_CREATE);
    this.share.names.link(this.sibling(target).object, this.object, name);
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): MaybeAsync<void> {
    const { names } = this.share;
    this.share.requireWritable();
    names.checkEntry(oldName, ON_RENAME);
    names.checkEntry(newName, ON_RENAME);
    return names.move(this.object, oldName, this.sibling(newDirectory).object, newName);
  }

  unlink(name: Name, directory: boolean): void {
    this.share.requireWritable();
    this.share.names.checkEntry(name, ON_UNLINK);
    this.share.names.remove(this.object, name, directory ? AT.REMOVEDIR : 0);
  }

  removeSelf(): MaybeAsync<void> {
    const flags = this.object.isDirectory ? AT.REMOVEDIR : 0;
    return this.byItsName((directory, name) => this.share.names.remove(directory, name, flags));
  }

  renameSelf(newDirectory: Node, newName: Name): MaybeAsync<void> {
    const { names } = this.share;
    this.share.requireWritable();
    names.checkEntry(newName, ON_RENAME);
    const target = this.sibling(newDirectory).object;
    return this.byItsName((directory, name) => names.move(directory, name, target, newName));
  }

  getxattr(name: Uint8Array): Uint8Array {
    return getXattr(this.share, this.object, name);
  }

  listxattr(): Uint8Array {
    return listXattrs(this.share, this.object);
  }

  setxattr(name: Uint8Array, value: Uint8Array, flags: number): void {
    setXattr(this.share, this.object, name, value, flags);
  }

  removexattr(name: Uint8Array): void {
    removeXattr(this.share, this.object, name);
  }

  release(): MaybeAsync<void> {
    return this.object.release();
  }

  private maker(gid: number): Maker {
    return { share: this.share, directory: this.object, credential: this.credential, gid };
  }

  private nodeOf(object: HostObject, qid: Qid): LocalNode {
    return new LocalNode(this.share, object, qid, this.credential);
  }

  private sibling(node: Node): LocalNode {
    return node instanceof LocalNode && node.share === this.share ? node : fail('EXDEV');
  }

  private byItsName(act: (directory: Directory, name: Name) => MaybeAsync<void>): MaybeAsync<void> {
    this.share.requireWritable();
    const { directory: fd, name } = locate(this.share, this.object);
    let acted: MaybeAsync<void>;
    try {
      acted = act({ fd }, name);
    } catch (error) {
      this.share.hostfs.close(fd);
      throw error;
    }
    if (isPending(acted)) return acted.finally(() => this.share.hostfs.close(fd));
    this.share.hostfs.close(fd);
  }
}
