/** Presents a virtio device as registers on a bus of memory. */
import { Bus } from '../bus.ts';
import type {
  AccessWidth,
  BusTarget,
  DeviceTrace,
  DoorbellPort,
  Gpa,
  GuestMemory,
  HoldCpu,
  InterruptLine,
} from '../ports.ts';
import { type Registers, registerTarget } from '../register-target.ts';
import { watchedLine } from '../watched-line.ts';
import type { VirtioDevice } from './device.ts';
import { featurePage, legacyOffer, type RingChoice, withFeaturePage } from './features.ts';
import { DeviceLifeCycle } from './life-cycle.ts';
import {
  type LegacyMmioOwner,
  legacyMmioRegisters,
  MMIO_CONFIG_OFFSET,
  type ModernMmioOwner,
  mmioRegisters,
} from './mmio-registers.ts';
import { readNotification } from './notification-data.ts';
import { IsrStatus } from './pci-isr.ts';
import { type QueueArea, RING_FEATURE } from './queue-layout.ts';
import type { QueueSetup } from './queue-setup.ts';

/** What a virtio MMIO device gets. */
export interface VirtioMmioParts {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly line: InterruptLine;
  /** Absent where every kick is to arrive as a write. */
  readonly doorbells?: DoorbellPort | undefined;
  readonly holdCpu?: HoldCpu | undefined;
  readonly trace?: DeviceTrace | undefined;
  readonly rings?: RingChoice | undefined;
  /** Registers in the legacy layout, for drivers from before virtio 1.0. */
  readonly legacy?: boolean | undefined;
}

/** Bytes of a device on the bus: the registers and room for its configuration. */
export const MMIO_LENGTH = 0x200;

/**
 * A virtio device on a bus of memory. It is plugged in by mapping `target` and saying where with `placed`.
 *
 * @spec virtio 1.2 §4.2 Virtio Over MMIO
 */
export class VirtioMmioTransport implements ModernMmioOwner, LegacyMmioOwner {
  /** What answers for the device's `MMIO_LENGTH` bytes. */
  readonly target: BusTarget;
  readonly #parts: VirtioMmioParts;
  readonly #life: DeviceLifeCycle;
  /** In either layout. */
  readonly #registers: Registers & { get(name: string): number; reset(): void };
  readonly #isr: IsrStatus;
  readonly #line: InterruptLine;
  readonly #legacy: boolean;
  #address: Gpa | undefined;
  /** What a legacy driver said of its pages. A reset leaves it: Linux says it once, before the first reset. */
  #guestPageSize = 0;
  #unbind: (() => void)[] = [];

  constructor(parts: VirtioMmioParts) {
    const { device, legacy = false } = parts;
    const name = `${device.name}-device`;
    this.#parts = parts;
    this.#legacy = legacy;
    this.#registers = legacy ? legacyMmioRegisters.instance(this) : mmioRegisters.instance(this);
    const line = parts.trace?.events === undefined ? parts.line : watchedLine(parts.line, parts.trace.events);
    this.#line = line;
    this.#isr = new IsrStatus(() => line.set(this.#isr.pending));
    this.#life = new DeviceLifeCycle({
      name,
      device,
      memory: parts.memory,
      trace: parts.trace,
      rings: parts.rings,
      holdCpu: parts.holdCpu,
      queueInterrupt: () => this.#interrupt('queue'),
      configInterrupt: () => this.#interrupt('config'),
      runningChanged: () => this.#rebind(),
      resetRegisters: () => {
        this.#registers.reset();
        this.#isr.take();
      },
    });
    const inside = new Bus(name, MMIO_LENGTH);
    inside.map(0, MMIO_CONFIG_OFFSET, registerTarget('registers', this.#registers, parts.trace?.events));
    if (device.configLength > 0) {
      const config = configRegisters(device);
      inside.map(MMIO_CONFIG_OFFSET, device.configLength, registerTarget('device_cfg', config, parts.trace?.events));
    }
    this.target = {
      name,
      read: (offset, width) => inside.read(offset, width),
      write: (offset, width, value) => inside.write(offset, width, value),
    };
  }

  /** Resolves when no reset is under way any more. */
  get drained(): Promise<void> {
    return this.#life.drained;
  }

  /** Says where the device was plugged in, so that its doorbells are put there. */
  placed(address: Gpa): void {
    this.#address = address;
    this.#rebind();
  }

  /** Back to power-on. */
  reset(): void {
    this.#life.writeStatus(0);
    this.#guestPageSize = 0;
  }

  deviceId(): number {
    return this.#life.device.deviceId;
  }

  deviceFeaturePage(): number {
    const { offered } = this.#life;
    return featurePage(this.#legacy ? legacyOffer(offered) : offered, this.#registers.get('DeviceFeaturesSel'));
  }

  writeDriverFeaturePage(page: number): void {
    const { accepted, offered } = this.#life;
    const features = withFeaturePage(accepted, this.#registers.get('DriverFeaturesSel'), page);
    this.#life.accept(this.#legacy ? features & legacyOffer(offered) : features);
  }

  queueSizeMax(): number {
    return this.#selected?.maxSize ?? 0;
  }

  writeQueueSize(size: number): void {
    this.#forSelected((queue) => this.#life.setQueueSize(queue, size));
  }

  readQueueReady(): number {
    return this.#selected?.enabled ? 1 : 0;
  }

  writeQueueReady(value: number): void {
    this.#forSelected((queue) => {
      if (value === 0) this.#life.stopQueue(queue);
      else this.#life.enableQueue(queue, value);
    });
  }

  readQueueReset(): number {
    return this.#selected?.resetting ? 1 : 0;
  }

  writeQueueReset(value: number): void {
    this.#forSelected((queue) => this.#life.resetQueue(queue, value));
  }

  readQueueAddress(area: QueueArea): bigint {
    return this.#selected?.address(area) ?? 0n;
  }

  writeQueueAddress(area: QueueArea, address: bigint): void {
    this.#forSelected((queue) => this.#life.setQueueAddress(queue, area, address));
  }

  guestPageSize(): number {
    return this.#guestPageSize;
  }

  writeGuestPageSize(size: number): void {
    this.#guestPageSize = size;
  }

  readQueuePage(): number {
    const queue = this.#selected;
    const unit = BigInt(this.#guestPageSize);
    return queue?.enabled && unit !== 0n ? Number((queue.address('desc') / unit) & 0xffff_ffffn) : 0;
  }

  writeQueuePage(page: number): void {
    const base = BigInt(page) * BigInt(this.#guestPageSize);
    const align = BigInt(this.#registers.get('QueueAlign'));
    this.#forSelected((queue) => {
      if (page === 0) this.#life.stopQueue(queue);
      else this.#life.placeLegacyQueue(queue, base, align);
    });
  }

  /** With VIRTIO_F_NOTIFICATION_DATA the number of the queue is one half of what is written. */
  notify(written: number): void {
    this.#life.kick(readNotification(written).queue);
  }

  interruptStatus(): number {
    return this.#isr.bits;
  }

  acknowledge(bits: number): void {
    this.#isr.clear(bits);
  }

  readStatus(): number {
    return this.#life.status;
  }

  writeStatus(status: number): void {
    this.#life.writeStatus(status, this.#legacy ? 'legacy' : 'memory');
  }

  configGeneration(): number {
    return this.#life.takeConfigGeneration();
  }

  get #selected(): QueueSetup | undefined {
    return this.#life.queues[this.#registers.get('QueueSel')];
  }

  #forSelected(act: (queue: QueueSetup) => void): void {
    const queue = this.#selected;
    if (queue !== undefined) act(queue);
    else this.#life.fault(`there is no queue ${this.#registers.get('QueueSel')} to configure`);
  }

  /** A line that is up goes down first: an interrupt controller that listens for edges hears of every cause. */
  #interrupt(cause: 'queue' | 'config'): void {
    if (this.#isr.pending) this.#line.set(false);
    this.#isr.set(cause);
  }

  #rebind(): void {
    for (const unbind of this.#unbind) unbind();
    this.#unbind = [];
    const { doorbells } = this.#parts;
    if (doorbells === undefined || this.#address === undefined || !this.#life.running) return;
    const address = (this.#address + mmioRegisters.at('QueueNotify').at) as Gpa;
    const { queues, agreed } = this.#life;
    // A value that changes with every kick cannot be matched: of several queues the write itself has to say which one.
    const varies = (agreed & RING_FEATURE.notificationData) !== 0n;
    if (varies && queues.length > 1) return;
    for (const { index } of queues) {
      const bell = { space: 'mmio', address, width: 4, ...(!varies && { datamatch: index }) } as const;
      this.#unbind.push(doorbells.bind(bell, () => this.#life.kick(index)));
    }
  }
}

/** The device-specific configuration as registers, told of by their names where the device has them. */
function configRegisters(device: VirtioDevice) {
  return {
    read: (offset: number, width: AccessWidth) => device.readConfig(offset, width),
    write: (offset: number, width: AccessWidth, value: number) => device.writeConfig(offset, width, value) ?? 'ok',
    explain: (offset: number, width: AccessWidth, value: number) => device.explainConfig?.(offset, width, value) ?? '',
  };
}
