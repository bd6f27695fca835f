import type { InternalErrorExit, Regs, Sregs } from 'node-kvm';

const GENERAL = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
] as const;
const SEGMENTS = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;

/**
 * Why a kvm_pvm host stops where others go on: below it there is no hardware virtualisation, so the guest's kernel is
 * interpreted, and the interpreter knows only part of the instruction set.
 */
export const PVM_EXPLANATION =
  'This host has kvm_pvm, which runs guest kernel code in an instruction emulator without popcnt, int3, xsave, stac/clac, ' +
  'most of SSE and others. A kernel must be built or started to avoid them, as the fixture kernel is; a host with ' +
  'VT-x or SVM runs any kernel.';

/** One line on what KVM could not do. */
export function internalErrorLine(exit: InternalErrorExit, rip: bigint): string {
  const what =
    exit.kind === 'emulation'
      ? `KVM could not emulate an instruction${exit.instruction ? ` (${bytes(exit.instruction)})` : ''}`
      : `KVM internal error ${exit.suberror} (${exit.kind})`;
  return `${what} at RIP ${hex(rip)}`;
}

/** The state of a CPU for people: general registers, control registers, segments, instruction bytes. */
export function cpuReport(cpu: number, regs: Regs, sregs: Sregs, instruction?: Uint8Array): string {
  const general = GENERAL.map((name) => `${name.padEnd(3)} ${hex(regs[name])}`);
  const lines = [`cpu ${cpu}`, `rip ${hex(regs.rip)}  rflags ${hex(regs.rflags)}`];
  for (let at = 0; at < general.length; at += 4) lines.push(general.slice(at, at + 4).join('  '));
  lines.push(
    `cr0 ${hex(sregs.cr0)}  cr2 ${hex(sregs.cr2)}  cr3 ${hex(sregs.cr3)}  cr4 ${hex(sregs.cr4)}  efer ${hex(sregs.efer)}`,
  );
  for (const name of SEGMENTS) {
    const { selector, base, limit, dpl } = sregs[name];
    lines.push(
      `${name}  selector ${selector.toString(16).padStart(4, '0')}  base ${hex(base)}  limit ${limit.toString(16).padStart(8, '0')}  dpl ${dpl}`,
    );
  }
  if (instruction) lines.push(`instruction ${bytes(instruction)}`);
  return lines.join('\n');
}

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

function bytes(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
