/**
 * The contract between a virtio device and the transport that presents it. No device knows its transport: it declares
 * what it is, gets activated queues, and is told when they have work.
 */
import type { GuestMemory } from '../ports.ts';
import type { Virtqueue } from './virtqueue.ts';

/** What a transport gives an activated device. */
export interface DeviceContext {
  readonly memory: GuestMemory;
  /** Feature bits both sides agreed on. */
  readonly features: bigint;
  /**
   * The queue of that index that is alive now; undefined where the driver did not enable one, or is resetting it. To be
   * asked anew at each look: after a reset of the queue it is another one. A chain goes back to the queue it came from.
   */
  queue(index: number): Virtqueue | undefined;
  /** Tells the driver of used buffers in this queue, subject to the queue's own suppression. */
  notifyUsed(queue: Virtqueue): void;
  /** Tells the driver that configuration space changed. @spec virtio 1.2 §2.3 Notifications */
  notifyConfigChange(): void;
  /** The device met an error it cannot recover from without a reset; `why` is for people. @spec virtio 1.2 §2.1.2 Device Requirements: Device Status Field */
  needsReset(why: string): void;
}

/** One virtio device type, behind any transport. */
export interface VirtioDevice {
  /** Name for traces, as in QEMU: `virtio-9p`. */
  readonly name: string;
  /** @spec virtio 1.2 §5 Device Types */
  readonly deviceId: number;
  /** PCI class code, 24 bits. */
  readonly pciClass: number;
  /** Device-specific feature bits offered; ring and transport bits are added by the transport. */
  readonly features: bigint;
  /** Largest size of each queue, a power of two. The length is the number of queues. */
  readonly queueSizes: readonly number[];
  /** Length of the device-specific configuration structure in bytes. */
  readonly configLength: number;
  readConfig(offset: number, width: 1 | 2 | 4): number;
  /** May return what a register bank says of a write: `ok`, or why it had no effect. */
  writeConfig(offset: number, width: 1 | 2 | 4, value: number): unknown;
  /** An access to the configuration by the names of its registers, for a trace. */
  explainConfig?(offset: number, width: 1 | 2 | 4, value: number): string;
  /** DRIVER_OK was set. */
  activate(context: DeviceContext): void;
  /** The driver rang queue `index`, or the transport asks for a look at it. */
  queueNotify(index: number): void;
  /**
   * The driver resets queue `index` alone, which is detached already: whatever was taken from it shall be pushed to it
   * soon, so that nothing of its old life touches guest memory any more. Absent where requests end by themselves anyway.
   *
   * @spec virtio 1.2 §2.6.1 Virtqueue Reset
   */
  queueReset?(index: number): void;
  /**
   * Forgets everything; resolves when no request of the old life can touch guest memory or a queue any more. The
   * transport shows status 0 only then.
   */
  reset(): Promise<void>;
}
