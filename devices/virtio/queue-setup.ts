/**
 * A virtqueue while the driver configures it: numbers the driver wrote, none of them believed yet. `activate` checks
 * them all and makes a `Virtqueue` of them, or says what is wrong.
 */
import type { GuestMemory } from '../ports.ts';
import type { RingFault } from './ring-fault.ts';
import type { Virtqueue } from './virtqueue.ts';

/** The three parts of a queue by the names of their registers. @spec virtio 1.2 §4.1.4.3 Common configuration structure layout */
export type QueueArea = 'desc' | 'driver' | 'device';

/** The configuration of one queue. Setters return the fault when the driver may not do this now; nothing has changed then. */
export class QueueSetup {
  readonly index: number;
  /** Largest size the device offers, a power of two; the value of `size` after a reset. */
  readonly maxSize: number;

  constructor(index: number, maxSize: number) {
    this.index = index;
    this.maxSize = maxSize;
  }

  /** As the driver wrote it, 0 to 65535. */
  get size(): number {
    throw new Error('signature only');
  }

  get enabled(): boolean {
    throw new Error('signature only');
  }

  /** Guest physical address of one part as the driver wrote it: u64. */
  address(_area: QueueArea): bigint {
    throw new Error('signature only');
  }

  setSize(_size: number): RingFault | undefined {
    throw new Error('signature only');
  }

  setAddress(_area: QueueArea, _address: bigint): RingFault | undefined {
    throw new Error('signature only');
  }

  /** The driver wrote `value` to the enable register. */
  writeEnable(_value: number): RingFault | undefined {
    throw new Error('signature only');
  }

  /** Back to the state after power-on: not enabled, size `maxSize`, addresses 0. */
  reset(): void {
    throw new Error('signature only');
  }

  /**
   * Makes the queue live. `features` are the negotiated ones: they choose ring format and suppression.
   *
   * @throws Error when the queue is not enabled: our bug.
   */
  activate(_memory: GuestMemory, _features: bigint): Virtqueue | RingFault {
    throw new Error('signature only');
  }
}
