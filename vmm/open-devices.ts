import type { Counters } from '../ninep/counters.ts';
import type { VirtualMachineConfig } from './config.ts';
import type { Hooks } from './hooks.ts';
import type { HostCalls } from './host-calls.ts';
import type { MachineDevice } from './machine-device.ts';
import { type OpenerHost, openDevice } from './open-device.ts';
import { shareSession } from './share-session.ts';
import { openExport } from './shares.ts';

/** What opening shares and devices may need beside their configuration. */
export interface OpeningHost extends OpenerHost {
  readonly hooks: Hooks;
  /** Gets those of the shares that are counted, by mount tag. */
  readonly counters: Map<string, Counters>;
  /** Tells of the system calls of the shares, where somebody watches. */
  readonly calls?: HostCalls | undefined;
}

/**
 * Opens what the shares and devices of a configuration stand for, and remembers in the host's `disposal` how to give it back.
 *
 * @throws UsageError where that cannot be
 */
export async function openDevices(
  { shares = [], devices = [] }: Pick<VirtualMachineConfig, 'shares' | 'devices'>,
  host: OpeningHost,
): Promise<MachineDevice[]> {
  const { hooks, disposal, counters, calls } = host;
  const opened: MachineDevice[] = [];
  for (const share of shares) {
    const notice = (line: string) => hooks.notice?.(`${share.mountTag}: ${line}`);
    const served = disposal.take(await openExport(share, notice, calls?.hostfs), (it) => it.close());
    if (served.counters !== undefined) counters.set(share.mountTag, served.counters);
    opened.push(shareSession(share.mountTag, { ...served, scope: calls }, hooks, share.virtio));
  }
  return [...opened, ...devices.map((device) => openDevice(device, host))];
}
