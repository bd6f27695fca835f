/** Resetting one queue the way a driver has to. */
import { DeviceRefused, type DriverTransport } from './driver-transport.ts';

/** A device that has not finished after this many turns never will. */
const RESET_TURNS = 10_000;

/**
 * Resets queue `index` and waits until the device has forgotten it; it may then be enabled again, in another place and size.
 *
 * @throws DeviceRefused when that does not come to an end, or the queue is still enabled then.
 * @spec virtio 1.2 §2.6.1 Virtqueue Reset
 */
export async function resetQueue(transport: DriverTransport, index: number): Promise<void> {
  transport.writeQueueReset(index, 1);
  for (let turn = 0; transport.readQueueReset(index) !== 0; turn += 1) {
    if (turn === RESET_TURNS) throw new DeviceRefused(`the device does not finish the reset of queue ${index}`);
    await transport.wait();
  }
  if (transport.queueEnabled(index)) throw new DeviceRefused(`queue ${index} is enabled after its reset`);
}
