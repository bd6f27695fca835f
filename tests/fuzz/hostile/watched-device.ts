import type { AccessWidth } from '../../../devices/ports.ts';
import type { DeviceContext, VirtioDevice } from '../../../devices/virtio/device.ts';
import { areaLength, RING_FEATURE, ringFormat } from '../../../devices/virtio/queue-layout.ts';
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
    const queues = this.#watch(context);
    this.#ledger.began(queues);
    this.#device.activate({
      ...context,
      queue: (index) => queues[index],
      notifyUsed: (queue) => {
        if (!(queue instanceof WatchedQueue))
          return this.#ledger.verdict.fail('the device speaks of a queue it was not given');
        if (queue.unannounced > 0) this.#ledger.causes += 1;
        queue.unannounced = 0;
        context.notifyUsed(queue.below);
      },
    });
  }

  queueNotify(index: number): void {
    this.#device.queueNotify(index);
  }

  async reset(): Promise<void> {
    const drained = this.#ledger.ended();
    await this.#device.reset();
    drained();
  }

  /** The queues that live; their areas were asked for last, three for each, in order. */
  #watch(context: DeviceContext): readonly (WatchedQueue | undefined)[] {
    const format = ringFormat(context.features);
    const indirect = (context.features & RING_FEATURE.indirectDesc) !== 0n;
    const alive = this.queueSizes.map((_, index) => context.queue(index));
    const asked = this.#ledger.ram.asked.slice(-3 * alive.filter((queue) => queue !== undefined).length);
    return alive.map((queue) => {
      if (queue === undefined) return undefined;
      if (queue.size < 1 || queue.size > (this.queueSizes[queue.index] ?? 0))
        return this.#ledger.verdict.fail(`queue ${queue.index} lives with ${queue.size} entries`);
      const [desc, driver, device] = asked.splice(0, 3);
      if (desc === undefined || driver === undefined || device === undefined)
        return this.#ledger.verdict.fail(`queue ${queue.index} lives and was not looked for in memory`);
      const areas: Areas = { desc, driver, device };
      for (const [area, { length }] of Object.entries(areas))
        if (length !== areaLength(format, area as keyof Areas, queue.size))
          this.#ledger.verdict.fail(`${area} of queue ${queue.index} has ${length} bytes`);
      return new WatchedQueue(queue, areas, { format, size: queue.size, indirect }, this.#ledger);
    });
  }
}
