import { AT, E, O } from 'node-hostfs';
import type { MaybeAsync, Name } from '../../../backend.ts';
import { Errno, errnoOf, fail } from '../../../errno.ts';
import { checkName, type DotErrors } from '../../../names.ts';
import { check } from '../check.ts';
import type { HostObject } from '../host-object.ts';
import { type Directory, moveName, type Names, removeName } from '../names.ts';
import type { Share } from '../share.ts';
import type { FileStore } from './file-store.ts';
import type { MetadataFile, Place } from './metadata-files.ts';
import { checkMappedName, checkNoMetadata, isMetadataName } from './metadata-names.ts';
import { formatBoth, formatMetadata, parseMetadata } from './metadata-text.ts';
import type { Replacement } from './replacement.ts';

/** How often names may change while the disk is waited for, before a client is told to ask again. */
const TRIES = 16;

/** What is called by a name at the moment. */
interface Named {
  readonly ino: bigint;
  readonly identity: string;
}

/**
 * Names under `mapped-file`: each change takes the metadata along, in an order in which, wherever it is cut short, every
 * file is found with its own metadata. What can be left over is metadata for a name that nothing has.
 */
export class MappedNames implements Names {
  private readonly share: Share;
  private readonly store: FileStore;

  constructor(share: Share, store: FileStore) {
    this.share = share;
    this.store = store;
  }

  checkLookup(name: Name): void {
    checkName(name);
    checkNoMetadata(name);
  }

  checkEntry(name: Name, errors: DotErrors): void {
    checkMappedName(name, errors);
  }

  hides(name: Name): boolean {
    return isMetadataName(name);
  }

  remove({ fd: dirfd }: Directory, name: Name, flags: number): void {
    const { share, store } = this;
    const place = placeOf(dirfd, name);
    const named = this.find(dirfd, name);
    if (named === undefined) {
      removeName(share, dirfd, name, flags);
      return;
    }
    if (flags === AT.REMOVEDIR) store.files.clear(dirfd, name);
    const kept = this.openForKeeping(place, named);
    try {
      removeName(share, dirfd, name, flags);
    } catch (error) {
      if (kept !== undefined) share.hostfs.close(kept.fd);
      throw error;
    }
    if (kept !== undefined) this.keep(named, kept.fd);
    store.files.remove(place);
  }

  link(object: HostObject, { fd: dirfd }: Directory, name: Name): void {
    const { share, store } = this;
    const place = placeOf(dirfd, name);
    // Which of several reasons comes first, the host knows.
    if (this.find(dirfd, name) !== undefined) {
      check(share.hostfs.linkFd(object.fd, dirfd, name));
      return;
    }
    const metadata = store.open(object, O.RDONLY) ?? this.beginMetadata(object);
    try {
      store.files.remove(place);
      if (metadata !== undefined) this.linkMetadata(metadata, object, place);
      const result = share.hostfs.linkFd(object.fd, dirfd, name);
      if (result < 0) {
        store.files.remove(place);
        throw errnoOf(-result);
      }
    } finally {
      if (metadata !== undefined) share.hostfs.close(metadata.fd);
    }
  }

  move(from: Directory, oldName: Name, to: Directory, newName: Name): MaybeAsync<void> {
    const source = this.find(from.fd, oldName);
    if (source === undefined) {
      check(moveName(this.share, from.fd, oldName, to.fd, newName));
      return;
    }
    return this.advance({ from, oldName, to, newName, source }, undefined, TRIES);
  }

  /** Two names of one object need one metadata file, so there has to be one. */
  private beginMetadata(object: HostObject): MetadataFile | undefined {
    const { store } = this;
    return store.at(object, (place) => {
      if (place === undefined || place.isRoot || object.isDirectory) return undefined;
      store.files.create(place, '');
      return store.files.open(place, O.RDONLY);
    });
  }

  private linkMetadata(metadata: MetadataFile, object: HostObject, place: Place): void {
    const { files } = this.store;
    const result = files.link(metadata.fd, place);
    // The other name of the metadata is gone, or it has as many as can be.
    if (result === -E.NOENT || result === -E.MLINK) {
      files.create(place, formatMetadata(parseMetadata(metadata.text, object.ino)));
    } else check(result);
  }

  private advance(move: Move, replacement: Replacement | undefined, tries: number): MaybeAsync<void> {
    let next: Replacement | undefined;
    try {
      next = this.step(move, replacement);
    } catch (error) {
      replacement?.discard();
      throw error;
    }
    if (next === undefined) return;
    const begun = next;
    return begun.sync().then(
      () => {
        if (tries > 0) return this.advance(move, begun, tries - 1);
        begun.discard();
        return fail('EAGAIN');
      },
      (error: unknown) => {
        begun.discard();
        throw error;
      },
    );
  }

  /** Moves the name, or says what has to be on the disk first. */
  private step(move: Move, replacement: Replacement | undefined): Replacement | undefined {
    const { files } = this.store;
    const [oldPlace, newPlace] = [placeOf(move.from.fd, move.oldName), placeOf(move.to.fd, move.newName)];
    if (this.find(oldPlace.dirfd, move.oldName)?.identity !== move.source.identity) fail('ENOENT');
    const target = this.find(newPlace.dirfd, move.newName);
    if (target?.identity === move.source.identity) {
      replacement?.discard();
      check(moveName(this.share, oldPlace.dirfd, move.oldName, newPlace.dirfd, move.newName));
      return undefined;
    }
    const own = files.open(oldPlace, O.RDONLY);
    const other = files.open(newPlace, O.RDWR);
    try {
      if (target === undefined) {
        replacement?.discard();
        this.moveToFreeName(oldPlace, newPlace, own);
        return undefined;
      }
      const both = formatBoth([
        [target.ino, parseMetadata(other?.text ?? '', target.ino)],
        [move.source.ino, parseMetadata(own?.text ?? '', move.source.ino)],
      ]);
      if (other !== undefined && replacement?.text !== both) {
        replacement?.discard();
        return files.replace(newPlace, both);
      }
      if (other === undefined) {
        replacement?.discard();
        if (own !== undefined) files.create(newPlace, both);
      } else if (replacement !== undefined) files.commit(newPlace, replacement);
      this.moveOver(oldPlace, newPlace, own, other, target);
      return undefined;
    } finally {
      for (const file of [own, other]) if (file !== undefined) this.share.hostfs.close(file.fd);
    }
  }

  private moveToFreeName(from: Place, to: Place, own: MetadataFile | undefined): void {
    const { files } = this.store;
    files.remove(to);
    if (own !== undefined) check(files.link(own.fd, to));
    const result = moveName(this.share, from.dirfd, from.name, to.dirfd, to.name);
    if (result < 0) {
      files.remove(to);
      throw errnoOf(-result);
    }
    files.remove(from);
  }

  /** The new name has the metadata of both files; once it means the other file, it gets that one's alone. */
  private moveOver(
    from: Place,
    to: Place,
    own: MetadataFile | undefined,
    other: MetadataFile | undefined,
    target: Named,
  ): void {
    const { files, kept } = this.store;
    const { hostfs } = this.share;
    const keep = other !== undefined && kept.wants(target.identity) ? check(hostfs.reopen(other.fd, O.RDWR)) : -1;
    let result = moveName(this.share, from.dirfd, from.name, to.dirfd, to.name);
    if (result === -E.NOTEMPTY || result === -E.EXIST) {
      files.clear(to.dirfd, to.name);
      result = moveName(this.share, from.dirfd, from.name, to.dirfd, to.name);
    }
    if (result < 0) {
      if (keep >= 0) hostfs.close(keep);
      if (other !== undefined) files.commit(to, files.replace(to, other.text));
      else files.remove(to);
      throw errnoOf(-result);
    }
    if (own !== undefined) files.move(from, to);
    else files.remove(to);
    files.remove(from);
    if (keep >= 0) this.keep(target, keep);
  }

  private openForKeeping(place: Place, named: Named): MetadataFile | undefined {
    return this.store.kept.wants(named.identity) ? this.store.files.open(place, O.RDWR) : undefined;
  }

  /** The name is gone by now, so if there is no descriptor for it, the object has to do without. */
  private keep(named: Named, fd: number): void {
    try {
      this.store.kept.keep(named.identity, fd);
    } catch (error) {
      this.share.hostfs.close(fd);
      if (!(error instanceof Errno)) throw error;
    }
  }

  private find(dirfd: number, name: Name): Named | undefined {
    const stat = this.share.findAt(dirfd, name);
    if (stat === undefined) return undefined;
    return { ino: stat.ino, identity: `${stat.devMajor}:${stat.devMinor}:${stat.ino}` };
  }
}

/** A move of a name, and what had the name when it began. */
interface Move {
  readonly from: Directory;
  readonly oldName: Name;
  readonly to: Directory;
  readonly newName: Name;
  readonly source: Named;
}

function placeOf(dirfd: number, name: Name): Place {
  return { dirfd, name, isRoot: false };
}
