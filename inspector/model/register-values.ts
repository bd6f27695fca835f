/** Registers by their tables: which one an access touches, and what value the bytes that were seen give. */
import type { MachineDescription, TableDescription } from '../../trace/machine-description.ts';

/** A row of a table. */
export type RegisterFacts = TableDescription['registers'][number];

/** A byte that was never seen. */
export const UNSEEN = -1;

/** The table of a name. */
export function tableNamed(description: MachineDescription | undefined, name: string): TableDescription | undefined {
  return description?.tables.find((table) => table.name === name);
}

/** The registers an access touches, in order of offsets. */
export function registersAt(table: TableDescription, offset: number, width: number): RegisterFacts[] {
  return table.registers.filter((register) => register.at < offset + width && offset < register.at + register.width);
}

/** Byte `index` of a value of up to 8 bytes. */
export function byteOf(value: number | bigint, index: number): number {
  return typeof value === 'bigint'
    ? Number((value >> BigInt(8 * index)) & 0xffn)
    : Math.floor(value / 2 ** (8 * index)) % 256;
}

/** The value of bytes, lowest first; undefined where one of them was never seen. */
export function valueAt(bytes: readonly number[], at: number, width: number): bigint | undefined {
  let value = 0n;
  for (let index = width - 1; index >= 0; index -= 1) {
    const byte = bytes[at + index] ?? UNSEEN;
    if (byte === UNSEEN) return undefined;
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

/** The bits of a register that software may change, or clear. */
export function writeMask({ access, width, mask }: RegisterFacts): bigint {
  if (access === 'ro' || access === 'rc') return 0n;
  return mask === undefined ? (1n << BigInt(8 * width)) - 1n : BigInt(mask);
}

/** What a byte becomes when `written` goes to it; `mask` are the bits of it that take writes. */
export function writtenByte(access: RegisterFacts['access'], old: number, written: number, mask: number): number {
  if (mask === 0) return old;
  if (old === UNSEEN) return mask === 0xff && access !== 'w1c' ? written : UNSEEN;
  return access === 'w1c' ? old & ~(written & mask) : (old & ~mask) | (written & mask);
}

/** One bit, or one field of several. */
export interface BitValue {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly value: bigint;
}

/** The bits of a value that have names, lowest first. */
export function bitsOf(bits: RegisterFacts['bits'], value: bigint): BitValue[] {
  return Object.entries(bits)
    .map(([name, at]) => {
      const [first, last] = typeof at === 'number' ? [at, at] : at;
      const mask = (1n << BigInt(last - first + 1)) - 1n;
      return { name, first, last, value: (value >> BigInt(first)) & mask };
    })
    .sort((a, b) => a.first - b.first);
}
