/** Presents a virtio device as registers on a bus of memory. */
import { Bus } from '../bus.ts';
import type { BusTarget, DeviceTrace, DoorbellPort, Gpa, GuestMemory, HoldCpu, InterruptLine } from '../ports.ts';
import { type Registers, registerTarget } from '../register-target.ts';
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
import { IsrStatus } from './pci-isr.ts';
import type { QueueArea } from './queue-layout.ts';
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
  readonly #legacy: boolean;
  #address: Gpa | undefined;
  #unbind: (() => void)[] = [];

  constructor(parts: VirtioMmioParts) {
    const { device, legacy = false } = parts;
    const name = `${device.name}-device`;
    this.#parts = parts;
    this.#legacy = legacy;
    this.#registers = legacy ? legacyMmioRegisters.instance(this) : mmioRegisters.instance(this);
    this.#isr = new IsrStatus(() => parts.line.set(this.#isr.pending));
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
    inside.map(0, MMIO_CONFIG_OFFSET, registerTarget('registers', this.#registers));
    if (device.configLength > 0) {
      inside.map(MMIO_CONFIG_OFFSET, device.configLength, {
        name: 'config',
        read: (offset, width) => device.readConfig(offset, width),
        write: (offset, width, value) => device.writeConfig(offset, width, value),
      });
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

  readQueueAddress(area: QueueArea): bigint {
    return this.#selected?.address(area) ?? 0n;
  }

  writeQueueAddress(area: QueueArea, address: bigint): void {
    this.#forSelected((queue) => this.#life.setQueueAddress(queue, area, address));
  }

  readQueuePage(): number {
    const queue = this.#selected;
    const unit = BigInt(this.#registers.get('GuestPageSize'));
    return queue?.enabled && unit !== 0n ? Number((queue.address('desc') / unit) & 0xffff_ffffn) : 0;
  }

  writeQueuePage(page: number): void {
    const base = BigInt(page) * BigInt(this.#registers.get('GuestPageSize'));
    const align = BigInt(this.#registers.get('QueueAlign'));
    this.#forSelected((queue) => {
      if (page === 0) this.#life.stopQueue(queue);
      else this.#life.placeLegacyQueue(queue, base, align);
    });
  }

  notify(queue: number): void {
    this.#life.kick(queue & 0xffff);
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
    return this.#life.configGeneration;
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
    if (this.#isr.pending) this.#parts.line.set(false);
    this.#isr.set(cause);
  }

  #rebind(): void {
    for (const unbind of this.#unbind) unbind();
    this.#unbind = [];
    const { doorbells } = this.#parts;
    if (doorbells === undefined || this.#address === undefined || !this.#life.running) return;
    const address = (this.#address + mmioRegisters.at('QueueNotify').at) as Gpa;
    for (const { index } of this.#life.queues) {
      const bell = { space: 'mmio', address, width: 4, datamatch: index } as const;
      this.#unbind.push(doorbells.bind(bell, () => this.#life.kick(index)));
    }
  }
}
