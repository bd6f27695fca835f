/**
 * A virtqueue while the driver configures it: numbers the driver wrote, none of them believed yet. `activate` checks
 * them all and makes a `Virtqueue` of them, or says what is wrong.
 */
import type { DescriptorListener } from '../events.ts';
import { asGpa, type Gpa, type GuestMemory } from '../ports.ts';
import { BufferViews } from './buffer-views.ts';
import { LEGACY_FEATURE } from './features.ts';
import { PackedRingMemory } from './packed-ring-memory.ts';
import { PackedVirtqueue } from './packed-virtqueue.ts';
import {
  legacyAreas,
  MAX_QUEUE_SIZE,
  QUEUE_AREAS,
  type QueueArea,
  RING_FEATURE,
  type RingFormat,
  ringFormat,
} from './queue-layout.ts';
import { type RingFault, type RingFaultReason, ringFault } from './ring-fault.ts';
import { RingMemory } from './ring-memory.ts';
import { SplitVirtqueue } from './split-virtqueue.ts';
import type { Virtqueue } from './virtqueue.ts';

/** `reset` is as `configuring`, but that the queue may be enabled while the device runs. */
type SetupState = 'configuring' | 'enabled' | 'resetting' | 'reset';
type Transition = { readonly to: SetupState } | { readonly fault: RingFaultReason };

/** What a write of 0 or 1 to the enable register does in each state. @spec virtio 1.2 §4.1.4.3 Common configuration structure layout */
const ENABLE: { readonly [state in SetupState]: readonly [zero: Transition, one: Transition] } = {
  configuring: [{ to: 'configuring' }, { to: 'enabled' }],
  enabled: [{ fault: 'queue-disabled' }, { fault: 'queue-enabled-twice' }],
  resetting: [{ fault: 'queue-being-reset' }, { fault: 'queue-being-reset' }],
  reset: [{ to: 'reset' }, { to: 'enabled' }],
};

/** Sizes of a queue up to its maximum, and what a driver is told that chose another. */
const SIZES: {
  readonly [format in RingFormat]: { readonly fault: RingFaultReason; allows(size: number): boolean };
} = {
  split: { fault: 'queue-size', allows: isPowerOfTwo },
  packed: { fault: 'packed-queue-size', allows: (size) => size >= 1 },
};

/** The configuration of one queue. Setters return the fault when the driver may not do this now; nothing has changed then. */
export class QueueSetup {
  readonly index: number;
  /** Largest size the device offers, a power of two; the value of `size` after a reset. */
  readonly maxSize: number;
  #state: SetupState = 'configuring';
  #size: number;
  #addresses: { [area in QueueArea]: bigint } = { desc: 0n, driver: 0n, device: 0n };

  /** @throws RangeError when `maxSize` is not a power of two from 1 to 32768: our bug. */
  constructor(index: number, maxSize: number) {
    if (!isPowerOfTwo(maxSize) || maxSize > MAX_QUEUE_SIZE) throw new RangeError(`not a queue size: ${maxSize}`);
    this.index = index;
    this.maxSize = maxSize;
    this.#size = maxSize;
  }

  /** As the driver wrote it, 0 to 65535. */
  get size(): number {
    return this.#size;
  }

  /** The driver has enabled the queue; its configuration stands until a reset is complete. */
  get enabled(): boolean {
    return this.#state === 'enabled' || this.#state === 'resetting';
  }

  /** The driver resets the queue, and something of its old life is still under way. */
  get resetting(): boolean {
    return this.#state === 'resetting';
  }

  /** The driver has reset the queue and not enabled it again. */
  get wasReset(): boolean {
    return this.#state === 'reset';
  }

  /** Guest physical address of one part as the driver wrote it: u64. */
  address(area: QueueArea): bigint {
    return this.#addresses[area];
  }

  /** The driver chose a size, 0 to 65535. Faults: `queue-changed-while-enabled`, `queue-being-reset`. */
  setSize(size: number): RingFault | undefined {
    if (this.enabled) return this.#mayNotChange(`size ${size}`);
    this.#size = size;
    return undefined;
  }

  /** The driver placed a part at `address`, u64. Faults: `queue-changed-while-enabled`, `queue-being-reset`. */
  setAddress(area: QueueArea, address: bigint): RingFault | undefined {
    if (this.enabled) return this.#mayNotChange(`${area} at 0x${address.toString(16)}`);
    this.#addresses[area] = address;
    return undefined;
  }

  /**
   * The driver wrote `value` to the enable register; 1 enables. Faults: `queue-enabled-twice`, `queue-disabled`,
   * `queue-being-reset`, `queue-enable-value`.
   */
  writeEnable(value: number): RingFault | undefined {
    const transition = ENABLE[this.#state][value];
    if (transition === undefined) return ringFault('queue-enable-value', this.index, `${value}`);
    if ('fault' in transition) return ringFault(transition.fault, this.index, `wrote ${value}`);
    this.#state = transition.to;
    return undefined;
  }

  /**
   * The driver of the legacy interface placed all parts in one piece at `base`, the used ring at a multiple of `align`; that
   * enables the queue. Base 0 takes back what was not used yet. Faults: `queue-alignment`, `queue-enabled-twice`,
   * `queue-disabled`.
   *
   * @spec virtio 1.2 §2.7.2 Legacy Interfaces: A Note on Virtqueue Layout
   */
  placeLegacy(base: bigint, align: bigint): RingFault | undefined {
    if (base !== 0n && !isPowerOfTwo(Number(align))) {
      return ringFault('queue-alignment', this.index, `used ring at multiples of ${align}`);
    }
    const fault = this.writeEnable(base === 0n ? 0 : 1);
    if (fault === undefined && base !== 0n) this.#addresses = legacyAreas(base, this.#size, align);
    return fault;
  }

  /** The driver takes the queue away, whatever it was; a reset of it goes on. */
  takeAway(): void {
    if (!this.resetting) this.#state = 'configuring';
  }

  /** The driver resets this queue alone. @spec virtio 1.2 §2.6.1 Virtqueue Reset */
  beginReset(): void {
    this.#state = 'resetting';
  }

  /** Nothing of the queue's old life is left: as after power-on, and it may be enabled again. */
  completeReset(): void {
    this.reset();
    this.#state = 'reset';
  }

  /** Back to the state after power-on: not enabled, size `maxSize`, addresses 0. */
  reset(): void {
    this.#state = 'configuring';
    this.#size = this.maxSize;
    this.#addresses = { desc: 0n, driver: 0n, device: 0n };
  }

  /**
   * Makes the queue live. `features` are the negotiated ones: they choose ring format and suppression; `seen` is told of
   * the descriptors as they are read. Faults:
   * `queue-size`, `packed-queue-size`, `queue-alignment`, `queue-outside-ram`.
   *
   * @throws Error when the queue is not enabled: our bug.
   * @spec virtio 1.2 §2.7 Split Virtqueues
   * @spec virtio 1.2 §2.8 Packed Virtqueues
   */
  activate(memory: GuestMemory, features: bigint, seen?: DescriptorListener): Virtqueue | RingFault {
    if (!this.enabled) throw new Error(`queue ${this.index} is activated but not enabled`);
    const format = ringFormat(features);
    const size = this.#size;
    const { fault, allows } = SIZES[format];
    if (size > this.maxSize || !allows(size)) {
      return ringFault(fault, this.index, `size ${size}, at most ${this.maxSize}`);
    }
    const desc = this.#place(format, 'desc');
    if (typeof desc === 'object') return desc;
    const driver = this.#place(format, 'driver');
    if (typeof driver === 'object') return driver;
    const device = this.#place(format, 'device');
    if (typeof device === 'object') return device;

    const at = { desc, driver, device };
    const indirect = (features & RING_FEATURE.indirectDesc) !== 0n;
    const eventIdx = (features & RING_FEATURE.eventIdx) !== 0n;
    const inOrder = (features & RING_FEATURE.inOrder) !== 0n;
    const notifyOnEmpty = (features & LEGACY_FEATURE.notifyOnEmpty) !== 0n;
    const rules = { queue: this.index, size, buffers: new BufferViews(memory), indirect, seen };
    if (format === 'packed') {
      const ring = PackedRingMemory.map(memory, at, size);
      return ring === undefined ? this.#outsideRam() : new PackedVirtqueue(rules, ring, { eventIdx, inOrder });
    }
    const ring = RingMemory.map(memory, at, size);
    return ring === undefined
      ? this.#outsideRam()
      : new SplitVirtqueue(rules, ring, { eventIdx, notifyOnEmpty, inOrder });
  }

  #mayNotChange(what: string): RingFault {
    return ringFault(this.resetting ? 'queue-being-reset' : 'queue-changed-while-enabled', this.index, what);
  }

  #place(format: RingFormat, area: QueueArea): Gpa | RingFault {
    const { alignment, holds } = QUEUE_AREAS[format][area];
    const address = this.#addresses[area];
    if (address % alignment !== 0n) {
      const detail = `${holds} at 0x${address.toString(16)}, not a multiple of ${alignment}`;
      return ringFault('queue-alignment', this.index, detail);
    }
    return asGpa(address) ?? ringFault('queue-outside-ram', this.index, `${holds} at 0x${address.toString(16)}`);
  }

  #outsideRam(): RingFault {
    const parts = Object.entries(this.#addresses).map(([area, address]) => `${area} at 0x${address.toString(16)}`);
    return ringFault('queue-outside-ram', this.index, `${parts.join(', ')}, size ${this.#size}`);
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && (value & (value - 1)) === 0;
}
