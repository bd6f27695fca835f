/**
 * The CPU core of v86: one WebAssembly instance that interprets guest code, and translates what runs often into further
 * WebAssembly modules. Here it meets JavaScript: what it exports, what it imports, and how translations are linked.
 */
import { HostError } from '../../usage-error.ts';
import { CoreState } from './core-state.ts';

/** What the core asks of its machine. Ports and addresses are unsigned, values unsigned and no wider than the access. None may throw. */
export interface CoreCalls {
  portRead(port: number, width: 1 | 2 | 4): number;
  portWrite(port: number, width: 1 | 2 | 4, value: number): void;
  memoryRead(address: number, width: 1 | 2 | 4): number;
  memoryWrite(address: number, width: 1 | 2 | 4, value: number): void;
  /** Guest time in milliseconds, from any start. */
  now(): number;
  /** Between instructions: the machine does what is due. Returns milliseconds to the next timer. */
  pause(): number;
  /** A line of text from the core, before it gives up. */
  log(line: string): void;
  /** A translation could not be linked. */
  failed(error: unknown): void;
}

/** Functions of the core that are called from here, by the names v86 gives them. */
interface CoreFunctions {
  rust_init(): void;
  allocate_memory(bytes: number): number;
  v86_malloc(bytes: number): number;
  v86_free(address: number, bytes: number): void;
  reset_cpu(): void;
  update_state_flags(): void;
  main_loop(): number;
  handle_irqs(): void;
  device_raise_irq(irq: number): void;
  device_lower_irq(irq: number): void;
  apic_timer(now: number): number;
  get_apic_addr(): number;
  get_ioapic_addr(): number;
  jit_dirty_cache(start: number, end: number): void;
  codegen_finalize_finished(index: number, start: number, stateFlags: number): void;
  get_eflags(): number;
}

const FUNCTIONS: Readonly<Record<keyof CoreFunctions, true>> = {
  rust_init: true,
  allocate_memory: true,
  v86_malloc: true,
  v86_free: true,
  reset_cpu: true,
  update_state_flags: true,
  main_loop: true,
  handle_irqs: true,
  device_raise_irq: true,
  device_lower_irq: true,
  apic_timer: true,
  get_apic_addr: true,
  get_ioapic_addr: true,
  jit_dirty_cache: true,
  codegen_finalize_finished: true,
  get_eflags: true,
};

/** The table of functions: the core's own, then room for its translations. */
const TABLE = { own: 1024, translations: 900 } as const;

/**
 * Bytes the core's heap is grown by beforehand. Growing detaches every view of guest memory, also those of requests under way,
 * so it should not happen while a guest runs. The largest consumer are entry tables of 8 KiB for each page of code in
 * the core's TLB, which holds 10,000 entries.
 */
const HEADROOM = 128 * 2 ** 20;

/** One instance of the core with its RAM. */
export class Core {
  readonly memory: WebAssembly.Memory;
  readonly state: CoreState;
  readonly functions: CoreFunctions;
  /** Where guest RAM begins in the core's memory, a multiple of 4096. */
  readonly ramBase: number;
  #live = true;

  private constructor(memory: WebAssembly.Memory, functions: CoreFunctions, ramLength: number) {
    this.memory = memory;
    this.functions = functions;
    this.state = new CoreState(memory);
    functions.rust_init();
    this.state.set('memory_size', ramLength);
    this.ramBase = functions.allocate_memory(ramLength);
    const headroom = this.ramBase === 0 ? 0 : functions.v86_malloc(HEADROOM);
    if (headroom === 0) throw new RangeError('no memory');
    functions.v86_free(headroom, HEADROOM);
    this.state.set('acpi_enabled', 1);
    functions.reset_cpu();
  }

  /**
   * Makes a core with `ramLength` bytes of RAM, a multiple of 128 KiB below 2 GiB, all zero.
   *
   * @throws HostError where there is not enough memory, or the module is not the core it should be
   */
  static async create(module: WebAssembly.Module, ramLength: number, calls: CoreCalls): Promise<Core> {
    const table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE.own + TABLE.translations });
    let core: Core | undefined;
    const link = async (
      index: number,
      start: number,
      stateFlags: number,
      code: Uint8Array,
      jit: WebAssembly.Imports,
    ) => {
      try {
        const { instance } = await WebAssembly.instantiate(code, jit);
        if (core === undefined || !core.#live) return;
        table.set(TABLE.own + index, instance.exports.f);
        core.functions.codegen_finalize_finished(index, start, stateFlags);
      } catch (error) {
        calls.failed(error);
      }
    };
    let exports: Readonly<Record<string, unknown>> = {};
    let jit: WebAssembly.Imports = {};
    const bytes = (address: number, length: number) =>
      new Uint8Array((exports.memory as WebAssembly.Memory).buffer, address >>> 0, length >>> 0);
    const env = {
      __indirect_function_table: table,
      ...accesses(calls),
      microtick: () => calls.now(),
      run_hardware_timers: () => calls.pause(),
      get_rand_int: () => crypto.getRandomValues(new Int32Array(1))[0],
      stop_idling: () => {},
      cpu_event_halt: () => {},
      console_log_from_wasm: (address: number, length: number) =>
        calls.log(new TextDecoder().decode(bytes(address, length).slice())),
      codegen_finalize: (index: number, start: number, stateFlags: number, address: number, length: number) =>
        void link(index, start, stateFlags, bytes(address, length), jit),
      jit_clear_func: (index: number) => table.set(TABLE.own + index, null),
    };
    try {
      ({ exports } = await WebAssembly.instantiate(module, { env }));
      jit = { e: { ...exports, m: exports.memory } };
      core = new Core(memoryOf(exports), functionsOf(exports), ramLength);
      return core;
    } catch (cause) {
      if (cause instanceof HostError) throw cause;
      throw new HostError(
        `the software CPU cannot be made with ${ramLength / 2 ** 20} MiB of memory (${cause}): give it less`,
        { cause },
      );
    }
  }

  /** Translations still being linked are dropped from now on. */
  close(): void {
    this.#live = false;
  }
}

/** The imports for ports and memory that is no RAM: addresses and values come signed. */
function accesses(calls: CoreCalls) {
  const write = (address: number, value: number) => calls.memoryWrite(address >>> 0, 4, value >>> 0);
  const writes = (address: number, ...values: number[]) => {
    for (const [index, value] of values.entries()) write(address + 4 * index, value);
  };
  return {
    io_port_read8: (port: number) => calls.portRead(port, 1),
    io_port_read16: (port: number) => calls.portRead(port, 2),
    io_port_read32: (port: number) => calls.portRead(port, 4),
    io_port_write8: (port: number, value: number) => calls.portWrite(port, 1, value & 0xff),
    io_port_write16: (port: number, value: number) => calls.portWrite(port, 2, value & 0xffff),
    io_port_write32: (port: number, value: number) => calls.portWrite(port, 4, value >>> 0),
    mmap_read8: (address: number) => calls.memoryRead(address >>> 0, 1),
    mmap_read32: (address: number) => calls.memoryRead(address >>> 0, 4),
    mmap_write8: (address: number, value: number) => calls.memoryWrite(address >>> 0, 1, value & 0xff),
    mmap_write16: (address: number, value: number) => calls.memoryWrite(address >>> 0, 2, value & 0xffff),
    mmap_write32: write,
    mmap_write64: writes,
    mmap_write128: writes,
  };
}

function memoryOf(exports: Readonly<Record<string, unknown>>): WebAssembly.Memory {
  const { memory } = exports;
  if (memory === undefined) throw otherCore('memory');
  return memory as WebAssembly.Memory;
}

function functionsOf(exports: Readonly<Record<string, unknown>>): CoreFunctions {
  for (const name of Object.keys(FUNCTIONS)) if (typeof exports[name] !== 'function') throw otherCore(name);
  return exports as unknown as CoreFunctions;
}

function otherCore(name: string): HostError {
  return new HostError(
    `the package v86 has another core than expected, without ${name}: install the pinned one with npm ci`,
  );
}
