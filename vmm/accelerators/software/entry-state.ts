import type { CpuEntry } from '../../accelerator.ts';
import { BOOT_SEGMENTS_32, type SegmentRow } from '../../boot/segments.ts';
import type { Core } from './core.ts';
import { SEGMENT_NAMES } from './core-state.ts';

/** @spec Intel SDM vol. 3 §2.5 Control Registers */
const CR0 = { PE: 1 << 0, ET: 1 << 4 } as const;

/** Bit 1 always reads one; interrupts are off. @spec Intel SDM vol. 1 §3.4.3 EFLAGS Register */
const EFLAGS = 0x2;

const ESP = 4;
const ESI = 6;

/** Puts the CPU where the boot protocol wants it at the kernel's entry. @spec The Linux/x86 Boot Protocol, 32-bit Boot Protocol */
export function enterKernel(core: Core, entry: CpuEntry): void {
  if (entry.mode !== 'protected') throw new Error('the software CPU enters a kernel in 32-bit protected mode only');
  const { state } = core;
  state.set('cr', CR0.PE | CR0.ET);
  state.set('protected_mode', 1);
  for (const [index, name] of SEGMENT_NAMES.entries()) {
    const row: SegmentRow = name === 'cs' ? BOOT_SEGMENTS_32.code : BOOT_SEGMENTS_32.data;
    state.set('sreg', row.selector, index);
    state.set('segment_is_null', 0, index);
    state.set('segment_offsets', row.base, index);
    state.set('segment_limits', row.g === 1 ? row.limit * 4096 + 4095 : row.limit, index);
    state.set('segment_access_bytes', row.type | (row.s << 4) | (row.dpl << 5) | (row.present << 7), index);
  }
  state.set('is_32', 1);
  state.set('stack_size_32', 1);
  state.set('gdtr_offset', Number(entry.gdt.base));
  state.set('gdtr_size', entry.gdt.length - 1);
  state.set('flags', EFLAGS);
  state.set('reg32', Number(entry.rsp), ESP);
  state.set('reg32', Number(entry.bootParams), ESI);
  state.set('instruction_pointer', Number(entry.rip));
  core.functions.update_state_flags();
}
