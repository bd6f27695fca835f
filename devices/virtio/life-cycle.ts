/**
 * The life of a virtio device as its driver steers it, common to all transports: features, status, queues, reset. A
 * transport adds registers in front and interrupts behind.
 */
import type { DeviceTrace, GuestMemory } from '../ports.ts';
import type { DeviceContext, VirtioDevice } from './device.ts';
import { baseFeatures, featureObjection, type RingChoice } from './features.ts';
import { LifeWatch } from './life-watch.ts';
import { type QueueArea, RING_FEATURE } from './queue-layout.ts';
import { QueueSetup } from './queue-setup.ts';
import { isRingFault, type RingFault } from './ring-fault.ts';
import { DeviceStatus, type DriverInterface, type StatusState } from './status.ts';
import type { Virtqueue } from './virtqueue.ts';

/** What the life of a device needs of its transport. */
export interface LifeCycleParts {
  /** Name for traces. */
  readonly name: string;
  readonly device: VirtioDevice;
  readonly memory: GuestMemory;
  readonly trace?: DeviceTrace | undefined;
  /** What the rings offer; the usual unless given. */
  readonly rings?: RingChoice | undefined;
  /** Sends a used buffer notification. @spec virtio 1.2 §2.3 Notifications */
  readonly queueInterrupt: (queue: number) => void;
  /** Sends a configuration change notification. */
  readonly configInterrupt: () => void;
  /** Queues came to life (DRIVER_OK) or their life ends (a reset begins). */
  readonly runningChanged: () => void;
  /** Puts the transport's own registers back; called when a reset begins. */
  readonly resetRegisters: () => void;
  /** Puts back what the transport itself knows of one queue; called when the reset of that queue is complete. */
  readonly resetQueueRegisters?: (queue: number) => void;
}

/** From DRIVER_OK to the next reset. */
interface Life {
  readonly queues: (Virtqueue | undefined)[];
}

/** States in which the features are agreed on and the device is not being reset. */
const AGREED: readonly StatusState[] = ['features-ok', 'running', 'needs-reset', 'failed'];

/** One device between its transport and its driver. */
export class DeviceLifeCycle {
  readonly device: VirtioDevice;
  /** Feature bits offered. */
  readonly offered: bigint;
  /** One for each queue of the device. */
  readonly queues: readonly QueueSetup[];
  readonly #parts: LifeCycleParts;
  readonly #status: DeviceStatus;
  /** Tells whoever watches; absent otherwise. */
  readonly #watch: LifeWatch | undefined;
  #accepted = 0n;
  #configGeneration = 0;
  /** The configuration changed since the driver last asked for its generation. */
  #configChanged = false;
  #life: Life | undefined;
  #draining: Promise<void> = Promise.resolve();
  /** Resets under way: only a driver of the legacy interface begins a new life, or another reset, before they have ended. */
  #resets = 0;

  constructor(parts: LifeCycleParts) {
    const events = parts.trace?.events;
    this.#watch = events && new LifeWatch(events, parts);
    this.#parts = this.#watch?.parts ?? parts;
    this.device = parts.device;
    this.offered = parts.device.features | baseFeatures(parts.rings);
    this.queues = parts.device.queueSizes.map((size, index) => new QueueSetup(index, size));
    this.#status = new DeviceStatus({
      featuresObjection: () => this.#featuresObjection(),
      driverOk: () => this.#start(),
      reset: () => this.#reset(),
      resetFailed: (error) => this.needsReset(`internal error: the device could not be reset: ${error}`),
      refused: (why) => this.fault(why),
      moved: this.#watch && ((from, to, value) => this.#watch?.moved(from, to, value)),
    });
  }

  /** The device status field. */
  get status(): number {
    return this.#status.value;
  }

  /** Whether the device works on its queues. */
  get running(): boolean {
    return this.#life !== undefined && this.#status.state === 'running';
  }

  /** Feature bits the driver has accepted so far. */
  get accepted(): bigint {
    return this.#accepted;
  }

  /**
   * The generation of the configuration as the driver reads it, 0 to 255: another one than last time where the
   * configuration changed in between, however often.
   *
   * @spec virtio 1.2 §4.1.4.3.1 Device Requirements: Common configuration structure layout
   */
  takeConfigGeneration(): number {
    if (this.#configChanged) this.#configGeneration = (this.#configGeneration + 1) & 0xff;
    this.#configChanged = false;
    return this.#configGeneration;
  }

  /** Resolves when no reset is under way any more: nothing of an old life touches guest memory then. Rejects where the device failed to drain. */
  get drained(): Promise<void> {
    return this.#draining;
  }

  /** The driver wrote the device status field, by the interface it uses. */
  writeStatus(value: number, by: DriverInterface = 'modern'): void {
    this.#status.write(value, by);
  }

  /** The driver accepts these features; it may change its mind until FEATURES_OK. @spec virtio 1.2 §2.2.1 Driver Requirements: Feature Bits */
  accept(features: bigint): void {
    const { state } = this.#status;
    if (state === 'reset' || state === 'acknowledged' || state === 'driver') {
      this.#accepted = features;
      this.#watch?.accepted(this.offered, features);
    } else this.fault(`features may not be changed in state ${state}`);
  }

  /** The driver wrote the size of a queue. */
  setQueueSize(queue: QueueSetup, size: number): void {
    this.#configure(() => queue.setSize(size));
  }

  /** The driver wrote the address of a part of a queue. */
  setQueueAddress(queue: QueueSetup, area: QueueArea, address: bigint): void {
    this.#configure(() => queue.setAddress(area, address));
  }

  /** Feature bits that count: those accepted, once both sides agreed on them. */
  get agreed(): bigint {
    return AGREED.includes(this.#status.state) ? this.#accepted : 0n;
  }

  /** The driver wrote the enable register of a queue: legal once features are agreed on and before DRIVER_OK, and after a reset of the queue. */
  enableQueue(queue: QueueSetup, value: number): void {
    this.#configure(() => {
      const { state } = this.#status;
      if (value === 0 || queue.enabled || state === 'features-ok') return queue.writeEnable(value);
      if (state === 'running' && queue.wasReset) return queue.writeEnable(value) ?? this.#enliven(queue);
      this.needsReset(`queue ${queue.index} may not be enabled in state ${state}`);
      return undefined;
    });
  }

  /**
   * The driver wrote the reset register of a queue: 1 resets that queue alone. Nothing of it is touched by the time this
   * returns but the buffers of requests under way, and the reset is complete when those have ended.
   *
   * @spec virtio 1.2 §2.6.1 Virtqueue Reset
   */
  resetQueue(queue: QueueSetup, value: number): void {
    const { index } = queue;
    if ((this.agreed & RING_FEATURE.ringReset) === 0n) {
      this.fault(`queue ${index} may not be reset: VIRTIO_F_RING_RESET is not agreed on`);
    } else if (value !== 1) {
      this.fault(`the reset register of queue ${index} takes 1, not ${value}`);
    } else if (!queue.resetting) {
      this.#resetQueue(queue);
    }
  }

  /** The driver of the legacy interface placed a whole queue, which also enables it; base 0 takes it away. */
  placeLegacyQueue(queue: QueueSetup, base: bigint, align: bigint): void {
    this.#configure(() => queue.placeLegacy(base, align));
  }

  /** The driver takes a queue away: nothing of it is touched any more. What was in flight is not returned. */
  stopQueue(queue: QueueSetup): void {
    this.#life?.queues[queue.index]?.detach();
    queue.takeAway();
  }

  /** The driver rang for a queue. Ignored unless that queue is alive. */
  kick(queue: number): void {
    if (!this.running || this.#life?.queues[queue] === undefined) return;
    if (this.#watch === undefined) this.device.queueNotify(queue);
    else this.#watch.kick(queue, () => this.device.queueNotify(queue));
  }

  /** Has the device look at every queue that is alive. */
  kickAll(): void {
    for (const { index } of this.queues) this.kick(index);
  }

  /** Reports a rule the driver broke. */
  fault(why: string): void {
    this.#watch?.fault(why);
    this.#parts.trace?.guestFault(this.#parts.name, why);
  }

  /** The device cannot go on without a reset. @spec virtio 1.2 §2.1.2 Device Requirements: Device Status Field */
  needsReset(why: string): void {
    this.fault(why);
    if (this.#status.needsReset() && this.#status.driverOk) this.#parts.configInterrupt();
  }

  #configure(change: () => RingFault | undefined): void {
    if (this.#status.state === 'resetting') {
      this.fault('a queue may not be configured while the device is being reset');
      return;
    }
    const fault = change();
    if (fault !== undefined) this.needsReset(fault.message);
  }

  #resetQueue(setup: QueueSetup): void {
    const life = this.#life;
    const queue = life?.queues[setup.index];
    const complete = (): void => {
      setup.completeReset();
      this.#parts.resetQueueRegisters?.(setup.index);
    };
    if (life === undefined || queue === undefined) {
      complete();
      return;
    }
    setup.beginReset();
    queue.detach();
    life.queues[setup.index] = undefined;
    this.device.queueReset?.(setup.index);
    if (queue.inFlight === 0) complete();
    else {
      queue.drained().then(() => {
        if (this.#life === life) complete();
      });
    }
  }

  /** A queue that was reset comes to life again, and buffers that are there already are looked at. */
  #enliven(setup: QueueSetup): RingFault | undefined {
    const life = this.#life;
    if (life === undefined || !setup.enabled) return undefined;
    const queue = this.#activateQueue(setup);
    if (isRingFault(queue)) return queue;
    life.queues[setup.index] = queue;
    this.kick(setup.index);
    return undefined;
  }

  #start(): void {
    if (this.#status.state !== 'running') {
      this.#parts.configInterrupt();
      return;
    }
    if (this.#resets === 0) this.#activate();
    else this.#activateWhenDrained();
  }

  /** The driver did not wait for its reset: the new life begins once nothing of the old one is left. */
  #activateWhenDrained(): void {
    const draining = this.#draining;
    draining.then(
      () => {
        if (draining === this.#draining && this.#status.state === 'running') this.#activate();
      },
      // The status field has been told, and the device asks for another reset.
      () => {},
    );
  }

  #activate(): void {
    const queues: (Virtqueue | undefined)[] = [];
    for (const setup of this.queues) {
      const outcome = setup.enabled ? this.#activateQueue(setup) : undefined;
      if (isRingFault(outcome)) {
        for (const queue of queues) queue?.detach();
        this.needsReset(outcome.message);
        return;
      }
      queues.push(outcome);
    }
    const life: Life = { queues };
    this.#life = life;
    this.device.activate(this.#context(life));
    this.#parts.runningChanged();
  }

  #activateQueue(setup: QueueSetup): Virtqueue | RingFault {
    const { memory } = this.#parts;
    if (this.#watch === undefined) return setup.activate(memory, this.#accepted);
    return this.#watch.activate(setup, this.#accepted, (seen) => setup.activate(memory, this.#accepted, seen));
  }

  #featuresObjection(): string | undefined {
    const objection = featureObjection(this.offered, this.#accepted);
    this.#watch?.judged(this.#accepted, objection);
    return objection;
  }

  #context(life: Life): DeviceContext {
    const alive = () => this.#life === life;
    return {
      memory: this.#parts.memory,
      features: this.#accepted,
      queue: (index) => life.queues[index],
      notifyUsed: (queue) => {
        if (alive() && queue.takeInterrupt()) this.#parts.queueInterrupt(queue.index);
      },
      notifyConfigChange: () => {
        this.#configChanged = true;
        if (alive()) this.#parts.configInterrupt();
      },
      needsReset: (why) => {
        if (alive()) this.needsReset(why);
      },
    };
  }

  #reset(): Promise<void> | undefined {
    const life = this.#life;
    this.#life = undefined;
    for (const queue of life?.queues ?? []) queue?.detach();
    for (const queue of this.queues) queue.reset();
    this.#accepted = 0n;
    this.#parts.resetRegisters();
    this.#parts.runningChanged();
    if (this.#status.value === 0) return undefined;
    this.#draining = this.#drain(this.#draining);
    return this.#draining;
  }

  async #drain(before: Promise<void>): Promise<void> {
    this.#resets += 1;
    try {
      await Promise.all([this.device.reset(), before.catch(() => {})]);
    } finally {
      this.#resets -= 1;
    }
  }
}
