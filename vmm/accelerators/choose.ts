import { kvmBackend } from 'node-kvm';
import type { AcceleratorFactory } from '../accelerator.ts';
import type { KernelBits } from '../boot/linux-image.ts';
import type { VirtualMachineConfig } from '../config.ts';
import type { FixtureArch } from '../fixtures/products.ts';
import type { Hooks } from '../hooks.ts';
import { errorCode } from '../host/error-code.ts';
import { DEFAULT_MEMORY } from '../limits.ts';
import { HostError } from '../usage-error.ts';
import { checkSoftwareLimits } from './software/limits.ts';

/** What executes a guest here, and what that asks of the kernel. */
export interface AcceleratorChoice {
  readonly kind: 'kvm' | 'software';
  /** The kernels it can run. */
  readonly bits: KernelBits;
  readonly arch: FixtureArch;
  /** True where KVM interprets guest kernel code (kvm_pvm). */
  readonly pvm: boolean;
  readonly create: AcceleratorFactory;
}

type Wanted = Pick<VirtualMachineConfig, 'accel' | 'cpus' | 'memory' | 'memoryBacking' | 'kernel'>;

const PVM_HINT =
  'this host has kvm_pvm, which interprets guest kernel code; --accel software may be faster: tsvmm doctor measures both';

/**
 * Chooses what executes a guest, before anything is built or opened for it. `auto` takes KVM where it can be opened, else the
 * software CPU, and says so on `hooks.notice`.
 *
 * Rejects with HostError where KVM is asked for and this host has none, with UsageError for a machine that the software CPU
 * cannot be.
 */
export async function chooseAccelerator(config: Wanted, hooks: Pick<Hooks, 'notice'> = {}): Promise<AcceleratorChoice> {
  const { accel = 'auto' } = config;
  if (accel === 'software') return software(config);
  if (accel === 'kvm') return kvm();
  try {
    const choice = await kvm();
    if (choice.pvm && config.kernel === undefined) hooks.notice?.(PVM_HINT);
    return choice;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    hooks.notice?.(withoutKvm(errorCode(error.cause)));
    return software(config);
  }
}

/** Why KVM does not run the guest, short: who wants it asks the doctor, or for `--accel kvm`. */
function withoutKvm(code: string): string {
  const why = code === 'ENOENT' ? 'there is no /dev/kvm' : `/dev/kvm cannot be used (${code})`;
  return `${why}: the software CPU runs the guest; tsvmm doctor says how to have KVM`;
}

async function kvm(): Promise<AcceleratorChoice> {
  const { KvmAccelerator } = await import('./kvm/kvm-accelerator.ts');
  KvmAccelerator.check();
  return {
    kind: 'kvm',
    bits: 64,
    arch: 'x86_64',
    pvm: kvmBackend() === 'pvm',
    create: async (options) => KvmAccelerator.create(options),
  };
}

async function software({ cpus = 1, memory = DEFAULT_MEMORY, memoryBacking }: Wanted): Promise<AcceleratorChoice> {
  checkSoftwareLimits({ cpus, memory, sharedRam: memoryBacking !== undefined });
  return {
    kind: 'software',
    bits: 32,
    arch: 'i386',
    pvm: false,
    create: async (options) => {
      const [{ SoftwareAccelerator }, { nodeHost }] = await Promise.all([
        import('./software/software-accelerator.ts'),
        import('./software/node-host.ts'),
      ]);
      return SoftwareAccelerator.create(options, nodeHost);
    },
  };
}
