import { availableParallelism } from 'node:os';
import { type InternalErrorExit, Kvm, KvmError, kvmBackend, type Vcpu, type VcpuExit, type Vm } from 'node-kvm';
import type { Clock, GuestMemory, InterruptLine, MessageSink } from '../../../devices/ports.ts';
import type { Accelerator, AcceleratorOptions, AccessHandler, CpuEntry, CpuStop } from '../../accelerator.ts';
import { HostError } from '../../usage-error.ts';
import { answerIo, answerMmio } from './access.ts';
import { IoEventFdDoorbells } from './doorbells.ts';
import { enterKernel } from './entry-state.ts';
import { GuestRam } from './guest-ram.ts';
import { type CpuRest, type HaltWatch, watchForHalt } from './halt-watch.ts';
import { cpuReport, internalErrorLine, PVM_EXPLANATION } from './internal-error.ts';
import { KvmMachine } from './kvm-machine.ts';
import { Standstill } from './standstill.ts';

/** Executes the guest under KVM, with the interrupt controllers and the timer in the kernel. */
export class KvmAccelerator implements Accelerator {
  readonly kind = 'kvm';
  readonly memory: GuestMemory;
  readonly doorbells: IoEventFdDoorbells;
  readonly messages: MessageSink;
  readonly clock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
  /** On one processor the guest only runs while the devices do not. */
  readonly concurrent = availableParallelism() > 1;
  readonly #ram: GuestRam;
  readonly #cpus: number;
  /** VM and CPUs of this life; a reset makes others. */
  #kvm: KvmMachine;
  #standstill: Standstill;
  #handler: AccessHandler | undefined;
  #stopped: ((stop: CpuStop) => void) | undefined;
  #haltWatch: HaltWatch | undefined;
  #closing: Promise<void> | undefined;

  private constructor(ram: GuestRam, kvm: KvmMachine, cpus: number) {
    this.memory = ram;
    this.#ram = ram;
    this.#kvm = kvm;
    this.#cpus = cpus;
    this.#standstill = new Standstill(kvm.vcpus);
    const vm = { ioeventfd: (...rule: Parameters<Vm['ioeventfd']>) => this.#kvm.vm.ioeventfd(...rule) };
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
    const ram = new GuestRam(options.ram, options.sharedRam);
    try {
      return new KvmAccelerator(ram, new KvmMachine(ram, options.cpus), options.cpus);
    } catch (error) {
      ram.close();
      throw error;
    }
  }

  line(gsi: number): InterruptLine {
    let current = false;
    return {
      set: (level) => {
        if (level === current) return;
        current = level;
        const { vm } = this.#kvm;
        if (!vm.closed) vm.irqLine(gsi, level);
      },
    };
  }

  start(entry: CpuEntry, handler: AccessHandler): void {
    const { vcpus } = this.#kvm;
    const [boot] = vcpus;
    if (boot === undefined) throw new Error('a machine has at least one CPU');
    this.#handler = handler;
    enterKernel(boot, entry);
    for (const vcpu of vcpus) vcpu.start((exit) => this.#onExit(vcpu, exit));
    this.#haltWatch = watchForHalt(
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

  standStill(): () => void {
    const standstill = this.#standstill;
    // Not started, or ended: then there is nobody to keep still.
    standstill.hold('inspector').catch(() => {});
    return () => standstill.release('inspector');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async stop(): Promise<void> {
    this.#haltWatch?.end();
    this.#stopped = undefined;
    await this.#kvm.stop();
  }

  /**
   * KVM has no reset, and keeps much that a guest can set and nothing shows: addresses it writes clocks and stolen time to
   * among them. A VM made anew with the same memory has none of it.
   */
  async reset(): Promise<void> {
    this.doorbells.close();
    this.#kvm.close();
    this.#handler = undefined;
    this.#kvm = asHostErrors(() => new KvmMachine(this.#ram, this.#cpus));
    this.#standstill = new Standstill(this.#kvm.vcpus);
  }

  async #close(): Promise<void> {
    await this.stop();
    this.doorbells.close();
    this.#kvm.close();
    this.#ram.close();
  }

  /** A message that no CPU takes, which a guest can ask for, is lost; so is one of a machine that is gone. */
  #sendMessage(address: bigint, data: number): void {
    const { vm } = this.#kvm;
    if (vm.closed) return;
    try {
      vm.signalMsi({ address, data });
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
    this.#haltWatch?.exit();
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
    const hold = handler.takeHold?.();
    if (hold === undefined) letGo(vcpu);
    else
      hold.then(
        () => letGo(vcpu),
        () => letGo(vcpu),
      );
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
    this.#haltWatch?.end();
    const callback = this.#stopped;
    this.#stopped = undefined;
    callback?.(stop);
  }

  /** Reads what each CPU is doing, unless the machine is paused or ending anyway. */
  async #lookAtCpus(): Promise<readonly CpuRest[] | undefined> {
    const standstill = this.#standstill;
    const { vcpus } = this.#kvm;
    if (standstill.heldBy('owner')) return undefined;
    try {
      await standstill.hold('halt-watch');
      return vcpus.every((vcpu) => vcpu.state === 'paused') ? vcpus.map(restOf) : undefined;
    } finally {
      standstill.release('halt-watch');
    }
  }
}

/** Lets a CPU go on behind its exit, unless it was stopped meanwhile. */
function letGo(vcpu: Vcpu): void {
  if (vcpu.state === 'exited' || vcpu.state === 'exited-pausing') vcpu.resume();
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
