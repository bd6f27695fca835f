import type { MaybeAsync, Name } from '../../backend.ts';
import { checkEntryName, checkName, type DotErrors } from '../../names.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { relativePath } from './locate.ts';
import type { Share } from './share.ts';

/** Something whose names change: a directory that is asked for its descriptor anew in each turn. */
export interface Directory {
  readonly fd: number;
}

/** How names are judged, taken away and changed. */
export interface Names {
  /** A name to look up, '.' and '..' included. */
  checkLookup(name: Name): void;
  /** A name to make, move or remove. */
  checkEntry(name: Name, errors: DotErrors): void;
  /** Whether a listing leaves the name out. */
  hides(name: Name): boolean;
  /** Removes a name. `flags`: 0 or AT.REMOVEDIR. */
  remove(directory: Directory, name: Name, flags: number): void;
  /** Moves a name from one directory to another, replacing what is there. */
  move(from: Directory, oldName: Name, to: Directory, newName: Name): MaybeAsync<void>;
  /** Gives an object one more name. */
  link(object: HostObject, to: Directory, name: Name): void;
}

/** Names as the host has them, with parked objects kept findable. */
export class PlainNames implements Names {
  private readonly share: Share;

  constructor(share: Share) {
    this.share = share;
  }

  checkLookup(name: Name): void {
    checkName(name);
  }

  checkEntry(name: Name, errors: DotErrors): void {
    checkEntryName(name, errors);
  }

  hides(_name: Name): boolean {
    return false;
  }

  remove(directory: Directory, name: Name, flags: number): void {
    removeName(this.share, directory.fd, name, flags);
  }

  move(from: Directory, oldName: Name, to: Directory, newName: Name): void {
    check(moveName(this.share, from.fd, oldName, to.fd, newName));
  }

  link(object: HostObject, to: Directory, name: Name): void {
    check(this.share.hostfs.linkFd(object.fd, to.fd, name));
  }
}

/** Removes a name of the directory behind `dirfd`. `flags`: 0 or AT.REMOVEDIR. */
export function removeName(share: Share, dirfd: number, name: Name, flags: number): void {
  check(share.parked.across(dirfd, name, () => share.hostfs.unlinkat(dirfd, name, flags)));
}

/** Moves a name from one directory to another, replacing what is there. @returns 0 or a negative errno. */
export function moveName(share: Share, oldDirfd: number, oldName: Name, newDirfd: number, newName: Name): number {
  const { parked, hostfs } = share;
  if (parked.size === 0) return hostfs.renameat2(oldDirfd, oldName, newDirfd, newName, 0);
  const oldPath = pathOf(share, oldDirfd, oldName);
  const newPath = pathOf(share, newDirfd, newName);
  const result = parked.across(newDirfd, newName, () => hostfs.renameat2(oldDirfd, oldName, newDirfd, newName, 0));
  if (result === 0 && oldPath !== undefined && newPath !== undefined) parked.moved(oldPath, newPath);
  return result;
}

function pathOf(share: Share, dirfd: number, name: Name): string | undefined {
  const own = Buffer.from(name).toString('latin1');
  if (share.root.matches(share.statOf(dirfd))) return own;
  const path = relativePath(share, dirfd);
  return path === undefined ? undefined : `${Buffer.from(path).toString('latin1')}/${own}`;
}
