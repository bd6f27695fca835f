import { array, bytes, type Field, type Row, struct, u8, u16, u32, u64, type ValueOf } from './struct.ts';

/** Rows for consecutive u64 members. */
function u64s<const Names extends readonly string[]>(
  names: Names,
  from = 0,
): { readonly [Name in Names[number]]: Row<bigint> } {
  return Object.fromEntries(names.map((name, index) => [name, [from + index * 8, u64] as const])) as {
    [Name in Names[number]]: Row<bigint>;
  };
}

/** Rows for consecutive u8 members. */
function u8s<const Names extends readonly string[]>(
  names: Names,
  from = 0,
): { readonly [Name in Names[number]]: Row<number> } {
  return Object.fromEntries(names.map((name, index) => [name, [from + index, u8] as const])) as {
    [Name in Names[number]]: Row<number>;
  };
}

/** @spec KVM API §4.11 KVM_GET_REGS */
export const regs = struct(
  'kvm_regs',
  144,
  u64s([
    'rax',
    'rbx',
    'rcx',
    'rdx',
    'rsi',
    'rdi',
    'rsp',
    'rbp',
    'r8',
    'r9',
    'r10',
    'r11',
    'r12',
    'r13',
    'r14',
    'r15',
    'rip',
    'rflags',
  ]),
);
/** General registers. */
export type Regs = ValueOf<typeof regs>;

const segment = struct('kvm_segment', 24, {
  base: [0, u64],
  limit: [8, u32],
  selector: [12, u16],
  ...u8s(['type', 'present', 'dpl', 'db', 's', 'l', 'g', 'avl', 'unusable'], 14),
});
/** A segment register with its hidden part; `limit` is in bytes whatever `g` says. */
export type Segment = ValueOf<typeof segment>;

const descriptorTable = struct('kvm_dtable', 16, { base: [0, u64], limit: [8, u16] });
/** GDTR or IDTR. */
export type DescriptorTable = ValueOf<typeof descriptorTable>;

/** @spec KVM API §4.13 KVM_GET_SREGS */
export const sregs = struct('kvm_sregs', 312, {
  cs: [0, segment],
  ds: [24, segment],
  es: [48, segment],
  fs: [72, segment],
  gs: [96, segment],
  ss: [120, segment],
  tr: [144, segment],
  ldt: [168, segment],
  gdt: [192, descriptorTable],
  idt: [208, descriptorTable],
  ...u64s(['cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer', 'apicBase'], 224),
  interruptBitmap: [280, array(u64, 4)],
});
/** Segment and control registers; `interruptBitmap` has at most one bit set, the interrupt pending injection. */
export type Sregs = ValueOf<typeof sregs>;

/** @spec KVM API §4.22 KVM_GET_FPU */
export const fpu = struct('kvm_fpu', 416, {
  fpr: [0, array(bytes(16), 8)],
  fcw: [128, u16],
  fsw: [130, u16],
  ftwx: [132, u8],
  lastOpcode: [134, u16],
  lastIp: [136, u64],
  lastDp: [144, u64],
  xmm: [152, array(bytes(16), 16)],
  mxcsr: [408, u32],
});
/** x87 and SSE state; `ftwx` is the tag word in the form FXSAVE uses. */
export type Fpu = ValueOf<typeof fpu>;

/** @spec KVM API §4.31 KVM_GET_VCPU_EVENTS */
export const vcpuEvents = struct('kvm_vcpu_events', 64, {
  exception: [
    0,
    struct('exception', 8, { ...u8s(['injected', 'nr', 'hasErrorCode', 'pending']), errorCode: [4, u32] }),
  ],
  interrupt: [8, struct('interrupt', 4, u8s(['injected', 'nr', 'soft', 'shadow']))],
  nmi: [12, struct('nmi', 4, u8s(['injected', 'pending', 'masked']))],
  sipiVector: [16, u32],
  flags: [20, u32],
  smi: [24, struct('smi', 4, u8s(['smm', 'pending', 'smmInsideNmi', 'latchedInit']))],
  tripleFaultPending: [28, u8],
  exceptionHasPayload: [55, u8],
  exceptionPayload: [56, u64],
});
/** Exceptions, interrupts, NMIs and SMIs under way. */
export type VcpuEvents = ValueOf<typeof vcpuEvents>;

/** @spec KVM API §4.33 KVM_GET_DEBUGREGS */
export const debugRegs = struct('kvm_debugregs', 128, {
  db: [0, array(u64, 4)],
  dr6: [32, u64],
  dr7: [40, u64],
  flags: [48, u64],
});
/** The debug registers DR0 to DR3, DR6 and DR7. */
export type DebugRegs = ValueOf<typeof debugRegs>;

const xcr = struct('kvm_xcr', 16, { xcr: [0, u32], value: [8, u64] });
/** One extended control register. */
export type Xcr = ValueOf<typeof xcr>;

/** @spec KVM API §4.44 KVM_GET_XCRS */
export const xcrs = struct('kvm_xcrs', 392, { count: [0, u32], flags: [4, u32], xcrs: [8, array(xcr, 16)] });

/** @spec KVM API §4.38 KVM_GET_MP_STATE */
export const mpState = struct('kvm_mp_state', 4, { state: [0, u32] });

/** @spec KVM API §4.57 KVM_GET_LAPIC */
export const lapic = struct('kvm_lapic_state', 1024, { regs: [0, bytes(1024)] });

/** @spec KVM API §4.87 KVM_SET_GUEST_DEBUG */
export const guestDebug = struct('kvm_guest_debug', 72, { control: [0, u32], debugRegs: [8, array(u64, 8)] });
/** What `setGuestDebug` takes: KVM_GUESTDBG bits (1 enable, 2 single step) and eight debug registers. */
export type GuestDebug = ValueOf<typeof guestDebug>;

/** @spec KVM API §4.16 KVM_INTERRUPT */
export const interrupt = struct('kvm_interrupt', 4, { irq: [0, u32] });

/** @spec KVM API §4.46 KVM_GET_SUPPORTED_CPUID */
export const cpuidEntry = struct('kvm_cpuid_entry2', 40, {
  function: [0, u32],
  index: [4, u32],
  flags: [8, u32],
  eax: [12, u32],
  ebx: [16, u32],
  ecx: [20, u32],
  edx: [24, u32],
});
/** One CPUID leaf; bit 0 of `flags` says that `index` matters. */
export type CpuidEntry = ValueOf<typeof cpuidEntry>;

/** @spec KVM API §4.18 KVM_GET_MSRS */
export const msrEntry = struct('kvm_msr_entry', 16, { index: [0, u32], data: [8, u64] });
/** One model-specific register. */
export type MsrEntry = ValueOf<typeof msrEntry>;

/** @spec KVM API §4.29 KVM_GET_CLOCK */
export const clockData = struct('kvm_clock_data', 48, {
  clock: [0, u64],
  flags: [8, u32],
  realtime: [16, u64],
  hostTsc: [24, u64],
});
/** The guest's clock in nanoseconds; `realtime` and `hostTsc` hold where `flags` has bit 2 and bit 3. */
export type ClockData = ValueOf<typeof clockData>;

/** @spec KVM API §4.71 KVM_CREATE_PIT2 */
export const pitConfig = struct('kvm_pit_config', 64, { flags: [0, u32] });

/** @spec KVM API §4.26 KVM_GET_IRQCHIP */
export const irqchip = struct('kvm_irqchip', 520, { chip: [0, u32], state: [8, bytes(512)] });

/** @spec KVM API §4.25 KVM_IRQ_LINE */
export const irqLevel = struct('kvm_irq_level', 8, { irq: [0, u32], level: [4, u32] });

/** @spec KVM API §4.71 KVM_SIGNAL_MSI */
export const msi = struct('kvm_msi', 32, { address: [0, u64], data: [8, u32], flags: [12, u32], deviceId: [16, u32] });

/** @spec KVM API §4.75 KVM_IRQFD */
export const irqfd = struct('kvm_irqfd', 32, { fd: [0, u32], gsi: [4, u32], flags: [8, u32], resampleFd: [12, u32] });

/** @spec KVM API §4.59 KVM_IOEVENTFD */
export const ioeventfd = struct('kvm_ioeventfd', 64, {
  datamatch: [0, u64],
  address: [8, u64],
  length: [16, u32],
  fd: [20, u32],
  flags: [24, u32],
});

/** @spec KVM API §4.37 KVM_ENABLE_CAP */
export const enableCap = struct('kvm_enable_cap', 104, {
  capability: [0, u32],
  flags: [4, u32],
  args: [8, array(u64, 4)],
});

/** @spec KVM API §4.40 KVM_SET_IDENTITY_MAP_ADDR */
export const identityMap = struct('identity_map_addr', 8, { address: [0, u64] });

const routeHead = { gsi: [0, u32], type: [4, u32] } as const;
/** An entry of KVM_SET_GSI_ROUTING that leads to a pin of an irqchip. @spec KVM API §4.52 KVM_SET_GSI_ROUTING */
export const irqchipRoute = struct('kvm_irq_routing_irqchip', 48, { ...routeHead, irqchip: [16, u32], pin: [20, u32] });
/** An entry of KVM_SET_GSI_ROUTING that becomes a message. @spec KVM API §4.52 KVM_SET_GSI_ROUTING */
export const msiRoute = struct('kvm_irq_routing_msi', 48, { ...routeHead, address: [16, u64], data: [24, u32] });

/** A structure that ends in an array: a header whose first word is the count, then the entries. */
export interface Counted<T> {
  encode(entries: readonly T[]): Uint8Array;
  /** Room for `count` entries, for the kernel to fill. */
  room(count: number): Uint8Array;
  decode(source: Uint8Array): T[];
}

/** The codec for a counted structure. `header` is 4 or 8 bytes. */
export function counted<T>(name: string, header: 4 | 8, entry: Field<T>): Counted<T> {
  function room(count: number): Uint8Array {
    const target = new Uint8Array(header + count * entry.size);
    new DataView(target.buffer).setUint32(0, count, true);
    return target;
  }
  return {
    room,
    encode(entries) {
      if (!Array.isArray(entries)) throw new TypeError(`${name}: an array is needed`);
      const target = room(entries.length);
      const view = new DataView(target.buffer);
      entries.forEach((item: T, index) => {
        entry.write(view, header + index * entry.size, item, `${name}[${index}]`);
      });
      return target;
    },
    decode(source) {
      const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
      const count = Math.min(view.getUint32(0, true), Math.floor((source.byteLength - header) / entry.size));
      return Array.from({ length: count }, (_, index) => entry.read(view, header + index * entry.size));
    },
  };
}

/** struct kvm_cpuid2 */
export const cpuid2 = counted('kvm_cpuid2', 8, cpuidEntry);
/** struct kvm_msrs */
export const msrs = counted('kvm_msrs', 8, msrEntry);
/** struct kvm_msr_list */
export const msrList = counted('kvm_msr_list', 4, u32);
