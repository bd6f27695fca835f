/**
 * A driver's way to its device over PCI: `DriverTransport` in terms of registers, doorbells and interrupts.
 *
 * @spec virtio 1.2 §4.1 Virtio Over PCI Bus
 */
import type { AccessWidth } from '../../ports.ts';
import { notificationData } from '../notification-data.ts';
import { ISR } from '../pci-isr.ts';
import type { DriverTransport } from './driver-transport.ts';
import type { RingPlace } from './driver-virtqueue.ts';
import type { PciDriver } from './pci-driver.ts';

const DEVICE_ID_REGISTER = 0x02;
const FIRST_DEVICE = 0x1040;
const COMMAND_MEMORY_AND_MASTER = 0x0006;
const MSIX_ENABLE = 0x8000;

/** How the device is to interrupt. */
export interface PciDriverTransportOptions {
  /**
   * MSI-X: every message goes to `address`; its data is `data` for configuration changes and `data` + 1 + n for queue n.
   * Without it the interrupt pin is used.
   */
  readonly messages?: { readonly address: number; readonly data: number };
  /** Resolves after a turn of the event loop that runs the device's deferred work. */
  readonly wait: () => Promise<void>;
}

/** Joins a driver to a device behind a virtio PCI function. */
export class PciDriverTransport implements DriverTransport {
  readonly deviceId: number;
  readonly wait: () => Promise<void>;
  /** Every register, for drivers that mean harm. */
  readonly pci: PciDriver;
  onQueueInterrupt: (index: number) => void = () => {};
  onConfigInterrupt: () => void = () => {};
  notificationData: ((index: number) => number) | undefined;
  readonly #messages: PciDriverTransportOptions['messages'];
  readonly #doorbells: number[] = [];

  /** Enables the function, and MSI-X if it is to be used. */
  constructor(pci: PciDriver, options: PciDriverTransportOptions) {
    this.pci = pci;
    this.wait = options.wait;
    this.deviceId = pci.config.read(DEVICE_ID_REGISTER, 2) - FIRST_DEVICE;
    this.#messages = options.messages;
    pci.command(COMMAND_MEMORY_AND_MASTER);
    if (this.#messages !== undefined) {
      const { address, data } = this.#messages;
      for (let vector = 0; vector <= this.queueCount; vector += 1) pci.programVector(vector, address, data + vector);
      pci.controlMsix(MSIX_ENABLE);
    }
  }

  get status(): number {
    return this.pci.get('device_status');
  }

  set status(value: number) {
    this.pci.set('device_status', value);
  }

  get offered(): bigint {
    return this.pci.offeredFeatures();
  }

  accept(features: bigint): void {
    this.pci.acceptFeatures(features);
  }

  get queueCount(): number {
    return this.pci.get('num_queues');
  }

  maxQueueSize(index: number): number {
    this.pci.set('queue_select', index);
    return this.pci.get('queue_size');
  }

  enableQueue(index: number, ring: RingPlace): void {
    const vector = this.#messages === undefined ? undefined : index + 1;
    if (vector !== undefined) this.pci.set('config_msix_vector', 0);
    this.pci.setUpQueue(index, ring, vector);
    this.#doorbells[index] = this.pci.doorbell(index);
  }

  queueEnabled(index: number): boolean {
    this.pci.set('queue_select', index);
    return this.pci.get('queue_enable') !== 0;
  }

  writeQueueReset(index: number, value: number): void {
    this.pci.set('queue_select', index);
    this.pci.set('queue_reset', value);
  }

  readQueueReset(index: number): number {
    this.pci.set('queue_select', index);
    return this.pci.get('queue_reset');
  }

  /**
   * Rings where the device said: with the queue's number in 16 bits, or notification data in 32.
   *
   * @spec virtio 1.2 §4.1.5.2 Available Buffer Notifications
   */
  kick(index: number): void {
    const at = this.#doorbells[index] ?? this.pci.doorbell(index);
    const next = this.notificationData?.(index);
    if (next === undefined) this.pci.memory.write(at, 2, index);
    else this.pci.memory.write(at, 4, notificationData({ queue: index, next }));
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.pci.memory.read(this.pci.address('device') + offset, width);
  }

  /** A message arrived with this data; false if it is not one of this driver's. */
  message(data: number): boolean {
    const vector = this.#messages === undefined ? -1 : data - this.#messages.data;
    if (vector < 0 || vector > this.queueCount) return false;
    if (vector === 0) this.onConfigInterrupt();
    else this.onQueueInterrupt(vector - 1);
    return true;
  }

  /** The interrupt pin was raised: asks the device why. False if it was another device. @spec virtio 1.2 §4.1.4.5 ISR status capability */
  pinRaised(): boolean {
    const isr = this.pci.takeIsr();
    if ((isr & ISR.config) !== 0) this.onConfigInterrupt();
    if ((isr & ISR.queue) !== 0) for (let index = 0; index < this.queueCount; index += 1) this.onQueueInterrupt(index);
    return isr !== 0;
  }
}
