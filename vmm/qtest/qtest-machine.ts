import { Bus } from '../../devices/bus.ts';
import { systemControlB } from '../../devices/platform/odd-ports.ts';
import { Pit } from '../../devices/platform/pit.ts';
import type { MachineRequest } from '../../devices/ports.ts';
import { describeMachine } from '../../trace/machine-description.ts';
import { OTHER_TABLES } from '../../trace/other-tables.ts';
import { QtestHost } from '../accelerators/qtest/qtest-host.ts';
import { checkConfig } from '../check-config.ts';
import type { VirtualMachineConfig } from '../config.ts';
import { describeError } from '../describe-error.ts';
import { deviceTrace } from '../device-trace.ts';
import { Disposal } from '../disposal.ts';
import { type MachineEnd, type MachineEndReason, machineEnd } from '../exit-status.ts';
import { GuestConsole } from '../guest-console.ts';
import type { Hooks } from '../hooks.ts';
import { HostCalls } from '../host-calls.ts';
import { DEFAULT_MEMORY } from '../limits.ts';
import { Machine } from '../machine.ts';
import type { MachineDevice } from '../machine-device.ts';
import { ISA_IRQS, type MemoryMap, MemorySizeError, memoryMap, PORTS } from '../memory-map.ts';
import { openDevices } from '../open-devices.ts';
import { byMmio } from '../plug-mmio.ts';
import { UsageError } from '../usage-error.ts';
import { AddressSpace } from './address-space.ts';
import type { QtestTarget } from './commands.ts';

/** What a machine without a CPU is made from. */
export interface QtestConfig
  extends Pick<VirtualMachineConfig, 'memory' | 'memoryBacking' | 'cpus' | 'shares' | 'devices'> {
  /** `none` has memory and nothing else. Default pc. */
  readonly machine?: 'pc' | 'none';
}

/** What happened to the machine, as those who watch it are told. */
export type MachineEvent =
  | { readonly kind: 'reset'; readonly byGuest: boolean }
  | { readonly kind: 'end'; readonly reason: MachineEndReason };

/** A machine without a CPU: ports, memory, interrupts and clock are driven from outside. Made by `create`. */
export class QtestMachine {
  /** Resolves when the machine has ended and everything is given back. Never rejects. */
  readonly ended: Promise<MachineEnd>;
  /** What clients drive. */
  readonly target: QtestTarget;
  readonly #machine: Machine | undefined;
  readonly #disposal: Disposal;
  readonly #watchers = new Set<(event: MachineEvent) => void>();
  #isEnded = false;
  #end: (end: MachineEnd) => void = () => {};

  private constructor(
    target: QtestTarget,
    machine: Machine | undefined,
    disposal: Disposal,
    requests: { handle: (what: MachineRequest) => void },
    failures: { handle: (error: unknown) => void },
  ) {
    this.target = target;
    this.#machine = machine;
    this.#disposal = disposal;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    requests.handle = (what) => this.#requested(what);
    failures.handle = (error) => this.fail(error);
  }

  /**
   * Opens the shares and wires the machine.
   *
   * @throws UsageError where the configuration cannot be met, HostError where the host has not the memory. Nothing is left
   *   open then.
   */
  static async create(config: QtestConfig, hooks: Hooks = {}): Promise<QtestMachine> {
    checkConfig(config);
    const disposal = new Disposal();
    try {
      const calls = hooks.events && new HostCalls(hooks.events);
      const console = new GuestConsole();
      const devices = await openDevices(config, { hooks, disposal, counters: new Map(), calls, console });
      const map = memoryMap(config.memory ?? DEFAULT_MEMORY);
      const host =
        config.memoryBacking === undefined
          ? QtestHost.create(map.ram)
          : disposal.take(await QtestHost.createShared(map.ram), (it) => it.close()).host;
      return QtestMachine.#wire(config, { map, host, devices }, hooks, disposal);
    } catch (error) {
      await disposal.run().catch(() => {});
      if (error instanceof MemorySizeError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }

  static #wire(
    config: QtestConfig,
    { map, host, devices }: { map: MemoryMap; host: QtestHost; devices: readonly MachineDevice[] },
    hooks: Hooks,
    disposal: Disposal,
  ): QtestMachine {
    const { clock, pins } = host;
    const requests = { handle: (_what: MachineRequest) => {} };
    const failures = { handle: (_error: unknown) => {} };
    if (config.machine === 'none') {
      const [ports, mmio] = [new Bus('ports', 0x1_0000), new Bus('mmio', 2 ** 52)];
      const target = { ports, memory: new AddressSpace(host.memory, mmio), clock, pins };
      return new QtestMachine(target, undefined, disposal, requests, failures);
    }
    const machine = new Machine(host, {
      map,
      devices,
      byMmio,
      ...(config.cpus === undefined ? {} : { cpus: config.cpus }),
      assignBars: false,
      // Nobody is at the serial port.
      onConsole: () => true,
      onConsoleReady: () => {},
      control: { request: (what) => requests.handle(what) },
      defer: (work) =>
        void setImmediate(() => {
          try {
            work();
          } catch (error) {
            failures.handle(error);
          }
        }),
      trace: deviceTrace(hooks),
    });
    hooks.events?.emit('', 'machine', { description: describeMachine(machine, map.ram, OTHER_TABLES) });
    disposal.take(machine, (it) => it.quiesce());
    // Nothing executes that would have to stand still.
    const letGo = hooks.inspector?.attach({ standStill: () => () => {} });
    if (letGo !== undefined) disposal.take(letGo, (it) => it());
    const pit = new Pit({ clock, line: host.line(ISA_IRQS.timer) });
    machine.ports.map(PORTS.pit.base, PORTS.pit.length, pit);
    machine.ports.map(PORTS.systemControlB.base, PORTS.systemControlB.length, systemControlB(pit));
    clock.watch(pit);
    const target = { ports: machine.ports, memory: new AddressSpace(host.memory, machine.mmio), clock, pins };
    return new QtestMachine(target, machine, disposal, requests, failures);
  }

  /** Calls `watcher` for what happens from now on. */
  watch(watcher: (event: MachineEvent) => void): void {
    this.#watchers.add(watcher);
  }

  /** Puts every device back to power-on; memory and clock stay as they are. Never rejects: what fails ends the machine. */
  reset(): Promise<void> {
    return this.#reset(false);
  }

  /** Ends the machine. Idempotent. */
  stop(): Promise<MachineEnd> {
    void this.#finish(machineEnd('stopped'));
    return this.ended;
  }

  /** Ends the machine because something of ours failed. */
  fail(error: unknown): void {
    void this.#finish(machineEnd('error', `a device failed: ${error}`, describeError(error)));
  }

  #requested(what: MachineRequest): void {
    // The access that asks for it is answered first.
    setImmediate(() => void (what === 'reset' ? this.#reset(true) : this.#finish(machineEnd(what))));
  }

  async #reset(byGuest: boolean): Promise<void> {
    if (this.#isEnded) return;
    try {
      await this.#machine?.reset();
      if (!this.#isEnded) this.#tell({ kind: 'reset', byGuest });
    } catch (error) {
      this.fail(error);
    }
  }

  async #finish(end: MachineEnd): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#tell({ kind: 'end', reason: end.reason });
    try {
      await this.#disposal.run();
      this.#end(end);
    } catch (error) {
      this.#end(machineEnd('error', `${end.line}; while it was taken down: ${error}`, describeError(error)));
    }
  }

  #tell(event: MachineEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
