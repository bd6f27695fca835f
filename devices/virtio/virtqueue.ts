/**
 * An activated virtqueue as a device and a transport see it, whatever the format of its rings. Made by
 * `QueueSetup.activate`.
 */
import type { RingFault } from './ring-fault.ts';

/**
 * One descriptor chain, validated once: every segment lies in RAM, readable ones come before writable ones.
 *
 * The segments are guest memory in place. They belong to the device from `pop` until it gives the chain to `push`; the
 * guest may nevertheless change the bytes at any time.
 */
export interface Chain {
  readonly kind: 'chain';
  /** Index of the first descriptor: 0 to queue size - 1. */
  readonly head: number;
  /** What the device reads, in order; no segment is empty. */
  readonly readable: readonly Uint8Array[];
  /** What the device writes, in order; no segment is empty. */
  readonly writable: readonly Uint8Array[];
  /** Sum of the readable segments in bytes: 0 to 2^32. */
  readonly readableLength: number;
  /** Sum of the writable segments in bytes: 0 to 2^32. */
  readonly writableLength: number;
}

/** What a look at the available ring found: nothing, a chain, or a rule the driver broke. */
export type PopOutcome = 'empty' | Chain | RingFault;

/**
 * A queue the driver has enabled. Every chain popped is pushed exactly once, in any order, also after the queue was
 * detached: that is how it is known that the device has done with it. Only a reset of the whole device excuses from that.
 */
export interface Virtqueue {
  /** Index of the queue in its device. */
  readonly index: number;
  /** Number of entries in each ring, 1 to 32768. */
  readonly size: number;
  /** Chains popped and not pushed yet: 0 to `size`. Goes on counting after `detach`. */
  readonly inFlight: number;

  /** Takes the next chain the driver made available. A fault is final: every later call returns the same one. */
  pop(): PopOutcome;

  /** Whether `pop` would find the driver to have made something available. One load from guest memory. */
  hasNext(): boolean;

  /**
   * Returns a chain to the driver with the number of bytes written to its writable segments, from the first on; 0 to
   * `writableLength`. Where VIRTIO_F_IN_ORDER was negotiated the driver gets it after all that was popped before. Does not
   * notify: see `takeInterrupt`. The driver sees nothing of it once the queue is detached.
   *
   * @throws RangeError for a chain that is not in flight on this queue, or a length it cannot hold: our bug.
   */
  push(chain: Chain, writtenLength: number): void;

  /**
   * Whether the driver wants a used buffer notification for what was pushed since the last call. Called once for a burst of
   * pushes; true obliges the caller to send the notification.
   */
  takeInterrupt(): boolean;

  /** Asks the driver not to ring while the device looks at the queue anyway. A hint: kicks may still come. */
  suppressKicks(): void;

  /**
   * Asks the driver to ring for the next buffer. True if buffers became available in the meantime, for which no kick will
   * come: the caller then pops again.
   */
  allowKicks(): boolean;

  /**
   * Cuts the queue from guest memory for good: `pop` finds it empty, `push` writes nothing, no kick or interrupt is
   * wanted. The transport does this first thing in a reset, before it awaits the device's.
   */
  detach(): void;

  /** Resolves when every chain popped was pushed: nothing that came from a detached queue touches guest memory then. */
  drained(): Promise<void>;
}
