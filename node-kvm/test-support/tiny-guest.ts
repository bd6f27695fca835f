import type { VcpuExit } from '../exit.ts';
import { GuestMemory } from '../guest-memory.ts';
import { Kvm } from '../kvm.ts';
import type { Vcpu } from '../vcpu.ts';
import type { Vm } from '../vm.ts';
import { within } from './deadline.ts';

/** Where a tiny guest's code starts; its code segment has base 0. */
export const codeAddress = 0x1000;

/** Options of a {@link TinyGuest}. */
export interface TinyGuestOptions {
  /** Machine code for 16-bit real mode, put at {@link codeAddress}. */
  readonly code: readonly number[];
  /** Bytes of memory from guest address 0 on; 64 KiB where it is missing. */
  readonly memorySize?: number;
  readonly irqchip?: boolean;
}

/** A VM with one vCPU in real mode and a few bytes of code. */
export class TinyGuest {
  readonly kvm = Kvm.open();
  readonly vm: Vm;
  readonly memory: GuestMemory;
  readonly vcpu: Vcpu;

  constructor(options: TinyGuestOptions) {
    this.vm = this.kvm.createVm();
    this.memory = new GuestMemory(options.memorySize ?? 0x10000);
    this.memory.view(codeAddress, options.code.length).set(options.code);
    this.vm.setUserMemoryRegion(0, 0n, this.memory);
    if (options.irqchip === true) this.vm.createIrqchip();
    this.vcpu = this.createVcpu(0, codeAddress);
  }

  /** One more vCPU in real mode, at `rip`. */
  createVcpu(id: number, rip: number): Vcpu {
    const vcpu = this.vm.createVcpu(id);
    const sregs = vcpu.getSregs();
    vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } });
    vcpu.setRegs({ ...vcpu.getRegs(), rip: BigInt(rip), rflags: 2n });
    if (vcpu.getMpState() !== 'runnable') vcpu.setMpState('runnable');
    return vcpu;
  }

  /** Starts the vCPU and resolves with its first exit for which `answer` returns true; all others are resumed. */
  run(answer: (exit: VcpuExit) => boolean): Promise<VcpuExit> {
    return within(
      'the awaited exit',
      new Promise((resolve, reject) => {
        this.vcpu.start((exit) => {
          try {
            if (answer(exit)) resolve(exit);
            else this.vcpu.resume();
          } catch (error) {
            reject(error);
          }
        });
      }),
    );
  }

  /** Runs to the first HLT; what `keep` makes of each exit before it, which is then resumed. */
  async exitsUntilHalt<T>(keep: (exit: VcpuExit) => T): Promise<T[]> {
    const kept: T[] = [];
    await this.run((exit) => {
      if (exit.reason === 'hlt') return true;
      kept.push(keep(exit));
      return false;
    });
    return kept;
  }

  close(): void {
    for (const part of [this.vcpu, this.vm, this.memory, this.kvm]) part.close();
  }
}

/** Runs `body` with a guest and closes the guest, whatever happens. */
export async function withGuest(
  options: TinyGuestOptions,
  body: (guest: TinyGuest) => Promise<void> | void,
): Promise<void> {
  const guest = new TinyGuest(options);
  try {
    await body(guest);
  } finally {
    guest.close();
  }
}
