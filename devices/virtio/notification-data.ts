/**
 * What a driver writes when it rings, where VIRTIO_F_NOTIFICATION_DATA was negotiated. A device may go by it without looking
 * at the ring first; ours reads the ring anyway, and takes from it only which queue is meant.
 *
 * @spec virtio 1.2 §2.9 Driver Notifications
 */

/** A notification taken apart. */
export interface Notification {
  /** Index of the queue. */
  readonly queue: number;
  /**
   * How far the driver has come: of a split ring its available index; of a packed one the entry after its last, with the
   * wrap counter in bit 15.
   */
  readonly next: number;
}

/** A notification as 32 bits: vqn below, next_off and next_wrap above. */
export function notificationData({ queue, next }: Notification): number {
  return ((next << 16) | queue) >>> 0;
}

/** The inverse; without the feature a driver writes the index of the queue alone. */
export function readNotification(written: number): Notification {
  return { queue: written & 0xffff, next: written >>> 16 };
}
