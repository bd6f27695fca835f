/**
 * A driver's way to its device by the legacy interface: `DriverTransport` in terms of the ports in I/O BAR 0.
 *
 * @spec virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout
 */
import type { AccessWidth } from '../../ports.ts';
import { legacyHeader, legacyVectors } from '../legacy-registers.ts';
import { ISR } from '../pci-isr.ts';
import { LEGACY_PAGE } from '../queue-layout.ts';
import type { DriverTransport } from './driver-transport.ts';
import type { RingPlace } from './driver-virtqueue.ts';
import type { AccessPort, PciDriver } from './pci-driver.ts';
import type { PciDriverTransportOptions } from './pci-driver-transport.ts';

const SUBSYSTEM_ID_REGISTER = 0x2e;
const BAR_0_REGISTER = 0x10;
const COMMAND_ALL = 0x0007;
const MSIX_ENABLE = 0x8000;

/** Joins a driver to a device behind the legacy interface of a virtio PCI function. */
export class LegacyDriverTransport implements DriverTransport {
  readonly legacy = true;
  readonly deviceId: number;
  readonly wait: () => Promise<void>;
  onQueueInterrupt: (index: number) => void = () => {};
  onConfigInterrupt: () => void = () => {};
  notificationData: ((index: number) => number) | undefined;
  readonly #ports: AccessPort;
  readonly #base: number;
  readonly #messages: PciDriverTransportOptions['messages'];

  /** Enables the function, and MSI-X if it is to be used. `ports` is the I/O space the function answers in. */
  constructor(pci: PciDriver, ports: AccessPort, options: PciDriverTransportOptions) {
    this.#ports = ports;
    this.wait = options.wait;
    this.deviceId = pci.config.read(SUBSYSTEM_ID_REGISTER, 2);
    this.#base = pci.config.read(BAR_0_REGISTER, 4) - 1;
    this.#messages = options.messages;
    pci.command(COMMAND_ALL);
    if (this.#messages !== undefined) {
      const { address, data } = this.#messages;
      for (let vector = 0; vector <= this.queueCount; vector += 1) pci.programVector(vector, address, data + vector);
      pci.controlMsix(MSIX_ENABLE);
    }
  }

  /** Reads a register of the header. */
  get(register: string): number {
    const { at, width } = legacyHeader.at(register);
    return this.#ports.read(this.#base + at, width as AccessWidth);
  }

  /** Writes a register of the header. */
  set(register: string, value: number): void {
    const { at, width } = legacyHeader.at(register);
    this.#ports.write(this.#base + at, width as AccessWidth, value);
  }

  /** Writes a vector register; they exist while MSI-X is enabled. */
  setVector(register: string, vector: number): void {
    this.#ports.write(this.#base + legacyHeader.length + legacyVectors.at(register).at, 2, vector);
  }

  get status(): number {
    return this.get('device_status');
  }

  set status(value: number) {
    this.set('device_status', value);
  }

  get offered(): bigint {
    return BigInt(this.get('device_features'));
  }

  accept(features: bigint): void {
    this.set('driver_features', Number(features));
  }

  /** The interface does not tell: queues follow each other, and the first that has no size is none. */
  get queueCount(): number {
    let index = 0;
    while (this.maxQueueSize(index) !== 0) index += 1;
    return index;
  }

  maxQueueSize(index: number): number {
    this.set('queue_select', index);
    return this.get('queue_size');
  }

  enableQueue(index: number, ring: RingPlace): void {
    this.set('queue_select', index);
    if (this.#messages !== undefined) {
      this.setVector('config_msix_vector', 0);
      this.setVector('queue_msix_vector', index + 1);
    }
    this.set('queue_address', ring.areas.desc / Number(LEGACY_PAGE));
  }

  queueEnabled(index: number): boolean {
    this.set('queue_select', index);
    return this.get('queue_address') !== 0;
  }

  /** The interface has no such register. */
  writeQueueReset(): void {}

  readQueueReset(): number {
    return 0;
  }

  kick(index: number): void {
    this.set('queue_notify', index);
  }

  readConfig(offset: number, width: AccessWidth): number {
    const before = legacyHeader.length + (this.#messages === undefined ? 0 : legacyVectors.length);
    return this.#ports.read(this.#base + before + offset, width);
  }

  /** A message arrived with this data; false if it is not one of this driver's. */
  message(data: number): boolean {
    const vector = this.#messages === undefined ? -1 : data - this.#messages.data;
    if (vector < 0 || vector > this.queueCount) return false;
    if (vector === 0) this.onConfigInterrupt();
    else this.onQueueInterrupt(vector - 1);
    return true;
  }

  /** The interrupt pin was raised: asks the device why. False if it was another device. */
  pinRaised(): boolean {
    const isr = this.get('isr_status');
    if ((isr & ISR.config) !== 0) this.onConfigInterrupt();
    if ((isr & ISR.queue) !== 0) for (let index = 0; index < this.queueCount; index += 1) this.onQueueInterrupt(index);
    return isr !== 0;
  }
}
