import { closedError, KvmError, translated, VcpuStateError } from './error.ts';
import type { VcpuExit } from './exit.ts';
import * as layouts from './layouts.ts';
import { type NativeVcpu, threadEvents, threadRequests } from './native.ts';
import { RunPage } from './run-page.ts';
import { checkBytes, checkInteger, type Struct } from './struct.ts';
import { answersIoctls, nextState, remedies, type VcpuMove, type VcpuState } from './vcpu-state.ts';

/** Called on the event loop for each exit; the vCPU waits until `resume()`, which may be called from within. */
export type ExitHandler = (exit: VcpuExit) => void;

/** Whether a vCPU may run. @spec KVM API §4.38 KVM_GET_MP_STATE */
export type MpState = 'runnable' | 'uninitialized' | 'init-received' | 'halted' | 'sipi-received';

const mpStates: readonly MpState[] = ['runnable', 'uninitialized', 'init-received', 'halted', 'sipi-received'];
const mostCpuidEntries = 256;
const cpuid2HeaderBytes = 8;
const unwritten = 0xffff_ffff;
const lapicBytes = 1024;
const eio = 5;

/**
 * A virtual CPU. `start()` gives it a thread of its own, which stays inside KVM_RUN but for exits; everything else
 * happens on the thread that made it. Registers can be read and written while the guest is not running: before
 * `start()`, while an exit waits for its answer, while paused and once stopped; at other times that throws
 * {@link VcpuStateError}.
 */
export class Vcpu {
  readonly id: number;
  readonly #native: NativeVcpu;
  readonly #page: RunPage;
  #state: VcpuState = 'created';
  #onExit: ExitHandler | undefined;
  #parked: Waiter | undefined;
  #ended: Waiter | undefined;
  #referenced = true;

  /** Made by `Vm.createVcpu()`. */
  constructor(native: NativeVcpu, id: number) {
    this.id = id;
    this.#native = native;
    this.#page = new RunPage(native.runPage);
  }

  get state(): VcpuState {
    return this.#state;
  }

  /**
   * Starts the vCPU's thread; `onExit` is called for every exit. What it throws becomes an uncaught exception, and the
   * exit still waits. Until the vCPU is stopped it keeps the event loop alive, unless `unref()` was called.
   */
  start(onExit: ExitHandler): void {
    if (typeof onExit !== 'function') throw new TypeError(`start: a function is needed, not ${typeof onExit}`);
    const next = this.#next('start', 'start()');
    translated(() => this.#native.start(`kvm-vcpu${this.id}`, (code, errno) => this.#hear(code, errno)));
    this.#state = next;
    this.#onExit = onExit;
  }

  /**
   * Answers the exit that waits (its `data` filled where the guest reads), or goes on after a pause.
   * Throws {@link VcpuStateError} where neither is the case.
   */
  resume(): void {
    this.#state = this.#next('resume', 'resume()');
    this.#native.resume();
  }

  /**
   * Brings the vCPU out of the guest, also while it spins; resolved when it is paused, or stopped in the meantime. An
   * exit that waits has to be answered first: the guest stops right after the access is complete.
   */
  pause(): Promise<void> {
    return this.#move('pause', 'pause()', () => {
      if (this.#state === 'paused' || this.#state === 'stopped') return Promise.resolve();
      if (this.#state === 'stopping') return this.#waiterForEnd().promise;
      // One request for one stop: a second could still be under way when the vCPU is resumed, and stop it again.
      if (this.#parked === undefined) {
        this.#parked = new Waiter();
        this.#native.request(threadRequests.pause);
      }
      return this.#parked.promise;
    });
  }

  /** Brings the vCPU out of the guest and ends its thread, in any state; an exit that waits stays without an answer. */
  stop(): Promise<void> {
    return this.#move('stop', 'stop()', () => {
      if (this.#state !== 'stopping') return Promise.resolve();
      this.#native.request(threadRequests.stop);
      return this.#waiterForEnd().promise;
    });
  }

  /** Brings the vCPU out of the guest with an 'interrupted' exit. Throws {@link VcpuStateError} where it does not run. */
  kick(): void {
    if (this.#state !== 'running') throw this.#stateError('kick()');
    this.#native.request(threadRequests.kick);
  }

  /** Lets the running vCPU keep the event loop alive (the default). */
  ref(): this {
    this.#referenced = true;
    this.#updateReference();
    return this;
  }

  /** Stops the vCPU from keeping the event loop alive; when the loop ends, so does the vCPU. */
  unref(): this {
    this.#referenced = false;
    this.#updateReference();
    return this;
  }

  /** Ends the thread where there is one, waiting for it, and closes the descriptor. Closing twice is harmless. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#native.close();
    this.#settle();
  }

  /** Whether the guest shall leave with 'irq-window-open' as soon as it can take an interrupt. */
  get requestInterruptWindow(): boolean {
    this.#check('requestInterruptWindow');
    return this.#page.requestInterruptWindow;
  }

  set requestInterruptWindow(wanted: boolean) {
    this.#check('requestInterruptWindow');
    this.#page.requestInterruptWindow = wanted;
  }

  /** True where `interrupt()` would be taken at once. */
  get readyForInterruptInjection(): boolean {
    this.#check('readyForInterruptInjection');
    return this.#page.readyForInterruptInjection;
  }

  getRegs(): layouts.Regs {
    return this.#get('KVM_GET_REGS', layouts.regs);
  }

  setRegs(regs: layouts.Regs): void {
    this.#set('KVM_SET_REGS', layouts.regs, regs);
  }

  getSregs(): layouts.Sregs {
    return this.#get('KVM_GET_SREGS', layouts.sregs);
  }

  setSregs(sregs: layouts.Sregs): void {
    this.#set('KVM_SET_SREGS', layouts.sregs, sregs);
  }

  getFpu(): layouts.Fpu {
    return this.#get('KVM_GET_FPU', layouts.fpu);
  }

  setFpu(fpu: layouts.Fpu): void {
    this.#set('KVM_SET_FPU', layouts.fpu, fpu);
  }

  getVcpuEvents(): layouts.VcpuEvents {
    return this.#get('KVM_GET_VCPU_EVENTS', layouts.vcpuEvents);
  }

  setVcpuEvents(events: layouts.VcpuEvents): void {
    this.#set('KVM_SET_VCPU_EVENTS', layouts.vcpuEvents, events);
  }

  getDebugRegs(): layouts.DebugRegs {
    return this.#get('KVM_GET_DEBUGREGS', layouts.debugRegs);
  }

  setDebugRegs(regs: layouts.DebugRegs): void {
    this.#set('KVM_SET_DEBUGREGS', layouts.debugRegs, regs);
  }

  /** Asks for breakpoints or single steps, which leave the guest with 'debug'. */
  setGuestDebug(debug: layouts.GuestDebug): void {
    this.#set('KVM_SET_GUEST_DEBUG', layouts.guestDebug, debug);
  }

  getXcrs(): layouts.Xcr[] {
    const { count, xcrs } = this.#get('KVM_GET_XCRS', layouts.xcrs);
    return xcrs.slice(0, count);
  }

  setXcrs(xcrs: readonly layouts.Xcr[]): void {
    if (!Array.isArray(xcrs) || xcrs.length > 16) throw new TypeError('xcrs: an array of at most 16 is needed');
    const all = Array.from({ length: 16 }, (_, index) => xcrs[index] ?? { xcr: 0, value: 0n });
    this.#set('KVM_SET_XCRS', layouts.xcrs, { count: xcrs.length, flags: 0, xcrs: all });
  }

  /** The local APIC's page of registers, 1024 bytes; it needs the in-kernel irqchip. */
  getLapic(): Uint8Array {
    return this.#get('KVM_GET_LAPIC', layouts.lapic).regs;
  }

  setLapic(regs: Uint8Array): void {
    checkBytes(regs, lapicBytes, 'regs');
    this.#set('KVM_SET_LAPIC', layouts.lapic, { regs });
  }

  getMpState(): MpState {
    const { state } = this.#get('KVM_GET_MP_STATE', layouts.mpState);
    const name = mpStates[state];
    if (name === undefined) throw new Error(`KVM reported MP state ${state}`);
    return name;
  }

  setMpState(state: MpState): void {
    const number = mpStates.indexOf(state);
    if (number < 0) throw new TypeError(`state: '${String(state)}' is not one of ${mpStates.join(', ')}`);
    this.#set('KVM_SET_MP_STATE', layouts.mpState, { state: number });
  }

  /** The values of the MSRs with these indices. Throws {@link KvmError} EIO naming the first that cannot be read. */
  getMsrs(indices: readonly number[]): layouts.MsrEntry[] {
    if (!Array.isArray(indices)) throw new TypeError('indices: an array is needed');
    const buffer = layouts.msrs.encode(indices.map((index: number) => ({ index, data: 0n })));
    this.#checkMsrs('KVM_GET_MSRS', this.#ioctl('KVM_GET_MSRS', buffer), indices);
    return layouts.msrs.decode(buffer);
  }

  /** Sets MSRs in order. Throws {@link KvmError} EIO naming the first that cannot be set; those before it are. */
  setMsrs(entries: readonly layouts.MsrEntry[]): void {
    const done = this.#ioctl('KVM_SET_MSRS', layouts.msrs.encode(entries));
    this.#checkMsrs(
      'KVM_SET_MSRS',
      done,
      entries.map((entry) => entry.index),
    );
  }

  getCpuid2(): layouts.CpuidEntry[] {
    const room = layouts.cpuid2.room(mostCpuidEntries);
    // Linux 6.1 writes the entries, and leaves their number at what there was room for: what it did not write tells.
    room.fill(0xff, cpuid2HeaderBytes);
    this.#ioctl('KVM_GET_CPUID2', room);
    const entries = layouts.cpuid2.decode(room);
    const end = entries.findIndex(({ function: leaf, flags }) => leaf === unwritten && flags === unwritten);
    return end < 0 ? entries : entries.slice(0, end);
  }

  /** Tells KVM what CPUID answers; before the vCPU first runs. @spec KVM API §4.20 KVM_SET_CPUID */
  setCpuid2(entries: readonly layouts.CpuidEntry[]): void {
    this.#ioctl('KVM_SET_CPUID2', layouts.cpuid2.encode(entries));
  }

  /** The frequency of the guest's TSC. @spec KVM API §4.56 KVM_GET_TSC_KHZ */
  getTscKhz(): number {
    return this.#ioctl('KVM_GET_TSC_KHZ');
  }

  setTscKhz(khz: number): void {
    checkInteger(khz, 1, 0x7fff_ffff, 'khz');
    this.#ioctl('KVM_SET_TSC_KHZ', khz);
  }

  /** Injects interrupt `vector` where there is no in-kernel irqchip. @spec KVM API §4.16 KVM_INTERRUPT */
  interrupt(vector: number): void {
    checkInteger(vector, 0, 255, 'vector');
    this.#set('KVM_INTERRUPT', layouts.interrupt, { irq: vector });
  }

  /** Injects a non-maskable interrupt. @spec KVM API §4.64 KVM_NMI */
  nmi(): void {
    this.#ioctl('KVM_NMI');
  }

  #hear(code: number, errno: number): void {
    if (this.#state === 'closed') return;
    if (code === threadEvents.paused) {
      this.#state = nextState(this.#state, 'parked') ?? this.#state;
      this.#settleParked();
      return;
    }
    if (code === threadEvents.ended) {
      this.#state = nextState(this.#state, 'ended') ?? this.#state;
      this.#settle();
      return;
    }
    const next = nextState(this.#state, 'left');
    if (next === undefined) return;
    this.#state = next;
    this.#onExit?.(this.#exit(code, errno));
  }

  #exit(code: number, errno: number): VcpuExit {
    if (code === threadEvents.exit) return this.#page.decode();
    if (code === threadEvents.interrupted) return { reason: 'interrupted' };
    return { reason: 'run-failed', error: new KvmError({ errno, ioctl: 'KVM_RUN' }) };
  }

  #get<T>(name: string, layout: Struct<T>): T {
    const buffer = new Uint8Array(layout.size);
    this.#ioctl(name, buffer);
    return layout.decode(buffer);
  }

  #set<T>(name: string, layout: Struct<T>, value: T): void {
    this.#check(name);
    this.#ioctl(name, layout.encode(value));
  }

  #ioctl(name: string, argument: number | Uint8Array = 0): number {
    this.#check(name);
    return translated(() => this.#native.ioctl(name, argument));
  }

  #check(operation: string): void {
    if (this.#state === 'closed') throw closedError(operation, 'Vcpu');
    if (!answersIoctls[this.#state]) throw this.#stateError(operation);
  }

  #checkMsrs(ioctl: string, done: number, indices: readonly number[]): void {
    const failed = indices[done];
    if (failed === undefined) return;
    const subject = `MSR 0x${failed.toString(16)}`;
    throw new KvmError({ errno: eio, ioctl, subject, hint: 'KVM does not know this MSR, or not this value' });
  }

  #next(move: VcpuMove, operation: string): VcpuState {
    const next = nextState(this.#state, move);
    if (next === undefined) throw this.#stateError(operation);
    return next;
  }

  async #move(move: VcpuMove, operation: string, act: () => Promise<void>): Promise<void> {
    this.#state = this.#next(move, operation);
    const done = act();
    this.#updateReference();
    await done;
  }

  #waiterForEnd(): Waiter {
    this.#ended ??= new Waiter();
    return this.#ended;
  }

  #settleParked(): void {
    this.#parked?.settle();
    this.#parked = undefined;
    this.#updateReference();
  }

  #settle(): void {
    this.#onExit = undefined;
    this.#ended?.settle();
    this.#ended = undefined;
    this.#settleParked();
  }

  /** A promise somebody waits for keeps the loop alive as well. */
  #updateReference(): void {
    if (this.#state === 'closed') return;
    this.#native.setReferenced(this.#referenced || this.#parked !== undefined || this.#ended !== undefined);
  }

  #stateError(operation: string): VcpuStateError {
    return new VcpuStateError(this.id, operation, this.#state, remedies[this.#state]);
  }
}

/** A promise and the function that settles it. */
class Waiter {
  settle: () => void = () => {};
  readonly promise = new Promise<void>((resolve) => {
    this.settle = resolve;
  });
}
