import { utf8 } from '../../../bytes/wire.ts';
import { type Credential, type MaybeAsync, QID_TYPE, type Qid, type Request } from '../../backend.ts';
import { MODE } from '../../constants.ts';
import { ERRNO, errnoOf } from '../../errno.ts';
import { checkEntryName, checkTarget, ON_CREATE } from '../../names.ts';

/** Ownership and permissions of a node; the guest's kernel judges by them, the server does not. */
export interface SynthMode {
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What happens when the guest reads and writes a special file. What is left out is refused with EACCES. */
export interface SynthCallbacks {
  /** The size to report in bytes; 0 unless given, which suits streams. */
  readonly size?: number | (() => number);
  /**
   * The file is being opened with Linux `flags`. May return a handle whose callbacks serve this one open file instead of
   * the node's own, or throw an Errno to refuse.
   */
  open?(flags: number, credential: Credential): MaybeAsync<SynthHandle | undefined>;
  /**
   * Fills `into` and returns the number of bytes, 0 for the end. May wait: return a promise, and reject it with EINTR
   * when `request.onFlush` says that nobody waits any more.
   */
  read?(offset: bigint, into: readonly Uint8Array[], request: Request): MaybeAsync<number>;
  /** Takes bytes out of `from`, which is the guest's memory and valid until the result is there; returns how many. */
  write?(offset: bigint, from: readonly Uint8Array[], request: Request): MaybeAsync<number>;
  /** An open file has been closed; called once for each successful open. */
  release?(): MaybeAsync<void>;
}

/** One open file with callbacks of its own. */
export type SynthHandle = Pick<SynthCallbacks, 'read' | 'write' | 'release'>;

/** What a regular file holds: bytes, text, or what a function returns each time the file is opened or looked at. */
export type SynthContent = Uint8Array | string | (() => MaybeAsync<Uint8Array>);

/** What every node of a tree has. */
interface Common {
  /** The node's number: its inode number and qid path, never used again. */
  readonly number: bigint;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A regular file. */
export interface SynthFile extends Common {
  readonly kind: 'file';
  readonly content: Uint8Array | (() => MaybeAsync<Uint8Array>);
}

/** A file whose reads and writes are callbacks. */
export interface SynthSpecial extends Common {
  readonly kind: 'special';
  readonly callbacks: SynthCallbacks;
}

/** A symbolic link. */
export interface SynthSymlink extends Common {
  readonly kind: 'symlink';
  readonly target: Uint8Array;
}

/** Anything in a tree. */
export type SynthNode = SynthDirectory | SynthFile | SynthSpecial | SynthSymlink;

/** A name in a directory. */
export interface SynthEntry {
  /** Grows with each name added to the directory; a listing goes on after the last it has seen. */
  readonly order: bigint;
  readonly name: Uint8Array;
  readonly node: SynthNode;
}

/** What all nodes of one tree share. */
export interface SynthTree {
  readonly defaults: { readonly uid: number; readonly gid: number };
  /** Listings begin with the name added last. */
  readonly newestFirst: boolean;
  /** The next node's number. */
  next(): bigint;
}

/**
 * A directory, and the way to fill it. All methods may be used while guests look on; what is removed stays usable for
 * those who hold it. Names are 1 to 255 bytes without '/' and NUL, not '.' or '..', and a name can be taken only once:
 * anything else throws a RangeError.
 */
export class SynthDirectory implements Common {
  readonly kind = 'directory';
  readonly number: bigint;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The directory this one is in; a root is in itself. */
  readonly parent: SynthDirectory;
  private readonly tree: SynthTree;
  private readonly byName = new Map<string, SynthEntry>();
  private list: SynthEntry[] = [];
  private lastOrder = 0n;

  /** Made by `createSynth` and `directory` only. */
  constructor(tree: SynthTree, parent: SynthDirectory | undefined, owner: SynthMode) {
    const common = commonOf(tree, MODE.directory, 0o555, owner);
    this.number = common.number;
    this.mode = common.mode;
    this.uid = common.uid;
    this.gid = common.gid;
    this.tree = tree;
    this.parent = parent ?? this;
  }

  /** Adds a directory; mode 0555 unless given. */
  directory(name: string | Uint8Array, owner: SynthMode = {}): SynthDirectory {
    return this.add(name, new SynthDirectory(this.tree, this, owner));
  }

  /** Adds a regular file that can only be read; mode 0444 unless given. The tree keeps `content`. */
  file(name: string | Uint8Array, content: SynthContent, owner: SynthMode = {}): SynthFile {
    const bytes = typeof content === 'string' ? utf8(content) : content;
    return this.add(name, { kind: 'file', ...commonOf(this.tree, MODE.file, 0o444, owner), content: bytes });
  }

  /** Adds a symbolic link. */
  symlink(name: string | Uint8Array, target: string | Uint8Array, owner: SynthMode = {}): SynthSymlink {
    const bytes = toBytes(target);
    checkedForHost(() => checkTarget(bytes), target);
    return this.add(name, { kind: 'symlink', ...commonOf(this.tree, MODE.symlink, 0o777, owner), target: bytes });
  }

  /** Adds a file whose reads and writes are callbacks; its mode allows what the callbacks can do unless given. */
  special(name: string | Uint8Array, callbacks: SynthCallbacks, owner: SynthMode = {}): SynthSpecial {
    const readable = callbacks.read !== undefined || callbacks.open !== undefined;
    const writable = callbacks.write !== undefined || callbacks.open !== undefined;
    const mode = (readable ? 0o444 : 0) | (writable ? 0o200 : 0);
    return this.add(name, { kind: 'special', ...commonOf(this.tree, MODE.file, mode, owner), callbacks });
  }

  /** Takes a name away, with everything below it. Returns whether it was there. */
  remove(name: string | Uint8Array): boolean {
    const key = keyOf(toBytes(name));
    const entry = this.byName.get(key);
    if (entry === undefined) return false;
    this.byName.delete(key);
    this.list = this.list.filter((other) => other !== entry);
    return true;
  }

  /** The node of that name, or undefined. */
  child(name: string | Uint8Array): SynthNode | undefined {
    return this.byName.get(keyOf(toBytes(name)))?.node;
  }

  /** The name that a listing shows after the one of that order, or undefined; 0 is before the first. */
  entryAfter(order: bigint): SynthEntry | undefined {
    if (!this.tree.newestFirst) return this.list[this.countUpTo(order)];
    return order === 0n ? this.list.at(-1) : this.list[this.countUpTo(order - 1n) - 1];
  }

  /** How many names have that order or a lower one. */
  private countUpTo(order: bigint): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.list[middle];
      if (entry !== undefined && entry.order > order) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** How many directories are in this one. */
  get subdirectories(): number {
    return this.list.reduce((count, entry) => count + (entry.node.kind === 'directory' ? 1 : 0), 0);
  }

  private add<T extends SynthNode>(name: string | Uint8Array, node: T): T {
    const bytes = toBytes(name);
    checkedForHost(() => checkEntryName(bytes, ON_CREATE), name);
    const key = keyOf(bytes);
    if (this.byName.has(key)) throw new RangeError(`there is already ${JSON.stringify(key)} in this directory`);
    const entry = { order: ++this.lastOrder, name: bytes, node };
    this.byName.set(key, entry);
    this.list.push(entry);
    return node;
  }
}

function commonOf(tree: SynthTree, type: number, permissions: number, owner: SynthMode): Common {
  const { mode = permissions, uid = tree.defaults.uid, gid = tree.defaults.gid } = owner;
  return { number: tree.next(), mode: type | (mode & MODE.permissions), uid, gid };
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? utf8(value) : value.slice();
}

/** Names are bytes; as map keys they are strings of one character per byte. */
function keyOf(name: Uint8Array): string {
  return String.fromCharCode(...name);
}

/** The rules for a guest's names hold for the host's, but there breaking them is a bug. */
function checkedForHost(check: () => void, value: string | Uint8Array): void {
  try {
    check();
  } catch {
    throw new RangeError(`cannot be a name or target in a synth tree: ${JSON.stringify(value)}`);
  }
}

/** What a guest is told who wants to change a tree that only the host changes. */
export const REFUSED = errnoOf(ERRNO.EPERM);

const QID_TYPES: Record<SynthNode['kind'], number> = {
  directory: QID_TYPE.dir,
  symlink: QID_TYPE.symlink,
  file: QID_TYPE.file,
  special: QID_TYPE.file,
};

/** A node's qid. Its version is 0, which tells Linux not to cache: files here change by themselves. */
export function qidOf(node: SynthNode): Qid {
  return { type: QID_TYPES[node.kind], version: 0, path: node.number };
}
