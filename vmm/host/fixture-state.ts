import { hasKernel, kernelPaths } from '../fixtures/kernel.ts';
import { cacheDirectory } from '../fixtures/places.ts';
import { HostError } from '../usage-error.ts';
import { type FixtureState, KERNEL_BUILD_NEEDS } from './checks/fixtures.ts';

/** What is there of the guest kernel that tsvmm makes itself, and what making it takes. */
export function thisFixtureState(): FixtureState {
  const directory = cacheDirectory();
  try {
    return { directory, kernel: hasKernel() ? kernelPaths().vmlinux : undefined, needs: KERNEL_BUILD_NEEDS };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { directory, kernel: undefined, needs: KERNEL_BUILD_NEEDS, obstacle: error.message };
  }
}
