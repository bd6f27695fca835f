import { AT, Dirents, E, type Hostfs, O, S, STATX, Statx } from 'node-hostfs';
import type { Name } from '../../../backend.ts';
import { fail } from '../../../errno.ts';
import { check } from '../check.ts';
import { STRICTLY_BELOW } from '../resolve.ts';
import { METADATA_DIRECTORY, METADATA_ROOT } from './metadata-names.ts';
import { Replacement } from './replacement.ts';

/**
 * The files of `mapped-file`, by the name they are for. Nothing is followed on the way to them, and only regular files
 * are opened: whoever else writes to the shared directory could have put anything there.
 */

/** Where the metadata of a name is. */
export interface Place {
  /** The directory the name is in; for the exported directory, that itself. */
  readonly dirfd: number;
  readonly name: Name;
  /** The exported directory has its metadata in a file of its own. */
  readonly isRoot: boolean;
}

/** A metadata file that is open. */
export interface MetadataFile {
  /** For reading and writing where asked for; closed by whoever opened the file. */
  readonly fd: number;
  readonly text: string;
  /** Bytes in the file. */
  readonly size: number;
  /** Names the file has: more than one for hard links, none when the last is gone. */
  readonly links: number;
}

const DIRECTORY = Buffer.from(METADATA_DIRECTORY);
const ROOT = Buffer.from(METADATA_ROOT);
const SLASH = Buffer.from('/');
const NO_NAME = new Uint8Array(0);

/** What counts of a file; QEMU's have about a hundred bytes. */
const MOST_BYTES = 4096;
/** How often a name may come and go under our hands. */
const TRIES = 8;

const content = Buffer.alloc(MOST_BYTES);
const stat = new Statx();
const WANTED = STATX.TYPE | STATX.NLINK | STATX.SIZE;

/** Opens, makes, links and removes metadata files. */
export class MetadataFiles {
  private readonly hostfs: Hostfs;

  constructor(hostfs: Hostfs) {
    this.hostfs = hostfs;
  }

  /** The metadata of a name, or undefined if there is none; a symbolic link in its stead, or in the directory's, is none. */
  open(place: Place, access: number): MetadataFile | undefined {
    const { hostfs } = this;
    const path = place.isRoot ? ROOT : Buffer.concat([DIRECTORY, SLASH, place.name]);
    const found = hostfs.openat2(place.dirfd, path, O.PATH | O.NOFOLLOW, 0, STRICTLY_BELOW);
    if (NOWHERE.includes(found)) return undefined;
    check(found);
    try {
      check(hostfs.statx(found, NO_NAME, AT.EMPTY_PATH, WANTED, stat.bytes));
      if ((stat.mode & S.IFMT) !== S.IFREG) return undefined;
      const fd = check(hostfs.reopen(found, access | O.NONBLOCK | O.NOCTTY));
      try {
        return this.examine(fd);
      } catch (error) {
        hostfs.close(fd);
        throw error;
      }
    } finally {
      hostfs.close(found);
    }
  }

  /** What a descriptor of a metadata file says now. */
  examine(fd: number): MetadataFile {
    const length = check(this.hostfs.preadv2(fd, content, 0, 0));
    check(this.hostfs.statx(fd, NO_NAME, AT.EMPTY_PATH, WANTED, stat.bytes));
    const text = content.toString('latin1', 0, length);
    return { fd, text, size: Number(stat.size), links: stat.nlink };
  }

  /**
   * Makes metadata for a name that has none, or none that counts. There is nothing to lose yet: if it is cut short, that
   * is as if it had not been made.
   */
  create(place: Place, text: string): void {
    this.within(place, (dirfd, name) => {
      for (let tries = 0; tries < TRIES; tries++) {
        const flags = O.CREAT | O.EXCL | O.WRONLY | O.NOFOLLOW;
        const fd = this.hostfs.openat2(dirfd, name, flags, 0o600, STRICTLY_BELOW);
        if (fd === -E.EXIST) {
          this.hostfs.unlinkat(dirfd, name, 0);
          continue;
        }
        check(fd);
        const written = text === '' ? 0 : this.hostfs.pwritev2(fd, Buffer.from(text), 0, 0);
        this.hostfs.close(fd);
        if (written === text.length) return;
        this.hostfs.unlinkat(dirfd, name, 0);
        check(written);
        fail('EIO');
      }
      fail('ESTALE');
    });
  }

  /** A file that has no name, for something that has none either. The caller closes it. */
  createNameless(place: Place): number {
    return this.inDirectory(place.dirfd, (dirfd) => {
      const temporary = Replacement.begin(this.hostfs, dirfd);
      try {
        return check(this.hostfs.reopen(temporary.fd, O.RDWR));
      } finally {
        temporary.discard();
      }
    });
  }

  /** Begins to replace the metadata of a name: `commit` puts `text` in its place in one step. */
  replace(place: Place, text: string): Replacement {
    return this.inDirectory(place.dirfd, (dirfd) => {
      const replacement = Replacement.begin(this.hostfs, dirfd);
      try {
        replacement.write(text);
      } catch (error) {
        replacement.discard();
        throw error;
      }
      return replacement;
    });
  }

  /** Puts a replacement that is written in its place. */
  commit(place: Place, replacement: Replacement): void {
    this.within(place, (dirfd, name) => replacement.commit(dirfd, name));
  }

  /** Gives the metadata behind a descriptor to one more name. @returns 0 or a negative errno. */
  link(fd: number, place: Place): number {
    return this.within(place, (dirfd, name) => this.hostfs.linkFd(fd, dirfd, name));
  }

  /** Moves the metadata of one name to another, replacing what is there. */
  move(from: Place, to: Place): void {
    this.within(from, (oldDirfd, oldName) => {
      this.within(to, (dirfd, name) => check(this.hostfs.renameat2(oldDirfd, oldName, dirfd, name, 0)));
    });
  }

  /** Removes the metadata of a name, if it has any. */
  remove(place: Place): void {
    const directory = this.openDirectory(place.dirfd);
    if (directory < 0) return;
    this.hostfs.unlinkat(directory, place.name, 0);
    this.hostfs.close(directory);
  }

  /** Removes the metadata in a directory that holds nothing else, so that it can be removed. */
  clear(dirfd: number, name: Name): void {
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW | O.NONBLOCK;
    const fd = this.hostfs.openat2(dirfd, name, flags, 0, STRICTLY_BELOW);
    if (fd < 0) return;
    try {
      const names = this.list(fd, 3);
      if (names.some((name) => !DIRECTORY.equals(name) && !ROOT.equals(name))) return;
      // A directory that was exported itself has some of its own.
      for (const name of names) if (ROOT.equals(name)) this.hostfs.unlinkat(fd, name, 0);
      if (names.some((name) => DIRECTORY.equals(name))) this.removeDirectory(fd);
    } finally {
      this.hostfs.close(fd);
    }
  }

  private removeDirectory(parent: number): void {
    const { hostfs } = this;
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW | O.NONBLOCK;
    const fd = hostfs.openat2(parent, DIRECTORY, flags, 0, STRICTLY_BELOW);
    if (fd >= 0) {
      for (const name of this.list(fd, Number.POSITIVE_INFINITY)) {
        if (hostfs.unlinkat(fd, name, 0) === -E.ISDIR) hostfs.unlinkat(fd, name, AT.REMOVEDIR);
      }
      hostfs.close(fd);
    }
    const result = hostfs.unlinkat(parent, DIRECTORY, AT.REMOVEDIR);
    if (result === -E.NOTDIR) hostfs.unlinkat(parent, DIRECTORY, 0);
  }

  /** At most `most` of the names in a directory just opened, without '.' and '..'. */
  private list(fd: number, most: number): Name[] {
    const dirents = new Dirents(4096);
    const names: Name[] = [];
    for (;;) {
      const length = check(this.hostfs.getdents64(fd, dirents.bytes));
      if (length === 0) return names;
      dirents.fill(length);
      while (dirents.next()) {
        const name = Buffer.from(dirents.name);
        if (name.equals(DOT) || name.equals(DOTDOT)) continue;
        if (names.push(name) >= most) return names;
      }
    }
  }

  /** Hands over the directory a name's metadata is in, made if need be, and the name it has there. */
  private within<T>(place: Place, use: (dirfd: number, name: Name) => T): T {
    if (place.isRoot) return use(place.dirfd, ROOT);
    return this.inDirectory(place.dirfd, (dirfd) => use(dirfd, place.name));
  }

  /** Hands over a directory's metadata directory, made if need be. */
  private inDirectory<T>(dirfd: number, use: (directory: number) => T): T {
    let directory = this.openDirectory(dirfd);
    if (directory === -E.NOENT) {
      const made = this.hostfs.mkdirat(dirfd, DIRECTORY, 0o700);
      if (made !== -E.EXIST) check(made);
      directory = this.openDirectory(dirfd);
    }
    check(directory);
    try {
      return use(directory);
    } finally {
      this.hostfs.close(directory);
    }
  }

  private openDirectory(dirfd: number): number {
    const flags = O.PATH | O.DIRECTORY | O.NOFOLLOW;
    return this.hostfs.openat2(dirfd, DIRECTORY, flags, 0, STRICTLY_BELOW);
  }
}

const DOT = Buffer.from('.');
const DOTDOT = Buffer.from('..');

/** How the kernel says that a name is not there, or not behind real directories. */
const NOWHERE: readonly number[] = [-E.NOENT, -E.NOTDIR, -E.LOOP];
