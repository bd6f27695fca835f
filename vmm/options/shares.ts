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
  const all = [...directShares(virtfs), ...joinDevices(fsdev, device)];
  refuseTwins(all, 'mount_tag', ({ mountTag }) => mountTag, 'each share needs a tag of its own');
  refuseTwins(all, 'id', ({ id }) => id, 'each device needs a name of its own');
  return placeShares(
    all.map(({ share }) => share),
    mount,
  );
}

/**
 * Makes the shares of a server, where there is no guest and so no device: those of `--virtfs`, and one for each
 * `--fsdev`, whose id is its name. Throws UsageError.
 */
export function collectExports({ virtfs, fsdev }: Pick<ShareOptions, 'virtfs' | 'fsdev'>): ShareConfig[] {
  const byId = fsdev.map((string) => {
    const exported = parseFsdev(string);
    return { option: '--fsdev', share: shareOf(exported, exported.id, undefined) };
  });
  const all = [...directShares(virtfs), ...byId];
  refuseTwins(all, 'name', ({ mountTag }) => mountTag, 'each share needs a name of its own');
  refuseTwins(all, 'id', ({ id }) => id, 'each share needs a name of its own');
  return all.map(({ share }) => share);
}

function directShares(virtfs: readonly string[]): Origin[] {
  return virtfs.map((string) => {
    const { mount_tag, id, ...exported } = parseVirtfs(string);
    return { option: '--virtfs', share: shareOf(exported, mount_tag, id) };
  });
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

function shareOf(
  exported: { readonly path: string; readonly security_model?: SecurityModel; readonly readonly?: boolean },
  mountTag: string,
  id: string | undefined,
): ShareConfig {
  return {
    path: exported.path,
    mountTag,
    ...(exported.security_model === undefined ? {} : { securityModel: exported.security_model }),
    ...(exported.readonly === undefined ? {} : { readonly: exported.readonly }),
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
