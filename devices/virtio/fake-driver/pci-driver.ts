/**
 * The driver's side of a virtio PCI function: finds the structures by their capabilities, initialises the device, sets
 * queues up and rings. Every step is a method of its own, so that a test may leave one out or do it twice.
 *
 * @spec virtio 1.2 §4.1 Virtio Over PCI Bus
 */
import type { AccessWidth } from '../../ports.ts';
import { commonConfig } from '../common-config-registers.ts';
import { CFG_TYPE } from '../pci-capabilities.ts';
import { STATUS } from '../status.ts';
import type { RingPlace } from './driver-virtqueue.ts';

/** Configuration space of the function, or guest physical memory: read and written by offset or address. */
export interface AccessPort {
  read(address: number, width: AccessWidth): number;
  write(address: number, width: AccessWidth, value: number): void;
}

/** A capability as the driver found it. */
export interface FoundCapability {
  /** Offset in configuration space. */
  readonly at: number;
  /** Capability id: 9 vendor, 0x11 MSI-X. */
  readonly id: number;
  /** cfg_type of a vendor capability. */
  readonly type: number;
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
}

/** A structure by the name of its cfg_type. */
export type Structure = keyof typeof CFG_TYPE;

const VENDOR_SPECIFIC = 0x09;
const MSIX = 0x11;
const RESET_POLLS = 10_000;

/** A driver of one virtio PCI function whose BARs have addresses already. */
export class PciDriver {
  readonly config: AccessPort;
  readonly memory: AccessPort;
  readonly capabilities: readonly FoundCapability[];

  /** @throws RangeError when the capability chain loops. */
  constructor(config: AccessPort, memory: AccessPort) {
    this.config = config;
    this.memory = memory;
    const found: FoundCapability[] = [];
    for (let at = config.read(0x34, 1); at !== 0; at = config.read(at + 1, 1)) {
      if (found.length > 48) throw new RangeError('the capability chain loops');
      found.push({
        at,
        id: config.read(at, 1),
        type: config.read(at + 3, 1),
        bar: config.read(at + 4, 1),
        offset: config.read(at + 8, 4),
        length: config.read(at + 12, 4),
      });
    }
    this.capabilities = found;
  }

  /** Enables or disables what the command register is for. */
  command(value: number): void {
    this.config.write(0x04, 2, value);
  }

  /** The capability of a structure. @throws RangeError when there is none. */
  capability(structure: Structure): FoundCapability {
    const found = this.capabilities.find(({ id, type }) => id === VENDOR_SPECIFIC && type === CFG_TYPE[structure]);
    if (found === undefined) throw new RangeError(`no ${structure} capability`);
    return found;
  }

  /** Where a BAR is in guest physical memory. */
  barAddress(bar: number): number {
    const register = 0x10 + 4 * bar;
    const low = this.config.read(register, 4);
    const high = (low & 0x7) === 0x4 ? this.config.read(register + 4, 4) : 0;
    return high * 2 ** 32 + (low >>> 4) * 16;
  }

  /** Where a structure is in guest physical memory. */
  address(structure: Structure): number {
    const { bar, offset } = this.capability(structure);
    return this.barAddress(bar) + offset;
  }

  /** Reads a register of the common configuration structure; 8-byte ones give their low half. */
  get(register: string): number {
    const { at, width } = commonConfig.at(register);
    return this.memory.read(this.address('common') + at, width === 8 ? 4 : (width as AccessWidth));
  }

  /** Writes a register of the common configuration structure, 8-byte ones as two dwords. */
  set(register: string, value: number | bigint): void {
    const { at, width } = commonConfig.at(register);
    const address = this.address('common') + at;
    const low = Number(BigInt(value) & 0xffff_ffffn);
    this.memory.write(address, width === 8 ? 4 : (width as AccessWidth), low);
    if (width === 8) this.memory.write(address + 4, 4, Number(BigInt(value) >> 32n));
  }

  /** Adds a bit to the device status field. */
  addStatus(bit: keyof typeof STATUS): void {
    this.set('device_status', this.get('device_status') | STATUS[bit]);
  }

  /**
   * Resets the device and waits until it says so.
   *
   * @throws Error when the status is not 0 after many turns of the event loop.
   */
  async reset(): Promise<void> {
    this.set('device_status', 0);
    for (let poll = 0; this.get('device_status') !== 0; poll++) {
      if (poll > RESET_POLLS) throw new Error('the device does not come out of its reset');
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Feature bits the device offers. */
  offeredFeatures(): bigint {
    this.set('device_feature_select', 0);
    const low = BigInt(this.get('device_feature'));
    this.set('device_feature_select', 1);
    return (BigInt(this.get('device_feature')) << 32n) | low;
  }

  /** Writes the features the driver accepts. */
  acceptFeatures(features: bigint): void {
    this.set('driver_feature_select', 0);
    this.set('driver_feature', features & 0xffff_ffffn);
    this.set('driver_feature_select', 1);
    this.set('driver_feature', features >> 32n);
  }

  /** ACKNOWLEDGE, DRIVER, features, FEATURES_OK; true if the device kept FEATURES_OK. */
  negotiate(features: bigint = this.offeredFeatures()): boolean {
    this.addStatus('ACKNOWLEDGE');
    this.addStatus('DRIVER');
    this.acceptFeatures(features);
    this.addStatus('FEATURES_OK');
    return (this.get('device_status') & STATUS.FEATURES_OK) !== 0;
  }

  /** Tells the device where a queue is and enables it; `vector` is the MSI-X vector of its interrupts. */
  setUpQueue(index: number, ring: RingPlace, vector?: number): void {
    this.set('queue_select', index);
    this.set('queue_size', ring.size);
    if (vector !== undefined) this.set('queue_msix_vector', vector);
    this.set('queue_desc', BigInt(ring.areas.desc));
    this.set('queue_driver', BigInt(ring.areas.driver));
    this.set('queue_device', BigInt(ring.areas.device));
    this.set('queue_enable', 1);
  }

  /** Where a queue is rung in guest physical memory. */
  doorbell(index: number): number {
    this.set('queue_select', index);
    const multiplier = this.config.read(this.capability('notify').at + 16, 4);
    return this.address('notify') + this.get('queue_notify_off') * multiplier;
  }

  /** Rings a queue. @spec virtio 1.2 §4.1.5.2 Available Buffer Notifications */
  kick(index: number): void {
    this.memory.write(this.doorbell(index), 2, index);
  }

  /** Reads and clears the ISR status. */
  takeIsr(): number {
    return this.memory.read(this.address('isr'), 1);
  }

  /** Where the MSI-X table is in guest physical memory. */
  get msixTable(): number {
    const place = this.config.read(this.#msix + 4, 4);
    return this.barAddress(place & 0x7) + (place >>> 3) * 8;
  }

  /** Writes the message control register of MSI-X: bit 15 enables, bit 14 masks the function. */
  controlMsix(control: number): void {
    this.config.write(this.#msix + 2, 2, control);
  }

  /** Programs an MSI-X vector; `mask` 1 leaves it masked. */
  programVector(vector: number, address: number, data: number, mask = 0): void {
    const entry = this.msixTable + 16 * vector;
    this.memory.write(entry, 4, address % 2 ** 32);
    this.memory.write(entry + 4, 4, Math.floor(address / 2 ** 32));
    this.memory.write(entry + 8, 4, data);
    this.memory.write(entry + 12, 4, mask);
  }

  get #msix(): number {
    const found = this.capabilities.find(({ id }) => id === MSIX);
    if (found === undefined) throw new RangeError('no MSI-X capability');
    return found.at;
  }
}
