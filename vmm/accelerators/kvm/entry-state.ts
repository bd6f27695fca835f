import type { Segment, Sregs, Vcpu } from 'node-kvm';
import type { CpuEntry } from '../../accelerator.ts';

/** @spec Intel SDM vol. 3 §2.5 Control Registers; AMD64 APM vol. 2 §3.1.7 Extended Feature Enable Register */
const CR0 = { PE: 1n << 0n, MP: 1n << 1n, ET: 1n << 4n, NE: 1n << 5n, WP: 1n << 16n, PG: 1n << 31n } as const;
const CR4 = { PAE: 1n << 5n } as const;
const EFER = { LME: 1n << 8n, LMA: 1n << 10n } as const;

/** Segment selectors a Linux kernel finds at its 64-bit entry. @spec Linux x86 boot protocol, 64-bit Boot Protocol */
const BOOT_CS = 0x10;
const BOOT_DS = 0x18;
const BOOT_TR = 0x20;

const flat = {
  base: 0n,
  limit: 0xffff_ffff,
  present: 1,
  dpl: 0,
  s: 1,
  g: 1,
  avl: 0,
  unusable: 0,
} as const;

const CODE_64: Segment = { ...flat, selector: BOOT_CS, type: 0xb, db: 0, l: 1 };
const CODE_32: Segment = { ...flat, selector: BOOT_CS, type: 0xb, db: 1, l: 0 };
const DATA: Segment = { ...flat, selector: BOOT_DS, type: 0x3, db: 1, l: 0 };
const BUSY_TSS: Segment = { ...flat, selector: BOOT_TR, limit: 0xffff, type: 0xb, s: 0, db: 0, l: 0, g: 0 };

/** MSRs a firmware would have left behind. @spec Intel SDM vol. 4 §2.1 Architectural MSRs */
const BOOT_MSRS = [
  /** IA32_MISC_ENABLE: fast strings. */
  { index: 0x1a0, data: 1n },
  /** IA32_MTRR_DEF_TYPE: MTRRs on, write-back by default. */
  { index: 0x2ff, data: 0x806n },
] as const;

/** x87 and SSE as after reset: all exceptions masked. @spec Intel SDM vol. 1 §8.1.5 x87 FPU Control Word, §10.2.3 MXCSR Control and Status Register */
const FPU_CONTROL_WORD = 0x37f;
const MXCSR = 0x1f80;

/** Puts a CPU where the boot protocol wants it at the kernel's entry. */
export function enterKernel(vcpu: Vcpu, entry: CpuEntry): void {
  const reset = vcpu.getSregs();
  vcpu.setSregs(entry.mode === 'long' ? longMode(reset, entry) : protectedMode(reset, entry));
  vcpu.setRegs({
    ...vcpu.getRegs(),
    rip: entry.rip,
    rsi: entry.bootParams,
    rsp: entry.rsp,
    /** Bit 1 always reads one; interrupts are off. */
    rflags: 2n,
  });
  vcpu.setFpu({ ...vcpu.getFpu(), fcw: FPU_CONTROL_WORD, mxcsr: MXCSR });
  vcpu.setMsrs([...BOOT_MSRS]);
}

function withSegments(sregs: Sregs, entry: CpuEntry, cs: Segment): Sregs {
  return {
    ...sregs,
    cs,
    ds: DATA,
    es: DATA,
    fs: DATA,
    gs: DATA,
    ss: DATA,
    tr: BUSY_TSS,
    gdt: { base: entry.gdt.base, limit: entry.gdt.length - 1 },
    idt: { base: 0n, limit: 0 },
  };
}

function longMode(sregs: Sregs, entry: CpuEntry): Sregs {
  if (entry.cr3 === undefined) throw new Error('long mode needs page tables');
  return {
    ...withSegments(sregs, entry, CODE_64),
    cr0: CR0.PE | CR0.MP | CR0.ET | CR0.NE | CR0.WP | CR0.PG,
    cr3: entry.cr3,
    cr4: CR4.PAE,
    efer: EFER.LME | EFER.LMA,
  };
}

function protectedMode(sregs: Sregs, entry: CpuEntry): Sregs {
  return { ...withSegments(sregs, entry, CODE_32), cr0: CR0.PE | CR0.ET | CR0.NE, cr3: 0n, cr4: 0n, efer: 0n };
}
