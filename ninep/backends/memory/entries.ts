import type { Name } from '../../backend.ts';
import { fail } from '../../errno.ts';
import { DirectoryInode, type Inode } from './inode.ts';
import type { Entry } from './names.ts';
import { asDirectory } from './place.ts';
import { LINK_MAX } from './volume.ts';

/**
 * Names that come, go and move, with what that does to links and times.
 *
 * @spec POSIX.1-2017 link(), unlink(), rmdir(), rename()
 */

/** A directory in which `name` can be made: ENOTDIR, EEXIST, or ENOENT if the directory was removed. */
export function requireFree(inode: Inode, name: Name): DirectoryInode {
  const directory = asDirectory(inode);
  if (directory.names.get(name) !== undefined) fail('EEXIST');
  if (directory.isDead) fail('ENOENT');
  return directory;
}

/** Gives a new object its name. */
export function addEntry(directory: DirectoryInode, name: Name, inode: Inode): Entry {
  const entry: Entry = { inode, directory, name: name.slice(), cookie: 0 };
  directory.names.add(entry);
  if (inode instanceof DirectoryInode) {
    inode.entry = entry;
    directory.links++;
  } else {
    inode.links = 1;
  }
  directory.modified();
  return entry;
}

/** Gives an object one more name. EPERM for a directory, ENOENT for what has lost its last name, EMLINK at the limit. */
export function linkEntry(to: Inode, name: Name, inode: Inode): void {
  const directory = requireFree(to, name);
  if (inode instanceof DirectoryInode) fail('EPERM');
  if (inode.links === 0) fail('ENOENT');
  if (inode.links >= LINK_MAX) fail('EMLINK');
  inode.addName();
  const now = inode.volume.now();
  directory.names.add({ inode, directory, name: name.slice(), cookie: 0 });
  directory.modified(now);
  inode.ctime = now;
}

/** Takes a name away; `directory` says whether it must be that of a directory. ENOENT, ENOTDIR, EISDIR, ENOTEMPTY. */
export function removeEntry(from: Inode, name: Name, ofDirectory: boolean): void {
  const directory = asDirectory(from);
  const entry = directory.names.get(name) ?? fail('ENOENT');
  requireKind(entry, ofDirectory);
  requireEmpty(entry.inode);
  directory.names.remove(entry);
  const now = directory.volume.now();
  directory.modified(now);
  unname(entry, directory);
  entry.inode.ctime = now;
  entry.inode.dropName();
}

/**
 * Moves a name, replacing what has the new one. EINVAL for a directory into itself or below, ENOTEMPTY for a directory
 * that is not empty or that the old name is below, EISDIR and ENOTDIR where one is a directory and the other is not.
 * Two names of one object stay as they are.
 */
export function moveEntry(from: Inode, oldName: Name, to: Inode, newName: Name): void {
  const oldDirectory = asDirectory(from);
  const newDirectory = asDirectory(to);
  const entry = oldDirectory.names.get(oldName) ?? fail('ENOENT');
  const target = newDirectory.names.get(newName);
  if (newDirectory.isDead) fail('ENOENT');
  if (isWithin(newDirectory, entry.inode)) fail('EINVAL');
  if (target !== undefined) {
    if (isWithin(oldDirectory, target.inode)) fail('ENOTEMPTY');
    if (target.inode === entry.inode) return;
    requireKind(target, entry.inode instanceof DirectoryInode);
    requireEmpty(target.inode);
  }
  const now = entry.inode.volume.now();
  oldDirectory.names.remove(entry);
  entry.name = newName.slice();
  entry.directory = newDirectory;
  if (target === undefined) {
    newDirectory.names.add(entry);
  } else {
    newDirectory.names.replace(target, entry);
    unname(target, newDirectory);
    target.inode.ctime = now;
  }
  if (entry.inode instanceof DirectoryInode) {
    oldDirectory.links--;
    newDirectory.links++;
    entry.inode.moveTo(newDirectory);
  }
  oldDirectory.modified(now);
  if (newDirectory !== oldDirectory) newDirectory.modified(now);
  entry.inode.ctime = now;
  target?.inode.dropName();
}

function unname(entry: Entry, directory: DirectoryInode): void {
  entry.directory = undefined;
  if (entry.inode instanceof DirectoryInode) directory.links--;
}

function requireKind({ inode }: Entry, directory: boolean): void {
  const is = inode instanceof DirectoryInode;
  if (is !== directory) fail(directory ? 'ENOTDIR' : 'EISDIR');
}

function requireEmpty(inode: Inode): void {
  if (inode instanceof DirectoryInode && inode.names.size > 0) fail('ENOTEMPTY');
}

/** Whether a directory is `above` or below it. */
function isWithin(directory: DirectoryInode, above: Inode): boolean {
  for (let at = directory; at !== above; at = at.parent) if (at.isRoot) return false;
  return true;
}
