import type { SecurityModel, ShareConfig } from '../config.ts';
import { UsageError } from '../usage-error.ts';
import { parseDevice } from './device.ts';
import { parseFsdev, parseVirtfs } from './fsdev.ts';
import { placeShares } from './mount.ts';
import { remedyFor } from './nearest.ts';

/** The option strings shares are made from, each list in the order given. */
export interface ShareOptions {
  readonly virtfs: readonly string[];
  readonly fsdev: readonly string[];
  readonly device: readonly string[];
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
  const direct = virtfs.map((string) => {
    const { mount_tag, id, ...exported } = parseVirtfs(string);
    return { option: '--virtfs', share: shareOf(exported, mount_tag, id) };
  });
  const all = [...direct, ...joinDevices(fsdev, device)];
  refuseTwins(all, 'mount_tag', ({ mountTag }) => mountTag, 'each share needs a tag of its own');
  refuseTwins(all, 'id', ({ id }) => id, 'each device needs a name of its own');
  return placeShares(
    all.map(({ share }) => share),
    mount,
  );
}

function joinDevices(fsdevs: readonly string[], devices: readonly string[]): Origin[] {
  const exports = new Map<string, ReturnType<typeof parseFsdev>>();
  for (const string of fsdevs) {
    const exported = parseFsdev(string);
    if (exports.has(exported.id)) throw new UsageError(`--fsdev: id=${exported.id} is given twice`);
    exports.set(exported.id, exported);
  }
  const used = new Set<string>();
  const joined = devices.map((string) => {
    const { fsdev, mount_tag, id } = parseDevice(string);
    const exported = exports.get(fsdev);
    if (exported === undefined) throw new UsageError(`--device: ${noFsdev(fsdev, [...exports.keys()])}`);
    used.add(fsdev);
    return { option: '--device', share: shareOf(exported, mount_tag, id) };
  });
  const idle = [...exports.keys()].find((id) => !used.has(id));
  if (idle !== undefined) {
    throw new UsageError(
      `--fsdev: no --device uses id=${idle}; add --device virtio-9p-pci,fsdev=${idle},mount_tag=TAG`,
    );
  }
  return joined;
}

function noFsdev(wanted: string, known: readonly string[]): string {
  if (known.length === 0) return `fsdev=${wanted} names no --fsdev; add --fsdev local,id=${wanted},path=PATH`;
  return `fsdev=${wanted} names no --fsdev; ${remedyFor(wanted, known, 'id')}`;
}

/** What is said of a share besides its device. */
interface ExportedDirectory
  extends Pick<ShareConfig, 'path' | 'readonly' | 'fmode' | 'dmode' | 'writeout' | 'multidevs'> {
  readonly security_model?: SecurityModel;
}

/** The values of the given keys that there are. */
function copy<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])) as Pick<T, K>;
}

function shareOf(exported: ExportedDirectory, mountTag: string, id: string | undefined): ShareConfig {
  return {
    path: exported.path,
    mountTag,
    ...(exported.security_model === undefined ? {} : { securityModel: exported.security_model }),
    ...copy(exported, 'readonly', 'fmode', 'dmode', 'writeout', 'multidevs'),
    ...(id === undefined ? {} : { id }),
  };
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
