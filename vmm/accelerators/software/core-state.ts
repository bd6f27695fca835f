/**
 * Where the core keeps the state of its CPU: offsets into its memory, part of what the pinned version of v86 is. Only what
 * is set at entry, looked at between slices or put into a report.
 */

/** A group of values of one type. */
interface StateRow {
  /** Bytes from the start of the core's memory. */
  readonly at: number;
  readonly type: 'u8' | 'u16' | 'i32';
  readonly count: number;
  readonly doc: string;
}

/** The state, by the names v86 uses. */
export const CORE_STATE = {
  reg32: { at: 64, type: 'i32', count: 8, doc: 'EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI' },
  flags: { at: 120, type: 'i32', count: 1, doc: 'EFLAGS; those of arithmetic are computed when asked for' },
  segment_access_bytes: { at: 512, type: 'u8', count: 8, doc: 'type, S, DPL and P of the segments' },
  acpi_enabled: { at: 552, type: 'u8', count: 1, doc: '1: there are a local APIC and an IOAPIC' },
  instruction_pointer: { at: 556, type: 'i32', count: 1, doc: 'EIP plus the base of CS' },
  previous_ip: { at: 560, type: 'i32', count: 1, doc: 'the same for the instruction under way' },
  gdtr_size: { at: 572, type: 'i32', count: 1, doc: 'limit of the GDT' },
  gdtr_offset: { at: 576, type: 'i32', count: 1, doc: 'address of the GDT' },
  cr: { at: 580, type: 'i32', count: 8, doc: 'CR0 to CR7' },
  cpl: { at: 612, type: 'u8', count: 1, doc: 'privilege level' },
  in_hlt: { at: 616, type: 'u8', count: 1, doc: '1: halted' },
  instruction_counter: { at: 664, type: 'i32', count: 1, doc: 'instructions executed, modulo 2^32' },
  sreg: { at: 668, type: 'u16', count: 8, doc: 'ES, CS, SS, DS, FS, GS, TR, LDTR' },
  segment_is_null: { at: 724, type: 'u8', count: 8, doc: '1: no segment loaded' },
  segment_offsets: { at: 736, type: 'i32', count: 8, doc: 'bases of the segments' },
  segment_limits: { at: 768, type: 'i32', count: 8, doc: 'limits of the segments in bytes' },
  protected_mode: { at: 800, type: 'i32', count: 1, doc: 'CR0.PE' },
  is_32: { at: 804, type: 'i32', count: 1, doc: 'D of CS' },
  stack_size_32: { at: 808, type: 'i32', count: 1, doc: 'B of SS' },
  memory_size: { at: 812, type: 'i32', count: 1, doc: 'bytes of RAM' },
} as const satisfies Record<string, StateRow>;

/** A group of the state. */
export type StateName = keyof typeof CORE_STATE;

/** The names of the segments in the order of `sreg`. */
export const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;

/** The names of the registers in the order of `reg32`. */
export const REGISTER_NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

/** EFLAGS.IF: maskable interrupts are taken. @spec Intel SDM vol. 1 §3.4.3.3 System Flags and IOPL Field */
export const FLAG_INTERRUPT = 1 << 9;

/** Reads and writes the state in place. */
export class CoreState {
  readonly #memory: WebAssembly.Memory;
  #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
  }

  /** A value of a group, signed for `i32`. */
  get(name: StateName, index = 0): number {
    const { at, type } = CORE_STATE[name];
    const view = this.#live();
    if (type === 'u8') return view.getUint8(at + index);
    return type === 'u16' ? view.getUint16(at + 2 * index, true) : view.getInt32(at + 4 * index, true);
  }

  /** Sets a value of a group, cut to its width. */
  set(name: StateName, value: number, index = 0): void {
    const { at, type } = CORE_STATE[name];
    const view = this.#live();
    if (type === 'u8') view.setUint8(at + index, value);
    else if (type === 'u16') view.setUint16(at + 2 * index, value, true);
    else view.setInt32(at + 4 * index, value, true);
  }

  #live(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }
}
