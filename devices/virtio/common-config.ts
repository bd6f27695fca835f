/** What the registers of the common configuration structure do. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import { type CommonConfigOwner, commonConfig, NO_VECTOR } from './common-config-registers.ts';
import { featurePage, withFeaturePage } from './features.ts';
import type { DeviceLifeCycle } from './life-cycle.ts';
import type { QueueArea } from './queue-layout.ts';
import type { QueueSetup } from './queue-setup.ts';

/** The common configuration structure of one device: passes on to its life what the driver writes, and keeps the vectors. */
export class CommonConfig implements CommonConfigOwner {
  readonly registers: RegisterBank<CommonConfigOwner>;
  readonly #life: DeviceLifeCycle;
  /** Number of MSI-X vectors the function has, 0 to 2048. */
  readonly #vectors: number;
  readonly #queueVectors: number[];
  #configVector = NO_VECTOR;

  constructor(life: DeviceLifeCycle, vectors: number) {
    this.#life = life;
    this.#vectors = vectors;
    this.#queueVectors = life.queues.map(() => NO_VECTOR);
    this.registers = commonConfig.instance(this);
  }

  /** Vector for used buffer notifications of a queue, or `NO_VECTOR`. */
  queueVector(queue: number): number {
    return this.#queueVectors[queue] ?? NO_VECTOR;
  }

  /** Selectors to 0, no vectors. */
  reset(): void {
    this.registers.reset();
    this.#queueVectors.fill(NO_VECTOR);
    this.#configVector = NO_VECTOR;
  }

  deviceFeaturePage(): number {
    return featurePage(this.#life.offered, this.registers.get('device_feature_select'));
  }

  readDriverFeaturePage(): number {
    return featurePage(this.#life.accepted, this.registers.get('driver_feature_select'));
  }

  writeDriverFeaturePage(page: number): void {
    this.#life.accept(withFeaturePage(this.#life.accepted, this.registers.get('driver_feature_select'), page));
  }

  readConfigVector(): number {
    return this.#configVector;
  }

  writeConfigVector(vector: number): void {
    this.#configVector = this.#existing(vector);
  }

  queueCount(): number {
    return this.#life.queues.length;
  }

  readStatus(): number {
    return this.#life.status;
  }

  writeStatus(status: number): void {
    this.#life.writeStatus(status);
  }

  configGeneration(): number {
    return this.#life.configGeneration;
  }

  readQueueSize(): number {
    return this.#selected?.size ?? 0;
  }

  writeQueueSize(size: number): void {
    this.#forSelected((queue) => this.#life.setQueueSize(queue, size));
  }

  readQueueVector(): number {
    return this.queueVector(this.registers.get('queue_select'));
  }

  writeQueueVector(vector: number): void {
    this.#forSelected((queue) => {
      this.#queueVectors[queue.index] = this.#existing(vector);
    });
  }

  readQueueEnable(): number {
    return this.#selected?.enabled ? 1 : 0;
  }

  writeQueueEnable(value: number): void {
    this.#forSelected((queue) => this.#life.enableQueue(queue, value));
  }

  queueNotifyOff(): number {
    return this.#selected?.index ?? 0;
  }

  readQueueAddress(area: QueueArea): bigint {
    return this.#selected?.address(area) ?? 0n;
  }

  writeQueueAddress(area: QueueArea, address: bigint): void {
    this.#forSelected((queue) => this.#life.setQueueAddress(queue, area, address));
  }

  get #selected(): QueueSetup | undefined {
    return this.#life.queues[this.registers.get('queue_select')];
  }

  #forSelected(act: (queue: QueueSetup) => void): void {
    const queue = this.#selected;
    if (queue !== undefined) act(queue);
    else this.#life.fault(`there is no queue ${this.registers.get('queue_select')} to configure`);
  }

  /** A vector the function has, or none. @spec virtio 1.2 §4.1.5.1.2.1 Device Requirements: MSI-X Vector Configuration */
  #existing(vector: number): number {
    return vector < this.#vectors ? vector : NO_VECTOR;
  }
}
