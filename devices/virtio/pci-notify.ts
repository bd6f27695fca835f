/** The notification structure: where the driver rings, and the doorbells that spare it an exit. */
import type { AccessWidth, BusTarget, DoorbellPort, Gpa } from '../ports.ts';

/** Distance between the places where two queues are rung, in bytes. @spec virtio 1.2 §4.1.4.4 Notification structure layout */
export const NOTIFY_OFF_MULTIPLIER = 4;

/** What the notification structure of one device needs. */
export interface NotifyParts {
  readonly queues: number;
  /** Absent where kicks arrive as writes only. */
  readonly doorbells?: DoorbellPort | undefined;
  readonly kick: (queue: number) => void;
  /** Called for writes that are no doorbells, before `kick`: the queue rung, and what was written in how many bytes. */
  readonly written?: (queue: number, width: AccessWidth, value: number) => void;
}

/**
 * The notification structure. A write of any width and value in the four bytes of a queue rings it. While the device runs
 * and its BAR is mapped, each queue has a doorbell there; a write that takes the way of an ordinary access rings as well.
 *
 * @spec virtio 1.2 §4.1.5.2 Available Buffer Notifications
 */
export class NotifyStructure {
  readonly length: number;
  readonly target: BusTarget;
  readonly #parts: NotifyParts;
  #address: Gpa | undefined;
  #running = false;
  #unbind: (() => void)[] = [];

  constructor(parts: NotifyParts) {
    this.#parts = parts;
    this.length = parts.queues * NOTIFY_OFF_MULTIPLIER;
    this.target = {
      name: 'notify',
      read: () => 0,
      write: (offset, width, value) => {
        const queue = Math.floor(offset / NOTIFY_OFF_MULTIPLIER);
        parts.written?.(queue, width, value);
        parts.kick(queue);
      },
    };
  }

  /** The structure answers at `address` now, or nowhere. */
  moved(address: Gpa | undefined): void {
    this.#address = address;
    this.#rebind();
  }

  /** Queues came to life, or their life ended. */
  setRunning(running: boolean): void {
    if (running === this.#running) return;
    this.#running = running;
    this.#rebind();
  }

  #rebind(): void {
    for (const unbind of this.#unbind) unbind();
    this.#unbind = [];
    const { doorbells, queues, kick } = this.#parts;
    if (doorbells === undefined || this.#address === undefined || !this.#running) return;
    for (let queue = 0; queue < queues; queue++) {
      const address = (this.#address + queue * NOTIFY_OFF_MULTIPLIER) as Gpa;
      this.#unbind.push(doorbells.bind({ space: 'mmio', address, width: 0 }, () => kick(queue)));
    }
  }
}
