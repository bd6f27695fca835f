import { utf8 } from '../../../bytes/wire.ts';
import type { AttributeChange, Attributes, Credential } from '../../backend.ts';
import { ACCESS_MODE, OPEN_FLAGS } from '../../constants.ts';
import { Errno, fail } from '../../errno.ts';
import { checkEntryName, checkName, checkTarget, ON_CREATE } from '../../names.ts';
import type { DirectoryInode } from './inode.ts';
import { MemoryNode } from './memory-node.ts';
import { AFTER_DOTS } from './open-files.ts';
import { lookup, type Place } from './place.ts';

/** Names joined by '/', with or without one in front: text in UTF-8, or bytes. The root is '/' or ''. */
export type MemoryPath = string | Uint8Array;

/** An operation by path that failed: one line with what was tried, where, and why. */
export class MemoryPathError extends Error {
  override readonly name = 'MemoryPathError';
  /** Why, as a client would be told. */
  readonly errno: Errno;

  constructor(operation: string, path: MemoryPath, errno: Errno) {
    const shown = typeof path === 'string' ? path : new TextDecoder().decode(path);
    super(`cannot ${operation} ${JSON.stringify(shown)} in the memory tree: ${errno.name}`);
    this.errno = errno;
  }
}

const SLASH = 0x2f;
const PROGRAM: Credential = { uname: utf8(''), uid: undefined, aname: utf8('') };

/**
 * A tree for the program that made it, in terms of paths. Everything is done at once, as a client would do it; what fails
 * throws a `MemoryPathError`. Symbolic links are not followed. What is made belongs to the owner of the tree and to the
 * group of its directory.
 */
export class PathAccess {
  private readonly root: DirectoryInode;

  constructor(root: DirectoryInode) {
    this.root = root;
  }

  /** A node of the root, the caller's to release. */
  attach(credential: Credential): MemoryNode {
    return new MemoryNode({ inode: this.root, entry: undefined }, credential);
  }

  /** Creates the file, or replaces its content. `mode` is for a new one; 0644 unless given. */
  writeFile(path: MemoryPath, content: Uint8Array | string, mode = 0o644): void {
    const bytes = typeof content === 'string' ? utf8(content) : content;
    this.inDirectory('write', path, (directory, name, gid) => {
      const { node, file } = directory.create(name, ACCESS_MODE.O_WRONLY | OPEN_FLAGS.O_TRUNC, mode, gid);
      try {
        for (let done = 0; done < bytes.length; ) done += file.write(BigInt(done), [bytes.subarray(done)]);
      } finally {
        file.release();
        node.release();
      }
    });
  }

  /** The file's content, the caller's to keep. */
  readFile(path: MemoryPath): Uint8Array {
    return this.at('read', path, (node) => {
      const file = node.open(ACCESS_MODE.O_RDONLY);
      try {
        const content = new Uint8Array(Number(node.getattr().size));
        file.read(0n, [content]);
        return content;
      } finally {
        file.release();
      }
    });
  }

  /** Makes a directory; mode 0755 unless given. */
  mkdir(path: MemoryPath, mode = 0o755): void {
    this.inDirectory('make', path, (directory, name, gid) => directory.mkdir(name, mode, gid));
  }

  symlink(path: MemoryPath, target: string | Uint8Array): void {
    const bytes = typeof target === 'string' ? utf8(target) : target;
    this.inDirectory('make', path, (directory, name, gid) => {
      checkTarget(bytes);
      directory.symlink(name, bytes, gid);
    });
  }

  /** Makes the file at `existing` known as `path` as well. */
  link(existing: MemoryPath, path: MemoryPath): void {
    this.at('link', existing, (node) =>
      this.inDirectory('make', path, (directory, name) => directory.link(name, node)),
    );
  }

  readlink(path: MemoryPath): Uint8Array {
    return this.at('read', path, (node) => node.readlink().slice());
  }

  /** Moves what is at `from`, replacing what is at `to` as rename(2) does. */
  rename(from: MemoryPath, to: MemoryPath): void {
    this.at('move', from, (node) =>
      this.inDirectory('move to', to, (directory, name) => node.renameSelf(directory, name)),
    );
  }

  /** Removes a file or an empty directory. */
  remove(path: MemoryPath): void {
    this.at('remove', path, (node) => node.removeSelf());
  }

  /** The names in a directory, those added first first; bytes that are not UTF-8 become U+FFFD. */
  list(path: MemoryPath): string[] {
    const decoder = new TextDecoder();
    return this.names(path).map((name) => decoder.decode(name));
  }

  /** The names in a directory as bytes, those added first first. */
  names(path: MemoryPath): Uint8Array[] {
    return this.at('list', path, (node) => {
      const listing = node.open(OPEN_FLAGS.O_DIRECTORY);
      const names: Uint8Array[] = [];
      try {
        listing.readdir(AFTER_DOTS, ({ name }) => names.push(name.slice()) > 0);
      } finally {
        listing.release();
      }
      return names;
    });
  }

  stat(path: MemoryPath): Attributes {
    return this.at('look at', path, (node) => node.getattr());
  }

  setattr(path: MemoryPath, change: AttributeChange): void {
    this.at('change', path, (node) => node.setattr(change));
  }

  private at<T>(operation: string, path: MemoryPath, use: (node: MemoryNode) => T): T {
    return explained(operation, path, () => this.with(components(path), use));
  }

  private inDirectory(
    operation: string,
    path: MemoryPath,
    use: (directory: MemoryNode, name: Uint8Array, gid: number) => void,
  ): void {
    explained(operation, path, () => {
      const names = components(path);
      const name = names.pop() ?? fail('EEXIST');
      checkEntryName(name, ON_CREATE);
      this.with(names, (directory) => use(directory, name, directory.getattr().gid));
    });
  }

  private with<T>(names: readonly Uint8Array[], use: (node: MemoryNode) => T): T {
    let place: Place = { inode: this.root, entry: undefined };
    for (const name of names) {
      checkName(name);
      place = lookup(place, name);
    }
    const node = new MemoryNode(place, PROGRAM);
    try {
      return use(node);
    } finally {
      node.release();
    }
  }
}

function components(path: MemoryPath): Uint8Array[] {
  const bytes = typeof path === 'string' ? utf8(path) : path;
  const names: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const slash = bytes.indexOf(SLASH, start);
    const end = slash < 0 ? bytes.length : slash;
    if (end > start) names.push(bytes.slice(start, end));
    start = end + 1;
  }
  return names;
}

function explained<T>(operation: string, path: MemoryPath, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Errno) throw new MemoryPathError(operation, path, error);
    throw error;
  }
}
