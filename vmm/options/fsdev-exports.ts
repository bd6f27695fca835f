import { type ExportConfig, treesOf } from '../export-config.ts';
import { UsageError } from '../usage-error.ts';
import { parseFsdev, refersToOthers } from './fsdev.ts';
import { remedyFor } from './nearest.ts';

/** What the `--fsdev`s of a command line export, by their ids, and which of them something uses. */
export class FsdevExports {
  private readonly byId = new Map<string, ExportConfig>();
  private readonly used = new Set<string>();

  /** @param fsdevs the values of `--fsdev`, in any order. Throws UsageError. */
  constructor(fsdevs: readonly string[]) {
    const [gathering, plain] = [fsdevs.filter(refersToOthers), fsdevs.filter((string) => !refersToOthers(string))];
    for (const string of [...plain, ...gathering]) {
      const { id, exported } = parseFsdev(string, (wanted) => this.find(wanted));
      if (this.byId.has(id)) throw new UsageError(`--fsdev: id=${id} is given twice`);
      this.byId.set(id, exported);
    }
  }

  /** What the `--fsdev` of that id exports, which counts as used. Throws RangeError, one line, as `FindExport` does. */
  find(id: string): ExportConfig {
    const known = [...this.byId.keys()];
    const exported = this.byId.get(id);
    if (exported === undefined) {
      const remedy = known.length === 0 ? `add --fsdev local,id=${id},path=PATH` : remedyFor(id, known, 'id');
      throw new RangeError(`of: no --fsdev has id=${id}; ${remedy}`);
    }
    this.use(id, exported);
    return exported;
  }

  /** What a `--device` with `fsdev=id` shows the guest. Throws UsageError. */
  behindDevice(id: string): ExportConfig {
    const exported = this.byId.get(id);
    if (exported === undefined) throw new UsageError(`--device: ${noFsdev(id, [...this.byId.keys()])}`);
    this.use(id, exported);
    return exported;
  }

  /** Throws UsageError for an `--fsdev` that nothing uses. */
  requireAllUsed(): void {
    const idle = [...this.byId.keys()].find((id) => !this.used.has(id));
    if (idle === undefined) return;
    throw new UsageError(
      `--fsdev: no --device uses id=${idle}; add --device virtio-9p-pci,fsdev=${idle},mount_tag=TAG`,
    );
  }

  /** Each use opens the export anew, and a quota or a limit that is kept twice is none. */
  private use(id: string, exported: ExportConfig): void {
    const limited = treesOf(exported).some((tree) => tree.throttling !== undefined || 'quota' in tree);
    if (limited && this.used.has(id)) {
      throw new UsageError(`--fsdev: id=${id} has limits and is used twice; give each device an --fsdev of its own`);
    }
    this.used.add(id);
  }
}

function noFsdev(wanted: string, known: readonly string[]): string {
  if (known.length === 0) return `fsdev=${wanted} names no --fsdev; add --fsdev local,id=${wanted},path=PATH`;
  return `fsdev=${wanted} names no --fsdev; ${remedyFor(wanted, known, 'id')}`;
}
