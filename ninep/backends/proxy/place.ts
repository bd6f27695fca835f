import { quote } from '../../../bytes/wire.ts';
import type { Name } from '../../backend.ts';

const DOT = 0x2e;

/**
 * Where an object was last known to be: a name in another place. One place stands for all nodes found by the same
 * names, so a rename through this share moves it once for all of them and for all below. It is what a node is found
 * again by after its helper died, and nothing else depends on it.
 */
export class Place {
  /** The root of a share. */
  static root(): Place {
    return new Place(undefined, new Uint8Array(0), '');
  }

  private parent: Place | undefined;
  private name: Name;
  private key: string;
  private readonly children = new Map<string, Place>();
  private users = 0;
  /** Its name was taken away: there is no way to it any more. */
  private detached = false;

  private constructor(parent: Place | undefined, name: Name, key: string) {
    this.parent = parent;
    this.name = name;
    this.key = key;
  }

  /** One more user; each calls `release` once. */
  retain(): this {
    this.users++;
    return this;
  }

  release(): void {
    this.users--;
    this.prune();
  }

  /** Where the names lead to from here, retained. '..' of the root is the root. */
  walk(names: readonly Name[]): Place {
    let at: Place = this.retain();
    for (const name of names) {
      const next = at.step(name).retain();
      at.release();
      at = next;
    }
    return at;
  }

  /** The names that lead here from the root, or undefined if there is no way. */
  path(): Name[] | undefined {
    const names: Name[] = [];
    let at: Place = this;
    while (at.parent !== undefined) {
      if (at.detached) return undefined;
      names.push(at.name);
      at = at.parent;
    }
    return names.reverse();
  }

  /** The name was removed from here: whoever had it has no way any more. */
  removed(name: Name): void {
    this.children.get(quote(name))?.detach();
  }

  /** What had `oldName` here has `newName` in `directory` now, and what had that before has no name. */
  renamed(oldName: Name, directory: Place, newName: Name): void {
    const moved = this.children.get(quote(oldName));
    if (moved === undefined) directory.removed(newName);
    else moved.moveTo(directory, newName);
  }

  /** It has this name now, and what had that before has none. */
  moveTo(directory: Place, name: Name): void {
    const key = quote(name);
    const before = directory.children.get(key);
    if (before === this || this.parent === undefined) return;
    // No file system moves a directory into itself; whoever says so must not make a circle of this.
    if (directory.isWithin(this)) {
      this.detach();
      return;
    }
    before?.detach();
    const { parent } = this;
    if (!this.detached) parent.children.delete(this.key);
    this.parent = directory;
    this.name = name.slice();
    this.key = key;
    this.detached = false;
    directory.children.set(key, this);
    parent.prune();
  }

  /** Takes away its name. */
  detach(): void {
    if (this.parent === undefined || this.detached) return;
    this.parent.children.delete(this.key);
    this.detached = true;
    this.parent.prune();
  }

  private isWithin(other: Place): boolean {
    for (let at: Place | undefined = this; at !== undefined; at = at.parent) if (at === other) return true;
    return false;
  }

  private step(name: Name): Place {
    if (name[0] === DOT && name.length === 1) return this;
    if (name[0] === DOT && name[1] === DOT && name.length === 2) return this.parent ?? this;
    const key = quote(name);
    let child = this.children.get(key);
    if (child === undefined) {
      child = new Place(this, name.slice(), key);
      this.children.set(key, child);
    }
    return child;
  }

  /** Forgets places that nobody is at or below of. */
  private prune(): void {
    let at: Place = this;
    while (at.users === 0 && at.children.size === 0 && at.parent !== undefined) {
      if (!at.detached && at.parent.children.get(at.key) === at) at.parent.children.delete(at.key);
      at = at.parent;
    }
  }
}
