import { getSystemErrorName } from 'node:util';
import { hintFor } from './hints.ts';
import type { VcpuState } from './vcpu-state.ts';

/** What a {@link KvmError} is made of. */
export interface KvmErrorDetails {
  /** Positive Linux error number. */
  errno: number;
  /** The ioctl's name as the KVM API documents it, or the system call's ('open', 'mmap'). */
  ioctl: string;
  /** The remedy, where the caller knows better than the table of hints. */
  hint?: string;
  /** What the call was about: a path, an MSR index. */
  subject?: string;
}

/**
 * A system call on a KVM descriptor that failed: `errno` as number, `code` as name, `ioctl` that failed, and in `hint`
 * what usually causes it (empty where nothing is known).
 */
export class KvmError extends Error {
  override readonly name = 'KvmError';
  readonly errno: number;
  readonly code: string;
  readonly ioctl: string;
  readonly hint: string;

  constructor(details: KvmErrorDetails) {
    const code = getSystemErrorName(-details.errno);
    const hint = details.hint ?? hintFor(details.ioctl, code);
    const subject = details.subject === undefined ? '' : ` (${details.subject})`;
    super(`${details.ioctl}${subject} failed with ${code}${hint === '' ? '' : `: ${hint}`}`);
    this.errno = details.errno;
    this.code = code;
    this.ioctl = details.ioctl;
    this.hint = hint;
  }
}

/** An operation the vCPU's state does not allow, such as reading registers while its thread is inside the guest. */
export class VcpuStateError extends Error {
  override readonly name = 'VcpuStateError';
  readonly code = 'ERR_VCPU_STATE';
  readonly state: VcpuState;
  readonly operation: string;

  constructor(vcpuId: number, operation: string, state: VcpuState, remedy: string) {
    super(`vCPU ${vcpuId}: ${operation} is not possible while it is '${state}': ${remedy}`);
    this.state = state;
    this.operation = operation;
  }
}

const EBADF = 9;

/** The error for a call on an object that was closed. */
export function closedError(ioctl: string, kind: string): KvmError {
  return new KvmError({ errno: EBADF, ioctl, hint: `this ${kind} was closed` });
}

interface NativeFailure {
  errno: number;
  operation: string;
}

function isNativeFailure(error: unknown): error is NativeFailure {
  if (typeof error !== 'object' || error === null) return false;
  const { errno, operation } = error as Partial<NativeFailure>;
  return typeof errno === 'number' && typeof operation === 'string';
}

/**
 * Makes a {@link KvmError} of what the addon threw and leaves anything else as it is.
 * The test is by shape: under a vm context the addon's errors come from another realm, where `instanceof` is false.
 */
export function translateError(error: unknown, details: { subject?: string; hint?: string } = {}): unknown {
  if (!isNativeFailure(error)) return error;
  return new KvmError({ errno: error.errno, ioctl: error.operation, ...details });
}

/** Runs a call into the addon; throws {@link KvmError} where a system call failed. */
export function translated<T>(call: () => T, details?: { subject?: string; hint?: string }): T {
  try {
    return call();
  } catch (error) {
    throw translateError(error, details);
  }
}
