/** What the registers of the legacy interface do. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import { Bus } from '../bus.ts';
import type { EventPort } from '../events.ts';
import type { Bar } from '../pci/bars.ts';
import { asGpa, type BusTarget, type DoorbellPort, type Gpa } from '../ports.ts';
import { registerTarget } from '../register-target.ts';
import { legacyOffer } from './features.ts';
import type { InterruptVectors } from './interrupt-vectors.ts';
import { type LegacyOwner, legacyHeader, legacyVectors } from './legacy-registers.ts';
import type { DeviceLifeCycle } from './life-cycle.ts';
import { LEGACY_PAGE } from './queue-layout.ts';
import type { QueueSetup } from './queue-setup.ts';

/** What the legacy interface of one function needs. */
export interface LegacyParts {
  readonly life: DeviceLifeCycle;
  readonly vectors: InterruptVectors;
  /** The device-specific configuration. */
  readonly config: BusTarget;
  /** Whether MSI-X is enabled: vectors then stand between header and configuration. Absent where there is none to enable. */
  readonly msixEnabled?: (() => boolean) | undefined;
  readonly kick: (queue: number) => void;
  readonly takeIsr: () => number;
  /** Absent where kicks arrive as writes only. */
  readonly doorbells?: DoorbellPort | undefined;
  readonly events?: EventPort | undefined;
}

const BAR_INDEX = 0;
const HEADER_LENGTH = legacyHeader.length;
const VECTORS_LENGTH = legacyVectors.length;
const NOTIFY_OFFSET = legacyHeader.at('queue_notify').at;

/**
 * The I/O range of a transitional function.
 *
 * Its reset is complete when the write of it returns, so requests under way are cut off from the rings at once; a new
 * life begins when they have ended.
 *
 * @spec virtio 1.2 §4.1.4.10 Legacy Interfaces: A Note on PCI Device Layout
 */
export class LegacyInterface implements LegacyOwner {
  readonly bar: Bar;
  readonly #parts: LegacyParts;
  readonly #header: RegisterBank<LegacyOwner>;
  readonly #vectorRegisters: RegisterBank<LegacyOwner>;
  #address: Gpa | undefined;
  #running = false;
  #unbind: (() => void)[] = [];

  constructor(parts: LegacyParts) {
    this.#parts = parts;
    this.#header = legacyHeader.instance(this);
    this.#vectorRegisters = legacyVectors.instance(this);
    const { msixEnabled } = parts;
    const end = HEADER_LENGTH + (msixEnabled ? VECTORS_LENGTH : 0) + parts.life.device.configLength;
    const length = 2 ** Math.ceil(Math.log2(end));
    const plain = this.#layout(length, false);
    const withVectors = msixEnabled ? this.#layout(length, true) : plain;
    const layout = () => (msixEnabled?.() ? withVectors : plain);
    this.bar = {
      index: BAR_INDEX,
      kind: 'io',
      length,
      target: {
        name: 'legacy',
        read: (offset, width) => layout().read(offset, width),
        write: (offset, width, value) => layout().write(offset, width, value),
      },
      moved: (address) => {
        this.#address = address;
        this.#rebind();
      },
    };
  }

  /** Selectors back to 0. */
  reset(): void {
    this.#header.reset();
  }

  /** Queues came to life, or their life ended. */
  setRunning(running: boolean): void {
    if (running === this.#running) return;
    this.#running = running;
    this.#rebind();
  }

  deviceFeatures(): number {
    return Number(legacyOffer(this.#parts.life.offered));
  }

  readDriverFeatures(): number {
    return Number(this.#parts.life.accepted & 0xffff_ffffn);
  }

  /** Drivers of this interface are not told what was refused: only what is offered counts. */
  writeDriverFeatures(features: number): void {
    this.#parts.life.accept(BigInt(features) & legacyOffer(this.#parts.life.offered));
  }

  readQueuePage(): number {
    const queue = this.#selected;
    return queue?.enabled ? Number((queue.address('desc') / LEGACY_PAGE) & 0xffff_ffffn) : 0;
  }

  writeQueuePage(page: number): void {
    const queue = this.#selected;
    if (queue !== undefined) this.#parts.life.placeLegacyQueue(queue, BigInt(page) * LEGACY_PAGE, LEGACY_PAGE);
    else this.#parts.life.fault(`there is no queue ${this.#header.get('queue_select')} to place`);
  }

  queueSize(): number {
    return this.#selected?.size ?? 0;
  }

  notify(queue: number): void {
    this.#parts.kick(queue);
  }

  readStatus(): number {
    return this.#parts.life.status;
  }

  writeStatus(status: number): void {
    this.#parts.life.writeStatus(status, 'legacy');
  }

  takeIsr(): number {
    return this.#parts.takeIsr();
  }

  readConfigVector(): number {
    return this.#parts.vectors.config;
  }

  writeConfigVector(vector: number): void {
    this.#parts.vectors.config = vector;
  }

  readQueueVector(): number {
    return this.#parts.vectors.queue(this.#selectedIndex);
  }

  writeQueueVector(vector: number): void {
    this.#parts.vectors.setQueue(this.#selectedIndex, vector);
  }

  get #selectedIndex(): number {
    return this.#header.get('queue_select');
  }

  get #selected(): QueueSetup | undefined {
    return this.#parts.life.queues[this.#selectedIndex];
  }

  #layout(length: number, withVectors: boolean): Bus {
    const { events } = this.#parts;
    const bus = new Bus('legacy', length);
    bus.map(0, HEADER_LENGTH, registerTarget('legacy_header', this.#header, events));
    const vectors = registerTarget('legacy_vectors', this.#vectorRegisters, events);
    if (withVectors) bus.map(HEADER_LENGTH, VECTORS_LENGTH, vectors);
    const { configLength } = this.#parts.life.device;
    if (configLength > 0) {
      bus.map(HEADER_LENGTH + (withVectors ? VECTORS_LENGTH : 0), configLength, this.#parts.config);
    }
    return bus;
  }

  #rebind(): void {
    for (const unbind of this.#unbind) unbind();
    this.#unbind = [];
    const { doorbells, kick, life } = this.#parts;
    if (doorbells === undefined || this.#address === undefined || !this.#running) return;
    const address = asGpa(this.#address + NOTIFY_OFFSET);
    if (address === undefined) return;
    for (const { index } of life.queues) {
      const bell = { space: 'pio', address, width: 2, datamatch: index } as const;
      this.#unbind.push(doorbells.bind(bell, () => kick(index)));
    }
  }
}
