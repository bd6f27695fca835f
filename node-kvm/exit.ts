import type { KvmError } from './error.ts';

/**
 * The guest accessed a port. For `in` fill `data` before `vcpu.resume()`; for `out` it holds what the guest wrote.
 * `data` has `size * count` bytes: a string instruction (`rep outsb`) moves `count` elements of `size` bytes in one exit.
 */
export interface IoExit {
  readonly reason: 'io';
  readonly direction: 'in' | 'out';
  /** 0 to 0xffff. */
  readonly port: number;
  /** Bytes of one element: 1, 2 or 4. */
  readonly size: number;
  /** Number of elements, 1 or more. */
  readonly count: number;
  readonly data: Uint8Array;
}

/** The guest accessed a physical address no memory slot covers. For a read fill `data` before `vcpu.resume()`. */
export interface MmioExit {
  readonly reason: 'mmio';
  readonly address: bigint;
  readonly isWrite: boolean;
  /** 1 to 8; the length of `data`. */
  readonly length: number;
  readonly data: Uint8Array;
}

/** The guest executed HLT and there is no in-kernel irqchip to wait for its interrupts. */
export interface HltExit {
  readonly reason: 'hlt';
}

/** The guest faulted while it handled a double fault (a triple fault). */
export interface ShutdownExit {
  readonly reason: 'shutdown';
}

/** KVM could not go on; `suberror` 1 means that it could not emulate an instruction. */
export interface InternalErrorExit {
  readonly reason: 'internal-error';
  readonly suberror: number;
  /** The name of `suberror`. */
  readonly kind: 'emulation' | 'simultaneous-exceptions' | 'delivery-event' | 'unexpected-exit-reason' | 'unknown';
  /** What KVM says beside it, raw. */
  readonly data: readonly bigint[];
  /** The bytes at the guest's RIP, up to 15; undefined where KVM does not tell them. */
  readonly instruction: Uint8Array | undefined;
}

/** The processor refused to enter the guest. */
export interface FailEntryExit {
  readonly reason: 'fail-entry';
  readonly hardwareReason: bigint;
  readonly cpu: number;
}

/** The guest asked for something that concerns the whole machine. */
export interface SystemEventExit {
  readonly reason: 'system-event';
  readonly type: number;
  readonly kind: 'shutdown' | 'reset' | 'crash' | 'wakeup' | 'suspend' | 'sev-term' | 'tdx-fatal' | 'unknown';
  readonly data: readonly bigint[];
}

/** The guest can take an interrupt now; asked for with `vcpu.requestInterruptWindow`. */
export interface IrqWindowOpenExit {
  readonly reason: 'irq-window-open';
}

/** `vcpu.kick()` brought the vCPU out of the guest. */
export interface InterruptedExit {
  readonly reason: 'interrupted';
}

/** A breakpoint or single step, asked for with `vcpu.setGuestDebug`. */
export interface DebugExit {
  readonly reason: 'debug';
  readonly exception: number;
  readonly pc: bigint;
  readonly dr6: bigint;
  readonly dr7: bigint;
}

/** An exception KVM left to user space. */
export interface ExceptionExit {
  readonly reason: 'exception';
  readonly exception: number;
  readonly errorCode: number;
}

/** KVM_RUN itself failed; `vcpu.resume()` tries again. */
export interface RunFailedExit {
  readonly reason: 'run-failed';
  readonly error: KvmError;
}

/** Any other exit: its KVM_EXIT number, and the hardware's reason where KVM itself does not know it (number 0). */
export interface UnknownExit {
  readonly reason: 'unknown';
  readonly number: number;
  readonly hardwareReason: bigint | undefined;
}

/**
 * Why a vCPU left the guest. The object and its `data` belong to the vCPU, which fills them anew at its next exit:
 * they are valid until `resume()`, `stop()` or `close()` is called.
 *
 * @spec KVM API §5 The kvm_run structure
 */
export type VcpuExit =
  | IoExit
  | MmioExit
  | HltExit
  | ShutdownExit
  | InternalErrorExit
  | FailEntryExit
  | SystemEventExit
  | IrqWindowOpenExit
  | InterruptedExit
  | DebugExit
  | ExceptionExit
  | RunFailedExit
  | UnknownExit;
