/**
 * A driver's way to its device over a bus of memory: `DriverTransport` in terms of MMIO registers, modern or legacy as
 * their Version says.
 *
 * @spec virtio 1.2 §4.2 Virtio Over MMIO
 */
import type { AccessWidth } from '../../ports.ts';
import { legacyMmioRegisters, MMIO_CONFIG_OFFSET, MMIO_VERSION, mmioRegisters } from '../mmio-registers.ts';
import { notificationData } from '../notification-data.ts';
import { ISR } from '../pci-isr.ts';
import { LEGACY_PAGE } from '../queue-layout.ts';
import type { DriverTransport } from './driver-transport.ts';
import type { RingPlace } from './driver-virtqueue.ts';
import type { AccessPort } from './pci-driver.ts';

const MAGIC = 0x7472_6976;

/** Joins a driver to a device behind MMIO registers. */
export class MmioDriverTransport implements DriverTransport {
  readonly legacy: boolean;
  readonly wait: () => Promise<void>;
  onQueueInterrupt: (index: number) => void = () => {};
  onConfigInterrupt: () => void = () => {};
  notificationData: ((index: number) => number) | undefined;
  readonly #memory: AccessPort;
  readonly #base: number;

  /** @throws RangeError when there is no virtio device at `base`. */
  constructor(memory: AccessPort, base: number, wait: () => Promise<void>) {
    this.#memory = memory;
    this.#base = base;
    this.wait = wait;
    if (memory.read(base, 4) !== MAGIC) throw new RangeError(`no virtio device at 0x${base.toString(16)}`);
    this.legacy = memory.read(base + mmioRegisters.at('Version').at, 4) === MMIO_VERSION.legacy;
    if (this.legacy) this.set('GuestPageSize', Number(LEGACY_PAGE));
  }

  /** Reads a register; 8-byte ones give their low half. */
  get(register: string): number {
    return this.#memory.read(this.#base + this.#at(register).at, 4);
  }

  /** Writes a register, 8-byte ones as two dwords. */
  set(register: string, value: number | bigint): void {
    const { at, width } = this.#at(register);
    this.#memory.write(this.#base + at, 4, Number(BigInt(value) & 0xffff_ffffn));
    if (width === 8) this.#memory.write(this.#base + at + 4, 4, Number(BigInt(value) >> 32n));
  }

  get deviceId(): number {
    return this.get('DeviceID');
  }

  get status(): number {
    return this.get('Status');
  }

  set status(value: number) {
    this.set('Status', value);
  }

  get offered(): bigint {
    this.set('DeviceFeaturesSel', 1);
    const high = BigInt(this.get('DeviceFeatures'));
    this.set('DeviceFeaturesSel', 0);
    return (high << 32n) | BigInt(this.get('DeviceFeatures'));
  }

  accept(features: bigint): void {
    this.set('DriverFeaturesSel', 1);
    this.set('DriverFeatures', features >> 32n);
    this.set('DriverFeaturesSel', 0);
    this.set('DriverFeatures', features & 0xffff_ffffn);
  }

  get queueCount(): number {
    let index = 0;
    while (this.maxQueueSize(index) !== 0) index += 1;
    return index;
  }

  maxQueueSize(index: number): number {
    this.set('QueueSel', index);
    return this.get('QueueSizeMax');
  }

  enableQueue(index: number, ring: RingPlace): void {
    this.set('QueueSel', index);
    this.set('QueueSize', ring.size);
    if (this.legacy) {
      this.set('QueueAlign', Number(LEGACY_PAGE));
      this.set('QueuePFN', ring.areas.desc / Number(LEGACY_PAGE));
      return;
    }
    this.set('QueueDesc', BigInt(ring.areas.desc));
    this.set('QueueDriver', BigInt(ring.areas.driver));
    this.set('QueueDevice', BigInt(ring.areas.device));
    this.set('QueueReady', 1);
  }

  queueEnabled(index: number): boolean {
    this.set('QueueSel', index);
    return this.get(this.legacy ? 'QueuePFN' : 'QueueReady') !== 0;
  }

  /** The legacy layout has no such register. */
  writeQueueReset(index: number, value: number): void {
    if (this.legacy) return;
    this.set('QueueSel', index);
    this.set('QueueReset', value);
  }

  readQueueReset(index: number): number {
    if (this.legacy) return 0;
    this.set('QueueSel', index);
    return this.get('QueueReset');
  }

  /** @spec virtio 1.2 §4.2.3.3 Available Buffer Notifications */
  kick(index: number): void {
    const { notificationData: next } = this;
    this.set('QueueNotify', next === undefined ? index : notificationData({ queue: index, next: next(index) }));
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#memory.read(this.#base + MMIO_CONFIG_OFFSET + offset, width);
  }

  /** The interrupt line was raised: asks the device why, and says that it knows. */
  lineRaised(): void {
    const causes = this.get('InterruptStatus');
    this.set('InterruptACK', causes);
    if ((causes & ISR.config) !== 0) this.onConfigInterrupt();
    if ((causes & ISR.queue) !== 0)
      for (let index = 0; index < this.queueCount; index += 1) this.onQueueInterrupt(index);
  }

  #at(register: string): { readonly at: number; readonly width: number } {
    return this.legacy ? legacyMmioRegisters.at(register) : mmioRegisters.at(register);
  }
}
