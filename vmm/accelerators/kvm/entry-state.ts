import type { Segment, Sregs, Vcpu } from 'node-kvm';
import type { CpuEntry } from '../../accelerator.ts';
import { BOOT_SEGMENTS, type SegmentRow } from '../../boot/segments.ts';

/** @spec Intel SDM vol. 3 §2.5 Control Registers; AMD64 APM vol. 2 §3.1.7 Extended Feature Enable Register */
const CR0 = { PE: 1n << 0n, MP: 1n << 1n, ET: 1n << 4n, NE: 1n << 5n, WP: 1n << 16n, PG: 1n << 31n } as const;
const CR4 = { PAE: 1n << 5n } as const;
const EFER = { LME: 1n << 8n, LMA: 1n << 10n } as const;

/** A row of the boot GDT as KVM wants it: the limit in bytes. */
function segment(row: SegmentRow): Segment {
  return {
    base: BigInt(row.base),
    limit: row.g === 1 ? (row.limit * 4096 + 4095) >>> 0 : row.limit,
    selector: row.selector,
    type: row.type,
    present: row.present,
    dpl: row.dpl,
    db: row.db,
    s: row.s,
    l: row.l,
    g: row.g,
    avl: 0,
    unusable: 0,
  };
}

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

/** Puts a CPU where the boot protocol wants it at the kernel's entry. @spec Linux x86 boot protocol, 64-bit Boot Protocol */
export function enterKernel(vcpu: Vcpu, entry: CpuEntry): void {
  vcpu.setSregs(entrySregs(vcpu.getSregs(), entry));
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

function entrySregs(reset: Sregs, entry: CpuEntry): Sregs {
  if (entry.mode !== 'long' || entry.cr3 === undefined) {
    throw new Error('KVM enters a kernel in 64-bit mode only, with page tables');
  }
  const data = segment(BOOT_SEGMENTS.data);
  return {
    ...reset,
    cs: segment(BOOT_SEGMENTS.code),
    ds: data,
    es: data,
    fs: data,
    gs: data,
    ss: data,
    tr: segment(BOOT_SEGMENTS.task),
    gdt: { base: entry.gdt.base, limit: entry.gdt.length - 1 },
    idt: { base: 0n, limit: 0 },
    cr0: CR0.PE | CR0.MP | CR0.ET | CR0.NE | CR0.WP | CR0.PG,
    cr3: entry.cr3,
    cr4: CR4.PAE,
    efer: EFER.LME | EFER.LMA,
  };
}
