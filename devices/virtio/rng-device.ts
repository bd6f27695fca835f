/**
 * The entropy device: fills the driver's buffers with random bytes.
 *
 * @spec virtio 1.2 §5.4 Entropy Device
 */
import type { Defer } from '../ports.ts';
import type { DeviceContext, VirtioDevice } from './device.ts';
import type { Chain, Virtqueue } from './virtqueue.ts';

const DEVICE_ID = 4;
const QUEUE_SIZE = 64;
/** Base class 0, subclass 0xff, as QEMU presents this device; drivers match the virtio id, not the class. */
const PCI_CLASS = 0x00_ff_00;
/** Bytes made for one request; the rest of a longer buffer stays as it was, as the device may choose. */
const MOST_BYTES = 65_536;
/** Requests served in one turn of the device thread. */
const REQUESTS_PER_TURN = 16;

/** What an entropy device is made of. */
export interface RngDeviceOptions {
  /** Fills all of `into`, at most 65,536 bytes, with random bytes. */
  readonly random: (into: Uint8Array) => void;
  readonly defer: Defer;
}

/** A virtio entropy device. */
export class RngDevice implements VirtioDevice {
  readonly name = 'virtio-rng';
  readonly deviceId = DEVICE_ID;
  readonly pciClass = PCI_CLASS;
  readonly features = 0n;
  readonly queueSizes: readonly number[] = [QUEUE_SIZE];
  readonly configLength = 0;
  readonly #options: RngDeviceOptions;
  #context: DeviceContext | undefined;
  /** The life that has a later turn due: a driver that rings meanwhile is served in that. */
  #due: DeviceContext | undefined;

  constructor(options: RngDeviceOptions) {
    this.#options = options;
  }

  /** There is no configuration. */
  readConfig(): number {
    return 0;
  }

  /** There is no configuration. */
  writeConfig(): void {}

  activate(context: DeviceContext): void {
    this.#context = context;
    this.#later(context);
  }

  queueNotify(): void {
    const context = this.#context;
    const queue = context?.queue(0);
    if (context === undefined || queue === undefined || context === this.#due) return;
    this.#serve(context, queue);
    context.notifyUsed(queue);
  }

  async reset(): Promise<void> {
    this.#context = undefined;
  }

  #serve(context: DeviceContext, queue: Virtqueue): void {
    for (let left = REQUESTS_PER_TURN; left > 0; left -= 1) {
      const outcome = queue.pop();
      if (outcome === 'empty') {
        if (!queue.allowKicks()) return;
      } else if (outcome.kind === 'fault') {
        context.needsReset(outcome.message);
        return;
      } else queue.push(outcome, this.#fill(outcome));
    }
    this.#later(context);
  }

  #later(context: DeviceContext): void {
    this.#due = context;
    this.#options.defer(() => {
      if (context !== this.#context) return;
      this.#due = undefined;
      this.queueNotify();
    });
  }

  /** Returns how many bytes were made. */
  #fill({ writable }: Chain): number {
    let made = 0;
    for (const segment of writable) {
      const part = segment.subarray(0, MOST_BYTES - made);
      if (part.length === 0) break;
      this.#options.random(part);
      made += part.length;
    }
    return made;
  }
}
