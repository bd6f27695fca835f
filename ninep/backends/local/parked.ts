import { E, O } from 'node-hostfs';
import type { MaybeAsync } from '../../backend.ts';
import { Errno, errnoOf } from '../../errno.ts';
import type { Handles } from './handles.ts';
import type { HostObject } from './host-object.ts';
import { relativePath } from './locate.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import type { Share } from './share.ts';
import { Survivors } from './survivors.ts';

/** A client can hold a million objects at the end of paths of 4,095 bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What an object is found by. Both are bytes as Latin-1. */
interface Way {
  /** Relative to the root. */
  path: string | undefined;
  /** What `Handles` made. */
  readonly handle: string | undefined;
}

/**
 * Objects whose descriptors are closed for now, and the ways they are found again: first the path, since what is opened by it
 * knows its name, then the handle. What is found must be the same device, inode and birth time. What a client does to
 * names keeps the paths right and the objects alive; where the host's own programs move a parked object, it takes a handle.
 */
export class Parked {
  private readonly share: Share;
  private readonly handles: Handles | undefined;
  private readonly mostBytes: number;
  private bytes = 0;
  private readonly ways = new Map<HostObject, Way>();
  private readonly byIdentity = new Map<string, Set<HostObject>>();
  private readonly survivors: Survivors;

  /** @param mostBytes of all ways together; an object that cannot be found within that keeps its descriptor. */
  constructor(share: Share, handles?: Handles, mostBytes = MOST_BYTES) {
    this.share = share;
    this.handles = handles;
    this.mostBytes = mostBytes;
    this.survivors = new Survivors(share);
  }

  get size(): number {
    return this.ways.size;
  }

  /** Notes how an object is found again, if it can be; then its descriptor may be closed. */
  add(object: HostObject, fd: number): boolean {
    let way: Way;
    try {
      if (this.share.statOf(fd).nlink === 0) return false;
      const handle = this.fitting(this.handles?.of(fd), 0);
      const path = this.fitting(this.pathTo(object, fd), lengthOf(handle));
      if (path === undefined && !this.leadsTo(object, this.openHandle(handle))) return false;
      way = { path, handle };
    } catch (error) {
      if (error instanceof Errno) return false;
      throw error;
    }
    this.ways.set(object, way);
    this.bytes += lengthOf(way.path) + lengthOf(way.handle);
    const same = this.byIdentity.get(object.identity);
    if (same === undefined) this.byIdentity.set(object.identity, new Set([object]));
    else same.add(object);
    return true;
  }

  /** Forgets an object. */
  remove(object: HostObject): MaybeAsync<void> {
    const way = this.ways.get(object);
    if (way === undefined) return;
    this.bytes -= lengthOf(way.path) + lengthOf(way.handle);
    this.ways.delete(object);
    const same = this.byIdentity.get(object.identity);
    same?.delete(object);
    if (same?.size !== 0) return;
    this.byIdentity.delete(object.identity);
    return this.survivors.drop(object.identity, object.format);
  }

  /**
   * A new descriptor of a parked object, which is parked no more; undefined, and it stays parked, if it is not found. with
   * EMFILE or ENFILE where the host has no descriptor left.
   */
  open(object: HostObject): number | undefined {
    const way = this.ways.get(object);
    const fd = way === undefined ? undefined : this.find(object, way);
    // Its inode is held by now, so what kept it is closed at once.
    if (fd !== undefined) void this.remove(object);
    return fd;
  }

  /**
   * Makes a change that may take this name from whatever has it, and sees to it that parked objects survive that.
   * @returns what the change does, or -EMFILE or -ENFILE, and nothing is changed, when they could not survive it.
   */
  across(dirfd: number, name: Uint8Array, change: () => number): number {
    if (this.size === 0) return change();
    let kept: string | undefined;
    try {
      kept = this.keep(dirfd, name);
    } catch (error) {
      if (error instanceof Errno) return -error.errno;
      throw error;
    }
    const result = change();
    if (kept !== undefined) this.settle(kept);
    return result;
  }

  /** What was at or below the old path is at or below the new one; where that is too much to keep, it is forgotten. */
  moved(oldPath: string, newPath: string): void {
    const longer = newPath.length - oldPath.length;
    for (const way of this.ways.values()) {
      const { path } = way;
      if (path === undefined || (path !== oldPath && !path.startsWith(`${oldPath}/`))) continue;
      const fits = this.bytes + longer <= this.mostBytes;
      way.path = fits ? newPath + path.slice(oldPath.length) : undefined;
      this.bytes += fits ? longer : -path.length;
    }
  }

  /** Keeps the inode that has this name now, if parked objects are of it. @returns its identity if it was not kept before. */
  private keep(dirfd: number, name: Uint8Array): string | undefined {
    const { share, survivors } = this;
    const stat = found(() => share.statAt(dirfd, name));
    if (stat === undefined) return undefined;
    const identity = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
    const objects = this.byIdentity.get(identity);
    if (objects === undefined || survivors.fdOf(identity) !== undefined) return undefined;
    share.descriptors.take();
    const fd = share.hostfs.openat2(dirfd, name, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
    for (const object of objects) {
      if (!this.isOf(object, fd)) continue;
      survivors.keep(identity, fd);
      return identity;
    }
    if (fd >= 0) share.hostfs.close(fd);
    share.descriptors.give();
    if (isShortage(fd)) throw errnoOf(-fd);
    return undefined;
  }

  /** Gives up an inode that was kept, if its objects are found without. */
  private settle(identity: string): void {
    const fd = this.survivors.fdOf(identity);
    if (fd === undefined || found(() => this.share.statOf(fd))?.nlink === 0) return;
    let format = 0;
    for (const object of this.byIdentity.get(identity) ?? []) {
      const way = this.ways.get(object);
      if (!this.leadsTo(object, this.openPath(way?.path)) && !this.leadsTo(object, this.openHandle(way?.handle)))
        return;
      format = object.format;
    }
    // It has a name, so closing it takes no time.
    void this.survivors.drop(identity, format);
  }

  private find(object: HostObject, way: Way): number | undefined {
    const kept = this.survivors.fdOf(object.identity);
    const ways = [
      () => (kept === undefined ? -1 : this.share.hostfs.reopen(kept, O.PATH)),
      () => this.openPath(way.path),
      () => this.openHandle(way.handle),
    ];
    for (const open of ways) {
      const fd = open();
      if (isShortage(fd)) throw errnoOf(-fd);
      if (this.isOf(object, fd)) return fd;
      if (fd >= 0) this.share.hostfs.close(fd);
    }
    return undefined;
  }

  /** The present path of an object, if it leads there. */
  private pathTo(object: HostObject, fd: number): string | undefined {
    const path = found(() => relativePath(this.share, fd));
    if (path === undefined) return undefined;
    const text = Buffer.from(path).toString('latin1');
    return this.leadsTo(object, this.openPath(text)) ? text : undefined;
  }

  private fitting(way: string | undefined, besides: number): string | undefined {
    return this.bytes + besides + lengthOf(way) <= this.mostBytes ? way : undefined;
  }

  private openPath(path: string | undefined): number {
    if (path === undefined) return -1;
    const { hostfs, root } = this.share;
    return hostfs.openat2(root.fd, Buffer.from(path, 'latin1'), O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
  }

  private openHandle(handle: string | undefined): number {
    return handle === undefined || this.handles === undefined ? -1 : this.handles.open(handle);
  }

  /** Whether this descriptor, closed afterwards, is of the object. */
  private leadsTo(object: HostObject, fd: number): boolean {
    const same = this.isOf(object, fd);
    if (fd >= 0) this.share.hostfs.close(fd);
    return same;
  }

  private isOf(object: HostObject, fd: number): boolean {
    const stat = fd < 0 ? undefined : found(() => this.share.statOf(fd));
    return stat !== undefined && object.matches(stat);
  }
}

function lengthOf(way: string | undefined): number {
  return way?.length ?? 0;
}

function isShortage(result: number): boolean {
  return result === -E.MFILE || result === -E.NFILE;
}

/** What the host says, or undefined where it refuses. */
function found<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Errno) return undefined;
    throw error;
  }
}
