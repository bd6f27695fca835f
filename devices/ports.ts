/**
 * The small ports through which a device sees the machine. A device gets these and nothing else: no machine object, no
 * guest address but those the guest itself wrote into a register or a ring.
 */

import type { EventPort } from './events.ts';

declare const gpaBrand: unique symbol;

/** A guest physical address, in bytes: a safe integer, 0 to 2^53 - 1. Made by `asGpa` from what the guest wrote. */
export type Gpa = number & { readonly [gpaBrand]: true };

/** Narrows a u64 from the guest; undefined where it cannot be an address of this machine. */
export function asGpa(address: bigint | number): Gpa | undefined {
  const value = Number(address);
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? (value as Gpa) : undefined;
}

/** Guest RAM, reached in place. */
export interface GuestMemory {
  /**
   * The bytes [address, address + length) as one view without copy, or undefined when any of them is not RAM (also when
   * the range would pass through the PCI hole). `length` is at most 2^30; 0 gives an empty view of any RAM address.
   *
   * A view is aligned in its buffer as its address is in guest memory, up to 4096 bytes, so rings can be read as words.
   *
   * The guest may change the bytes at any time. An accelerator whose memory grows detaches its views: who keeps one
   * across calls asks again when its `length` has become 0.
   */
  view(address: Gpa, length: number): Uint8Array | undefined;
}

/** A level-triggered interrupt pin. Setting the level it already has is a no-op. */
export interface InterruptLine {
  set(level: boolean): void;
}

/** Delivers message-signalled interrupts. @spec PCI Local Bus 3.0 §6.8 Message Signalled Interrupts */
export interface MessageSink {
  send(address: bigint, data: number): void;
}

/** Where a guest write announces work: a doorbell that need not stop the vCPU. */
export interface Doorbell {
  readonly space: 'mmio' | 'pio';
  readonly address: Gpa;
  /** Width of the write that rings, in bytes; 0 rings for every width. */
  readonly width: 0 | 1 | 2 | 4;
  /** Ring only for this value. */
  readonly datamatch?: number;
}

/** Binds doorbells to callbacks on the device thread. */
export interface DoorbellPort {
  /** Starts calling `ring` for writes to `bell`; the write then no longer reaches the bus. Returns what unbinds it. */
  bind(bell: Doorbell, ring: () => void): () => void;
}

/** Width of one access in bytes. Wider ones are split by the bus, low half first. */
export type AccessWidth = 1 | 2 | 4;

/** What answers accesses to a range of a bus. Devices see offsets into their range, never addresses. */
export interface BusTarget {
  /** Name for traces and error messages. */
  readonly name: string;
  /** Value read at `offset`: unsigned, `width` bytes, little-endian. */
  read(offset: number, width: AccessWidth): number;
  write(offset: number, width: AccessWidth, value: number): void;
}

/**
 * Keeps the CPU whose write is being answered from going on before `until` has settled. For what a driver takes to be done
 * when its write is; the other CPUs go on.
 */
export type HoldCpu = (until: Promise<void>) => void;

/** What the machine's reset line reaches. */
export interface Resettable {
  /** Back to power-on. */
  reset(): void;
}

/** A bus as a device that owns movable ranges (PCI BARs) sees it. */
export interface RangePort {
  /** Maps [base, base + length) to `target`; returns what unmaps it, or undefined if the range overlaps another or the bus's end. */
  map(base: Gpa, length: number, target: BusTarget): (() => void) | undefined;
}

/** Time as devices need it. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** Monotonic time in milliseconds. */
  monotonicMs(): number;
}

/**
 * Runs `work` once, later on the device thread, after whatever else is waiting there (I/O, timers, other devices) had its
 * turn. `setImmediate` does this in Node.
 */
export type Defer = (work: () => void) => void;

/** Receives what devices have to say. Absent where nobody watches. */
export interface DeviceTrace {
  /** A device saw the guest break a rule of its specification. */
  guestFault(device: string, message: string): void;
  /** Takes everything else that happens; absent unless somebody wants it when the device is made. */
  readonly events?: EventPort | undefined;
}

/** What the guest asked the whole machine to do. */
export type MachineRequest = 'reset' | 'power-off' | 'panic';

/** Carries a guest's request to whoever runs the machine. */
export interface MachineControl {
  request(what: MachineRequest, source: string): void;
}
