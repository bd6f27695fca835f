import { DriverQueue } from './driver-queue.ts';
import type { DriverQueueOptions, DriverVirtqueue } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';
import { PackedDriverQueue } from './packed-driver-queue.ts';

/** Makes the driver's side of a queue in the format that was negotiated. */
export function makeDriverQueue(arena: Arena, options: DriverQueueOptions): DriverVirtqueue {
  return options.packed === true ? new PackedDriverQueue(arena, options) : new DriverQueue(arena, options);
}
