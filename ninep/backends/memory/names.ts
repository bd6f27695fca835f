import type { DirectoryInode, Inode } from './inode.ts';

/** A name of an object. It stays the same entry while it is renamed, so whoever reached the object by it finds it again. */
export interface Entry {
  readonly inode: Inode;
  /** The directory it is in, or undefined once the name is gone. */
  directory: DirectoryInode | undefined;
  name: Uint8Array;
  /** Where a listing of the directory goes on after it. */
  cookie: number;
}

interface Slot {
  readonly cookie: number;
  entry: Entry | undefined;
}

/** Cookies 1 and 2 are those of '.' and '..'. */
const LAST_OF_DOTS = 2;

/** Fewer holes than this are not worth closing. */
const FEW_HOLES = 32;

/**
 * The names in one directory, in an order that does not change: each has a cookie, larger than all before it and never
 * given to another, so that a listing can go on after any of them whatever was added or removed meanwhile.
 */
export class Names {
  private readonly byKey = new Map<string, Entry>();
  /** In the order of their cookies; what was removed leaves a hole. */
  private slots: Slot[] = [];
  private lastCookie = LAST_OF_DOTS;

  get size(): number {
    return this.byKey.size;
  }

  get(name: Uint8Array): Entry | undefined {
    return this.byKey.get(bytesKey(name));
  }

  /** Adds an entry, whose name must not be there. */
  add(entry: Entry): void {
    entry.cookie = ++this.lastCookie;
    this.slots.push({ cookie: entry.cookie, entry });
    this.byKey.set(bytesKey(entry.name), entry);
  }

  /** Puts an entry of the same name in the place of another: a listing under way sees that name once. */
  replace(old: Entry, entry: Entry): void {
    entry.cookie = old.cookie;
    const slot = this.slots[this.placeAfter(old.cookie - 1)];
    if (slot !== undefined) slot.entry = entry;
    this.byKey.set(bytesKey(entry.name), entry);
  }

  remove(entry: Entry): void {
    this.byKey.delete(bytesKey(entry.name));
    const slot = this.slots[this.placeAfter(entry.cookie - 1)];
    if (slot !== undefined) slot.entry = undefined;
    const holes = this.slots.length - this.byKey.size;
    if (holes > FEW_HOLES && holes > this.byKey.size)
      this.slots = this.slots.filter((kept) => kept.entry !== undefined);
  }

  /** The first entry with a cookie beyond `cookie`, or undefined. */
  after(cookie: number): Entry | undefined {
    for (let place = this.placeAfter(cookie); place < this.slots.length; place++) {
      const entry = this.slots[place]?.entry;
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  private placeAfter(cookie: number): number {
    let low = 0;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.slots[middle]?.cookie ?? 0) > cookie) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Bytes as a map key: a string of one character for each, so that any two different names differ. */
export function bytesKey(name: Uint8Array): string {
  return String.fromCharCode(...name);
}
