import { expect, test } from '@jest/globals';
import type { InternalErrorExit, Regs, Segment, Sregs } from 'node-kvm';
import { cpuReport, internalErrorLine } from './internal-error.ts';

const exit = (given: Partial<InternalErrorExit>): InternalErrorExit => ({
  reason: 'internal-error',
  suberror: 1,
  kind: 'emulation',
  data: [],
  instruction: undefined,
  ...given,
});

const REGS: Regs = {
  rax: 0xffff_ffff_ffff_ffffn,
  rbx: 1n,
  rcx: 2n,
  rdx: 3n,
  rsi: 4n,
  rdi: 5n,
  rsp: 6n,
  rbp: 7n,
  r8: 8n,
  r9: 9n,
  r10: 10n,
  r11: 11n,
  r12: 12n,
  r13: 13n,
  r14: 14n,
  r15: 15n,
  rip: 0xffff_ffff_8100_0000n,
  rflags: 2n,
};

const segment: Segment = {
  base: 0n,
  limit: 0xffff_ffff,
  selector: 0x10,
  type: 0xb,
  present: 1,
  dpl: 3,
  db: 0,
  s: 1,
  l: 1,
  g: 1,
  avl: 0,
  unusable: 0,
};

const SREGS: Sregs = {
  cs: segment,
  ds: segment,
  es: segment,
  fs: segment,
  gs: segment,
  ss: segment,
  tr: segment,
  ldt: segment,
  gdt: { base: 0n, limit: 0 },
  idt: { base: 0n, limit: 0 },
  cr0: 0x8000_0011n,
  cr2: 0n,
  cr3: 0x9000n,
  cr4: 0x20n,
  cr8: 0n,
  efer: 0x500n,
  apicBase: 0n,
  interruptBitmap: [0n, 0n, 0n, 0n],
};

test.each<[Partial<InternalErrorExit>, string]>([
  [
    { instruction: Uint8Array.of(0xf3, 0x0f, 0xb8, 0xc3) },
    'KVM could not emulate an instruction (f3 0f b8 c3) at RIP ffffffff81000000',
  ],
  [{}, 'KVM could not emulate an instruction at RIP ffffffff81000000'],
  [{ suberror: 3, kind: 'delivery-event' }, 'KVM internal error 3 (delivery-event) at RIP ffffffff81000000'],
])('%j', (given, line) => {
  expect(internalErrorLine(exit(given), REGS.rip)).toBe(line);
});

test('the report shows every register once, in lines for a terminal', () => {
  expect(cpuReport(1, REGS, SREGS, Uint8Array.of(0x0f, 0x0b)).split('\n')).toEqual([
    'cpu 1',
    'rip ffffffff81000000  rflags 0000000000000002',
    'rax ffffffffffffffff  rbx 0000000000000001  rcx 0000000000000002  rdx 0000000000000003',
    'rsi 0000000000000004  rdi 0000000000000005  rbp 0000000000000007  rsp 0000000000000006',
    'r8  0000000000000008  r9  0000000000000009  r10 000000000000000a  r11 000000000000000b',
    'r12 000000000000000c  r13 000000000000000d  r14 000000000000000e  r15 000000000000000f',
    'cr0 0000000080000011  cr2 0000000000000000  cr3 0000000000009000  cr4 0000000000000020  efer 0000000000000500',
    ...['cs', 'ss', 'ds', 'es', 'fs', 'gs'].map(
      (name) => `${name}  selector 0010  base 0000000000000000  limit ffffffff  dpl 3`,
    ),
    'instruction 0f 0b',
  ]);
  expect(cpuReport(0, REGS, SREGS)).not.toContain('instruction');
});
