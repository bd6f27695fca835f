import { type Attributes, GETATTR, type MaybeAsync, type Node } from '../../backend.ts';
import { Errno } from '../../errno.ts';
import { after, attempt } from '../../maybe-async.ts';
import type { Ledger } from './ledger.ts';

/** The unit of `blocks`, in bytes. */
const BLOCK = 512n;

/** An object that clients hold, and what is charged for it. */
export interface Inode {
  readonly path: bigint;
  /** Nodes and open files of it that are held. */
  holders: number;
  /** Bytes charged for it; undefined until that matters. */
  charged: number | undefined;
  /** It was changed through this share, so what is charged must be remembered. */
  changed: boolean;
  /** It has lost its last name: what is charged is given back with the last holder. */
  gone: boolean;
  /** Number of the newest look at it that has been taken into account. */
  look: number;
}

/**
 * What is charged for each object. A charge changes only when the object is looked at, and what is given back is what was
 * charged, never what the file system says at that moment: so a file system that packs, preallocates or delays its blocks
 * cannot make the account drift, and a client cannot either.
 *
 * It remembers objects that clients hold, and of the others those that were changed through this share.
 */
export class InodeTable {
  private readonly ledger: Ledger;
  private readonly held = new Map<bigint, Inode>();
  private readonly charges = new Map<bigint, number>();
  private looks = 0;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  /** Counts one more holder. */
  hold(path: bigint): Inode {
    let inode = this.held.get(path);
    if (inode === undefined) {
      const charged = this.charges.get(path);
      inode = { path, holders: 0, charged, changed: charged !== undefined, gone: false, look: 0 };
      this.charges.delete(path);
      this.held.set(path, inode);
    }
    inode.holders++;
    return inode;
  }

  /** Counts one holder less; with the last one of what has no name goes its charge. */
  letGo(inode: Inode): void {
    inode.holders--;
    if (inode.holders > 0) return;
    this.held.delete(inode.path);
    if (inode.gone) this.ledger.use(-(inode.charged ?? 0), -1);
    else if (inode.changed && inode.charged !== undefined) this.charges.set(inode.path, inode.charged);
  }

  /** Learns what an object is charged before something happens to it for the first time. */
  know(inode: Inode, node: Node): MaybeAsync<void> {
    if (inode.charged !== undefined) return;
    return after(node.getattr(WANTED), (attributes) => {
      inode.charged ??= bytesOf(attributes);
    });
  }

  /**
   * Looks at an object after something has happened to it, and charges it for what it takes now. Where that cannot be
   * seen it is charged what had been reserved.
   */
  charge(inode: Inode, node: Node, reserved = 0): MaybeAsync<void> {
    const look = ++this.looks;
    inode.changed = true;
    return attempt(
      () => node.getattr(WANTED),
      (attributes) => {
        // An older look that comes back later has seen less.
        if (look > inode.look) this.set(inode, bytesOf(attributes), look);
      },
      (error) => {
        this.set(inode, (inode.charged ?? 0) + reserved, look);
        if (!(error instanceof Errno)) throw error;
      },
    );
  }

  /** Charges an object that has just been made. */
  chargeNew(inode: Inode, node: Node, reserved: number): MaybeAsync<void> {
    inode.charged ??= 0;
    this.ledger.use(0, 1);
    return this.charge(inode, node, reserved);
  }

  private set(inode: Inode, bytes: number, look: number): void {
    this.ledger.use(bytes - (inode.charged ?? 0), 0);
    inode.charged = bytes;
    inode.look = look;
  }
}

const WANTED = GETATTR.blocks | GETATTR.nlink | GETATTR.size | GETATTR.mode;

/** What an object takes on the disk. */
export function bytesOf({ blocks }: Attributes): number {
  return Number(blocks * BLOCK);
}
