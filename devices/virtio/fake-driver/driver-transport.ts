/**
 * What a driver needs of the way to its device, whatever that way is; and the initialisation every driver goes through.
 * The steps are separate, so that a driver that means harm can leave some out.
 */
import { RING_FEATURE } from '../queue-layout.ts';
import { STATUS } from '../status.ts';
import type { DriverQueueOptions, DriverVirtqueue, RingPlace } from './driver-virtqueue.ts';
import type { Arena } from './guest-ram.ts';
import { makeDriverQueue } from './make-driver-queue.ts';

/** The way from a driver to one device. */
export interface DriverTransport {
  /** @spec virtio 1.2 §5 Device Types */
  readonly deviceId: number;
  /** The driver came by the legacy interface: no FEATURES_OK, no choice of sizes, queues in one piece. */
  readonly legacy?: boolean;
  /** The device status field. */
  status: number;
  /** Feature bits the device offers. */
  readonly offered: bigint;
  /** Accepts these feature bits. */
  accept(features: bigint): void;
  /** Number of queues the device has. */
  readonly queueCount: number;
  /** Largest size of a queue; 0 when there is no such queue. Right until the driver chooses a size. */
  maxQueueSize(index: number): number;
  /** Tells the device size and addresses of a queue, and where to send its interrupts; then enables it. */
  enableQueue(index: number, ring: RingPlace): void;
  /** Whether the device has the queue enabled. */
  queueEnabled(index: number): boolean;
  /** Writes the reset register of a queue: 1 resets it. */
  writeQueueReset(index: number, value: number): void;
  /** Reads the reset register of a queue: 1 while its reset goes on. */
  readQueueReset(index: number): number;
  /** Rings for a queue; where `notificationData` is set, with what that says. */
  kick(index: number): void;
  /** How far the driver has come with a queue. Set by the driver that negotiated VIRTIO_F_NOTIFICATION_DATA. */
  notificationData: ((index: number) => number) | undefined;
  /** Reads device-specific configuration: unsigned, little-endian. */
  readConfig(offset: number, width: 1 | 2 | 4): number;
  /** Called with the number of the queue whose used buffers the device announces. Set by the driver. */
  onQueueInterrupt: (index: number) => void;
  /** Called when the device announces a change of configuration or status. Set by the driver. */
  onConfigInterrupt: () => void;
  /** Lets the device work on a reset: resolves after a turn of the event loop. */
  wait(): Promise<void>;
}

/** What a driver asks for. */
export interface DriverChoice {
  /** Device-specific features to accept where offered; VERSION_1 is always among them. */
  readonly features?: bigint;
  readonly packed?: boolean;
  readonly indirect?: boolean;
  readonly eventIdx?: boolean;
  readonly inOrder?: boolean;
  readonly notificationData?: boolean;
  readonly queueReset?: boolean;
  /** Size of each queue; the largest by default. */
  readonly queueSize?: number;
}

/** The device did not agree to something. */
export class DeviceRefused extends Error {
  override readonly name = 'DeviceRefused';
}

const VERSION_1 = 1n << 32n;
/** A device that has not finished a reset after this many turns never will. */
const RESET_TURNS = 10_000;

/**
 * Resets the device and waits until it has forgotten its old life.
 *
 * @throws DeviceRefused when it does not come to an end.
 * @spec virtio 1.2 §2.4 Device Reset
 */
export async function resetDevice(transport: DriverTransport): Promise<void> {
  transport.status = 0;
  for (let turn = 0; transport.status !== 0; turn += 1) {
    if (turn === RESET_TURNS) throw new DeviceRefused('the device does not finish its reset');
    await transport.wait();
  }
}

/** How a queue is used where these features were agreed on. */
export function queueOptions(features: bigint): Omit<DriverQueueOptions, 'size' | 'legacy'> {
  const agreed = (bit: bigint) => (features & bit) !== 0n;
  return {
    packed: agreed(RING_FEATURE.packed),
    indirect: agreed(RING_FEATURE.indirectDesc),
    eventIdx: agreed(RING_FEATURE.eventIdx),
    inOrder: agreed(RING_FEATURE.inOrder),
  };
}

/**
 * Brings a device to life and gives its queues.
 *
 * @throws DeviceRefused when it does not accept the features.
 * @spec virtio 1.2 §3.1.1 Driver Requirements: Device Initialization
 * @spec virtio 1.2 §3.1.2 Legacy Interface: Device Initialization
 */
export async function startDevice(
  transport: DriverTransport,
  arena: Arena,
  choice: DriverChoice = {},
): Promise<DriverVirtqueue[]> {
  await resetDevice(transport);
  transport.status = STATUS.ACKNOWLEDGE;
  transport.status |= STATUS.DRIVER;

  const { legacy = false } = transport;
  const wanted =
    (legacy ? 0n : VERSION_1) |
    (choice.features ?? 0n) |
    (choice.packed === true ? RING_FEATURE.packed : 0n) |
    (choice.indirect === true ? RING_FEATURE.indirectDesc : 0n) |
    (choice.eventIdx === true ? RING_FEATURE.eventIdx : 0n) |
    (choice.inOrder === true ? RING_FEATURE.inOrder : 0n) |
    (choice.notificationData === true ? RING_FEATURE.notificationData : 0n) |
    (choice.queueReset === true ? RING_FEATURE.ringReset : 0n);
  const accepted = wanted & transport.offered;
  transport.accept(accepted);
  if (!legacy) {
    transport.status |= STATUS.FEATURES_OK;
    if ((transport.status & STATUS.FEATURES_OK) === 0) {
      throw new DeviceRefused(`the device does not accept features 0x${accepted.toString(16)}`);
    }
  }

  const queues: DriverVirtqueue[] = [];
  for (let index = 0; index < transport.queueCount; index += 1) {
    const size = choice.queueSize ?? transport.maxQueueSize(index);
    const queue = makeDriverQueue(arena, { size, legacy, ...queueOptions(accepted) });
    transport.enableQueue(index, queue.ring);
    queues.push(queue);
  }
  const withData = (accepted & RING_FEATURE.notificationData) !== 0n;
  transport.notificationData = withData ? (index) => queues[index]?.next ?? 0 : undefined;
  transport.status |= STATUS.DRIVER_OK;
  return queues;
}
