import { AT, E, errnoName, type Hostfs, O } from 'node-hostfs';
import type { SecurityModel } from './security-model.ts';
import { ShareError } from './share-error.ts';

/** Opens the directory to share, and tries what every session will need of it. @throws ShareError */
export function openRoot(hostfs: Hostfs, path: string, model: SecurityModel): number {
  if (path.length === 0 || path.includes('\0')) throw new ShareError(path, 'missing', 'not a path');
  const fd = hostfs.openat(AT.FDCWD, Buffer.from(path), O.PATH | O.DIRECTORY, 0);
  if (fd === -E.NOENT) throw new ShareError(path, 'missing', 'no such directory; create it, or correct the path');
  if (fd === -E.NOTDIR)
    throw new ShareError(path, 'not a directory', 'it is not a directory; share the directory that holds it');
  if (fd === -E.ACCES) throw unreadable(path);
  if (fd < 0) throw new ShareError(path, 'failed', `the host refuses it with ${errnoName(fd)}`);
  const problem = probe(hostfs, fd, path) ?? probeAttributes(hostfs, fd, path, model);
  if (problem === undefined) return fd;
  hostfs.close(fd);
  throw problem;
}

function unreadable(path: string): ShareError {
  return new ShareError(path, 'unreadable', 'permission denied; it takes read and search permission on the directory');
}

/** Tries what every session will need: listing the directory, and looking up a name in it. */
function probe(hostfs: Hostfs, fd: number, path: string): ShareError | undefined {
  const listed = hostfs.reopen(fd, O.RDONLY | O.DIRECTORY);
  if (listed === -E.NOENT) return new ShareError(path, 'no /proc', '/proc is not mounted on the host; mount it');
  if (listed < 0 && listed !== -E.ACCES) {
    return new ShareError(path, 'failed', `opening it fails with ${errnoName(listed)}`);
  }
  const found = hostfs.openat2(fd, Buffer.from('.'), O.PATH, 0, 0);
  if (found === -E.NOSYS) {
    return new ShareError(path, 'failed', 'the host kernel has no openat2, which came with Linux 5.6');
  }
  for (const opened of [listed, found]) if (opened >= 0) hostfs.close(opened);
  return listed < 0 || found < 0 ? unreadable(path) : undefined;
}

/** Some file systems keep no attributes of users: tmpfs before Linux 6.6, vfat, many network file systems. */
function probeAttributes(hostfs: Hostfs, fd: number, path: string, model: SecurityModel): ShareError | undefined {
  if (model.keptIn !== 'attributes') return undefined;
  const result = hostfs.getxattr(fd, Buffer.from('user.virtfs.mode'), new Uint8Array(0));
  if (result !== -E.OPNOTSUPP) return undefined;
  const detail = 'its file system keeps no extended attributes; use security_model=mapped-file';
  return new ShareError(path, 'no attributes', detail);
}
