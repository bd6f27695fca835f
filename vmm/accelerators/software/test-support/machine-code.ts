/** The few instructions the tiny guests consist of, for 32-bit protected mode. @spec Intel SDM vol. 2 Instruction Set Reference */

/** A little-endian dword. */
export function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

export const cli = [0xfa];
export const sti = [0xfb];
export const hlt = [0xf4];
export const nop = [0x90];
export const ret = [0xc3];
export const iret = [0xcf];
export const ud2 = [0x0f, 0x0b];
export const jmpSelf = [0xeb, 0xfe];
/** Back to the start of `code`, which precedes it. */
export const again = (code: readonly number[]) => [...code, 0xe9, ...u32(-(code.length + 5))];
export const movEax = (value: number) => [0xb8, ...u32(value)];
export const movEbx = (value: number) => [0xbb, ...u32(value)];
export const movEcx = (value: number) => [0xb9, ...u32(value)];
export const movEdx = (value: number) => [0xba, ...u32(value)];
export const movEdi = (value: number) => [0xbf, ...u32(value)];
/** Writes AL, AX or EAX to port DX. */
export const out = { 1: [0xee], 2: [0x66, 0xef], 4: [0xef] } as const;
/** Reads port DX into AL, AX or EAX. */
export const into = { 1: [0xec], 2: [0x66, 0xed], 4: [0xed] } as const;
/** Stores AL, AX or EAX at [EBX]. */
export const store = { 1: [0x88, 0x03], 2: [0x66, 0x89, 0x03], 4: [0x89, 0x03] } as const;
/** Loads AL, AX or EAX from [EBX]. */
export const load = { 1: [0x8a, 0x03], 2: [0x66, 0x8b, 0x03], 4: [0x8b, 0x03] } as const;
/** MOVQ MM0 from and to [EBX]. */
export const loadMmx = [0x0f, 0x6f, 0x03];
export const storeMmx = [0x0f, 0x7f, 0x03];
/** INC dword [address]. */
export const incMemory = (address: number) => [0xff, 0x05, ...u32(address)];
/** MOV dword [address], value. */
export const storeAt = (address: number, value: number) => [0xc7, 0x05, ...u32(address), ...u32(value)];
/** LIDT [address]. */
export const lidt = (address: number) => [0x0f, 0x01, 0x1d, ...u32(address)];
/** Calls an absolute address by ESI. */
export const call = (address: number) => [0xbe, ...u32(address), 0xff, 0xd6];
/** Runs `body`, which keeps ECX, `times` times. */
export const repeat = (times: number, body: readonly number[]) => [
  ...movEcx(times),
  ...body,
  0x49,
  0x0f,
  0x85,
  ...u32(-(body.length + 7)),
];
/** REP STOSB. */
export const repStosb = [0xf3, 0xaa];
