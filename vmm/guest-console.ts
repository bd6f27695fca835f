/** Takes console output; a returned promise holds the guest's serial port back until it settles. */
export type ConsoleListener = (bytes: Uint8Array) => void | Promise<void>;

/** The serial port as the console sees it. */
interface Port {
  /** Takes as many bytes as it has room for, and says how many. */
  receive(bytes: Uint8Array): number;
  resumeOutput(): void;
}

/**
 * Between the guest's serial port and people: hands what the guest prints to whoever listens, no faster than the slowest
 * listener takes it, and types no faster than the guest reads.
 */
export class GuestConsole {
  readonly #listeners = new Set<ConsoleListener>();
  readonly #typed: { bytes: Uint8Array; readonly taken: () => void }[] = [];
  #port: Port | undefined;
  #busy = 0;

  connect(port: Port): void {
    this.#port = port;
  }

  /** Types `bytes`; resolves when the guest's serial port has taken them all, which may be never if the guest does not read. */
  type(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#typed.push({ bytes, taken: resolve });
      this.readyForInput();
    });
  }

  /** The serial port has room again. */
  readyForInput(): void {
    for (let next = this.#typed[0]; next !== undefined; next = this.#typed[0]) {
      next.bytes = next.bytes.subarray(this.#port?.receive(next.bytes) ?? 0);
      if (next.bytes.length > 0) return;
      this.#typed.shift();
      next.taken();
    }
  }

  listen(listener: ConsoleListener): void {
    this.#listeners.add(listener);
  }

  /** Passes bytes on; false when some listener is still busy with them. */
  transmit(bytes: Uint8Array): boolean {
    for (const listener of this.#listeners) {
      const taken = listener(bytes);
      if (taken instanceof Promise) void this.#waitFor(taken);
    }
    return this.#busy === 0;
  }

  async #waitFor(taken: Promise<void>): Promise<void> {
    this.#busy++;
    try {
      await taken;
    } catch {
      // A listener that failed takes no more part in flow control; its owner learns of the failure elsewhere.
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#port?.resumeOutput();
    }
  }
}
