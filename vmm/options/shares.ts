import type { ShareConfig } from '../config.ts';
import type { ExportConfig } from '../export-config.ts';
import { UsageError } from '../usage-error.ts';
import type { P9DeviceOption } from './device.ts';
import { parseVirtfs } from './fsdev.ts';
import { FsdevExports } from './fsdev-exports.ts';
import { placeShares } from './mount.ts';

/** What shares are made from, each list in the order given: option strings, and devices that were read already. */
export interface ShareOptions {
  readonly virtfs: readonly string[];
  readonly fsdev: readonly string[];
  readonly device: readonly P9DeviceOption[];
  readonly mount: readonly string[];
}

/** A share and the option it came from, for errors. */
interface Origin {
  readonly option: string;
  readonly share: ShareConfig;
}

/**
 * Makes the shares of a machine: those of `--virtfs`, then one for each `--device` with its `--fsdev`, each mounted
 * where `--mount` says. Throws UsageError.
 */
export function collectShares({ virtfs, fsdev, device, mount }: ShareOptions): ShareConfig[] {
  const exports = new FsdevExports(fsdev);
  const direct = directShares(virtfs, exports);
  const joined = device.map(({ fsdev, mountTag, id, virtio }) => {
    const share = shareOf(exports.behindDevice(fsdev), mountTag, id);
    return { option: '--device', share: virtio === undefined ? share : { ...share, virtio } };
  });
  exports.requireAllUsed();
  const all = [...direct, ...joined];
  refuseTwins(all, 'mount_tag', ({ mountTag }) => mountTag, 'each share needs a tag of its own');
  refuseTwins(all, 'id', ({ id }) => id, 'each device needs a name of its own');
  return placeShares(
    all.map(({ share }) => share),
    mount,
  );
}

/**
 * Makes the shares of a server, where there is no guest and so no device: those of `--virtfs`, and one for each `--fsdev`
 * that no other refers to, whose id is its name. Throws UsageError.
 */
export function collectExports({ virtfs, fsdev }: Pick<ShareOptions, 'virtfs' | 'fsdev'>): ShareConfig[] {
  const exports = new FsdevExports(fsdev);
  const direct = directShares(virtfs, exports);
  const byId = exports.takeUnused().map(({ id, exported }) => {
    return { option: '--fsdev', share: shareOf(exported, id, undefined) };
  });
  const all = [...direct, ...byId];
  refuseTwins(all, 'name', ({ mountTag }) => mountTag, 'each share needs a name of its own');
  refuseTwins(all, 'id', ({ id }) => id, 'each share needs a name of its own');
  return all.map(({ share }) => share);
}

function directShares(virtfs: readonly string[], exports: FsdevExports): Origin[] {
  return virtfs.map((string) => {
    const { exported, mountTag, id } = parseVirtfs(string, (id) => exports.find(id));
    return { option: '--virtfs', share: shareOf(exported, mountTag, id) };
  });
}

function shareOf(exported: ExportConfig, mountTag: string, id: string | undefined): ShareConfig {
  return { ...exported, mountTag, ...(id === undefined ? {} : { id }) };
}

function refuseTwins(
  all: readonly Origin[],
  key: string,
  read: (share: ShareConfig) => string | undefined,
  remedy: string,
): void {
  const seen = new Set<string>();
  for (const { option, share } of all) {
    const value = read(share);
    if (value === undefined) continue;
    if (seen.has(value)) throw new UsageError(`${option}: ${key}=${value} is given twice; ${remedy}`);
    seen.add(value);
  }
}
