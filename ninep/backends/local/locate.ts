import { AT, E, O } from 'node-hostfs';
import { errnoOf, fail } from '../../errno.ts';
import { check } from './check.ts';
import type { HostObject } from './host-object.ts';
import { STRICTLY_BELOW } from './resolve.ts';
import type { Share } from './share.ts';

/**
 * Where an object is now: the kernel knows the present path of every descriptor. The path is never trusted for more than
 * finding a candidate; whatever is found by it is compared with the object itself.
 */

const SLASH = 0x2f;
const HERE = Uint8Array.of(0x2e);
/** Longer paths than the kernel will tell. */
const PATH_BYTES = 4096;

const paths = [new Uint8Array(PATH_BYTES), new Uint8Array(PATH_BYTES)] as const;

/** Whether the object is the root or below it at this moment. ENAMETOOLONG where its path is longer than 4,095 bytes. */
export function isWithin(share: Share, object: HostObject): boolean {
  return object.isSameAs(share.root) || relativePath(share, object.fd) !== undefined;
}

/** The directory an object is in and its name there. */
export interface Location {
  /** To be closed by the caller. */
  readonly directory: number;
  readonly name: Uint8Array;
}

/**
 * Finds the object by its present name. Fails with EBUSY for the root, ENOENT if it has no name any more, ESTALE if that
 * name is outside the share or means another object now.
 */
export function locate(share: Share, object: HostObject): Location {
  if (object.isSameAs(share.root)) fail('EBUSY');
  if (share.statOf(object.fd).nlink === 0) fail('ENOENT');
  const path = relativePath(share, object.fd) ?? fail('ESTALE');
  const cut = path.lastIndexOf(SLASH);
  const name = path.subarray(cut + 1);
  const way = cut < 0 ? HERE : path.subarray(0, cut);
  const directory = share.hostfs.openat2(share.root.fd, way, O.PATH | O.DIRECTORY, 0, STRICTLY_BELOW);
  if (directory === -E.NOENT || directory === -E.NOTDIR || directory === -E.LOOP) fail('ESTALE');
  check(directory);
  try {
    if (!object.matches(share.statAt(directory, name))) fail('ESTALE');
  } catch (error) {
    share.hostfs.close(directory);
    throw error;
  }
  return { directory, name };
}

/** The present path of what a descriptor holds, relative to the root, or undefined if it is not below the root. */
export function relativePath(share: Share, fd: number): Uint8Array | undefined {
  const root = pathOf(share, share.root.fd, paths[0]);
  const path = pathOf(share, fd, paths[1]);
  // The path of the file system's own root ends in the slash that otherwise follows.
  const start = root.length === 1 ? 1 : root.length + 1;
  if (path.length <= start || path[start - 1] !== SLASH) return undefined;
  for (let i = 0; i < root.length; i++) if (path[i] !== root[i]) return undefined;
  return path.slice(start);
}

function pathOf(share: Share, fd: number, into: Uint8Array): Uint8Array {
  const length = share.hostfs.readlinkat(AT.FDCWD, Buffer.from(`/proc/self/fd/${fd}`), into);
  if (length < 0) throw errnoOf(-length);
  return into.subarray(0, length);
}
