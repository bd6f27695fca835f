/**
 * The shortest way between a driver and a device: no bus, no registers, each step a call. For rings and devices by
 * themselves; the life cycle is the same one that real transports have.
 */
import type { DeviceTrace, GuestMemory } from '../../ports.ts';
import type { VirtioDevice } from '../device.ts';
import type { RingChoice } from '../features.ts';
import { DeviceLifeCycle } from '../life-cycle.ts';
import type { DriverTransport } from './driver-transport.ts';
import type { RingPlace } from './driver-virtqueue.ts';

/** What a direct transport is made of. */
export interface DirectTransportOptions {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly trace?: DeviceTrace;
  readonly rings?: RingChoice;
  /** Resolves after a turn of the event loop that runs the device's deferred work. */
  readonly wait: () => Promise<void>;
}

/** Joins a driver to a device by calls. */
export class DirectTransport implements DriverTransport {
  readonly deviceId: number;
  readonly queueCount: number;
  readonly wait: () => Promise<void>;
  onQueueInterrupt: (index: number) => void = () => {};
  onConfigInterrupt: () => void = () => {};
  notificationData: ((index: number) => number) | undefined;
  readonly #life: DeviceLifeCycle;

  constructor({ device, memory, trace, rings, wait }: DirectTransportOptions) {
    this.deviceId = device.deviceId;
    this.queueCount = device.queueSizes.length;
    this.wait = wait;
    this.#life = new DeviceLifeCycle({
      name: `${device.name}-direct`,
      device,
      memory,
      trace,
      rings,
      queueInterrupt: (queue) => this.onQueueInterrupt(queue),
      configInterrupt: () => this.onConfigInterrupt(),
      runningChanged: () => {},
      resetRegisters: () => {},
    });
  }

  get status(): number {
    return this.#life.status;
  }

  set status(value: number) {
    this.#life.writeStatus(value);
  }

  get offered(): bigint {
    return this.#life.offered;
  }

  accept(features: bigint): void {
    this.#life.accept(features);
  }

  maxQueueSize(index: number): number {
    return this.#life.queues[index]?.maxSize ?? 0;
  }

  enableQueue(index: number, ring: RingPlace): void {
    const queue = this.#life.queues[index];
    if (queue === undefined) return;
    this.#life.setQueueSize(queue, ring.size);
    this.#life.setQueueAddress(queue, 'desc', BigInt(ring.areas.desc));
    this.#life.setQueueAddress(queue, 'driver', BigInt(ring.areas.driver));
    this.#life.setQueueAddress(queue, 'device', BigInt(ring.areas.device));
    this.#life.enableQueue(queue, 1);
  }

  queueEnabled(index: number): boolean {
    return this.#life.queues[index]?.enabled ?? false;
  }

  writeQueueReset(index: number, value: number): void {
    const queue = this.#life.queues[index];
    if (queue !== undefined) this.#life.resetQueue(queue, value);
  }

  readQueueReset(index: number): number {
    return this.#life.queues[index]?.resetting ? 1 : 0;
  }

  kick(index: number): void {
    this.#life.kick(index);
  }

  readConfig(offset: number, width: 1 | 2 | 4): number {
    return this.#life.device.readConfig(offset, width);
  }
}
