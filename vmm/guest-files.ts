import type { AcceleratorChoice } from './accelerators/choose.ts';
import { readInitrdFile, readKernelFile } from './boot/kernel-file.ts';
import type { LinuxImage } from './boot/linux-image.ts';
import { namesRoot } from './boot-plan.ts';
import type { RootConfig, VirtualMachineConfig } from './config.ts';
import { kernelWords } from './fixtures/command-line.ts';
import { ensureKernel } from './fixtures/kernel.ts';
import { ensureInit, ensureRoot, type RootOptions, type RootPaths } from './fixtures/root.ts';
import type { Hooks } from './hooks.ts';

/** The files a guest starts from. */
export interface GuestFiles {
  readonly kernel: LinuxImage;
  readonly initrd: Uint8Array | undefined;
  /** The directory to boot from, or undefined where an initrd or the kernel itself brings the root. */
  readonly root: RootConfig | undefined;
  /** Path of the program that is process 1 unless the root names its own. */
  readonly init: string | undefined;
  /** Words for the kernel: what the machine and this host need. */
  readonly kernelWords: readonly string[];
}

const STOCK_KERNEL_ON_PVM =
  'this host has kvm_pvm, which interprets guest kernel code and lacks instructions that stock kernels use; ' +
  'a kernel of your own may stop early. Trying.';

/**
 * Finds or makes everything a configuration refers to: the user's files, or the fixtures out of the cache, for what will
 * execute them.
 *
 * @throws BootError, HostError, BuildError: one line each
 */
export async function findGuestFiles(
  config: VirtualMachineConfig,
  hooks: Hooks,
  { arch, bits, pvm }: AcceleratorChoice,
): Promise<GuestFiles> {
  const options = { arch, ...(hooks.progress && { progress: hooks.progress }) };
  const kernel = await readKernelFile(config.kernel ?? (await ensureKernel(options)).vmlinux, bits);
  if (config.kernel !== undefined && pvm) hooks.notice?.(STOCK_KERNEL_ON_PVM);
  const initrd = config.initrd === undefined ? undefined : await readInitrdFile(config.initrd);
  return {
    kernel,
    initrd,
    ...(await findRoot(config, options)),
    kernelWords: kernelWords({ arch, pvm, ownKernel: config.kernel !== undefined, verbose: config.verbose ?? false }),
  };
}

/** What gives the fixtures a guest boots from. */
export interface RootMakers {
  readonly init: (options: RootOptions) => string | Promise<string>;
  readonly root: (options: RootOptions) => RootPaths | Promise<RootPaths>;
}

/** Finds the directory a guest boots from and its first process; those of ours are asked of `makers`. */
export async function findRoot(
  config: VirtualMachineConfig,
  options: RootOptions,
  makers: RootMakers = { init: ensureInit, root: ensureRoot },
): Promise<Pick<GuestFiles, 'root' | 'init'>> {
  if (config.root) {
    return { root: config.root, init: config.root.init === undefined ? await makers.init(options) : undefined };
  }
  if (config.root === false || config.initrd !== undefined || namesRoot(config.append)) {
    return { root: undefined, init: undefined };
  }
  const made = await makers.root(options);
  return { root: { path: made.root }, init: made.init };
}
