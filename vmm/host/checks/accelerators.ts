import { bad, type HostCheck, ok, warn } from '../check.ts';
import type { HostProbe } from '../probe.ts';

/** KVM is preferred unless the software CPU is this much faster: it has 64 bits and more than one CPU. */
const WORTH_IT = 2;

const LIMITS = '32-bit kernels, one CPU, less than 2 GiB';

/** Which accelerator serves guests best here, measured. */
export const ACCELERATOR_CHECKS: readonly HostCheck[] = [
  {
    check: 'accelerators',
    look: async (host) => {
      const kvm = await measure(host, 'kvm');
      const software = await measure(host, 'software');
      if (software === undefined && kvm === undefined)
        return bad('neither KVM nor the software CPU executes guest code', 'npm ci, and see /dev/kvm above');
      if (kvm === undefined) return ok(`software CPU: ${millions(software)}; KVM is not to be had`);
      if (software === undefined) return warn(`KVM: ${millions(kvm)}; the software CPU fails`, 'npm ci');
      const found = `KVM: ${millions(kvm)}; software CPU: ${millions(software)}`;
      return software < kvm * WORTH_IT
        ? ok(`${found}; KVM serves best`)
        : warn(`${found}; the software CPU serves best`, `--accel software for ${LIMITS}; --accel kvm for the rest`);
    },
  },
];

/** Instructions a second, undefined where nothing is executed. */
async function measure(host: HostProbe, accel: 'kvm' | 'software'): Promise<number | undefined> {
  try {
    return await host.kernelSpeed(accel);
  } catch {
    return undefined;
  }
}

function millions(speed = 0): string {
  const count = speed / 1e6;
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} million kernel instructions a second`;
}
