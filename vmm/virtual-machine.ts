import { readFile } from 'node:fs/promises';
import type { Backend } from '../ninep/backend.ts';
import { chooseAccelerator } from './accelerators/choose.ts';
import { memoryNeeded } from './boot/load-linux.ts';
import { CONTROL_TAG, commandLine, ROOT_TAG, runsOurInit } from './boot-plan.ts';
import { checkConfig } from './check-config.ts';
import type { VirtualMachineConfig } from './config.ts';
import { GuestControl } from './control/guest-control.ts';
import type { Disposal } from './disposal.ts';
import { Guest } from './guest.ts';
import { findGuestFiles } from './guest-files.ts';
import { type GuestParts, guestParts, wireGuest } from './guest-parts.ts';
import type { Hooks } from './hooks.ts';
import { DEFAULT_MEMORY } from './limits.ts';
import type { MachineShare } from './machine.ts';
import { memoryMap } from './memory-map.ts';
import { shareSession } from './share-session.ts';
import { openRoot, openShare } from './shares.ts';

/** A Linux guest with shares of host directories. Made by `create`, used once: after its end make another. */
export class VirtualMachine extends Guest {
  /**
   * Opens the shares, loads the kernel and wires the machine; the guest does not run yet. Makes the default kernel and
   * root if they are needed and not in the cache.
   *
   * @throws UsageError where the configuration cannot be met; HostError where this host cannot run a machine. Nothing
   *   is left open then.
   */
  static async create(config: VirtualMachineConfig = {}, hooks: Hooks = {}): Promise<VirtualMachine> {
    checkConfig(config);
    return new VirtualMachine(await guestParts((disposal) => assemble(config, hooks, disposal)));
  }
}

async function assemble(config: VirtualMachineConfig, hooks: Hooks, disposal: Disposal): Promise<GuestParts> {
  const choice = await chooseAccelerator(config, hooks);
  const files = await findGuestFiles(config, hooks, choice);
  const { kernel, initrd, root } = files;
  const cpus = config.cpus ?? 1;
  const map = memoryMap(config.memory ?? DEFAULT_MEMORY, memoryNeeded(kernel, initrd?.length));
  const accelerator = disposal.take(await choice.create({ ram: map.ram, cpus }), (it) => it.close());

  const shares: MachineShare[] = [];
  const serve = (mountTag: string, backend: Backend) => shares.push(shareSession(mountTag, backend, hooks, disposal));
  if (root !== undefined)
    serve(ROOT_TAG, openRoot(root, files.init === undefined ? undefined : await readFile(files.init)));
  for (const share of config.shares ?? []) serve(share.mountTag, openShare(share));
  const control = runsOurInit(root) && config.session !== 'shell' ? new GuestControl() : undefined;
  if (control !== undefined) serve(CONTROL_TAG, control.backend);

  const cmdline = commandLine(config, files);
  const defer = (work: () => void) => void setImmediate(work);
  return wireGuest({ accelerator, map, cpus, kernel, initrd, cmdline, shares, control, defer }, hooks, disposal);
}
