import type { Credential, Name } from './backend.ts';

const SLASH = Uint8Array.of(0x2f);
const DOT = 0x2e;

/** How a fid was come to, as far as a client can tell: a stat has to say a name, which no object has of its own. */
export class Trail {
  /** The last component, '/' at the root; a rename through any fid of this trail changes it for them all. */
  name: Uint8Array;
  /** The directory's trail; undefined at the root. */
  readonly parent: Trail | undefined;

  constructor(parent: Trail | undefined, name: Uint8Array) {
    this.parent = parent;
    this.name = name;
  }

  /** The trail after walking `names`, which are copied. */
  walk(names: readonly Name[]): Trail {
    let trail: Trail = this;
    for (const name of names) trail = trail.step(name);
    return trail;
  }

  /** The names from the root to here. */
  names(): Uint8Array[] {
    const names: Uint8Array[] = [];
    for (let trail: Trail = this; trail.parent !== undefined; trail = trail.parent) names.push(trail.name);
    return names.reverse();
  }

  private step(name: Name): Trail {
    if (name[0] === DOT && name.length === 1) return this;
    if (name[0] === DOT && name[1] === DOT && name.length === 2) return this.parent ?? this;
    return new Trail(this, name.slice());
  }
}

/** How far a directory has been read by Tread. */
export interface ListingPosition {
  /** Where the last read ended, in bytes of the records so far. */
  readonly end: bigint;
  /** The backend's cookie of the last entry before it. */
  readonly cookie: bigint;
}

/** What 9P2000 and 9P2000.u keep about a fid, and 9P2000.L has no use for. */
export class Plan9Fid {
  readonly credential: Credential;
  readonly trail: Trail;
  listing: ListingPosition = { end: 0n, cookie: 0n };
  /** Opened with ORCLOSE: the file goes when the fid does. */
  removeOnClose = false;

  private constructor(credential: Credential, trail: Trail) {
    this.credential = credential;
    this.trail = trail;
  }

  /** Of a fid that was attached. */
  static root(credential: Credential): Plan9Fid {
    return new Plan9Fid(credential, new Trail(undefined, SLASH));
  }

  /** Of a fid walked from this one. */
  walk(names: readonly Name[]): Plan9Fid {
    return new Plan9Fid(this.credential, this.trail.walk(names));
  }
}
