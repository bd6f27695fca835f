import { systemControlB } from '../../../devices/platform/odd-ports.ts';
import { Pit } from '../../../devices/platform/pit.ts';
import type { AccessWidth, BusTarget, InterruptLine, MessageSink } from '../../../devices/ports.ts';
import type { Accelerator, AcceleratorOptions, AccessHandler, CpuEntry, CpuStop } from '../../accelerator.ts';
import { ISA_IRQS, PORTS } from '../../memory-map.ts';
import { Core } from './core.ts';
import { FLAG_INTERRUPT } from './core-state.ts';
import { cpuReport } from './cpu-report.ts';
import { enterKernel } from './entry-state.ts';
import { GuestClock } from './guest-clock.ts';
import { InterruptControllers } from './interrupt-controllers.ts';
import { checkSoftwareLimits } from './limits.ts';
import { Slices } from './slices.ts';
import { SoftwareDoorbells } from './software-doorbells.ts';
import type { SoftwareHost } from './software-host.ts';
import { SoftwareRam } from './software-ram.ts';

/** Instructions after which the core looks at timers and interrupts; one more than it counts to. */
const ROUND = 100_004;

/** Instructions that an access to a device counts as, so that a round of accesses takes no longer than one of instructions. */
const ACCESS_COST = 100;

/** Accesses after which a round that did not end by its count never will in a time worth waiting for. */
const RUNAWAY = 2_000_000;

/** Executes a 32-bit guest in the CPU core of v86, on the thread of the devices. It needs nothing of the host but WebAssembly. */
export class SoftwareAccelerator implements Accelerator {
  readonly kind = 'software';
  /** Guest and devices take turns on one thread. */
  readonly concurrent = false;
  readonly memory: SoftwareRam;
  readonly doorbells = new SoftwareDoorbells();
  readonly messages: MessageSink;
  readonly clock: GuestClock;
  readonly #host: SoftwareHost;
  readonly #ramLength: number;
  /** What is made anew by a reset. */
  #parts: LifeParts;
  #handler: AccessHandler | undefined;
  #stopped: ((stop: CpuStop) => void) | undefined;
  /** Something went wrong where nothing may be thrown: within the core. */
  #failure: { readonly error: unknown } | undefined;
  #lastWords = '';
  /** Accesses since the core was last between two instructions. */
  #accesses = 0;
  /** What the CPU waits for before it goes on. */
  readonly #holds = new Set<Promise<void>>();
  #resetting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(made: MadeCore, ramLength: number, clock: GuestClock, host: SoftwareHost) {
    this.#host = host;
    this.#ramLength = ramLength;
    this.clock = clock;
    this.memory = new SoftwareRam(made.core, ramLength);
    this.messages = { send: (address, data) => this.#parts.interrupts.message(address, data) };
    this.#parts = this.#partsAround(made);
  }

  /** Everything of one life around a fresh core. */
  #partsAround({ core, calls }: MadeCore): LifeParts {
    calls.target = {
      read: (space, address, width) => this.#read(space, address, width),
      write: (space, address, width, value) => this.#write(space, address, width, value),
      pause: () => this.#betweenInstructions(),
      failed: (error) => this.#fail(error),
      log: (line) => {
        this.#lastWords = line;
      },
    };
    const pit = new Pit({ clock: this.clock, line: this.line(ISA_IRQS.timer) });
    return {
      core,
      calls,
      interrupts: new InterruptControllers(core, () => this.#hurry()),
      slices: new Slices({ run: () => this.#run() }, this.#host.defer),
      pit,
      controlB: systemControlB(pit),
    };
  }

  /**
   * Makes the CPU and its memory.
   *
   * Rejects with UsageError where the machine asked for is not one this CPU can be, with HostError where the core cannot be
   * made.
   */
  static async create(options: AcceleratorOptions, host: SoftwareHost): Promise<SoftwareAccelerator> {
    const length = ramLength(options);
    const clock = new GuestClock();
    return new SoftwareAccelerator(await makeCore(host, length, clock), length, clock, host);
  }

  /** Slices of guest time so far: an idle guest has few. */
  get sliceCount(): number {
    return this.#parts.slices.count;
  }

  line(gsi: number): InterruptLine {
    let current = false;
    return {
      set: (level) => {
        if (level === current) return;
        current = level;
        if (this.#closing === undefined) this.#parts.interrupts.setPin(gsi, level);
      },
    };
  }

  start(entry: CpuEntry, handler: AccessHandler): void {
    this.#handler = handler;
    enterKernel(this.#parts.core, entry);
    this.clock.resume();
    this.#parts.slices.resume();
  }

  onStop(callback: (stop: CpuStop) => void): void {
    this.#stopped = callback;
  }

  async pause(): Promise<void> {
    const { slices } = this.#parts;
    await slices.pause();
    // Resumed meanwhile; a slice with a clock that stands still would never end.
    if (!slices.running) this.clock.pause();
  }

  resume(): void {
    if (this.#handler === undefined) return;
    this.clock.resume();
    this.#parts.slices.resume();
  }

  /** The CPU is on this thread, so it stands anyway. */
  standStill(): () => void {
    return this.clock.hold();
  }

  async stop(): Promise<void> {
    this.#stopped = undefined;
    await this.#parts.slices.stop();
  }

  /** The core cannot be put back from within every state, a triple fault for one, so it is made anew. */
  reset(): Promise<void> {
    this.#resetting ??= this.#makeAnew().finally(() => {
      this.#resetting = undefined;
    });
    return this.#resetting;
  }

  async #makeAnew(): Promise<void> {
    this.#parts.core.close();
    this.#parts.calls.target = undefined;
    const made = await makeCore(this.#host, this.#ramLength, this.clock);
    this.doorbells.clear();
    this.#holds.clear();
    this.#handler = undefined;
    this.#failure = undefined;
    this.#lastWords = '';
    this.#accesses = 0;
    this.memory.moveTo(made.core);
    this.#parts = this.#partsAround(made);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.stop();
    await this.#resetting?.catch(() => {});
    this.#parts.core.close();
    this.memory.close();
  }

  /** One slice. */
  #run(): number | undefined {
    const { functions, state } = this.#parts.core;
    if (this.#holds.size > 0) return HELD_SLEEP_MS;
    try {
      this.doorbells.answer();
      this.memory.settle();
      functions.handle_irqs();
      const delay = functions.main_loop();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (state.get('in_hlt') === 0) return 0;
      if ((state.get('flags') & FLAG_INTERRUPT) === 0) return this.#end({ reason: 'halted' });
      return this.doorbells.waiting || this.memory.unsettled ? 0 : Math.max(delay, MINIMUM_SLEEP_MS);
    } catch (error) {
      return this.#end(this.#stopFor(error));
    }
  }

  /** The core is between two instructions, and asks for the next timer before it looks for interrupts. */
  #betweenInstructions(): number {
    try {
      this.#accesses = 0;
      this.doorbells.answer();
      this.memory.settle();
      const { pit, core } = this.#parts;
      return Math.min(pit.run(), core.functions.apic_timer(this.clock.monotonicMs()));
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  #read(space: 'pio' | 'mmio', address: number, width: AccessWidth): number {
    this.#charge();
    try {
      const own = space === 'pio' ? this.#own(address) : undefined;
      const value = own ? own.target.read(own.offset, width) : (this.#handler?.read(space, address, width) ?? 0);
      if (this.memory.unsettled) this.#hurry();
      return value;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  #write(space: 'pio' | 'mmio', address: number, width: AccessWidth, value: number): void {
    this.#charge();
    try {
      if (this.doorbells.write(space, address, width, value)) {
        this.#hurry();
        return;
      }
      const own = space === 'pio' ? this.#own(address) : undefined;
      if (own) own.target.write(own.offset, width, value);
      else this.#handler?.write(space, address, width, value);
      const hold = this.#handler?.takeHold?.();
      if (hold !== undefined) this.#holdUntil(hold);
      if (this.memory.unsettled) this.#hurry();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The ports of the timer, which come with the CPU. */
  #own(port: number): { readonly target: BusTarget; readonly offset: number } | undefined {
    if (port >= PORTS.pit.base && port < PORTS.pit.base + PORTS.pit.length) {
      return { target: this.#parts.pit, offset: port - PORTS.pit.base };
    }
    return port === PORTS.systemControlB.base ? { target: this.#parts.controlB, offset: 0 } : undefined;
  }

  /** The guest goes no further than to the end of the piece of code it is in. */
  #holdUntil(settled: Promise<void>): void {
    this.#holds.add(settled);
    this.#hurry();
    const release = () => {
      if (this.#holds.delete(settled)) this.#parts.slices.wake();
    };
    settled.then(release, release);
  }

  /** There is something to do before the guest goes on for long: the round of instructions under way is cut short. */
  #hurry(): void {
    const { slices } = this.#parts;
    if (slices.inside) this.#spend(ROUND);
    else slices.wake();
  }

  /** Lets the round of instructions under way end that much earlier. */
  #spend(instructions: number): void {
    const { state } = this.#parts.core;
    state.set('instruction_counter', state.get('instruction_counter') + instructions);
  }

  /**
   * Accounts for an access. A string instruction can make 2^32 of them before the core looks up again, so this is the
   * one place where the core is left by an exception; it is of no use afterwards.
   */
  #charge(): void {
    this.#spend(ACCESS_COST);
    this.#accesses++;
    if (this.#accesses > RUNAWAY)
      throw new RunawayError(`one instruction makes more than ${RUNAWAY} accesses to devices`);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#hurry();
  }

  #stopFor(error: unknown): CpuStop {
    if (error !== this.#failure?.error && isUndeliverableFault(error, this.#lastWords))
      return { reason: 'triple-fault' };
    const report = cpuReport(this.#parts.core.state);
    if (error === this.#failure?.error)
      return { reason: 'error', message: `internal error: ${describe(error)}`, report };
    const words = this.#lastWords === '' ? describe(error) : this.#lastWords.split('\n').join(' ');
    return { reason: 'error', message: `the software CPU gave up: ${words}`, report };
  }

  #end(stop: CpuStop): undefined {
    const callback = this.#stopped;
    this.#stopped = undefined;
    void this.#parts.slices.stop();
    callback?.(stop);
    return undefined;
  }
}

/** A guest does what would keep the thread for minutes. */
class RunawayError extends Error {
  override readonly name = 'RunawayError';
}

/**
 * Whether the core gave up since it could not deliver an exception: there is no handler for it, or delivering one raises the
 * next without end. It knows no double fault, so what ends a PC in a triple fault ends it here.
 */
function isUndeliverableFault(error: unknown, lastWords: string): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof WebAssembly.RuntimeError && /Unimplemented: #\w+ handler/.test(lastWords);
}

/** Longest sleep of a CPU that is held; it is woken before. */
const HELD_SLEEP_MS = 1000;

/** Shortest sleep of an idle guest: timers of the host are no finer. */
const MINIMUM_SLEEP_MS = 1;

/** Calls of the core before the machine around it exists go nowhere. */
interface LateCalls {
  target:
    | {
        read(space: 'pio' | 'mmio', address: number, width: AccessWidth): number;
        write(space: 'pio' | 'mmio', address: number, width: AccessWidth, value: number): void;
        pause(): number;
        log(line: string): void;
        failed(error: unknown): void;
      }
    | undefined;
}

/** A core, and where its calls go. */
interface MadeCore {
  readonly core: Core;
  readonly calls: LateCalls;
}

/** What executes from one power-on to the next. */
interface LifeParts extends MadeCore {
  readonly interrupts: InterruptControllers;
  readonly slices: Slices;
  readonly pit: Pit;
  readonly controlB: BusTarget;
}

async function makeCore(host: SoftwareHost, ramLength: number, clock: GuestClock): Promise<MadeCore> {
  const calls: LateCalls = { target: undefined };
  const core = await Core.create(await host.coreModule(), ramLength, {
    portRead: (port, width) => calls.target?.read('pio', port, width) ?? 0,
    portWrite: (port, width, value) => calls.target?.write('pio', port, width, value),
    memoryRead: (address, width) => calls.target?.read('mmio', address, width) ?? 0,
    memoryWrite: (address, width, value) => calls.target?.write('mmio', address, width, value),
    now: () => clock.monotonicMs(),
    pause: () => calls.target?.pause() ?? 0,
    log: (line) => calls.target?.log(line),
    failed: (error) => calls.target?.failed(error),
  });
  return { core, calls };
}

function ramLength({ ram, cpus }: AcceleratorOptions): number {
  checkSoftwareLimits({ cpus, memory: ram.reduce((sum, range) => sum + range.length, 0) });
  const [low, ...more] = ram;
  if (low === undefined || low.base !== 0 || more.length > 0) throw new Error('guest RAM is one range from address 0');
  return low.length;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
