/** Brings a device as far as an exercise wants it, by the fake driver. */

import { FrameDriver } from '../devices/virtio/fake-driver/frame-driver.ts';
import { Arena } from '../devices/virtio/fake-driver/guest-ram.ts';
import { makeDriverQueue } from '../devices/virtio/fake-driver/make-driver-queue.ts';
import { PciDriver } from '../devices/virtio/fake-driver/pci-driver.ts';
import { VERSION_1 } from '../devices/virtio/features.ts';
import { MOUNT_TAG_FEATURE } from '../devices/virtio/p9-device.ts';
import { RING_FEATURE } from '../devices/virtio/queue-layout.ts';
import type { FragileDevice, QueuePlace, Registers } from '../docs/labs/lab.ts';
import type { LabMachine } from './machine.ts';
import { tversion } from './messages.ts';

const MEMORY_AND_MASTER = 0x0006;

/** The driver of the machine's virtio-9p function. */
export function driverOf(machine: LabMachine): PciDriver {
  const driver = new PciDriver(machine.config, machine.memory);
  driver.command(MEMORY_AND_MASTER);
  return driver;
}

/** The registers of the common configuration structure for the exercise. */
export function commonOf(machine: LabMachine): Registers {
  return machine.learnerPort('common', machine.memory, driverOf(machine).address('common'));
}

/** Agrees on features: the mount tag, VERSION_1 and `more`. */
export function agree(machine: LabMachine, more = 0n): PciDriver {
  const driver = driverOf(machine);
  if (!driver.negotiate(MOUNT_TAG_FEATURE | VERSION_1 | more))
    throw new Error('the device of the lab refuses its features');
  return driver;
}

/** The features lab 7 is about. */
export const EVENT_IDX = RING_FEATURE.eventIdx;

/** What is chosen about a queue that runs. */
export interface RunningOptions {
  /** Where the queue and what the driver needs is taken from. */
  readonly base: number;
  readonly size: number;
  /** Messages the queue has carried before. */
  readonly carried: number;
}

const DRIVER_ROOM = 0x1_0000;

/** Has the device run with queue 0 in RAM from `base` on. */
export async function running(machine: LabMachine, { base, size, carried }: RunningOptions): Promise<FragileDevice> {
  const driver = agree(machine);
  const arena = new Arena(machine.guestRam, base, DRIVER_ROOM);
  const queue = makeDriverQueue(arena, { size });
  driver.setUpQueue(0, queue.ring);
  driver.addStatus('DRIVER_OK');
  const frames = new FrameDriver(queue, arena, { kick: () => driver.kick(0), depth: 1 });
  for (let message = 0; message < carried; message += 1) {
    const reply = frames.send(tversion(8192, '9P2000.L'));
    await machine.settle();
    driver.takeIsr();
    frames.interrupt();
    await reply;
  }
  await machine.settle();
  machine.queue = placeOf(queue.ring);
  return {
    common: commonOf(machine),
    ram: machine.ram,
    free: { base: base + DRIVER_ROOM, length: DRIVER_ROOM },
    queue: machine.queue,
    ring: ringer(machine, driver),
    wait: waitAcknowledging(machine, driver),
  };
}

/** A queue's place as exercises know it. */
export function placeOf({ size, areas }: { size: number; areas: Omit<QueuePlace, 'size'> }): QueuePlace {
  return { size, desc: areas.desc, driver: areas.driver, device: areas.device };
}

/** The doorbell of queue 0. */
export function ringer(machine: LabMachine, driver: PciDriver): (value: number) => void {
  const bell = machine.learnerPort('doorbell', machine.memory, driver.doorbell(0));
  return (value) => bell.write(0, 2, value);
}

/** Waits, and takes note of an interrupt by pin for the exercise, which has no handler for it. */
function waitAcknowledging(machine: LabMachine, driver: PciDriver): () => Promise<void> {
  const isr = driver.address('isr');
  return async () => {
    await machine.wait();
    machine.memory.read(isr, 1);
  };
}
