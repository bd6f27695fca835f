/**
 * The contract between the machine and what is around it: memory, interrupts, time, and what executes guest instructions.
 * That is KVM or the software CPU; under qtest nothing does, and a client on a socket plays the CPU. The machine, the
 * devices and the tests do not know which it is.
 */
import type {
  AccessWidth,
  Clock,
  DoorbellPort,
  Gpa,
  GuestMemory,
  InterruptLine,
  MessageSink,
} from '../devices/ports.ts';

/** A stretch of guest RAM. */
export interface RamRange {
  readonly base: Gpa;
  /** Bytes, a multiple of 4096. */
  readonly length: number;
}

/** Where vCPU accesses that are no RAM end up; called on the device thread, answered at once. */
export interface AccessHandler {
  read(space: 'pio' | 'mmio', address: number, width: AccessWidth): number;
  write(space: 'pio' | 'mmio', address: number, width: AccessWidth, value: number): void;
  /** What the CPU whose write was just answered has to wait for before it goes on; asked after each write, once. */
  takeHold?(): Promise<void> | undefined;
}

/** The state a CPU starts in. */
export interface CpuEntry {
  readonly mode: 'long' | 'protected';
  /** Physical address of the first instruction. */
  readonly rip: bigint;
  /** Physical address of boot_params, handed over in RSI. */
  readonly bootParams: bigint;
  /** Initial stack pointer. */
  readonly rsp: bigint;
  /** Root of the identity-mapping page tables (long mode only). */
  readonly cr3?: bigint;
  /** Where the boot GDT lies and how long it is, in bytes. */
  readonly gdt: { readonly base: bigint; readonly length: number };
}

/** Why execution ended by itself. */
export type CpuStop =
  | { readonly reason: 'triple-fault' }
  | { readonly reason: 'halted' }
  | { readonly reason: 'error'; readonly message: string; readonly report: string };

/** What the devices of a machine are wired to. */
export interface DeviceHost {
  readonly memory: GuestMemory;
  readonly doorbells: DoorbellPort;
  readonly messages: MessageSink;
  readonly clock: Clock;
  /** The guest executes beside the thread of the devices, so that a ring which is looked at twice may have changed. */
  readonly concurrent: boolean;
  /** Interrupt pin `gsi` of the interrupt controllers (ISA 0 to 15, IOAPIC 0 to 23). */
  line(gsi: number): InterruptLine;
}

/** One machine's worth of execution. */
export interface Accelerator extends DeviceHost {
  readonly kind: 'kvm' | 'software';
  /** Executes from `entry` on CPU 0, the other CPUs waiting for INIT/SIPI; accesses go to `handler`. */
  start(entry: CpuEntry, handler: AccessHandler): void;
  /** Calls `callback` once, when execution has ended by itself. */
  onStop(callback: (stop: CpuStop) => void): void;
  /** Resolves when no CPU executes; works while the guest spins. */
  pause(): Promise<void>;
  resume(): void;
  /**
   * Asks every CPU to stand still, for a thread of devices that is about to stand as well: nothing is waited for. What it
   * returns lets them go on, unless `pause` keeps them. The guest's clock stands where that can be had.
   */
  standStill(): () => void;
  /** Ends execution, also while the guest spins; memory stays. Idempotent. */
  stop(): Promise<void>;
  /**
   * Puts CPUs, interrupt controllers and timer of a stopped accelerator back to power-on, so that it can be started again, with
   * another `onStop`. Devices have lowered their lines and unbound their doorbells before. What RAM holds then is not
   * defined: the software CPU clears it, KVM does not. Rejects with HostError where the host refuses.
   */
  reset(): Promise<void>;
  /** Stops, and gives back every resource. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes an accelerator. Rejects with HostError, one line with the remedy, where this host cannot; with UsageError for a
 * machine it cannot be.
 */
export type AcceleratorFactory = (options: AcceleratorOptions) => Promise<Accelerator>;

/** What a machine asks of an accelerator when it makes one. */
export interface AcceleratorOptions {
  readonly ram: readonly RamRange[];
  readonly cpus: number;
  /** RAM is to be a file that other processes can map. */
  readonly sharedRam?: boolean;
}
