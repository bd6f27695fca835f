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
import { MAX_MOUNT_TAG_LENGTH, p9Config } from './p9-config-registers.ts';
import type { Chain, Virtqueue } from './virtqueue.ts';

/** VIRTIO_9P_MOUNT_TAG: the configuration holds a mount tag. @spec Linux include/uapi/linux/virtio_9p.h */
export const MOUNT_TAG_FEATURE = 1n << 0n;

const DEVICE_ID = 9;
const QUEUE_SIZE = 128;
/** Base class 0, subclass 2, as QEMU presents this device; drivers match the virtio id, not the class. */
const PCI_CLASS = 0x00_02_00;
/** Requests served in one turn of the device thread. A guest that keeps the ring full must not keep everything else waiting. */
const REQUESTS_PER_TURN = 32;

/** What one life of the device, from DRIVER_OK to reset, works with. */
interface Life {
  readonly context: DeviceContext;
  /** A rule was broken: nothing more is taken from the queue. */
  broken: boolean;
  /** A later turn is due, at the latest to notify the driver. */
  turnDue: boolean;
  /** The turn that is due also takes requests, so a kick before it is not needed. */
  turnTakes: boolean;
}

/** What a virtio-9p device is made of. */
export interface P9DeviceOptions {
  /** The tag the guest mounts by: 1 to 31 bytes of UTF-8, no NUL. */
  readonly mountTag: string;
  /** Serves this device's requests; the device's own from now on. */
  readonly handler: FrameHandler;
  readonly defer: Defer;
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
  readonly #handler: FrameHandler;
  readonly #defer: Defer;
  #life: Life | undefined;
  #resetsUnderWay = 0;

  /** @throws RangeError for a mount tag that is empty, longer than 31 bytes or holds a NUL; its message is for people. */
  constructor(options: P9DeviceOptions) {
    const tag = bytesOfTag(options.mountTag);
    const bytes = Array.from(tag, (byte, index) => [`tag[${index}]`, byte] as const);
    this.#config = p9Config.instance(undefined, { tag_len: tag.length, ...Object.fromEntries(bytes) });
    this.configLength = p9Config.at('tag[0]').at + tag.length;
    this.#handler = options.handler;
    this.#defer = options.defer;
  }

  readConfig(offset: number, width: AccessWidth): number {
    return this.#config.read(offset, width) ?? 0;
  }

  /** The configuration is read-only. */
  writeConfig(): void {}

  activate(context: DeviceContext): void {
    if (this.#life !== undefined || this.#resetsUnderWay > 0)
      throw new Error('virtio-9p is activated while it is active');
    this.#life = { context, broken: false, turnDue: false, turnTakes: false };
    this.#later(this.#life, true);
  }

  queueNotify(index: number): void {
    const life = this.#life;
    if (index === 0 && life !== undefined && !life.turnTakes) this.#serve(life);
  }

  queueReset(): void {
    this.#handler.flushAll?.();
  }

  async reset(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    life?.context.queue(0)?.detach();
    this.#resetsUnderWay += 1;
    try {
      await this.#handler.reset();
    } finally {
      this.#resetsUnderWay -= 1;
    }
  }

  /** Takes requests until none is left or the turn is over. */
  #serve(life: Life): void {
    const { context } = life;
    const queue = context.queue(0);
    if (queue === undefined) return;
    queue.suppressKicks();
    let left = REQUESTS_PER_TURN;
    while (!life.broken) {
      const outcome = queue.pop();
      if (outcome === 'empty') {
        if (!queue.allowKicks()) break;
        queue.suppressKicks();
      } else if (outcome.kind === 'fault') {
        this.#break(life, outcome.message);
      } else {
        this.#handle(life, queue, outcome);
        left -= 1;
        if (left === 0) {
          this.#later(life, true);
          break;
        }
      }
    }
    context.notifyUsed(queue);
  }

  #handle(life: Life, queue: Virtqueue, chain: Chain): void {
    let answer: number | Promise<number>;
    try {
      answer = this.#handler.handle(chain.readable, chain.writable);
    } catch (error) {
      this.#refuse(life, queue, chain, error);
      return;
    }
    if (typeof answer === 'number') {
      queue.push(chain, answer);
      return;
    }
    answer.then(
      (length) => {
        queue.push(chain, length);
        this.#later(life, false);
      },
      (error) => {
        this.#refuse(life, queue, chain, error);
        this.#later(life, false);
      },
    );
  }

  /** The frame could not be served at all: the chain goes back empty and the device needs a reset, unless the queue had one. */
  #refuse(life: Life, queue: Virtqueue, chain: Chain, error: unknown): void {
    queue.push(chain, 0);
    if (queue !== life.context.queue(0)) return;
    const why = error instanceof FrameError ? error.message : `internal error: ${error}`;
    this.#break(life, `queue 0: head ${chain.head}: ${why}`);
  }

  #break(life: Life, why: string): void {
    if (life.broken || life !== this.#life) return;
    life.broken = true;
    life.context.needsReset(why);
  }

  #notify(context: DeviceContext): void {
    const queue = context.queue(0);
    if (queue !== undefined) context.notifyUsed(queue);
  }

  /**
   * Has a later turn notify the driver of whatever has completed until then, so that one interrupt serves it all; with
   * `takes` that turn also takes requests.
   */
  #later(life: Life, takes: boolean): void {
    life.turnTakes ||= takes;
    if (life.turnDue) return;
    life.turnDue = true;
    this.#defer(() => {
      const serves = life.turnTakes;
      life.turnDue = false;
      life.turnTakes = false;
      if (life !== this.#life) return;
      if (serves) this.#serve(life);
      else this.#notify(life.context);
    });
  }
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
