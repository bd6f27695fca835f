import { type InternalErrorExit, Kvm, KvmError, kvmBackend, type Vcpu, type VcpuExit, type Vm } from 'node-kvm';
import type { Clock, GuestMemory, InterruptLine, MessageSink } from '../../../devices/ports.ts';
import type { Accelerator, AcceleratorOptions, AccessHandler, CpuEntry, CpuStop } from '../../accelerator.ts';
import { REGIONS } from '../../memory-map.ts';
import { HostError } from '../../usage-error.ts';
import { answerIo, answerMmio } from './access.ts';
import { cpuidFor } from './cpuid.ts';
import { IoEventFdDoorbells } from './doorbells.ts';
import { enterKernel } from './entry-state.ts';
import { GuestRam } from './guest-ram.ts';
import { type CpuRest, watchForHalt } from './halt-watch.ts';
import { cpuReport, internalErrorLine, PVM_EXPLANATION } from './internal-error.ts';
import { Standstill } from './standstill.ts';

/** Executes the guest under KVM, with the interrupt controllers and the timer in the kernel. */
export class KvmAccelerator implements Accelerator {
  readonly kind = 'kvm';
  readonly memory: GuestMemory;
  readonly doorbells: IoEventFdDoorbells;
  readonly messages: MessageSink;
  readonly clock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  readonly #ram: GuestRam;
  readonly #vm: Vm;
  readonly #vcpus: readonly Vcpu[];
  readonly #standstill: Standstill;
  #exits = 0;
  #handler: AccessHandler | undefined;
  #stopped: ((stop: CpuStop) => void) | undefined;
  #unwatch: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  private constructor(ram: GuestRam, vm: Vm, vcpus: readonly Vcpu[]) {
    this.memory = ram;
    this.#ram = ram;
    this.#vm = vm;
    this.#vcpus = vcpus;
    this.#standstill = new Standstill(vcpus);
    this.doorbells = new IoEventFdDoorbells(vm, (error) => this.#deviceFailed(error));
    this.messages = { send: (address, data) => this.#sendMessage(address, data) };
  }

  /** Makes the VM, its memory and its CPUs. Throws HostError where KVM refuses; nothing is left behind then. */
  static create(options: AcceleratorOptions): KvmAccelerator {
    return asHostErrors(() => KvmAccelerator.#assemble(options));
  }

  /**
   * Throws HostError, one line with the remedy, where this host has no KVM to offer, an addon that is not built included:
   * before minutes go into a kernel.
   */
  static check(): void {
    try {
      Kvm.open().close();
    } catch (error) {
      throw new HostError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  static #assemble(options: AcceleratorOptions): KvmAccelerator {
    const undo: (() => void)[] = [];
    try {
      const kvm = Kvm.open();
      undo.push(() => kvm.close());
      const ram = new GuestRam(options.ram);
      undo.push(() => ram.close());
      const vm = kvm.createVm();
      undo.push(() => vm.close());
      vm.setTssAddress(BigInt(REGIONS.kvmTss.base));
      vm.setIdentityMapAddress(BigInt(REGIONS.kvmIdentityMap.base));
      vm.createIrqchip();
      vm.createPit2(1);
      for (const [slot, range] of ram.slots.entries()) {
        vm.setUserMemoryRegion(slot, BigInt(range.base), ram.backing, range.offset, range.length);
      }
      const supported = kvm.supportedCpuid();
      const tscDeadline = kvm.checkExtension('KVM_CAP_TSC_DEADLINE_TIMER') > 0;
      const vcpus = Array.from({ length: options.cpus }, (_, id) => {
        const vcpu = vm.createVcpu(id);
        undo.push(() => vcpu.close());
        vcpu.setCpuid2(cpuidFor(supported, { id, cpus: options.cpus, tscDeadline }));
        return vcpu;
      });
      kvm.close();
      return new KvmAccelerator(ram, vm, vcpus);
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
  }

  line(gsi: number): InterruptLine {
    let current = false;
    return {
      set: (level) => {
        if (level === current) return;
        current = level;
        if (!this.#vm.closed) this.#vm.irqLine(gsi, level);
      },
    };
  }

  start(entry: CpuEntry, handler: AccessHandler): void {
    const [boot] = this.#vcpus;
    if (boot === undefined) throw new Error('a machine has at least one CPU');
    this.#handler = handler;
    enterKernel(boot, entry);
    for (const vcpu of this.#vcpus) vcpu.start((exit) => this.#onExit(vcpu, exit));
    this.#unwatch = watchForHalt(
      () => this.#exits,
      () => this.#lookAtCpus(),
      () => this.#stop({ reason: 'halted' }),
    );
  }

  onStop(callback: (stop: CpuStop) => void): void {
    this.#stopped = callback;
  }

  async pause(): Promise<void> {
    if (this.#handler !== undefined) await this.#standstill.hold('owner');
  }

  resume(): void {
    this.#standstill.release('owner');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#stopped = undefined;
    await Promise.all(this.#vcpus.map((vcpu) => vcpu.stop()));
  }

  async #close(): Promise<void> {
    await this.stop();
    this.doorbells.close();
    for (const vcpu of this.#vcpus) vcpu.close();
    this.#vm.close();
    this.#ram.close();
  }

  /** A message that no CPU takes, which a guest can ask for, is lost; so is one of a machine that is gone. */
  #sendMessage(address: bigint, data: number): void {
    if (this.#vm.closed) return;
    try {
      this.#vm.signalMsi({ address, data });
    } catch (error) {
      if (!(error instanceof KvmError)) throw error;
    }
  }

  /** An error of ours ends the machine, not the process. */
  #deviceFailed(error: unknown): void {
    const report = error instanceof Error ? (error.stack ?? '') : '';
    this.#stop({ reason: 'error', message: `a device failed: ${error}`, report });
  }

  #onExit(vcpu: Vcpu, exit: VcpuExit): void {
    try {
      this.#answer(vcpu, exit);
    } catch (error) {
      this.#deviceFailed(error);
    }
  }

  #answer(vcpu: Vcpu, exit: VcpuExit): void {
    this.#exits++;
    const handler = this.#handler;
    if (handler === undefined) throw new Error('a CPU left the guest before it was started');
    switch (exit.reason) {
      case 'io':
        answerIo(exit, handler);
        break;
      case 'mmio':
        answerMmio(exit, handler);
        break;
      case 'interrupted':
        break;
      case 'shutdown':
        this.#stop({ reason: 'triple-fault' });
        return;
      case 'internal-error':
        this.#stop(this.#internalError(vcpu, exit));
        return;
      case 'run-failed':
        this.#stop({ reason: 'error', message: exit.error.message, report: this.#report(vcpu) });
        return;
      default:
        this.#stop({
          reason: 'error',
          message: `unexpected exit of CPU ${vcpu.id}: ${exit.reason}${hardwareReason(exit)}`,
          report: this.#report(vcpu),
        });
        return;
    }
    if (vcpu.state === 'exited' || vcpu.state === 'exited-pausing') vcpu.resume();
  }

  #internalError(vcpu: Vcpu, exit: InternalErrorExit): CpuStop {
    const pvm = exit.kind === 'emulation' && kvmBackend() === 'pvm';
    return {
      reason: 'error',
      message: internalErrorLine(exit, vcpu.getRegs().rip),
      report: [this.#report(vcpu, exit.instruction), ...(pvm ? [PVM_EXPLANATION] : [])].join('\n'),
    };
  }

  #report(vcpu: Vcpu, instruction?: Uint8Array): string {
    return cpuReport(vcpu.id, vcpu.getRegs(), vcpu.getSregs(), instruction);
  }

  #stop(stop: CpuStop): void {
    this.#unwatch?.();
    const callback = this.#stopped;
    this.#stopped = undefined;
    callback?.(stop);
  }

  /** Reads what each CPU is doing, unless the machine is paused or ending anyway. */
  async #lookAtCpus(): Promise<readonly CpuRest[] | undefined> {
    if (this.#standstill.heldBy('owner')) return undefined;
    try {
      await this.#standstill.hold('halt-watch');
      return this.#vcpus.every((vcpu) => vcpu.state === 'paused') ? this.#vcpus.map(restOf) : undefined;
    } finally {
      this.#standstill.release('halt-watch');
    }
  }
}

function restOf(vcpu: Vcpu): CpuRest {
  const state = vcpu.getMpState();
  return {
    activity: state === 'halted' ? 'halted' : state === 'runnable' ? 'runnable' : 'waiting',
    interruptsEnabled: (vcpu.getRegs().rflags & RFLAGS_IF) !== 0n,
  };
}

function hardwareReason(exit: VcpuExit): string {
  const reason = 'hardwareReason' in exit ? exit.hardwareReason : undefined;
  return reason === undefined ? '' : `, hardware reason 0x${reason.toString(16)}`;
}

function asHostErrors<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof KvmError) throw new HostError(error.message, { cause: error });
    throw error;
  }
}

/** @spec Intel SDM vol. 1 §3.4.3.3 System Flags and IOPL Field */
const RFLAGS_IF = 1n << 9n;
