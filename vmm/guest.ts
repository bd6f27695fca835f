import type { Accelerator, CpuEntry } from './accelerator.ts';
import { type ExecOptions, type Execution, execute } from './control/exec.ts';
import type { GuestControl } from './control/guest-control.ts';
import { describeError } from './describe-error.ts';
import type { Disposal } from './disposal.ts';
import { type MachineEnd, machineEnd } from './exit-status.ts';
import type { ConsoleListener, GuestConsole } from './guest-console.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Machine } from './machine.ts';

/** A guest from its first instruction to its end, wherever it runs: in Node or in a page. Used once. */
export class Guest {
  /** Resolves when the machine has ended, however that came about, and everything is given back. Never rejects. */
  readonly ended: Promise<MachineEnd>;
  readonly #accelerator: Accelerator;
  readonly #machine: Machine;
  readonly #entry: CpuEntry;
  readonly #control: GuestControl | undefined;
  readonly #disposal: Disposal;
  readonly #console: GuestConsole;
  #state: 'created' | 'running' | 'ended' = 'created';
  #end: (end: MachineEnd) => void = () => {};

  /** @param parts what `wireGuest` made */
  protected constructor(parts: GuestParts) {
    this.#accelerator = parts.accelerator;
    this.#machine = parts.machine;
    this.#entry = parts.entry;
    this.#control = parts.control;
    this.#disposal = parts.disposal;
    this.#console = parts.console;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    parts.requests.handle = (what) => void this.#finish(machineEnd(what));
    parts.failures.handle = (error) =>
      void this.#finish(machineEnd('error', `a device failed: ${error}`, describeError(error)));
    parts.accelerator.onStop((stop) => {
      const end = stop.reason === 'error' ? machineEnd('error', stop.message, stop.report) : machineEnd(stop.reason);
      void this.#finish(end);
    });
  }

  /** Starts the guest. Throws where that was done before, or the machine has ended. */
  start(): void {
    if (this.#state !== 'created') {
      const why = this.#state === 'running' ? 'runs already' : 'has ended; make another';
      throw new Error(`a machine starts once, and this one ${why}`);
    }
    this.#state = 'running';
    try {
      this.#accelerator.start(this.#entry, this.#machine);
    } catch (error) {
      void this.#finish(machineEnd('error', `it could not be started: ${error}`));
      throw error;
    }
  }

  /**
   * Runs a program in the guest once its init is up; several may run at a time. Rejects if the guest ends first, or has
   * ended. Throws where nothing in the guest would take the command, and TypeError for an argv it could not take.
   */
  exec(argv: readonly string[], options?: ExecOptions): Execution {
    if (this.#control === undefined) {
      throw new Error("exec needs session 'commands' and our own init: leave out session, initrd and root.init");
    }
    return execute(this.#control, argv, options);
  }

  /**
   * Calls `listener` with what the guest writes to its console device and its first serial port; a returned promise holds the guest back. One
   * that throws is not called again, and a notice says why.
   */
  onConsole(listener: ConsoleListener): void {
    this.#console.listen(listener);
  }

  /** Types `bytes` on the guest's console device, or its first serial port; resolves when the guest's port has taken them, or the machine has ended. */
  writeConsole(bytes: Uint8Array): Promise<void> {
    return this.#console.type(bytes);
  }

  /** The terminal the console is shown on has another size: a console device tells the guest, a serial port cannot. */
  resizeConsole(rows: number, columns: number): void {
    this.#console.resize(rows, columns);
  }

  /** Resolves when no CPU executes; works while the guest spins. Rejects for a machine that was not started. */
  async pause(): Promise<void> {
    if (this.#state === 'created') throw new Error('a machine can be paused once it runs: call start() first');
    if (this.#state === 'running') await this.#accelerator.pause();
  }

  /** Lets a paused guest go on, also while it is still being paused; otherwise does nothing. */
  resume(): void {
    if (this.#state === 'running') this.#accelerator.resume();
  }

  /** Ends the machine at once, as pulling the plug would; what the guest has not written is lost. Idempotent. */
  stop(): Promise<MachineEnd> {
    void this.#finish(machineEnd('stopped'));
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #finish(end: MachineEnd): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    try {
      this.#control?.abandon(new Error(`the machine ended: ${end.line}`));
      this.#console.end();
      await this.#disposal.run();
      this.#end(end);
    } catch (error) {
      this.#end(
        machineEnd('error', `${end.line}; while it was taken down: ${error}`, end.report ?? describeError(error)),
      );
    }
  }
}
