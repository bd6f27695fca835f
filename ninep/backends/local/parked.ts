import { O } from 'node-hostfs';
import { Errno } from '../../errno.ts';
import type { HostObject } from './host-object.ts';
import { relativePath } from './locate.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import type { Share } from './share.ts';

/** A client can hold a million objects at the end of paths of 4,095 bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Objects whose descriptors are closed for now, and the paths they are found by again. A path found again must lead to the same
 * device, inode and birth time. What a client does to names keeps the paths right; if the host's own programs move a
 * parked object, it is ESTALE.
 */
export class Parked {
  private readonly share: Share;
  private readonly mostBytes: number;
  private bytes = 0;
  /** Paths are bytes as Latin-1, relative to the root. */
  private readonly paths = new Map<HostObject, string>();
  private readonly byIdentity = new Map<string, Set<HostObject>>();

  /** @param mostBytes of all paths together; an object whose path is beyond that keeps its descriptor. */
  constructor(share: Share, mostBytes = MOST_BYTES) {
    this.share = share;
    this.mostBytes = mostBytes;
  }

  get size(): number {
    return this.paths.size;
  }

  /** Notes where an object is, if it can be found there again; then its descriptor may be closed. */
  add(object: HostObject, fd: number): boolean {
    try {
      if (this.share.statOf(fd).nlink === 0) return false;
      const path = relativePath(this.share, fd);
      if (path === undefined || this.bytes + path.length > this.mostBytes) return false;
      const found = this.find(object, path);
      if (found < 0) return false;
      this.share.hostfs.close(found);
      this.paths.set(object, Buffer.from(path).toString('latin1'));
      this.bytes += path.length;
    } catch (error) {
      if (error instanceof Errno) return false;
      throw error;
    }
    const same = this.byIdentity.get(object.identity);
    if (same === undefined) this.byIdentity.set(object.identity, new Set([object]));
    else same.add(object);
    return true;
  }

  /** Forgets an object. */
  remove(object: HostObject): void {
    this.bytes -= this.paths.get(object)?.length ?? 0;
    this.paths.delete(object);
    const same = this.byIdentity.get(object.identity);
    same?.delete(object);
    if (same?.size === 0) this.byIdentity.delete(object.identity);
  }

  /** A new descriptor of a parked object, which is parked no more; a negative number, and it stays parked, if it is not where it was. */
  open(object: HostObject): number {
    const path = this.paths.get(object);
    if (path === undefined) return -1;
    const fd = this.find(object, Buffer.from(path, 'latin1'));
    if (fd >= 0) this.remove(object);
    return fd;
  }

  /** Opens again whatever is known by this name, since it may be about to lose it. */
  wake(dirfd: number, name: Uint8Array): void {
    if (this.size === 0) return;
    try {
      const stat = this.share.statAt(dirfd, name);
      const identity = `${stat.devMajor}:${stat.devMinor}:${stat.ino}`;
      for (const object of this.byIdentity.get(identity) ?? []) object.wake();
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
    }
  }

  /** What was at or below the old path is at or below the new one; where that is too much to keep, it is forgotten. */
  moved(oldPath: string, newPath: string): void {
    const longer = newPath.length - oldPath.length;
    for (const [object, path] of this.paths) {
      if (path !== oldPath && !path.startsWith(`${oldPath}/`)) continue;
      if (this.bytes + longer > this.mostBytes) {
        this.remove(object);
        continue;
      }
      this.paths.set(object, newPath + path.slice(oldPath.length));
      this.bytes += longer;
    }
  }

  private find(object: HostObject, path: Uint8Array): number {
    const { hostfs, root } = this.share;
    const fd = hostfs.openat2(root.fd, path, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
    if (fd < 0) return fd;
    if (object.matches(this.share.statOf(fd))) return fd;
    hostfs.close(fd);
    return -1;
  }
}
