import { type Hostfs, O, S } from 'node-hostfs';
import type { MaybeAsync } from '../../../backend.ts';
import { Errno, fail } from '../../../errno.ts';
import { after } from '../../../maybe-async.ts';
import type { HostObject } from '../host-object.ts';
import { type Location, locate } from '../locate.ts';
import type { Share } from '../share.ts';
import { KeptMetadata } from './kept-metadata.ts';
import { type MetadataFile, MetadataFiles, type Place } from './metadata-files.ts';
import { METADATA_DIRECTORY } from './metadata-names.ts';
import { formatMetadata, parseMetadata } from './metadata-text.ts';
import { overwrite } from './overwrite.ts';
import type { Replacement } from './replacement.ts';
import { type Entry, isSameStored, type Store, type Stored, type Update } from './stored.ts';

/** How often an entry may change while the disk is waited for, before a client is told to ask again. */
const TRIES = 16;

/** What a change has to wait for before it goes on. */
interface Pending {
  readonly done: Promise<void>;
  readonly replacement?: Replacement;
}

/**
 * Keeps owners, modes and device numbers in a file beside each object, of the object's name: `mapped-file`. It is found by
 * the name the object has now, so it also serves fids whose objects were renamed; what an object that lost its name needs is
 * held open.
 */
export class FileStore implements Store {
  readonly files: MetadataFiles;
  readonly kept: KeptMetadata;
  changes = 0;
  private readonly share: Share;
  private readonly hostfs: Hostfs;

  constructor(share: Share) {
    this.share = share;
    this.hostfs = share.hostfs;
    this.files = new MetadataFiles(share.hostfs);
    this.kept = new KeptMetadata(share.hostfs, share.descriptors);
  }

  read(object: HostObject, entry?: Entry): Stored {
    const kept = this.kept.fdOf(object);
    if (kept !== undefined) return parseMetadata(this.files.examine(kept).text, object.ino);
    if (entry !== undefined) return this.readEntry(entry, object.ino);
    return this.at(object, (place) => (place === undefined ? {} : this.readPlace(place, object.ino)));
  }

  readMode(object: HostObject, entry?: Entry): Stored {
    return this.read(object, entry);
  }

  readEntry({ dirfd, name }: Entry, ino: bigint): Stored {
    return this.readPlace({ dirfd, name, isRoot: false }, ino);
  }

  /** A metadata directory is one more subdirectory, but for file systems that do not count them. */
  ownLinks({ fd }: HostObject): number {
    const { share } = this;
    if (share.statOf(fd).nlink <= 2) return 0;
    const found = share.findAt(fd, DIRECTORY);
    return found !== undefined && (found.mode & S.IFMT) === S.IFDIR ? 1 : 0;
  }

  change(object: HostObject, update: Update): MaybeAsync<void> {
    const changed = this.advance(object, update, undefined, TRIES);
    this.changes++;
    return after(changed, () => void this.changes++);
  }

  announce({ dirfd, name }: Entry, stored: Stored): boolean {
    // What is there already keeps what it has.
    if (this.share.findAt(dirfd, name) !== undefined) return false;
    this.files.create({ dirfd, name, isRoot: false }, formatMetadata(stored));
    return true;
  }

  retract({ dirfd, name }: Entry): void {
    this.files.remove({ dirfd, name, isRoot: false });
  }

  settle(): void {}

  async sync(object: HostObject): Promise<void> {
    const file = this.open(object, O.RDONLY);
    if (file === undefined) return;
    try {
      await this.hostfs.fsyncAsync(file.fd);
    } finally {
      this.hostfs.close(file.fd);
    }
  }

  /** Opens the metadata of an object; closed by the caller. */
  open(object: HostObject, access: number): MetadataFile | undefined {
    const kept = this.kept.fdOf(object);
    if (kept === undefined) return this.at(object, (place) => place && this.files.open(place, access));
    const fd = this.hostfs.reopen(kept, access);
    return fd < 0 ? undefined : this.files.examine(fd);
  }

  /** Where the metadata of an object is, as long as `use` runs; undefined if it has no name in the share. */
  at<T>(object: HostObject, use: (place: Place | undefined) => T): T {
    const { share } = this;
    if (object.isSameAs(share.root)) return use({ dirfd: share.root.fd, name: NO_NAME, isRoot: true });
    const location = find(share, object);
    if (location === undefined) return use(undefined);
    try {
      return use({ dirfd: location.directory, name: location.name, isRoot: false });
    } finally {
      this.hostfs.close(location.directory);
    }
  }

  private readPlace(place: Place, ino: bigint): Stored {
    const file = this.files.open(place, O.RDONLY);
    if (file === undefined) return {};
    this.hostfs.close(file.fd);
    return parseMetadata(file.text, ino);
  }

  /** Takes a change as far as it goes without the disk; then again, since anything may have happened meanwhile. */
  private advance(
    object: HostObject,
    update: Update,
    replacement: Replacement | undefined,
    tries: number,
  ): MaybeAsync<void> {
    let pending: Pending | undefined;
    try {
      pending = this.step(object, update, replacement);
    } catch (error) {
      replacement?.discard();
      throw error;
    }
    if (pending === undefined) return;
    const next = pending;
    return next.done.then(
      () => {
        if (tries > 0) return this.advance(object, update, next.replacement, tries - 1);
        next.replacement?.discard();
        return fail('EAGAIN');
      },
      (error: unknown) => {
        next.replacement?.discard();
        throw error;
      },
    );
  }

  private step(object: HostObject, update: Update, replacement: Replacement | undefined): Pending | undefined {
    const kept = this.kept.fdOf(object);
    if (kept !== undefined) {
      replacement?.discard();
      return this.changeShared(object, this.files.examine(kept), update);
    }
    return this.at(object, (place) => {
      if (place === undefined) {
        replacement?.discard();
        return this.changeNameless(object, update);
      }
      const file = this.files.open(place, O.RDWR);
      if (file === undefined) {
        replacement?.discard();
        this.files.create(place, formatMetadata(update({})));
        this.touch(object);
        return undefined;
      }
      try {
        return this.changeFile(object, place, file, update, replacement);
      } finally {
        this.hostfs.close(file.fd);
      }
    });
  }

  private changeFile(
    object: HostObject,
    place: Place,
    file: MetadataFile,
    update: Update,
    replacement: Replacement | undefined,
  ): Pending | undefined {
    const before = parseMetadata(file.text, object.ino);
    const after = update(before);
    if (file.links > 1 || isSameStored(before, after)) {
      replacement?.discard();
      return this.changeShared(object, file, update);
    }
    const text = formatMetadata(after);
    const ready = replacement?.text === text ? replacement : undefined;
    if (ready === undefined) replacement?.discard();
    const next = ready ?? this.files.replace(place, text);
    if (ready === undefined && !this.isInMemory(object)) return { done: next.sync(), replacement: next };
    this.files.commit(place, next);
    this.touch(object);
    return undefined;
  }

  private changeShared(object: HostObject, file: MetadataFile, update: Update): Pending | undefined {
    const before = parseMetadata(file.text, object.ino);
    const after = update(before);
    if (isSameStored(before, after)) return undefined;
    // The caller closes the file before the disk has answered.
    const fd = this.hostfs.reopen(file.fd, O.RDWR);
    if (fd < 0) fail('EIO');
    const grown = overwrite(this.hostfs, { ...file, fd }, formatMetadata(after));
    if (grown !== undefined) return { done: grown.finally(() => this.hostfs.close(fd)) };
    this.hostfs.close(fd);
    this.touch(object);
    return undefined;
  }

  /** The object has no name and nothing was kept of it yet. */
  private changeNameless(object: HostObject, update: Update): undefined {
    const root = { dirfd: this.share.root.fd, name: NO_NAME, isRoot: true };
    const fd = this.files.createNameless(root);
    try {
      overwrite(this.hostfs, this.files.examine(fd), formatMetadata(update({})));
      this.kept.keep(object.identity, fd);
    } catch (error) {
      this.hostfs.close(fd);
      throw error;
    }
    this.touch(object);
  }

  /** The object's ctime moves, as with a change of its own. */
  private touch(object: HostObject): void {
    const { fd } = object;
    this.hostfs.fchmod(fd, this.share.statOf(fd).mode & 0o7777);
  }

  private isInMemory(object: HostObject): boolean {
    return this.share.policy.kindOf(object.fd, object.devMajor, object.devMinor).inMemory;
  }
}

const NO_NAME = new Uint8Array(0);
const DIRECTORY = Buffer.from(METADATA_DIRECTORY);

/** Errors of `locate` for an object that no name in the share leads to. */
const LOST: readonly string[] = ['ENOENT', 'ESTALE', 'ENAMETOOLONG'];

function find(share: Share, object: HostObject): Location | undefined {
  try {
    return locate(share, object);
  } catch (error) {
    if (error instanceof Errno && LOST.includes(error.name)) return undefined;
    throw error;
  }
}
