/**
 * Both sides of one virtqueue, joined without any transport: for tests of rings, fuzzing and benches.
 */
import { RING_FEATURE } from '../queue-layout.ts';
import { QueueSetup } from '../queue-setup.ts';
import { isRingFault } from '../ring-fault.ts';
import type { Virtqueue } from '../virtqueue.ts';
import { DriverQueue, type DriverQueueOptions } from './driver-queue.ts';
import { Arena, GuestRam } from './guest-ram.ts';

/** A queue seen from both sides, and the memory they share. */
export interface QueuePair {
  readonly ram: GuestRam;
  /** What is left of the RAM, for buffers. */
  readonly arena: Arena;
  readonly driver: DriverQueue;
  readonly device: Virtqueue;
}

/** Joins a driver and a device over 1 MiB of plain RAM, or over `ram`. @throws Error when the device refuses the queue. */
export function joinQueue(options: DriverQueueOptions, ram: GuestRam = GuestRam.ofLength(1 << 20)): QueuePair {
  const first = ram.regions[0];
  if (first === undefined) throw new Error('a queue needs RAM');
  const arena = new Arena(ram, first.base, first.length);
  const driver = new DriverQueue(arena, options);
  return { ram, arena, driver, device: activateFor(driver, ram, options) };
}

/** The device's side of a queue whose driver's side stands in `ram`. @throws Error when the device refuses it. */
export function activateFor(driver: DriverQueue, ram: GuestRam, options: DriverQueueOptions): Virtqueue {
  const setup = new QueueSetup(0, options.size);
  setup.setAddress('desc', BigInt(driver.ring.areas.desc));
  setup.setAddress('driver', BigInt(driver.ring.areas.driver));
  setup.setAddress('device', BigInt(driver.ring.areas.device));
  setup.writeEnable(1);
  const indirect = options.indirect === true ? RING_FEATURE.indirectDesc : 0n;
  const eventIdx = options.eventIdx === true ? RING_FEATURE.eventIdx : 0n;
  const queue = setup.activate(ram, indirect | eventIdx);
  if (isRingFault(queue)) throw new Error(queue.message);
  return queue;
}
