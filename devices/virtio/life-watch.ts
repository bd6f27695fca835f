/** Tells of a device's life, step by step. Made only where somebody watches. */
import type { DescriptorListener, DescriptorSeen, EventId, EventPort } from '../events.ts';
import { featureNames } from './device-names.ts';
import type { LifeCycleParts } from './life-cycle.ts';
import { ringFormat } from './queue-layout.ts';
import type { QueueSetup } from './queue-setup.ts';
import { isRingFault, type RingFault } from './ring-fault.ts';
import type { Virtqueue } from './virtqueue.ts';
import { WatchedQueue } from './watched-queue.ts';

/** The watcher of one device. */
export class LifeWatch {
  /** What the life cycle goes on with: interrupts are told on their way. */
  readonly parts: LifeCycleParts;
  readonly #events: EventPort;
  readonly #deviceId: number;
  readonly #kicks = new Map<number, EventId>();
  readonly #queues = new Map<number, WatchedQueue>();

  constructor(events: EventPort, parts: LifeCycleParts) {
    this.#events = events;
    this.#deviceId = parts.device.deviceId;
    this.parts = {
      ...parts,
      queueInterrupt: (queue) => {
        const used = this.#queues.get(queue)?.takeUsed();
        this.#notify({ what: 'used buffers', queue, used }, () => parts.queueInterrupt(queue));
      },
      configInterrupt: () => this.#notify({ what: 'configuration change' }, () => parts.configInterrupt()),
    };
  }

  /** The device status went from one state to another. */
  moved(from: string, to: string, value: number): void {
    this.#events.emit('status', { from, to, value });
  }

  /** The driver wrote which features it accepts. */
  accepted(offered: bigint, accepted: bigint): void {
    this.#events.emit('features', { offered, accepted, names: featureNames(this.#deviceId, accepted).join(' ') });
  }

  /** The driver set FEATURES_OK: the features were agreed to, or there is an objection. */
  judged(accepted: bigint, objection: string | undefined): void {
    if (objection !== undefined) this.#events.emit('features-refused', { accepted, why: objection });
    else this.#events.emit('features-agreed', { accepted, names: featureNames(this.#deviceId, accepted).join(' ') });
  }

  /** The driver broke a rule. */
  fault(message: string): void {
    this.#events.emit('guest-fault', { message });
  }

  /** The driver rang; `work` is what follows. */
  kick(queue: number, work: () => void): void {
    const event = this.#events.emit('kick', { queue });
    this.#kicks.set(queue, event);
    this.#events.causing(event, work);
  }

  /** Activates a queue and puts what tells of it in its place. */
  activate(
    setup: QueueSetup,
    features: bigint,
    activate: (seen: DescriptorListener) => Virtqueue | RingFault,
  ): Virtqueue | RingFault {
    const descriptors: DescriptorSeen[] = [];
    const queue = activate((descriptor) => descriptors.push(descriptor));
    if (isRingFault(queue)) return queue;
    const { index } = setup;
    const watched = new WatchedQueue(queue, this.#events, descriptors, () => this.#kicks.get(index));
    this.#kicks.delete(index);
    this.#queues.set(index, watched);
    this.#events.emit('queue', {
      queue: index,
      size: queue.size,
      format: ringFormat(features),
      descriptorArea: setup.address('desc'),
      driverArea: setup.address('driver'),
      deviceArea: setup.address('device'),
    });
    return watched;
  }

  #notify(fields: { what: string; queue?: number; used?: readonly EventId[] | undefined }, send: () => void): void {
    this.#events.causing(this.#events.emit('notification', fields), send);
  }
}
