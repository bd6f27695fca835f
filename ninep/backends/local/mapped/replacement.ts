import { AT, E, type Hostfs, O } from 'node-hostfs';
import type { Name } from '../../../backend.ts';
import { fail } from '../../../errno.ts';
import { check } from '../check.ts';
import { STRICTLY_BELOW } from '../resolve.ts';
import { METADATA_DIRECTORY } from './metadata-names.ts';

/**
 * A file that is to take another's place: written beside it, then on the disk, then renamed over it. So at any moment,
 * and after any crash, the name means the old content or the new, and never a part of it.
 *
 * It is written in a directory of its own below the metadata directory. That directory's name is one that no client's file
 * has, so it is in no file's way, and it is there only while a replacement is under way, so that QEMU can remove the
 * metadata directory.
 */

const DIRECTORY = Buffer.from(METADATA_DIRECTORY);

/** How often another server may take the name, or the directory, before we give up. */
const TRIES = 64;

let made = 0;

export class Replacement {
  readonly fd: number;
  /** What is written. */
  text = '';
  private readonly hostfs: Hostfs;
  /** The metadata directory, or the exported directory. */
  private readonly parent: number;
  private readonly directory: number;
  private readonly name: Name;
  private ended = false;

  private constructor(hostfs: Hostfs, parent: number, directory: number, name: Name, fd: number) {
    this.hostfs = hostfs;
    this.parent = parent;
    this.directory = directory;
    this.name = name;
    this.fd = fd;
  }

  /** Makes an empty file for what is to be in `dirfd`; ends with `commit` or `discard`. */
  static begin(hostfs: Hostfs, dirfd: number): Replacement {
    for (let tries = 0; tries < TRIES; tries++) {
      const created = hostfs.mkdirat(dirfd, DIRECTORY, 0o700);
      if (created !== -E.EXIST) check(created);
      const directory = hostfs.openat2(dirfd, DIRECTORY, O.PATH | O.DIRECTORY | O.NOFOLLOW, 0, STRICTLY_BELOW);
      // Another server has just ended its own replacement.
      if (directory === -E.NOENT) continue;
      check(directory);
      const name = Buffer.from(`${process.pid}-${++made}`);
      const flags = O.CREAT | O.EXCL | O.RDWR | O.NOFOLLOW;
      const fd = hostfs.openat2(directory, name, flags, 0o600, STRICTLY_BELOW);
      const parent = fd < 0 ? -1 : hostfs.openat2(dirfd, Buffer.from('.'), O.PATH | O.DIRECTORY, 0, STRICTLY_BELOW);
      if (parent >= 0) return new Replacement(hostfs, parent, directory, name, fd);
      hostfs.close(directory);
      if (fd === -E.EXIST || fd === -E.NOENT) continue;
      if (fd >= 0) hostfs.close(fd);
      check(fd < 0 ? fd : parent);
    }
    return fail('EAGAIN');
  }

  write(text: string): void {
    if (check(this.hostfs.pwritev2(this.fd, Buffer.from(text), 0, 0)) !== text.length) fail('EIO');
    this.text = text;
  }

  /** Gets it to the disk: before that it must not take the place of something that is there already. */
  sync(): Promise<void> {
    return this.hostfs.fdatasyncAsync(this.fd).then((result) => void check(result));
  }

  /** Takes the place of `name` in `dirfd`. */
  commit(dirfd: number, name: Name): void {
    try {
      check(this.hostfs.renameat2(this.directory, this.name, dirfd, name, 0));
    } finally {
      this.discard();
    }
  }

  /** Gives up what was not committed; harmless after the end. */
  discard(): void {
    if (this.ended) return;
    this.ended = true;
    const { hostfs } = this;
    hostfs.unlinkat(this.directory, this.name, 0);
    hostfs.close(this.directory);
    hostfs.close(this.fd);
    hostfs.unlinkat(this.parent, DIRECTORY, AT.REMOVEDIR);
    hostfs.close(this.parent);
  }
}
