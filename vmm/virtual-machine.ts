import { readFile } from 'node:fs/promises';
import type { Counters, Counts } from '../ninep/counters.ts';
import { OTHER_TABLES } from '../trace/other-tables.ts';
import { chooseAccelerator } from './accelerators/choose.ts';
import { memoryNeeded } from './boot/load-linux.ts';
import { CONTROL_TAG, commandLine, ROOT_TAG, runsOurInit } from './boot-plan.ts';
import { checkConfig } from './check-config.ts';
import type { VirtualMachineConfig } from './config.ts';
import { GuestControl } from './control/guest-control.ts';
import type { Disposal } from './disposal.ts';
import { Guest } from './guest.ts';
import { findGuestFiles } from './guest-files.ts';
import { type GuestParts, guestConsole, guestParts, wireGuest } from './guest-parts.ts';
import type { Hooks } from './hooks.ts';
import { HostCalls } from './host-calls.ts';
import { DEFAULT_MEMORY } from './limits.ts';
import type { MachineDevice } from './machine-device.ts';
import { memoryMap } from './memory-map.ts';
import { mmioPlaces, mmioWords } from './mmio-places.ts';
import { openDevice } from './open-device.ts';
import { openDevices } from './open-devices.ts';
import { ownConsole, shellDevice } from './own-console.ts';
import { byMmio } from './plug-mmio.ts';
import { type ServedExport, shareSession } from './share-session.ts';
import { openRoot } from './shares.ts';

/** A Linux guest with shares of host directories. Made by `create`, used once: after its end make another. */
export class VirtualMachine extends Guest {
  readonly #counters: ReadonlyMap<string, Counters>;

  private constructor(parts: GuestParts, counters: ReadonlyMap<string, Counters>) {
    super(parts);
    this.#counters = counters;
  }

  /**
   * Opens the shares, loads the kernel and wires the machine; the guest does not run yet. Makes the default kernel and
   * root if they are needed and not in the cache.
   *
   * @throws UsageError where the configuration cannot be met; HostError where this host cannot run a machine. Nothing
   *   is left open then.
   */
  static async create(config: VirtualMachineConfig = {}, hooks: Hooks = {}): Promise<VirtualMachine> {
    checkConfig(config);
    const counters = new Map<string, Counters>();
    const parts = await guestParts((disposal) => assemble(config, hooks, disposal, counters));
    return new VirtualMachine(parts, counters);
  }

  /** What each share with `counters` has been asked so far, by mount tag and message; stays readable after the end. */
  counters(): Readonly<Record<string, Counts>> {
    return Object.fromEntries([...this.#counters].map(([mountTag, counters]) => [mountTag, counters.read()]));
  }
}

/** @param counters gets those of the shares that are counted, by mount tag */
async function assemble(
  config: VirtualMachineConfig,
  hooks: Hooks,
  disposal: Disposal,
  counters: Map<string, Counters>,
): Promise<GuestParts> {
  const console = guestConsole(hooks);
  // Before a kernel is made: what is wrong with a share or a disk is told at once.
  const calls = hooks.events && new HostCalls(hooks.events);
  const { terminal } = config;
  const opened = await openDevices(config, { hooks, disposal, counters, calls, console, terminal });
  const choice = await chooseAccelerator(config, hooks);
  const files = await findGuestFiles(config, hooks, choice);
  const { kernel, initrd, root } = files;
  const cpus = config.cpus ?? 1;
  const map = memoryMap(config.memory ?? DEFAULT_MEMORY, memoryNeeded(kernel, initrd?.length));
  const accelerator = disposal.take(
    await choice.create({ ram: map.ram, cpus, sharedRam: config.memoryBacking === 'memfd' }),
    (it) => it.close(),
  );

  const devices: MachineDevice[] = [];
  const serve = (mountTag: string, served: ServedExport) => devices.push(shareSession(mountTag, served, hooks));
  if (root !== undefined) {
    const init = files.init === undefined ? undefined : await readFile(files.init);
    const exported = disposal.take(openRoot(root, init, calls?.hostfs), (it) => it.close());
    serve(ROOT_TAG, { exported, scope: calls });
  }
  devices.push(...opened);
  const own = ownConsole(config, root);
  if (own !== undefined) devices.push(openDevice(own, { disposal, hooks, console, terminal }));
  const control = runsOurInit(root) && config.session !== 'shell' ? new GuestControl() : undefined;
  if (control !== undefined) serve(CONTROL_TAG, { exported: control.backend });

  const kernelWords = [...files.kernelWords, ...mmioWords(mmioPlaces(devices))];
  const cmdline = commandLine(config, { ...files, kernelWords, shellOn: shellDevice(config, own) });
  const defer = (work: () => void) => void setImmediate(work);
  const { onReboot } = config;
  const others = { byMmio, tables: OTHER_TABLES };
  return wireGuest(
    { accelerator, map, cpus, kernel, initrd, cmdline, devices, others, control, console, onReboot, defer },
    hooks,
    disposal,
  );
}
