import { LEGACY_PAGE, type QueueArea } from '../../../devices/virtio/queue-layout.ts';
import type { Window } from './window.ts';

/** Where a queue is to be. */
export interface QueuePlace {
  readonly size: number;
  readonly areas: { readonly [area in QueueArea]: number };
}

/** What a driver says to a device, one step each: in whatever order the fuzzer likes, by whatever registers there are. */
export interface Wire {
  readonly name: string;
  /** Queues lie in one piece at a page, and there is no FEATURES_OK. */
  readonly legacy: boolean;
  status(value: number): void;
  readStatus(): number;
  /** Accepts feature bits: the low and the high 32 of them. */
  accept(low: number, high: number): void;
  offered(): readonly [low: number, high: number];
  place(queue: number, place: QueuePlace): void;
  enable(queue: number): void;
  /** Rings; with VIRTIO_F_NOTIFICATION_DATA `data` is what stands beside the number of the queue. */
  kick(queue: number, data: number): void;
  /** Begins a reset of one queue; without effect where there is no such thing. */
  resetQueue(queue: number): void;
  /** Whether a reset of the queue is under way. */
  isResetting(queue: number): boolean;
  /** Asks why the device interrupts, and says that it is known. */
  acknowledge(): void;
  /** MSI-X vectors of configuration changes and of a queue, where there are any. */
  vectors(queue: number, config: number, used: number): void;
}

const AREAS: readonly QueueArea[] = ['desc', 'driver', 'device'];

/** The registers a modern PCI function is steered by, as names. */
export interface NamedRegisters {
  get(register: string): number;
  put(register: string, value: number): void;
}

/** @spec virtio 1.2 §4.1.4.3 Common configuration structure layout */
export class CommonWire implements Wire {
  readonly name: string;
  readonly legacy = false;
  readonly #common: NamedRegisters;
  readonly #ring: (queue: number, data: number) => void;
  readonly #isr: () => void;

  constructor(name: string, common: NamedRegisters, ring: (queue: number, data: number) => void, isr: () => void) {
    this.name = name;
    this.#common = common;
    this.#ring = ring;
    this.#isr = isr;
  }

  status(value: number): void {
    this.#common.put('device_status', value);
  }

  readStatus(): number {
    return this.#common.get('device_status');
  }

  accept(low: number, high: number): void {
    this.#common.put('driver_feature_select', 0);
    this.#common.put('driver_feature', low);
    this.#common.put('driver_feature_select', 1);
    this.#common.put('driver_feature', high);
  }

  offered(): readonly [number, number] {
    this.#common.put('device_feature_select', 0);
    const low = this.#common.get('device_feature');
    this.#common.put('device_feature_select', 1);
    return [low, this.#common.get('device_feature')];
  }

  place(queue: number, { size, areas }: QueuePlace): void {
    this.#common.put('queue_select', queue);
    this.#common.put('queue_size', size);
    for (const area of AREAS) this.#common.put(`queue_${area}`, areas[area]);
  }

  enable(queue: number): void {
    this.#common.put('queue_select', queue);
    this.#common.put('queue_enable', 1);
  }

  kick(queue: number, data: number): void {
    this.#ring(queue, data);
  }

  resetQueue(queue: number): void {
    this.#common.put('queue_select', queue);
    this.#common.put('queue_reset', 1);
  }

  isResetting(queue: number): boolean {
    this.#common.put('queue_select', queue);
    return this.#common.get('queue_reset') !== 0;
  }

  acknowledge(): void {
    this.#isr();
  }

  vectors(queue: number, config: number, used: number): void {
    this.#common.put('config_msix_vector', config);
    this.#common.put('queue_select', queue);
    this.#common.put('queue_msix_vector', used);
  }
}

/** @spec virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout */
export class LegacyWire implements Wire {
  readonly name = 'legacy';
  readonly legacy = true;
  readonly #ports: Window;
  readonly #page = new Map<number, number>();

  constructor(ports: Window) {
    this.#ports = ports;
  }

  status(value: number): void {
    this.#ports.put('device_status', value);
  }

  readStatus(): number {
    return this.#ports.get('device_status');
  }

  accept(low: number): void {
    this.#ports.put('driver_features', low);
  }

  offered(): readonly [number, number] {
    return [this.#ports.get('device_features'), 0];
  }

  place(queue: number, { areas }: QueuePlace): void {
    this.#page.set(queue, Math.floor(areas.desc / Number(LEGACY_PAGE)));
  }

  enable(queue: number): void {
    this.#ports.put('queue_select', queue);
    this.#ports.put('queue_address', this.#page.get(queue) ?? 0);
  }

  kick(queue: number): void {
    this.#ports.put('queue_notify', queue);
  }

  resetQueue(): void {}

  isResetting(): boolean {
    return false;
  }

  acknowledge(): void {
    this.#ports.get('isr_status');
  }

  vectors(queue: number, config: number, used: number): void {
    this.#ports.put('config_msix_vector', config);
    this.#ports.put('queue_select', queue);
    this.#ports.put('queue_msix_vector', used);
  }
}

/** @spec virtio 1.2 §4.2.2 MMIO Device Register Layout, §4.2.4 Legacy interface */
export class MmioWire implements Wire {
  readonly name = 'mmio';
  readonly legacy: boolean;
  readonly #registers: Window;
  readonly #page = new Map<number, number>();

  constructor(registers: Window, legacy: boolean) {
    this.#registers = registers;
    this.legacy = legacy;
  }

  status(value: number): void {
    this.#registers.put('Status', value);
    if (this.legacy && value === 0) this.#registers.put('GuestPageSize', Number(LEGACY_PAGE));
  }

  readStatus(): number {
    return this.#registers.get('Status');
  }

  accept(low: number, high: number): void {
    this.#registers.put('DriverFeaturesSel', 0);
    this.#registers.put('DriverFeatures', low);
    this.#registers.put('DriverFeaturesSel', 1);
    this.#registers.put('DriverFeatures', high);
  }

  offered(): readonly [number, number] {
    this.#registers.put('DeviceFeaturesSel', 0);
    const low = this.#registers.get('DeviceFeatures');
    this.#registers.put('DeviceFeaturesSel', 1);
    return [low, this.#registers.get('DeviceFeatures')];
  }

  place(queue: number, { size, areas }: QueuePlace): void {
    this.#registers.put('QueueSel', queue);
    this.#registers.put('QueueSize', size);
    this.#page.set(queue, Math.floor(areas.desc / Number(LEGACY_PAGE)));
    if (this.legacy) this.#registers.put('QueueAlign', Number(LEGACY_PAGE));
    else {
      this.#registers.put('QueueDesc', areas.desc);
      this.#registers.put('QueueDriver', areas.driver);
      this.#registers.put('QueueDevice', areas.device);
    }
  }

  enable(queue: number): void {
    this.#registers.put('QueueSel', queue);
    if (this.legacy) this.#registers.put('QueuePFN', this.#page.get(queue) ?? 0);
    else this.#registers.put('QueueReady', 1);
  }

  kick(queue: number, data: number): void {
    this.#registers.put('QueueNotify', queue + data * 2 ** 16);
  }

  resetQueue(queue: number): void {
    if (this.legacy) return;
    this.#registers.put('QueueSel', queue);
    this.#registers.put('QueueReset', 1);
  }

  isResetting(queue: number): boolean {
    if (this.legacy) return false;
    this.#registers.put('QueueSel', queue);
    return this.#registers.get('QueueReset') !== 0;
  }

  acknowledge(): void {
    this.#registers.put('InterruptACK', this.#registers.get('InterruptStatus'));
  }

  vectors(): void {}
}
