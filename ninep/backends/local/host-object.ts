import { S, type Statx } from 'node-hostfs';
import type { MaybeAsync } from '../../backend.ts';
import type { Share } from './share.ts';

/**
 * A file system object of the host, held by an O_PATH descriptor: not a path, so it stays the same object however it is renamed or
 * unlinked. Counted references; the last one gone closes the descriptor.
 */
export class HostObject {
  readonly fd: number;
  readonly ino: bigint;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Type bits of the mode (`S.IFMT`). They cannot change for an inode in use. */
  readonly format: number;
  private references = 1;

  /** Takes over `fd`. `stat` is read at once. */
  constructor(fd: number, stat: Statx) {
    this.fd = fd;
    this.ino = stat.ino;
    this.devMajor = stat.devMajor;
    this.devMinor = stat.devMinor;
    this.format = stat.mode & S.IFMT;
  }

  get isDirectory(): boolean {
    return this.format === S.IFDIR;
  }

  /** Whether `stat` describes this very object. */
  matches(stat: Statx): boolean {
    return stat.ino === this.ino && stat.devMinor === this.devMinor && stat.devMajor === this.devMajor;
  }

  isSameAs(other: HostObject): boolean {
    return other.ino === this.ino && other.devMinor === this.devMinor && other.devMajor === this.devMajor;
  }

  /** One more reference, to be released by whoever asked for it. */
  retain(): this {
    this.references++;
    return this;
  }

  release(share: Share): MaybeAsync<void> {
    this.references--;
    if (this.references === 0) return share.close(this.fd, this.format);
  }
}
