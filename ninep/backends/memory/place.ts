import type { Name } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { DirectoryInode, type Inode } from './inode.ts';
import type { Entry } from './names.ts';

const DOT = 0x2e;

/** An object and the name it was reached by; the root has none. */
export interface Place {
  readonly inode: Inode;
  readonly entry: Entry | undefined;
}

/** What `name` means in an object: '.' and '..' are known to directories only. ENOTDIR, ENOENT. */
export function lookup(from: Place, name: Name): Place {
  const directory = asDirectory(from.inode);
  if (name[0] === DOT && name.length === 1) return from;
  if (name[0] === DOT && name[1] === DOT && name.length === 2) {
    return { inode: directory.parent, entry: directory.parent.entry };
  }
  const entry = directory.names.get(name) ?? fail('ENOENT');
  return { inode: entry.inode, entry };
}

/** The directory that the object is, or ENOTDIR. */
export function asDirectory(inode: Inode): DirectoryInode {
  return inode instanceof DirectoryInode ? inode : fail('ENOTDIR');
}

/** Where an object's name is now: EBUSY for the root, ENOENT if that name is gone. */
export function locate({ entry }: Place): { readonly directory: DirectoryInode; readonly name: Name } {
  if (entry === undefined) fail('EBUSY');
  const { directory, name } = entry;
  if (directory === undefined) fail('ENOENT');
  return { directory, name };
}
