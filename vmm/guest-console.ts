/** Takes console output; a returned promise holds the guest's serial port back until it settles. */
export type ConsoleListener = (bytes: Uint8Array) => void | Promise<void>;

/** A serial port as the console sees it. */
interface Port {
  /** Takes as many bytes as it has room for, and says how many. */
  receive(bytes: Uint8Array): number;
  resumeOutput(): void;
}

/** A port that knows the size of the terminal it is shown on. */
interface TerminalPort extends Port {
  resize(rows: number, columns: number): void;
}

/**
 * Between the guest's ports and people: hands what the guest prints to whoever listens, no faster than the slowest
 * listener takes it, and types no faster than the guest reads. What is printed on any port is shown; what is typed goes to
 * the terminal where there is one, and waits until the guest has opened that, else to the serial port.
 */
export class GuestConsole {
  readonly #listeners = new Set<ConsoleListener>();
  readonly #failed: (error: unknown) => void;
  readonly #typed: { bytes: Uint8Array; readonly taken: () => void }[] = [];
  #port: Port | undefined;
  #terminal: TerminalPort | undefined;
  #busy = 0;
  #ended = false;

  /** @param failed is told what a listener threw; that listener hears no more, the guest goes on */
  constructor(failed: (error: unknown) => void = () => {}) {
    this.#failed = failed;
  }

  connect(port: Port): void {
    this.#port = port;
  }

  /** There is a port made for people beside the serial one. */
  connectTerminal(port: TerminalPort): void {
    this.#terminal = port;
  }

  /** The terminal the console is shown on has another size; without a port that can tell it, nobody hears of it. */
  resize(rows: number, columns: number): void {
    this.#terminal?.resize(rows, columns);
  }

  /**
   * Types `bytes`, which must not change meanwhile; resolves when the guest's port has taken them all, or the
   * machine has ended.
   */
  type(bytes: Uint8Array): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#typed.push({ bytes, taken: resolve });
      if (this.#typed.length === 1) this.readyForInput();
    });
  }

  /** A port has room again. */
  readyForInput(): void {
    for (let next = this.#typed[0]; next !== undefined; next = this.#typed[0]) {
      next.bytes = next.bytes.subarray((this.#terminal ?? this.#port)?.receive(next.bytes) ?? 0);
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
      try {
        const taken = listener(bytes);
        if (taken !== undefined && typeof taken.then === 'function') void this.#waitFor(listener, taken);
      } catch (error) {
        this.#drop(listener, error);
      }
    }
    return this.#busy === 0;
  }

  /** The machine is gone: what was typed and not read is dropped. */
  end(): void {
    this.#ended = true;
    for (const { taken } of this.#typed.splice(0)) taken();
  }

  async #waitFor(listener: ConsoleListener, taken: Promise<void>): Promise<void> {
    this.#busy++;
    try {
      await taken;
    } catch (error) {
      this.#drop(listener, error);
    }
    this.#busy--;
    if (this.#busy > 0) return;
    this.#port?.resumeOutput();
    this.#terminal?.resumeOutput();
  }

  #drop(listener: ConsoleListener, error: unknown): void {
    if (this.#listeners.delete(listener)) this.#failed(error);
  }
}
