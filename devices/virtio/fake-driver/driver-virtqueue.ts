/** A virtqueue as its driver holds it, whatever the format of its rings. */
import type { Gpa } from '../../ports.ts';
import type { QueueArea } from '../queue-layout.ts';

/** A piece of guest memory offered to the device. */
export interface DriverBuffer {
  readonly address: Gpa;
  readonly length: number;
}

/** How a driver uses its queue. */
export interface DriverQueueOptions {
  /** Entries: at most what the device offers; of a split queue a power of two. */
  readonly size: number;
  /** VIRTIO_F_RING_PACKED was negotiated. */
  readonly packed?: boolean;
  /** VIRTIO_F_INDIRECT_DESC was negotiated: chains of two and more descriptors go through a table. */
  readonly indirect?: boolean;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  readonly eventIdx?: boolean;
  /** VIRTIO_F_IN_ORDER was negotiated. */
  readonly inOrder?: boolean;
  /** Of a split queue: the areas lie in one piece as the legacy interface wants them. */
  readonly legacy?: boolean;
}

/** What a driver tells the registers of a device about a queue. */
export interface RingPlace {
  /** Entries. */
  readonly size: number;
  /** Where the areas are. */
  readonly areas: { readonly [area in QueueArea]: Gpa };
}

/** A chain the device has returned: by which number, and how many bytes it says it wrote. */
export interface UsedEntry {
  readonly id: number;
  readonly len: number;
}

/** The device broke the rules of the ring. */
export class DeviceMisbehaved extends Error {
  override readonly name = 'DeviceMisbehaved';
}

/** The driver's side of a queue, well-behaved; it watches the device for breaking the rules. */
export interface DriverVirtqueue {
  readonly ring: RingPlace;
  /** Chains the device has not used yet. */
  readonly inFlight: number;
  /** How far the driver has come, as notification data say it. @spec virtio 1.2 §2.9 Driver Notifications */
  readonly next: number;
  /** Places one chain, not yet visible to the device; returns its number, or undefined while too few descriptors are free. */
  add(readable: readonly DriverBuffer[], writable: readonly DriverBuffer[]): number | undefined;
  /** Shows the device everything added; true when it wants a kick for that. */
  publish(): boolean;
  /**
   * Takes the next chain the device used, or undefined when there is none.
   *
   * @throws DeviceMisbehaved when it is none in flight.
   */
  takeUsed(): UsedEntry | undefined;
  /** Asks for no interrupt. */
  suppressInterrupts(): void;
  /** Asks for an interrupt at the next used chain; true if one is there already, for which none will come. */
  allowInterrupts(): boolean;
}
