import type { Backend } from '../../ninep/backend.ts';
import { SoftwareAccelerator } from '../accelerators/software/software-accelerator.ts';
import type { SoftwareHost } from '../accelerators/software/software-host.ts';
import { openLinuxImage } from '../boot/linux-image.ts';
import { memoryNeeded } from '../boot/load-linux.ts';
import { CONTROL_TAG, commandLine, ROOT_TAG } from '../boot-plan.ts';
import { checkConfig } from '../check-config.ts';
import type { ShareConfig, VirtualMachineConfig } from '../config.ts';
import { GuestControl } from '../control/guest-control.ts';
import type { Disposal } from '../disposal.ts';
import { kernelWords } from '../fixtures/command-line.ts';
import { Guest } from '../guest.ts';
import { type GuestParts, guestConsole, guestParts, wireGuest } from '../guest-parts.ts';
import type { Hooks } from '../hooks.ts';
import { DEFAULT_MEMORY } from '../limits.ts';
import { memoryMap } from '../memory-map.ts';
import { shareSession } from '../share-session.ts';
import { unpack } from './unpack.ts';

/** A tree a guest can mount, whatever is behind it. */
export interface BrowserShare extends Pick<ShareConfig, 'mountTag' | 'mountAt'> {
  readonly backend: Backend;
}

/** Everything a machine in a page needs to know. What VirtualMachineConfig has by the same name means the same. */
export interface BrowserMachineConfig
  extends Pick<
    VirtualMachineConfig,
    'append' | 'memory' | 'session' | 'announce' | 'verbose' | 'cwd' | 'terminal' | 'onReboot'
  > {
  /** What the CPU needs of the page: `browserHost`. */
  readonly host: SoftwareHost;
  /** A 32-bit kernel: vmlinux, or bzImage packed with gzip. */
  readonly kernel: Uint8Array;
  /** What the guest boots from, with our init at /.tsvmm/init. It is mounted read-only. */
  readonly root: Backend;
  readonly shares?: readonly BrowserShare[];
}

/** A Linux guest in a page, on the software CPU; its shares are trees in memory. Made by `create`, used once. */
export class BrowserMachine extends Guest {
  /**
   * Loads the kernel and wires the machine; the guest does not run yet. The trees are closed when the machine has ended.
   *
   * @throws UsageError where the configuration cannot be met; HostError where this page cannot run a machine.
   */
  static async create(config: BrowserMachineConfig, hooks: Omit<Hooks, 'progress'> = {}): Promise<BrowserMachine> {
    const { shares = [], cwd } = config;
    checkConfig({ shares, ...(cwd !== undefined && { cwd }) });
    return new BrowserMachine(await guestParts((disposal) => assemble(config, hooks, disposal)));
  }
}

async function assemble(config: BrowserMachineConfig, hooks: Hooks, disposal: Disposal): Promise<GuestParts> {
  const { host, shares: extra = [] } = config;
  const kernel = await openLinuxImage(config.kernel, unpack, 32);
  const map = memoryMap(config.memory ?? DEFAULT_MEMORY, memoryNeeded(kernel));
  const made = await SoftwareAccelerator.create({ ram: map.ram, cpus: 1 }, host);
  const accelerator = disposal.take(made, (it) => it.close());

  const root = { readonly: true };
  const control = config.session !== 'shell' ? new GuestControl() : undefined;
  const devices = [
    { mountTag: ROOT_TAG, backend: config.root },
    ...extra,
    ...(control ? [{ mountTag: CONTROL_TAG, backend: control.backend }] : []),
  ].map(({ mountTag, backend }) => {
    disposal.take(backend, (it) => it.close());
    return shareSession(mountTag, { exported: backend }, hooks);
  });

  const words = kernelWords({ arch: 'i386', pvm: false, ownKernel: true, verbose: config.verbose ?? false });
  const cmdline = commandLine(config, { kernelWords: words, root });
  const { defer } = host;
  const { onReboot } = config;
  return wireGuest(
    {
      accelerator,
      map,
      cpus: 1,
      kernel,
      initrd: undefined,
      cmdline,
      devices,
      control,
      console: guestConsole(hooks),
      onReboot,
      defer,
    },
    hooks,
    disposal,
  );
}
