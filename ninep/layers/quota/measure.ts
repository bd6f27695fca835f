import { type Attributes, type Backend, GETATTR, type Node } from '../../backend.ts';
import { MODE, OPEN_FLAGS } from '../../constants.ts';
import { Errno } from '../../errno.ts';
import { bytesOf } from './inode-table.ts';

/** What a tree takes. */
export interface Measured {
  readonly bytes: number;
  readonly inodes: number;
}

/** How the work is spread over time. */
export interface Slices {
  /** Whether it is time for others. */
  isOver(): boolean;
  /** Resolves when the others have had their turn; rejects to end the work. */
  pause(): Promise<void>;
}

/** Names taken from a directory at a time: so many of its subdirectories may wait for their turn. */
const NAMES_AT_ONCE = 256;

const WANTED = GETATTR.mode | GETATTR.nlink | GETATTR.blocks | GETATTR.size;

/** A directory that is being counted, and how far its listing was read. */
interface Open {
  readonly node: Node;
  cookie: bigint;
}

/**
 * Adds up what is in a tree, each object once however many names it has. What cannot be read is left out. Memory grows
 * with the depth of the tree and with the files that have several names, not with the number of files.
 */
export async function measure(backend: Backend, slices: Slices): Promise<Measured> {
  const root = await backend.attach({ uname: NOTHING, uid: 0, aname: NOTHING });
  const count = new Count();
  const open: Open[] = [{ node: root, cookie: 0n }];
  try {
    count.add(await root.getattr(WANTED));
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      if (slices.isOver()) await slices.pause();
      const names = await namesAfter(last);
      if (names.length === 0) {
        open.pop();
        await last.node.release();
      }
      for (const name of names) {
        const directory = await count.addName(last.node, name);
        if (directory !== undefined) open.push({ node: directory, cookie: 0n });
        if (slices.isOver()) await slices.pause();
      }
    }
    return count;
  } finally {
    for (const { node } of open) await node.release();
  }
}

const NOTHING = new Uint8Array(0);

class Count implements Measured {
  bytes = 0;
  inodes = 0;
  /** Files with several names, and how many of those are still to come. */
  private readonly linked = new Map<bigint, bigint>();

  add(attributes: Attributes): void {
    if (!isDirectory(attributes) && attributes.nlink > 1n) {
      const { path } = attributes.qid;
      const left = this.linked.get(path);
      if (left === 1n) this.linked.delete(path);
      else this.linked.set(path, (left ?? attributes.nlink) - 1n);
      if (left !== undefined) return;
    }
    this.bytes += bytesOf(attributes);
    this.inodes++;
  }

  /** Adds what has that name; returns it if it is a directory, to be released by the caller. */
  async addName(directory: Node, name: Uint8Array): Promise<Node | undefined> {
    let node: Node | undefined;
    try {
      node = (await directory.walk([name])).node;
      if (node === undefined) return undefined;
      const attributes = await node.getattr(WANTED);
      this.add(attributes);
      if (isDirectory(attributes)) return node;
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
    }
    await node?.release();
    return undefined;
  }
}

/** The next names of a directory, without '.' and '..'; none where it ends or cannot be read. */
async function namesAfter(directory: Open): Promise<Uint8Array[]> {
  const names: Uint8Array[] = [];
  try {
    const file = await directory.node.open(OPEN_FLAGS.O_DIRECTORY);
    try {
      await file.readdir(directory.cookie, ({ name, offset }) => {
        directory.cookie = offset;
        if (!isDots(name)) names.push(name.slice());
        return names.length < NAMES_AT_ONCE;
      });
    } finally {
      await file.release();
    }
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
  }
  return names;
}

function isDirectory({ mode }: Attributes): boolean {
  return (mode & MODE.type) === MODE.directory;
}

function isDots(name: Uint8Array): boolean {
  return name.length <= 2 && name.every((byte) => byte === 0x2e);
}
