/** A 9P share in memory behind one variant of a device, and the driver in front of it, whose queue is reset now and then. */
import { type DriverTransport, startDevice } from '../../devices/virtio/fake-driver/driver-transport.ts';
import type { DriverVirtqueue } from '../../devices/virtio/fake-driver/driver-virtqueue.ts';
import { FrameDriver } from '../../devices/virtio/fake-driver/frame-driver.ts';
import { Arena } from '../../devices/virtio/fake-driver/guest-ram.ts';
import { makeDriverQueue } from '../../devices/virtio/fake-driver/make-driver-queue.ts';
import { resetQueue } from '../../devices/virtio/fake-driver/queue-reset.ts';
import { P9Device } from '../../devices/virtio/p9-device.ts';
import { createMemory } from '../../ninep/backends/memory/memory.ts';
import { Client } from '../../ninep/client/client.ts';
import { deferred } from '../../ninep/contract/deferred.ts';
import type { Segments } from '../../ninep/frame-handler.ts';
import type { ReplyBody, RequestBody, RequestName } from '../../ninep/messages.ts';
import { createSession } from '../../ninep/session.ts';
import { steadyPoller } from '../support/polling.ts';
import type { Random } from '../support/random.ts';
import { type Patience, RequestsFailed } from './patience.ts';
import { makeRig, type Rig } from './rig.ts';
import { TRANSPORTS, type Variant } from './variants.ts';
import { Wires } from './wires.ts';
import type { Line } from './worker.ts';

const MSIZE = 4096;
const FIRST_ADDRESS = 0x1000;
const MOUNT_TAG_FEATURE = 1n;
/** Largest queue the device has, which a legacy driver cannot make smaller. */
const MOST_ENTRIES = 128;

/** How the device's side works. */
export interface ShareHabits {
  /** The backend answers later, and not in order. */
  readonly slow: boolean;
  /** How long the device polls its ring at most, in microseconds of which a turn of the event loop has 50; 0: not at all. */
  readonly pollUs: number;
}

/** A share and a line to it. */
export class Share implements Line {
  readonly client: Client;
  /** Requests that went into the ring. */
  requests = 0;
  /** How often the device interrupted. */
  interrupts = 0;
  /** How often the driver rang. */
  kicks = 0;
  readonly #variant: Variant;
  readonly #random: Random;
  readonly #patience: Patience;
  readonly #rig: Rig;
  readonly #bugs: unknown[] = [];
  readonly #areas = Array.from({ length: 64 }, () => new Uint8Array(MSIZE));
  #nextArea = 0;
  #frames: FrameDriver | undefined;
  /** Resolves when the queue may be used. */
  #ready: Promise<void> = Promise.resolve();
  #resets = 0;

  constructor(variant: Variant, { slow, pollUs }: ShareHabits, random: Random, patience: Patience) {
    const wires = new Wires(random);
    const memory = createMemory({ capacity: 1 << 22 });
    const backend = slow ? deferred(memory, () => wires.delay()) : memory;
    const session = createSession(backend, { onBug: (error) => this.#bugs.push(error) });
    const defer = (work: () => void) => void setImmediate(work);
    this.#variant = variant;
    this.#random = random;
    this.#patience = patience;
    this.#rig = makeRig(
      TRANSPORTS[variant.transport],
      new P9Device({
        mountTag: 'load',
        handler: session,
        defer,
        polling: pollUs > 0 ? steadyPoller(defer).upTo(pollUs) : undefined,
      }),
      wires,
    );
    this.client = new Client(
      { handle: (request, reply) => this.#handle(request, reply), reset: async () => {} },
      { msize: MSIZE, replyArea: () => this.#replyArea() },
    );
  }

  /** Brings the device to life. */
  async start(): Promise<void> {
    const { transport } = this.#rig;
    const arena = this.#arena();
    transport.onQueueInterrupt = () => {
      this.interrupts += 1;
      this.#frames?.interrupt();
    };
    const choice = { ...this.#variant.rings, features: MOUNT_TAG_FEATURE };
    const size = TRANSPORTS[this.#variant.transport].legacy ? undefined : this.#size();
    const [queue] = await startDevice(transport, arena, { ...choice, ...(size !== undefined && { queueSize: size }) });
    if (queue === undefined) throw new RequestsFailed('the device has no queue');
    this.#use(queue, arena, transport);
  }

  /** Resets the queue with whatever is under way, and goes on with another one in the same memory. */
  async resetQueue(): Promise<void> {
    const { transport } = this.#rig;
    let done = (): void => {};
    this.#ready = new Promise((resolve) => {
      done = resolve;
    });
    this.#resets += 1;
    await resetQueue(transport, 0);
    this.#frames?.abandon('the queue was reset');
    const arena = this.#arena();
    const { rings } = this.#variant;
    const queue = makeDriverQueue(arena, { ...rings, size: this.#size() });
    transport.notificationData = rings.notificationData ? () => queue.next : undefined;
    transport.enableQueue(0, queue.ring);
    this.#use(queue, arena, transport);
    done();
  }

  call<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ReplyBody<N>> {
    return this.steadily(() => this.client.call(name, body));
  }

  async steadily<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#ready;
      const resets = this.#resets;
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof RequestsFailed || resets === this.#resets) throw error;
      }
    }
  }

  /** What the device or the 9P core had to complain of. */
  get complaints(): string[] {
    return [
      ...this.#rig.faults.map((fault) => `the device complains: ${fault}`),
      ...this.#bugs.map((bug) => `a bug in the 9P core: ${bug}`),
    ];
  }

  /** Throws where there was anything to complain of. */
  check(): void {
    const [complaint] = this.complaints;
    if (complaint !== undefined) throw new RequestsFailed(complaint);
  }

  async #handle(request: Segments, reply: Segments): Promise<number> {
    await this.#ready;
    const frames = this.#frames;
    if (frames === undefined) throw new RequestsFailed('a request before the device was started');
    this.requests += 1;
    return this.#patience.for(frames.handle(request, reply));
  }

  /** A reply is copied out long before so many others have come. */
  #replyArea(): Segments {
    this.#nextArea = (this.#nextArea + 1) % this.#areas.length;
    return [this.#areas[this.#nextArea] ?? new Uint8Array(MSIZE)];
  }

  #use(queue: DriverVirtqueue, arena: Arena, transport: DriverTransport): void {
    // A chain of small pieces has to fit into the queue.
    const piece = queue.ring.size >= 16 ? this.#random.pick([700, MSIZE]) : MSIZE;
    this.#frames = new FrameDriver(queue, arena, { kick: () => this.#kick(transport), room: MSIZE, piece });
  }

  #kick(transport: DriverTransport): void {
    this.kicks += 1;
    transport.kick(0);
  }

  #arena(): Arena {
    const length = this.#rig.ram.regions[0]?.length ?? 0;
    return new Arena(this.#rig.ram, FIRST_ADDRESS, length - FIRST_ADDRESS);
  }

  #size(): number {
    return this.#variant.rings.packed
      ? 2 + this.#random.below(MOST_ENTRIES - 1)
      : 2 ** (1 + this.#random.below(Math.log2(MOST_ENTRIES)));
  }
}
