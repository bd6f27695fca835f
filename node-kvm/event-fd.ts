import { closedError, translated } from './error.ts';
import { addon, type NativeEventFd } from './native.ts';
import { checkU64 } from './struct.ts';

const mostAddable = 0xffff_ffff_ffff_fffen;

/**
 * A Linux eventfd: a counter in the kernel that KVM (ioeventfd) or JavaScript adds to, and that KVM (irqfd) or
 * JavaScript empties. Non-blocking and close-on-exec.
 */
export class EventFd {
  #native: NativeEventFd | undefined;

  /** Throws {@link KvmError} (`ioctl` is 'eventfd') where the kernel refuses. */
  constructor() {
    const { EventFd: Native } = addon();
    this.#native = translated(() => new Native());
  }

  /** The descriptor, which stays this object's. Throws {@link KvmError} EBADF once closed. */
  get fd(): number {
    return this.#open('eventfd').fd;
  }

  get closed(): boolean {
    return this.#native === undefined;
  }

  /** Adds `count` (1 to 2^64 - 2). Throws {@link KvmError} EAGAIN where the counter would overflow. */
  signal(count = 1n): void {
    checkU64(count, 'count');
    if (count < 1n || count > mostAddable) throw new RangeError(`count: ${count} is not in 1 to ${mostAddable}`);
    const native = this.#open('write');
    translated(() => native.signal(count));
  }

  /** Empties the counter and returns what it held; 0n where it was empty. */
  read(): bigint {
    const native = this.#open('read');
    return translated(() => native.read());
  }

  /**
   * Calls `callback` on the event loop with the count whenever the counter is above zero, emptying it; undefined ends
   * that. While a callback is set the event loop is kept alive, unless `unref()` was called. What the callback throws
   * becomes an uncaught exception.
   */
  onSignal(callback: ((count: bigint) => void) | undefined): void {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`onSignal: a function or undefined is needed, not ${typeof callback}`);
    }
    const native = this.#open('uv_poll_start');
    translated(() => native.listen(callback));
  }

  /** Lets a callback keep the event loop alive (the default). */
  ref(): this {
    this.#native?.setReferenced(true);
    return this;
  }

  /** Stops a callback from keeping the event loop alive. */
  unref(): this {
    this.#native?.setReferenced(false);
    return this;
  }

  /** Ends the callback and closes the descriptor; what KVM holds of the eventfd lives on. Closing twice is harmless. */
  close(): void {
    this.#native?.close();
    this.#native = undefined;
  }

  #open(operation: string): NativeEventFd {
    if (this.#native === undefined) throw closedError(operation, 'EventFd');
    return this.#native;
  }
}
