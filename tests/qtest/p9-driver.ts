import type { Gpa } from '../../devices/ports.ts';
import { type DriverTransport, startDevice } from '../../devices/virtio/fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from '../../devices/virtio/fake-driver/driver-virtqueue.ts';
import { FrameDriver } from '../../devices/virtio/fake-driver/frame-driver.ts';
import { Arena } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { LegacyDriverTransport } from '../../devices/virtio/fake-driver/legacy-driver-transport.ts';
import { PciDriver } from '../../devices/virtio/fake-driver/pci-driver.ts';
import { PciDriverTransport } from '../../devices/virtio/fake-driver/pci-driver-transport.ts';
import type { FrameHandler, Segments } from '../../ninep/frame-handler.ts';
import { MirroredRam } from './mirrored-ram.ts';
import { mapBars, qosConfig } from './pci.ts';
import type { Qtest } from './qtest.ts';

/** How the driver comes to its device. */
export interface P9DriverOptions {
  readonly slot: number;
  readonly legacy?: boolean;
  /** Interrupts as messages, else by the pin. */
  readonly msix?: boolean;
}

const MIB = 2 ** 20;
/** Where the driver's memory is; nothing else uses it. */
const ARENA = { base: 4 * MIB, length: 64 * 1024 } as const;
/** Where messages go, a word for each vector: RAM, that the client looks at. */
const MESSAGES = 2 * MIB;
const MESSAGE = 0x5000;
const LONGEST_FRAME = 4096;
const FRAMES_AT_ONCE = 4;
const MOUNT_TAG = 1n;

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** A virtio-9p driver over qtest: the frame handler a 9P client speaks to. */
export class P9Driver implements FrameHandler {
  readonly transport: DriverTransport & { message(data: number): boolean; pinRaised(): boolean };
  /** Interrupts there were. */
  interrupts = 0;
  readonly #qtest: Qtest;
  readonly #ram: MirroredRam;
  readonly #msix: boolean;
  #frames: FrameDriver | undefined;

  private constructor(qtest: Qtest, { slot, legacy = false, msix = true }: P9DriverOptions) {
    this.#qtest = qtest;
    this.#msix = msix;
    this.#ram = new MirroredRam(qtest, ARENA.base, ARENA.length);
    const config = qosConfig(qtest.ports, slot);
    mapBars(config);
    const pci = new PciDriver(config, qtest.memory);
    const options = { wait: turn, ...(msix && { messages: { address: MESSAGES, data: MESSAGE } }) };
    this.transport = legacy
      ? new LegacyDriverTransport(pci, qtest.ports, options)
      : new PciDriverTransport(pci, options);
  }

  /** Brings the device in a slot to life. */
  static async start(qtest: Qtest, options: P9DriverOptions): Promise<P9Driver> {
    const driver = new P9Driver(qtest, options);
    const arena = new Arena(driver.#ram, ARENA.base, ARENA.length);
    // Notifications are not suppressed by index: that is for both sides to see at once, which a mirror cannot.
    const [queue] = await startDevice(driver.transport, arena, { features: MOUNT_TAG, indirect: true });
    if (queue === undefined) throw new Error('the device has no queue');
    const kick = (): void => driver.transport.kick(0);
    const options_ = { kick, room: LONGEST_FRAME, depth: FRAMES_AT_ONCE };
    driver.#frames = new FrameDriver(new PushedQueue(queue, driver.#ram), arena, options_);
    driver.transport.onQueueInterrupt = () => driver.#collect();
    return driver;
  }

  async handle(request: Segments, reply: Segments): Promise<number> {
    if (this.#frames === undefined) throw new Error('the device is not alive');
    let isDone = false;
    const answer = this.#frames.handle(request, reply).finally(() => {
      isDone = true;
    });
    // Its rejection is for the caller, who gets the promise below.
    answer.catch(() => {});
    while (!isDone) {
      this.poll();
      await turn();
    }
    return answer;
  }

  /** Looks whether the device has interrupted, and serves it. */
  poll(): void {
    if (!this.#msix) {
      if (this.transport.pinRaised()) this.interrupts += 1;
      return;
    }
    const data = this.#qtest.memory.read(MESSAGES, 4);
    if (data === 0) return;
    this.#qtest.memory.write(MESSAGES, 4, 0);
    this.interrupts += 1;
    this.transport.message(data);
  }

  async reset(): Promise<void> {
    this.transport.status = 0;
    this.#frames?.abandon('the device was reset');
  }

  #collect(): void {
    this.#ram.pull();
    this.#frames?.interrupt();
  }
}

/** A queue whose memory is a mirror: what is published is sent, and then always rung for. */
class PushedQueue implements DriverVirtqueue {
  readonly #queue: DriverVirtqueue;
  readonly #ram: MirroredRam;

  constructor(queue: DriverVirtqueue, ram: MirroredRam) {
    this.#queue = queue;
    this.#ram = ram;
  }

  get ring() {
    return this.#queue.ring;
  }

  get inFlight(): number {
    return this.#queue.inFlight;
  }

  get next(): number {
    return this.#queue.next;
  }

  add(...buffers: Parameters<DriverVirtqueue['add']>): number | undefined {
    return this.#queue.add(...buffers);
  }

  publish(): boolean {
    this.#queue.publish();
    const flagsAndIndex: Gpa = this.#queue.ring.areas.driver;
    this.#ram.push(flagsAndIndex);
    return true;
  }

  takeUsed() {
    return this.#queue.takeUsed();
  }

  suppressInterrupts(): void {}

  /** Interrupts stay allowed, so none can have been missed. */
  allowInterrupts(): boolean {
    return false;
  }
}
