import { check } from './check.ts';
import { relativePath } from './locate.ts';
import type { Share } from './share.ts';

/** Taking names away and changing them, with parked objects kept findable. */

/** Removes a name of the directory behind `dirfd`. `flags`: 0 or AT.REMOVEDIR. */
export function removeName(share: Share, dirfd: number, name: Uint8Array, flags: number): void {
  share.parked.wake(dirfd, name);
  check(share.hostfs.unlinkat(dirfd, name, flags));
}

/** Moves a name from one directory to another, replacing what is there. */
export function moveName(
  share: Share,
  oldDirfd: number,
  oldName: Uint8Array,
  newDirfd: number,
  newName: Uint8Array,
): void {
  const { parked, hostfs } = share;
  if (parked.size === 0) {
    check(hostfs.renameat2(oldDirfd, oldName, newDirfd, newName, 0));
    return;
  }
  parked.wake(newDirfd, newName);
  const oldPath = pathOf(share, oldDirfd, oldName);
  const newPath = pathOf(share, newDirfd, newName);
  check(hostfs.renameat2(oldDirfd, oldName, newDirfd, newName, 0));
  if (oldPath !== undefined && newPath !== undefined) parked.moved(oldPath, newPath);
}

function pathOf(share: Share, dirfd: number, name: Uint8Array): string | undefined {
  const own = Buffer.from(name).toString('latin1');
  if (share.root.matches(share.statOf(dirfd))) return own;
  const path = relativePath(share, dirfd);
  return path === undefined ? undefined : `${Buffer.from(path).toString('latin1')}/${own}`;
}
