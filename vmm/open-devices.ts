import type { Counters } from '../ninep/counters.ts';
import type { VirtualMachineConfig } from './config.ts';
import type { Disposal } from './disposal.ts';
import type { Hooks } from './hooks.ts';
import type { HostCalls } from './host-calls.ts';
import type { MachineDevice } from './machine-device.ts';
import { openDevice } from './open-device.ts';
import { shareSession } from './share-session.ts';
import { openExport } from './shares.ts';

/**
 * Opens what the shares and devices of a configuration stand for, and remembers in `disposal` how to give it back.
 *
 * @param counters gets those of the shares that are counted, by mount tag
 * @param calls tells of the system calls of the shares, where somebody watches
 * @throws UsageError where that cannot be
 */
export async function openDevices(
  { shares = [], devices = [] }: Pick<VirtualMachineConfig, 'shares' | 'devices'>,
  hooks: Hooks,
  disposal: Disposal,
  counters: Map<string, Counters>,
  calls?: HostCalls,
): Promise<MachineDevice[]> {
  const opened: MachineDevice[] = [];
  for (const share of shares) {
    const notice = (line: string) => hooks.notice?.(`${share.mountTag}: ${line}`);
    const served = disposal.take(await openExport(share, notice, calls?.hostfs), (it) => it.close());
    if (served.counters !== undefined) counters.set(share.mountTag, served.counters);
    opened.push(shareSession(share.mountTag, { ...served, scope: calls }, hooks, share.virtio));
  }
  return [...opened, ...devices.map((device) => openDevice(device, { disposal, hooks }))];
}
