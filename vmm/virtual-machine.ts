import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { MachineRequest } from '../devices/ports.ts';
import type { Counters, Counts } from '../ninep/counters.ts';
import { observeBoth } from '../ninep/observer.ts';
import { createSession } from '../ninep/session.ts';
import { traceLines } from '../ninep/trace.ts';
import type { Accelerator, CpuEntry } from './accelerator.ts';
import { chooseAccelerator } from './accelerators/choose.ts';
import { BootError } from './boot/boot-error.ts';
import { loadLinux, memoryNeeded } from './boot/load-linux.ts';
import { CONTROL_TAG, commandLine, ROOT_TAG, runsOurInit } from './boot-plan.ts';
import { checkConfig } from './check-config.ts';
import type { VirtualMachineConfig } from './config.ts';
import { type ExecOptions, type Execution, execute } from './control/exec.ts';
import { GuestControl } from './control/guest-control.ts';
import { Disposal } from './disposal.ts';
import { type MachineEnd, machineEnd } from './exit-status.ts';
import { faultNotices } from './fault-notices.ts';
import { type ConsoleListener, GuestConsole } from './guest-console.ts';
import { findGuestFiles } from './guest-files.ts';
import type { Hooks } from './hooks.ts';
import { DEFAULT_MEMORY } from './limits.ts';
import { Machine, type MachineShare } from './machine.ts';
import { MemorySizeError, memoryMap } from './memory-map.ts';
import { type OpenedExport, openExport, openRoot } from './shares.ts';
import { UsageError } from './usage-error.ts';

const SEED_BYTES = 32;

/** A Linux guest with shares of host directories. Made by `create`, used once: after its end make another. */
export class VirtualMachine {
  /** Resolves when the machine has ended, however that came about, and everything is given back. Never rejects. */
  readonly ended: Promise<MachineEnd>;
  readonly #accelerator: Accelerator;
  readonly #machine: Machine;
  readonly #entry: CpuEntry;
  readonly #control: GuestControl | undefined;
  readonly #disposal: Disposal;
  readonly #console: GuestConsole;
  readonly #counters: ReadonlyMap<string, Counters>;
  #state: 'created' | 'running' | 'ended' = 'created';
  #end: (end: MachineEnd) => void = () => {};

  private constructor(parts: MachineParts) {
    this.#accelerator = parts.accelerator;
    this.#machine = parts.machine;
    this.#entry = parts.entry;
    this.#control = parts.control;
    this.#disposal = parts.disposal;
    this.#console = parts.console;
    this.#counters = parts.counters;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    parts.requests.handle = (what) => void this.#finish(machineEnd(what));
    parts.failures.handle = (error) =>
      void this.#finish(machineEnd('error', `a device failed: ${error}`, describe(error)));
    parts.accelerator.onStop((stop) => {
      const end = stop.reason === 'error' ? machineEnd('error', stop.message, stop.report) : machineEnd(stop.reason);
      void this.#finish(end);
    });
  }

  /**
   * Opens the shares, loads the kernel and wires the machine; the guest does not run yet. Makes the default kernel and
   * root if they are needed and not in the cache.
   *
   * @throws UsageError where the configuration cannot be met; HostError where this host cannot run a machine. Nothing
   *   is left open then.
   */
  static async create(config: VirtualMachineConfig = {}, hooks: Hooks = {}): Promise<VirtualMachine> {
    checkConfig(config);
    const disposal = new Disposal();
    try {
      return new VirtualMachine(await assemble(config, hooks, disposal));
    } catch (error) {
      // What went wrong first is what the caller needs to know.
      await disposal.run().catch(() => {});
      if (error instanceof BootError || error instanceof MemorySizeError)
        throw new UsageError(error.message, { cause: error });
      throw error;
    }
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
   * Calls `listener` with what the guest writes to its first serial port; a returned promise holds the guest back. One
   * that throws is not called again, and a notice says why.
   */
  onConsole(listener: ConsoleListener): void {
    this.#console.listen(listener);
  }

  /** Types `bytes` on the guest's first serial port; resolves when the port has taken them, or the machine has ended. */
  writeConsole(bytes: Uint8Array): Promise<void> {
    return this.#console.type(bytes);
  }

  /** What each share with `counters` has been asked so far, by mount tag and message; stays readable after the end. */
  counters(): Readonly<Record<string, Counts>> {
    return Object.fromEntries([...this.#counters].map(([mountTag, counters]) => [mountTag, counters.read()]));
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
      this.#end(machineEnd('error', `${end.line}; while it was taken down: ${error}`, end.report ?? describe(error)));
    }
  }
}

/** What a virtual machine consists of, wired and ready to start. */
interface MachineParts {
  readonly accelerator: Accelerator;
  readonly machine: Machine;
  readonly entry: CpuEntry;
  readonly control: GuestControl | undefined;
  readonly disposal: Disposal;
  readonly console: GuestConsole;
  /** Of the shares that are counted, by mount tag. */
  readonly counters: ReadonlyMap<string, Counters>;
  readonly requests: { handle: (what: MachineRequest) => void };
  /** Errors of ours in what devices do on their own. */
  readonly failures: { handle: (error: unknown) => void };
}

async function assemble(config: VirtualMachineConfig, hooks: Hooks, disposal: Disposal): Promise<MachineParts> {
  const choice = await chooseAccelerator(config, hooks);
  const files = await findGuestFiles(config, hooks, choice);
  const { kernel, initrd, root } = files;
  const map = memoryMap(config.memory ?? DEFAULT_MEMORY, memoryNeeded(kernel, initrd?.length));
  const made = await choice.create({ ram: map.ram, cpus: config.cpus ?? 1 });
  const accelerator = disposal.take(made, (it) => it.close());

  const shares: MachineShare[] = [];
  const opened: OpenedExport[] = [];
  const counters = new Map<string, Counters>();
  const serve = (mountTag: string, exported: OpenedExport['exported'], counted?: Counters) => {
    const trace = hooks.trace && traceLines((line) => hooks.trace?.(`${mountTag}: ${line}`));
    const counting = counted?.observer();
    const observer = trace && counting ? observeBoth(trace, counting) : (trace ?? counting);
    const onBug = (error: unknown) => hooks.notice?.(`${mountTag}: internal error: ${describe(error)}`);
    const session = createSession(exported, { onBug, ...(observer && { observer }) });
    shares.push({ mountTag, handler: session });
  };
  if (root !== undefined) {
    const init = files.init === undefined ? undefined : await readFile(files.init);
    serve(
      ROOT_TAG,
      disposal.take(openRoot(root, init), (it) => it.close()),
    );
  }
  for (const share of config.shares ?? []) {
    const it = disposal.take(await openExport(share, (line) => hooks.notice?.(`${share.mountTag}: ${line}`)), (it) =>
      it.close(),
    );
    opened.push(it);
    if (it.counters !== undefined) counters.set(share.mountTag, it.counters);
    serve(share.mountTag, it.exported, it.counters);
  }
  const control = runsOurInit(root) && config.session !== 'shell' ? new GuestControl() : undefined;
  if (control !== undefined) serve(CONTROL_TAG, control.backend);

  const console = new GuestConsole((error) => hooks.notice?.(`a console listener failed: ${describe(error)}`));
  const requests = { handle: (_what: MachineRequest) => {} };
  const failures = { handle: (_error: unknown) => {} };
  const guarded = (work: () => void) => () => {
    try {
      work();
    } catch (error) {
      failures.handle(error);
    }
  };
  const machine = new Machine(accelerator, {
    map,
    shares,
    onConsole: (bytes) => console.transmit(bytes),
    onConsoleReady: () => console.readyForInput(),
    control: { request: (what) => requests.handle(what) },
    defer: (work) => void setImmediate(guarded(work)),
    ...(hooks.notice && { trace: faultNotices(hooks.notice) }),
  });
  console.connect(machine.serial);
  disposal.take(machine, (it) => it.quiesce());
  for (const it of opened) disposal.take(it, (it) => it.interrupt());
  disposal.take(accelerator, (it) => it.stop());

  const entry = loadLinux({
    kernel,
    ...(initrd && { initrd }),
    cmdline: commandLine(config, files),
    memory: accelerator.memory,
    map,
    cpus: config.cpus ?? 1,
    pciInterrupts: machine.pciInterrupts,
    rngSeed: randomBytes(SEED_BYTES),
  });
  return { accelerator, machine, entry, control, disposal, console, counters, requests, failures };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
