/**
 * Both sides of one virtqueue, joined without any transport: for tests of rings, fuzzing and benches.
 */
import { RING_FEATURE } from '../queue-layout.ts';
import { QueueSetup } from '../queue-setup.ts';
import { isRingFault } from '../ring-fault.ts';
import type { Virtqueue } from '../virtqueue.ts';
import { DriverQueue } from './driver-queue.ts';
import type { DriverQueueOptions, DriverVirtqueue } from './driver-virtqueue.ts';
import { Arena, GuestRam } from './guest-ram.ts';
import { PackedDriverQueue } from './packed-driver-queue.ts';

/** A queue seen from both sides, and the memory they share. */
export interface QueuePair<Driver extends DriverVirtqueue = DriverQueue> {
  readonly ram: GuestRam;
  /** What is left of the RAM, for buffers. */
  readonly arena: Arena;
  readonly driver: Driver;
  readonly device: Virtqueue;
}

/** Joins both sides of a split queue over 1 MiB of plain RAM, or over `ram`. @throws Error when the device refuses the queue. */
export function joinQueue(options: DriverQueueOptions, ram: GuestRam = GuestRam.ofLength(1 << 20)): QueuePair {
  const arena = arenaOf(ram);
  const driver = new DriverQueue(arena, options);
  return { ram, arena, driver, device: activateFor(driver, ram, options) };
}

/** Joins both sides of a packed queue; `options.packed` goes without saying. @throws Error when the device refuses the queue. */
export function joinPackedQueue(
  options: DriverQueueOptions,
  ram: GuestRam = GuestRam.ofLength(1 << 20),
): QueuePair<PackedDriverQueue> {
  const arena = arenaOf(ram);
  const driver = new PackedDriverQueue(arena, options);
  return { ram, arena, driver, device: activateFor(driver, ram, { ...options, packed: true }) };
}

/** The device's side of a queue whose driver's side stands in `ram`. @throws Error when the device refuses it. */
export function activateFor(driver: DriverVirtqueue, ram: GuestRam, options: DriverQueueOptions): Virtqueue {
  const setup = new QueueSetup(0, 2 ** Math.ceil(Math.log2(options.size)));
  setup.setSize(options.size);
  setup.setAddress('desc', BigInt(driver.ring.areas.desc));
  setup.setAddress('driver', BigInt(driver.ring.areas.driver));
  setup.setAddress('device', BigInt(driver.ring.areas.device));
  setup.writeEnable(1);
  const feature = (on: boolean | undefined, bit: bigint) => (on === true ? bit : 0n);
  const queue = setup.activate(
    ram,
    feature(options.packed, RING_FEATURE.packed) |
      feature(options.indirect, RING_FEATURE.indirectDesc) |
      feature(options.eventIdx, RING_FEATURE.eventIdx) |
      feature(options.inOrder, RING_FEATURE.inOrder),
  );
  if (isRingFault(queue)) throw new Error(queue.message);
  return queue;
}

function arenaOf(ram: GuestRam): Arena {
  const first = ram.regions[0];
  if (first === undefined) throw new Error('a queue needs RAM');
  return new Arena(ram, first.base, first.length);
}
