import type { AccessWidth } from '../../../devices/ports.ts';
import type { DeviceContext, VirtioDevice } from '../../../devices/virtio/device.ts';
import { areaLength, RING_FEATURE, ringFormat } from '../../../devices/virtio/queue-layout.ts';
import type { Virtqueue } from '../../../devices/virtio/virtqueue.ts';
import type { Ledger } from './ledger.ts';
import { WatchedQueue } from './watched-queue.ts';
import type { Areas } from './witness.ts';

/** A device between a transport and the one that is fuzzed: it writes the ledger. */
export class WatchedDevice implements VirtioDevice {
  readonly name: string;
  readonly deviceId: number;
  readonly pciClass: number;
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly configLength: number;
  readonly #device: VirtioDevice;
  readonly #ledger: Ledger;
  #context: DeviceContext | undefined;

  constructor(device: VirtioDevice, ledger: Ledger) {
    this.#device = device;
    this.#ledger = ledger;
    this.name = device.name;
    this.deviceId = device.deviceId;
    this.pciClass = device.pciClass;
    this.features = device.features;
    this.queueSizes = device.queueSizes;
    this.configLength = device.configLength;
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#device.readConfig(offset, width);
  }

  writeConfig(offset: number, width: AccessWidth, value: number): void {
    this.#device.writeConfig(offset, width, value);
  }

  activate(context: DeviceContext): void {
    this.#context = context;
    this.#ledger.began(this.queueSizes.length);
    const alive = this.queueSizes.flatMap((_, index) => context.queue(index) ?? []);
    // Their areas were asked for last, three for each, in order.
    const asked = this.#ledger.ram.asked.slice(-3 * alive.length);
    for (const queue of alive) this.#watch(queue, asked.splice(0, 3));
    this.#device.activate({
      ...context,
      queue: (index) => this.#watched(index),
      notifyUsed: (queue) => {
        if (!(queue instanceof WatchedQueue))
          return this.#ledger.verdict.fail('the device speaks of a queue it was not given');
        if (queue.unannounced > 0) this.#ledger.causes += 1;
        queue.unannounced = 0;
        context.notifyUsed(queue.below);
      },
    });
  }

  /** After a reset of the queue it is another one, which the transport has just looked for in memory. */
  queueNotify(index: number): void {
    const queue = this.#context?.queue(index);
    const known = this.#ledger.queues[index];
    if (queue !== undefined && known?.below !== queue) this.#watch(queue, this.#ledger.ram.asked.slice(-3));
    this.#device.queueNotify(index);
  }

  queueReset(index: number): void {
    this.#ledger.endedAlone(index);
    this.#device.queueReset?.(index);
  }

  async reset(): Promise<void> {
    this.#context = undefined;
    const drained = this.#ledger.ended();
    await this.#device.reset();
    drained();
  }

  #watched(index: number): WatchedQueue | undefined {
    const queue = this.#context?.queue(index);
    const known = this.#ledger.queues[index];
    if (queue === undefined || known?.below === queue) return queue && known;
    return this.#ledger.verdict.fail(`queue ${index} lives and nobody rang for it`);
  }

  #watch(queue: Virtqueue, asked: readonly Uint8Array[]): void {
    const { verdict, queues } = this.#ledger;
    const features = this.#context?.features ?? 0n;
    const format = ringFormat(features);
    const indirect = (features & RING_FEATURE.indirectDesc) !== 0n;
    const inOrder = (features & RING_FEATURE.inOrder) !== 0n;
    if (queue.size < 1 || queue.size > (this.queueSizes[queue.index] ?? 0))
      verdict.fail(`queue ${queue.index} lives with ${queue.size} entries`);
    const [desc, driver, device] = asked;
    if (desc === undefined || driver === undefined || device === undefined)
      throw verdict.fail(`queue ${queue.index} lives and was not looked for in memory`);
    const areas: Areas = { desc, driver, device };
    for (const [area, { length }] of Object.entries(areas))
      if (length !== areaLength(format, area as keyof Areas, queue.size))
        verdict.fail(`${area} of queue ${queue.index} has ${length} bytes`);
    queues[queue.index] = new WatchedQueue(queue, areas, { format, size: queue.size, indirect, inOrder }, this.#ledger);
  }
}
