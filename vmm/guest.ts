import type { CpuEntry } from './accelerator.ts';
import { type ExecOptions, type Execution, execute } from './control/exec.ts';
import { describeError } from './describe-error.ts';
import { type MachineEnd, machineEnd } from './exit-status.ts';
import type { ConsoleListener } from './guest-console.ts';
import type { GuestParts } from './guest-parts.ts';
import { type GuestReset, type GuestResetCause, type GuestResetReason, RESET_LINES } from './guest-reset.ts';
import { RestartPace } from './restart-pace.ts';

/**
 * A guest from its first instruction to its end, wherever it runs: in Node or in a page. It may begin anew on the way; after
 * its end it is of no more use.
 */
export class Guest {
  /** Resolves when the machine has ended, however that came about, and everything is given back. Never rejects. */
  readonly ended: Promise<MachineEnd>;
  readonly #parts: GuestParts;
  readonly #pace = new RestartPace();
  readonly #resetListeners = new Set<(reset: GuestReset) => void>();
  #state: 'created' | 'running' | 'ended' = 'created';
  /** The kernel is loaded, and its first instruction waits for the owner's `resume`. */
  #waiting = false;
  #held = false;
  #resets = 0;
  #restarting: Promise<void> | undefined;
  #end: (end: MachineEnd) => void = () => {};

  /** @param parts what `wireGuest` made */
  protected constructor(parts: GuestParts) {
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    parts.requests.handle = (what) => {
      if (what === 'reset') this.#resetByGuest(what);
      // What a CPU does between its reset and its standstill, it does not do on a PC.
      else if (this.#restarting === undefined) void this.#finish(machineEnd(what));
    };
    parts.failures.handle = (error) =>
      void this.#finish(machineEnd('error', `a device failed: ${error}`, describeError(error)));
  }

  /** Starts the guest. Throws where that was done before, or the machine has ended. */
  start(): void {
    if (this.#state !== 'created') {
      const why = this.#state === 'running' ? 'runs already' : 'has ended; make another';
      throw new Error(`a machine starts once, and this one ${why}`);
    }
    this.#state = 'running';
    this.#execute(this.#parts.entry);
  }

  /**
   * Runs a program in the guest once its init is up; several may run at a time. Rejects if the guest ends first, or has
   * ended. Throws where nothing in the guest would take the command, and TypeError for an argv it could not take.
   */
  exec(argv: readonly string[], options?: ExecOptions): Execution {
    const { control } = this.#parts;
    if (control === undefined) {
      throw new Error("exec needs session 'commands' and our own init: leave out session, initrd and root.init");
    }
    return execute(control, argv, options);
  }

  /**
   * Calls `listener` with what the guest writes to its console device and its first serial port; a returned promise holds the guest back. One
   * that throws is not called again, and a notice says why.
   */
  onConsole(listener: ConsoleListener): void {
    this.#parts.console.listen(listener);
  }

  /** Types `bytes` on the guest's console device, or its first serial port; resolves when the guest's port has taken them, or the machine has ended. */
  writeConsole(bytes: Uint8Array): Promise<void> {
    return this.#parts.console.type(bytes);
  }

  /** Calls `listener` each time the guest begins anew, before its first instruction. It must not throw. */
  onReset(listener: (reset: GuestReset) => void): void {
    this.#resetListeners.add(listener);
  }

  /** The terminal the console is shown on has another size: a console device tells the guest, a serial port cannot. */
  resizeConsole(rows: number, columns: number): void {
    this.#parts.console.resize(rows, columns);
  }

  /** Resolves when no CPU executes; works while the guest spins. Rejects for a machine that was not started. */
  async pause(): Promise<void> {
    if (this.#state === 'created') throw new Error('a machine can be paused once it runs: call start() first');
    if (this.#state === 'ended') return;
    this.#held = true;
    await (this.#restarting?.catch(() => {}) ?? this.#parts.accelerator.pause());
  }

  /** Lets a paused guest go on, also while it is still being paused; otherwise does nothing. */
  resume(): void {
    if (this.#state !== 'running') return;
    this.#held = false;
    if (this.#waiting) this.#execute(this.#parts.load());
    else this.#parts.accelerator.resume();
  }

  /**
   * As the reset button does: the guest begins anew with the same kernel and devices, whatever it was doing. Resolves when it
   * has; one that is paused begins with `resume`. Commands of `exec` that have not ended are rejected. Rejects for a machine
   * that was not started, or has ended meanwhile.
   */
  async reset(): Promise<void> {
    if (this.#state === 'created') throw new Error('a machine can be reset once it runs: call start() first');
    await this.#restart('requested');
  }

  /** Ends the machine at once, as pulling the plug would; what the guest has not written is lost. Idempotent. */
  stop(): Promise<MachineEnd> {
    void this.#finish(machineEnd('stopped'));
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Executes from `entry`, which ends the machine where it cannot be. */
  #execute(entry: CpuEntry): void {
    const { accelerator, machine } = this.#parts;
    this.#waiting = false;
    this.#pace.started();
    accelerator.onStop((stop) => {
      if (stop.reason === 'triple-fault') this.#resetByGuest(stop.reason);
      else if (stop.reason === 'error') void this.#finish(machineEnd('error', stop.message, stop.report));
      else void this.#finish(machineEnd(stop.reason));
    });
    try {
      accelerator.start(entry, machine);
    } catch (error) {
      void this.#finish(machineEnd('error', `it could not be started: ${error}`));
      throw error;
    }
  }

  #resetByGuest(cause: GuestResetCause): void {
    if (this.#parts.onReboot === 'end') void this.#finish(machineEnd(cause));
    // Where that fails the machine ends, and its end says why.
    else this.#restart(cause).catch(() => {});
  }

  /** Begins anew; several who ask for it meanwhile get the same new life. */
  #restart(reason: GuestResetReason): Promise<void> {
    this.#restarting ??= this.#beginAnew(reason).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async #beginAnew(reason: GuestResetReason): Promise<void> {
    const { accelerator, machine, control, load } = this.#parts;
    try {
      this.#waiting = false;
      this.#stillThere();
      await accelerator.stop();
      this.#stillThere();
      await machine.reset();
      this.#stillThere();
      control?.restart(new Error(RESET_LINES[reason]));
      await accelerator.reset();
      if (reason !== 'requested') await this.#pace.wait();
      this.#stillThere();
      this.#resets += 1;
      for (const listener of this.#resetListeners) listener({ reason, count: this.#resets, line: RESET_LINES[reason] });
      this.#stillThere();
      if (this.#held) this.#waiting = true;
      else this.#execute(load());
    } catch (error) {
      void this.#finish(machineEnd('error', `it could not be reset: ${error}`, describeError(error)));
      throw error;
    }
  }

  #stillThere(): void {
    if (this.#state === 'ended') throw new Error('the machine has ended');
  }

  async #finish(end: MachineEnd): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    const { control, console, disposal } = this.#parts;
    try {
      this.#pace.cancel();
      control?.abandon(new Error(`the machine ended: ${end.line}`));
      console.end();
      await disposal.run();
      this.#end(end);
    } catch (error) {
      this.#end(
        machineEnd('error', `${end.line}; while it was taken down: ${error}`, end.report ?? describeError(error)),
      );
    }
  }
}
