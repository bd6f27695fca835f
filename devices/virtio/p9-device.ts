/**
 * virtio-9p: carries 9P frames between a virtqueue and a 9P core. Each chain holds one request in its readable part and
 * room for its reply in its writable part. virtio 1.2 reserves the device id without a chapter of its own, so the rest
 * follows the driver.
 *
 * @spec virtio 1.2 §5 Device Types
 * @spec Linux include/uapi/linux/virtio_9p.h: struct virtio_9p_config
 */
import { FrameError, type FrameHandler } from '../../ninep/frame-handler.ts';
import type { AccessWidth, Defer } from '../ports.ts';
import type { DeviceContext, VirtioDevice } from './device.ts';
import { maskOf } from './feature-table.ts';
import { MAX_MOUNT_TAG_LENGTH, P9_FEATURES, p9Config } from './p9-config-registers.ts';
import { RequestServer, Unanswerable } from './request-server.ts';
import type { RingPolling } from './ring-poller.ts';

/** VIRTIO_9P_MOUNT_TAG: the configuration holds a mount tag. @spec Linux include/uapi/linux/virtio_9p.h */
export const MOUNT_TAG_FEATURE = maskOf(P9_FEATURES.MOUNT_TAG);

const DEVICE_ID = 9;
const QUEUE_SIZE = 128;
/** Base class 0, subclass 2, as QEMU presents this device; drivers match the virtio id, not the class. */
const PCI_CLASS = 0x00_02_00;
/** What a virtio-9p device is made of. */
export interface P9DeviceOptions {
  /** The tag the guest mounts by: 1 to 31 bytes of UTF-8, no NUL. */
  readonly mountTag: string;
  /** Serves this device's requests; the device's own from now on. */
  readonly handler: FrameHandler;
  readonly defer: Defer;
  /** Looks at the ring after it has run empty; absent where every request comes with a kick. */
  readonly polling?: RingPolling | undefined;
}

/** A virtio-9p device for one share. */
export class P9Device implements VirtioDevice {
  readonly name = 'virtio-9p';
  readonly deviceId = DEVICE_ID;
  readonly pciClass = PCI_CLASS;
  readonly features = MOUNT_TAG_FEATURE;
  readonly queueSizes: readonly number[] = [QUEUE_SIZE];
  readonly configLength: number;
  readonly #config: ReturnType<typeof p9Config.instance>;
  readonly #options: P9DeviceOptions;
  #server: RequestServer | undefined;
  #resetsUnderWay = 0;

  /** @throws RangeError for a mount tag that is empty, longer than 31 bytes or holds a NUL; its message is for people. */
  constructor(options: P9DeviceOptions) {
    const tag = bytesOfTag(options.mountTag);
    const bytes = Array.from(tag, (byte, index) => [`tag[${index}]`, byte] as const);
    this.#config = p9Config.instance(undefined, { tag_len: tag.length, ...Object.fromEntries(bytes) });
    this.configLength = p9Config.at('tag[0]').at + tag.length;
    this.#options = options;
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#config.read(offset, width) ?? 0;
  }

  /** The configuration is read-only: nothing is written. */
  writeConfig(offset: number, width: AccessWidth, value: number) {
    return this.#config.write(offset, width, value);
  }

  explainConfig(offset: number, width: AccessWidth, value: number): string {
    return this.#config.explain(offset, width, value);
  }

  activate(context: DeviceContext): void {
    if (this.#server !== undefined || this.#resetsUnderWay > 0)
      throw new Error('virtio-9p is activated while it is active');
    const { handler, defer, polling } = this.#options;
    this.#server = new RequestServer({
      context,
      queue: 0,
      defer,
      polling,
      answer: ({ readable, writable }) => handler.handle(readable, writable),
      failed,
    });
  }

  queueNotify(index: number): void {
    if (index === 0) this.#server?.notify();
  }

  queueReset(): void {
    this.#options.handler.flushAll?.();
  }

  async reset(): Promise<void> {
    // Its requests end with the conversation, which the handler ends.
    void this.#server?.stop();
    this.#server = undefined;
    this.#resetsUnderWay += 1;
    try {
      await this.#options.handler.reset();
    } finally {
      this.#resetsUnderWay -= 1;
    }
  }
}

/** The frame could not be served at all: the chain goes back empty and the device needs a reset. */
function failed(error: unknown): Unanswerable {
  return new Unanswerable(error instanceof FrameError ? error.message : `internal error: ${error}`);
}

function bytesOfTag(mountTag: string): Uint8Array {
  const tag = new TextEncoder().encode(mountTag);
  if (tag.length < 1 || tag.length > MAX_MOUNT_TAG_LENGTH) {
    throw new RangeError(
      `mount tag '${mountTag}' has ${tag.length} bytes: give it 1 to ${MAX_MOUNT_TAG_LENGTH} bytes (UTF-8)`,
    );
  }
  if (tag.includes(0)) throw new RangeError('mount tag holds a NUL byte: leave it out');
  return tag;
}
