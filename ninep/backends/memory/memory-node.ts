import type {
  AttributeChange,
  Attributes,
  Credential,
  FileSystemStatus,
  Name,
  Node,
  Qid,
  WalkResult,
} from '../../backend.ts';
import { ACCESS_MODE, MODE, NAME_MAX, OPEN_FLAGS } from '../../constants.ts';
import { Errno, fail } from '../../errno.ts';
import { attributesOf, changeAttributes, resize } from './attributes.ts';
import { type Maker, makeDevice, makeInode, requireDevice } from './create.ts';
import { addEntry, linkEntry, moveEntry, removeEntry, requireFree } from './entries.ts';
import { DirectoryInode, FileInode, SymlinkInode } from './inode.ts';
import { MemoryFile, MemoryListing } from './open-files.ts';
import { locate, lookup, type Place } from './place.ts';
import { PAGE_SIZE } from './volume.ts';
import { getAttribute, listAttributes, removeAttribute, setAttribute } from './xattrs.ts';

/** @spec Linux magic.h: TMPFS_MAGIC */
const TMPFS_MAGIC = 0x0102_1994;

/** What a create makes. */
export interface Opened {
  readonly node: MemoryNode;
  readonly file: MemoryFile | MemoryListing;
}

/** An object of the tree in the hands of a client, which it keeps alive. */
export class MemoryNode implements Node {
  private readonly place: Place;
  private readonly credential: Credential;

  constructor(place: Place, credential: Credential) {
    this.place = place;
    this.credential = credential;
    place.inode.hold();
    place.inode.volume.handles++;
  }

  private get inode() {
    return this.place.inode;
  }

  get qid(): Qid {
    return this.inode.qid;
  }

  clone(): MemoryNode {
    return this.nodeAt(this.place);
  }

  walk(names: readonly Name[]): WalkResult {
    const qids: Qid[] = [];
    let at = this.place;
    for (const name of names) {
      try {
        at = lookup(at, name);
      } catch (error) {
        if (qids.length === 0 || !(error instanceof Errno)) throw error;
        return { qids, node: undefined };
      }
      qids.push(at.inode.qid);
    }
    return { qids, node: this.nodeAt(at) };
  }

  getattr(): Attributes {
    return attributesOf(this.inode);
  }

  setattr(change: AttributeChange): void {
    changeAttributes(this.inode, change, this.credential);
  }

  statfs(): FileSystemStatus {
    const { capacity, bytes, inodeLimit, inodes } = this.inode.volume;
    const free = BigInt(Math.floor((capacity - bytes) / PAGE_SIZE));
    return {
      type: TMPFS_MAGIC,
      bsize: PAGE_SIZE,
      blocks: BigInt(Math.floor(capacity / PAGE_SIZE)),
      bfree: free,
      bavail: free,
      files: BigInt(inodeLimit),
      ffree: BigInt(inodeLimit - inodes),
      fsid: 0n,
      namelen: NAME_MAX,
    };
  }

  open(flags: number): MemoryFile | MemoryListing {
    const { inode, credential } = this;
    if (inode instanceof FileInode) {
      if ((flags & OPEN_FLAGS.O_DIRECTORY) !== 0) fail('ENOTDIR');
      if ((flags & OPEN_FLAGS.O_TRUNC) !== 0) resize(inode, 0n, credential);
      return new MemoryFile(inode, flags, credential);
    }
    if (inode instanceof DirectoryInode) {
      const changes = (flags & ACCESS_MODE.mask) !== ACCESS_MODE.O_RDONLY || (flags & OPEN_FLAGS.O_TRUNC) !== 0;
      return changes ? fail('EISDIR') : new MemoryListing(inode, flags);
    }
    return fail(inode instanceof SymlinkInode ? 'ELOOP' : 'ENXIO');
  }

  create(name: Name, flags: number, mode: number, gid: number): Opened {
    const there = this.inode instanceof DirectoryInode ? this.inode.names.get(name) : undefined;
    if (there !== undefined && (flags & OPEN_FLAGS.O_EXCL) === 0)
      return this.openExisting({ inode: there.inode, entry: there }, flags);
    const directory = requireFree(this.inode, name);
    const inode = makeInode(this.maker(gid), MODE.file, mode, (volume, birth) => new FileInode(volume, birth));
    const entry = addEntry(directory, name, inode);
    return { node: this.nodeAt({ inode, entry }), file: new MemoryFile(inode, flags, this.credential) };
  }

  mkdir(name: Name, mode: number, gid: number): Qid {
    const parent = requireFree(this.inode, name);
    const inode = makeInode(this.maker(gid), MODE.directory, mode, (volume, birth) => {
      return new DirectoryInode(volume, birth, parent);
    });
    return addEntry(parent, name, inode).inode.qid;
  }

  mknod(name: Name, mode: number, major: number, minor: number, gid: number): Qid {
    requireDevice(mode, major, minor);
    const directory = requireFree(this.inode, name);
    return addEntry(directory, name, makeDevice(this.maker(gid), mode, major, minor)).inode.qid;
  }

  symlink(name: Name, target: Uint8Array, gid: number): Qid {
    const directory = requireFree(this.inode, name);
    const inode = makeInode(this.maker(gid), MODE.symlink, 0o777, (volume, birth) => {
      return new SymlinkInode(volume, birth, target);
    });
    return addEntry(directory, name, inode).inode.qid;
  }

  readlink(): Uint8Array {
    return this.inode instanceof SymlinkInode ? this.inode.target : fail('EINVAL');
  }

  link(name: Name, target: Node): void {
    linkEntry(this.inode, name, this.sibling(target).inode);
  }

  rename(oldName: Name, newDirectory: Node, newName: Name): void {
    moveEntry(this.inode, oldName, this.sibling(newDirectory).inode, newName);
  }

  unlink(name: Name, directory: boolean): void {
    removeEntry(this.inode, name, directory);
  }

  removeSelf(): void {
    const { directory, name } = locate(this.place);
    removeEntry(directory, name, this.inode instanceof DirectoryInode);
  }

  renameSelf(newDirectory: Node, newName: Name): void {
    const target = this.sibling(newDirectory).inode;
    const { directory, name } = locate(this.place);
    moveEntry(directory, name, target, newName);
  }

  getxattr(name: Uint8Array): Uint8Array {
    return getAttribute(this.inode, name);
  }

  listxattr(): Uint8Array {
    return listAttributes(this.inode);
  }

  setxattr(name: Uint8Array, value: Uint8Array, flags: number): void {
    setAttribute(this.inode, name, value, flags);
  }

  removexattr(name: Uint8Array): void {
    removeAttribute(this.inode, name);
  }

  release(): void {
    this.inode.volume.handles--;
    this.inode.release();
  }

  private nodeAt(place: Place): MemoryNode {
    return new MemoryNode(place, this.credential);
  }

  private maker(gid: number): Maker {
    return { directory: this.inode, credential: this.credential, gid };
  }

  private openExisting(place: Place, flags: number): Opened {
    if (place.inode instanceof DirectoryInode) fail('EISDIR');
    const node = this.nodeAt(place);
    try {
      return { node, file: node.open(flags & ~OPEN_FLAGS.O_DIRECTORY) };
    } catch (error) {
      node.release();
      throw error;
    }
  }

  private sibling(node: Node): MemoryNode {
    return node instanceof MemoryNode && node.inode.volume === this.inode.volume ? node : fail('EXDEV');
  }
}
