/** What the registers of the common configuration structure do. */
import type { RegisterBank } from '../../bytes/register-bank.ts';
import { type CommonConfigOwner, commonConfig } from './common-config-registers.ts';
import { featurePage, withFeaturePage } from './features.ts';
import type { InterruptVectors } from './interrupt-vectors.ts';
import type { DeviceLifeCycle } from './life-cycle.ts';
import { type QueueArea, RING_FEATURE } from './queue-layout.ts';
import type { QueueSetup } from './queue-setup.ts';

/** The common configuration structure of one device: passes on to its life and its vectors what the driver writes. */
export class CommonConfig implements CommonConfigOwner {
  readonly registers: RegisterBank<CommonConfigOwner>;
  readonly #life: DeviceLifeCycle;
  readonly #vectors: InterruptVectors;

  constructor(life: DeviceLifeCycle, vectors: InterruptVectors) {
    this.#life = life;
    this.#vectors = vectors;
    this.registers = commonConfig.instance(this);
  }

  /** Selectors back to 0. */
  reset(): void {
    this.registers.reset();
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
    return this.#vectors.config;
  }

  writeConfigVector(vector: number): void {
    this.#vectors.config = vector;
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
    return this.#life.takeConfigGeneration();
  }

  /** A size that no split queue can have reads as 0. */
  readQueueSize(): number {
    const size = this.#selected?.size ?? 0;
    return (size & (size - 1)) === 0 || (this.#life.accepted & RING_FEATURE.packed) !== 0n ? size : 0;
  }

  writeQueueSize(size: number): void {
    this.#forSelected((queue) => this.#life.setQueueSize(queue, size));
  }

  readQueueVector(): number {
    return this.#vectors.queue(this.registers.get('queue_select'));
  }

  writeQueueVector(vector: number): void {
    this.#forSelected((queue) => this.#vectors.setQueue(queue.index, vector));
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

  readQueueReset(): number {
    return this.#selected?.resetting ? 1 : 0;
  }

  writeQueueReset(value: number): void {
    this.#forSelected((queue) => this.#life.resetQueue(queue, value));
  }

  get #selected(): QueueSetup | undefined {
    return this.#life.queues[this.registers.get('queue_select')];
  }

  #forSelected(act: (queue: QueueSetup) => void): void {
    const queue = this.#selected;
    if (queue !== undefined) act(queue);
    else this.#life.fault(`there is no queue ${this.registers.get('queue_select')} to configure`);
  }
}
