import { MAX_MOUNT_TAG_LENGTH } from '../devices/virtio/p9-config-registers.ts';
import { OWN_TAG_PREFIX } from './boot-plan.ts';
import { checkDevices } from './check-devices.ts';
import type { ShareConfig, VirtualMachineConfig } from './config.ts';
import { MAX_CPUS } from './limits.ts';
import { UsageError } from './usage-error.ts';

/** As much of a configuration as is looked at, wherever its shares come from. */
interface CheckedConfig extends Pick<VirtualMachineConfig, 'cpus' | 'cwd' | 'root' | 'devices'> {
  readonly shares?: readonly Pick<ShareConfig, 'mountTag' | 'mountAt' | 'id' | 'virtio'>[];
}

/** Refuses what cannot be, before anything is opened. Throws UsageError, one line. */
export function checkConfig(config: CheckedConfig): void {
  const cpus = config.cpus ?? 1;
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS) {
    throw new UsageError(`${cpus} CPUs: give 1 to ${MAX_CPUS}`);
  }
  const shares = config.shares ?? [];
  const tags = new Set<string>();
  for (const share of shares) {
    checkTag(share);
    if (tags.has(share.mountTag))
      throw new UsageError(`mount tag '${share.mountTag}' is used twice: each share needs its own`);
    tags.add(share.mountTag);
    if (share.mountAt) checkPath(`mountAt of share '${share.mountTag}'`, share.mountAt);
  }
  checkDevices(shares, config.devices ?? []);
  if (config.cwd !== undefined) checkPath('cwd', config.cwd);
  if (config.root && config.root.init !== undefined) {
    checkPath('root.init', config.root.init);
    // The kernel keeps blanks in a word that is quoted, and has no way to quote the quote.
    if (config.root.init.includes('"'))
      throw new UsageError(`root.init: '${config.root.init}' holds a quote: rename it`);
  }
}

/** Paths of the guest are absolute, since nothing says what they would be relative to. */
function checkPath(name: string, path: string): void {
  if (!path.startsWith('/')) throw new UsageError(`${name}: '${path}' is not an absolute path: begin it with /`);
  if (path.includes('\0')) throw new UsageError(`${name}: the path holds a NUL byte: leave it out`);
}

function checkTag({ mountTag }: Pick<ShareConfig, 'mountTag'>): void {
  const length = new TextEncoder().encode(mountTag).length;
  if (length === 0) throw new UsageError('a mount tag is empty: give 1 to 31 bytes');
  if (length > MAX_MOUNT_TAG_LENGTH) {
    throw new UsageError(`mount tag '${mountTag}' has ${length} bytes: give at most ${MAX_MOUNT_TAG_LENGTH}`);
  }
  if (mountTag.includes('\0')) throw new UsageError('a mount tag contains a NUL byte: leave it out');
  if (mountTag.startsWith(OWN_TAG_PREFIX)) {
    throw new UsageError(
      `mount tag '${mountTag}': tags that begin with '${OWN_TAG_PREFIX}' are the machine's own; choose another`,
    );
  }
}
