import { Kvm, type Vcpu, type Vm } from 'node-kvm';
import { REGIONS } from '../../memory-map.ts';
import { cpuidFor } from './cpuid.ts';
import type { GuestRam } from './guest-ram.ts';

/** A VM at power-on, with the interrupt controllers and the timer in the kernel, and its CPUs. The memory is not its own. */
export class KvmMachine {
  readonly vm: Vm;
  readonly vcpus: readonly Vcpu[];

  /** Throws KvmError where KVM refuses; nothing is left behind then. */
  constructor(ram: GuestRam, cpus: number) {
    const kvm = Kvm.open();
    const made: { close(): void }[] = [kvm];
    try {
      const vm = kvm.createVm();
      made.push(vm);
      vm.setTssAddress(BigInt(REGIONS.kvmTss.base));
      vm.setIdentityMapAddress(BigInt(REGIONS.kvmIdentityMap.base));
      vm.createIrqchip();
      vm.createPit2(1);
      for (const [slot, range] of ram.slots.entries()) {
        vm.setUserMemoryRegion(slot, BigInt(range.base), ram.backing, range.offset, range.length);
      }
      const supported = kvm.supportedCpuid();
      const tscDeadline = kvm.checkExtension('KVM_CAP_TSC_DEADLINE_TIMER') > 0;
      this.vm = vm;
      this.vcpus = Array.from({ length: cpus }, (_, id) => {
        const vcpu = vm.createVcpu(id);
        made.push(vcpu);
        vcpu.setCpuid2(cpuidFor(supported, { id, cpus, tscDeadline }));
        return vcpu;
      });
      kvm.close();
    } catch (error) {
      for (const one of made.reverse()) one.close();
      throw error;
    }
  }

  /** Resolves when no CPU executes any more; none will again. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.vcpus.map((vcpu) => vcpu.stop()));
  }

  /** Gives everything back. To be stopped before. Idempotent. */
  close(): void {
    for (const vcpu of this.vcpus) vcpu.close();
    this.vm.close();
  }
}
