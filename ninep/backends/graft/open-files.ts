import type { DirectoryEntry, MaybeAsync, Name, OpenFile, Qid } from '../../backend.ts';
import { DIRENT_TYPE } from '../../constants.ts';
import { LayerFile } from '../../layers/layer-file.ts';
import { after } from '../../maybe-async.ts';

/** A file of the grafted tree, with its qids as clients see them. */
export class MappedFile extends LayerFile {
  private readonly shown: (qid: Qid) => Qid;

  constructor(inner: OpenFile, shown: (qid: Qid) => Qid) {
    super(inner);
    this.shown = shown;
  }

  override get qid(): Qid {
    return this.shown(this.inner.qid);
  }

  override readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void> {
    return this.inner.readdir(offset, (entry) =>
      emit({ qid: this.shown(entry.qid), offset: entry.offset, type: entry.type, name: entry.name }),
    );
  }
}

/** The cookie behind the last entry of a root: a positive offset that no host file system is known to use. */
const END = 0x7fff_ffff_ffff_fff3n;

/** The root of the base, opened: its listing ends with the grafted tree, and hides a name that is the same. */
export class RootListing extends LayerFile {
  private readonly name: Name;
  private readonly graftedQid: () => MaybeAsync<Qid>;

  constructor(inner: OpenFile, name: Name, graftedQid: () => MaybeAsync<Qid>) {
    super(inner);
    this.name = name;
    this.graftedQid = graftedQid;
  }

  override readdir(offset: bigint, emit: (entry: DirectoryEntry) => boolean): MaybeAsync<void> {
    if (offset === END) return;
    const { name } = this;
    let stopped = false;
    const others = (entry: DirectoryEntry): boolean => {
      if (entry.name.length === name.length && entry.name.every((byte, i) => byte === name[i])) return true;
      stopped = !emit(entry);
      return !stopped;
    };
    return after(this.inner.readdir(offset, others), () => {
      if (stopped) return;
      return after(this.graftedQid(), (qid) => {
        emit({ qid, offset: END, type: DIRENT_TYPE.directory, name });
      });
    });
  }
}
