import { cleanKernels } from '../fixtures/clean.ts';
import { ensureKernel, hasKernel, kernelPaths } from '../fixtures/kernel.ts';
import type { Progress } from '../fixtures/progress.ts';
import { ensureRoot } from '../fixtures/root.ts';
import { HostError } from '../usage-error.ts';
import type { KernelAction, KernelOptions } from './command-line.ts';

/** What each action of `tsvmm kernel` does, and the lines it prints. */
const ACTIONS: Readonly<
  Record<KernelAction, (progress: Progress, options: KernelOptions) => Promise<readonly string[]>>
> = {
  build: async (progress, { arch }) => {
    const { vmlinux } = await ensureKernel({ arch, progress });
    const { root } = await ensureRoot({ arch, progress });
    return [vmlinux, root];
  },
  path: async (_progress, { arch }) => {
    if (!hasKernel({ arch })) throw new HostError('the guest kernel is not built; build it with tsvmm kernel build');
    return [kernelPaths({ arch }).vmlinux];
  },
  clean: async (_progress, { downloads }) => cleanKernels({ downloads }),
};

/** Performs an action of `tsvmm kernel`; returns the lines for stdout. Throws HostError and BuildError. */
export function performKernelAction(
  action: KernelAction,
  options: KernelOptions,
  progress: Progress,
): Promise<readonly string[]> {
  return ACTIONS[action](progress, options);
}
