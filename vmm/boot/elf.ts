/** ELF files: the header and the segments to be loaded. */
import { BootError } from './boot-error.ts';
import { firstFieldBeyond, type RecordTable, readRecord, recordLength } from './record.ts';

/** The bytes that say which kind of ELF file follows. @spec System V ABI, Object Files, ELF Identification */
export const ELF_IDENT = {
  ei_magic: { at: 0, width: 4, doc: '0x7F "ELF"' },
  ei_class: { at: 4, width: 1, doc: '1 for 32 bit, 2 for 64 bit' },
  ei_data: { at: 5, width: 1, doc: '1 for little-endian' },
  ei_version: { at: 6, width: 1, doc: '1' },
  e_type: { at: 16, width: 2, doc: 'object file type' },
  e_machine: { at: 18, width: 2, doc: 'architecture' },
} as const satisfies RecordTable;

/** The header of a 64-bit file. @spec System V ABI, Object Files, ELF Header */
export const ELF64_HEADER = {
  ...ELF_IDENT,
  e_version: { at: 20, width: 4, doc: '1' },
  e_entry: { at: 24, width: 8, doc: 'entry point; physical in a Linux kernel' },
  e_phoff: { at: 32, width: 8, doc: 'offset of the program headers' },
  e_shoff: { at: 40, width: 8, doc: 'offset of the section headers' },
  e_flags: { at: 48, width: 4, doc: 'flags' },
  e_ehsize: { at: 52, width: 2, doc: 'bytes of this header' },
  e_phentsize: { at: 54, width: 2, doc: 'bytes of one program header' },
  e_phnum: { at: 56, width: 2, doc: 'number of program headers' },
} as const satisfies RecordTable;

/** A program header of a 64-bit file. @spec System V ABI, Program Loading, Program Header */
export const ELF64_PROGRAM_HEADER = {
  p_type: { at: 0, width: 4, doc: 'segment type' },
  p_flags: { at: 4, width: 4, doc: 'flags' },
  p_offset: { at: 8, width: 8, doc: 'offset of the bytes in the file' },
  p_vaddr: { at: 16, width: 8, doc: 'virtual address' },
  p_paddr: { at: 24, width: 8, doc: 'physical address' },
  p_filesz: { at: 32, width: 8, doc: 'bytes in the file' },
  p_memsz: { at: 40, width: 8, doc: 'bytes in memory; those beyond p_filesz are zero' },
  p_align: { at: 48, width: 8, doc: 'alignment' },
} as const satisfies RecordTable;

/** The header of a 32-bit file. @spec System V ABI, Object Files, ELF Header */
export const ELF32_HEADER = {
  ...ELF_IDENT,
  e_version: { at: 20, width: 4, doc: '1' },
  e_entry: { at: 24, width: 4, doc: 'entry point; physical in a Linux kernel' },
  e_phoff: { at: 28, width: 4, doc: 'offset of the program headers' },
  e_shoff: { at: 32, width: 4, doc: 'offset of the section headers' },
  e_flags: { at: 36, width: 4, doc: 'flags' },
  e_ehsize: { at: 40, width: 2, doc: 'bytes of this header' },
  e_phentsize: { at: 42, width: 2, doc: 'bytes of one program header' },
  e_phnum: { at: 44, width: 2, doc: 'number of program headers' },
} as const satisfies RecordTable;

/** A program header of a 32-bit file. @spec System V ABI, Program Loading, Program Header */
export const ELF32_PROGRAM_HEADER = {
  p_type: { at: 0, width: 4, doc: 'segment type' },
  p_offset: { at: 4, width: 4, doc: 'offset of the bytes in the file' },
  p_vaddr: { at: 8, width: 4, doc: 'virtual address' },
  p_paddr: { at: 12, width: 4, doc: 'physical address' },
  p_filesz: { at: 16, width: 4, doc: 'bytes in the file' },
  p_memsz: { at: 20, width: 4, doc: 'bytes in memory; those beyond p_filesz are zero' },
  p_flags: { at: 24, width: 4, doc: 'flags' },
  p_align: { at: 28, width: 4, doc: 'alignment' },
} as const satisfies RecordTable;

/** Values of the identification and header fields. */
export const ELF_VALUES = {
  magic: 0x464c_457f,
  class32: 1,
  class64: 2,
  littleEndian: 1,
  typeExecutable: 2,
  machine386: 3,
  machineX8664: 62,
  segmentLoad: 1,
  segmentInterpreter: 3,
} as const;

/** Program headers looked at; a kernel has about five. */
const MOST_PROGRAM_HEADERS = 64;

/** A segment to be loaded: bytes of the file, then zeros. */
export interface ElfSegment {
  /** Physical address. */
  readonly address: number;
  /** A view of the file. */
  readonly bytes: Uint8Array;
  /** Bytes in memory, at least `bytes.length`. */
  readonly memoryLength: number;
}

/** What a kernel needs in memory. */
export interface ElfProgram {
  /** Physical address of the first instruction, within one of the segments. */
  readonly entry: number;
  /** In ascending order of address, not overlapping, at least one. */
  readonly segments: readonly ElfSegment[];
  /** Physical address just after the last segment. */
  readonly end: number;
}

/**
 * Reads the segments of a 64-bit x86 kernel. The result keeps views of `file`.
 *
 * @throws BootError `damaged` where the file contradicts itself, `not-a-kernel` for a program of user space
 */
export function parseElf64(file: Uint8Array): ElfProgram {
  const header = headerValues(ELF64_HEADER, file);
  return program(file, header, programHeaders(ELF64_PROGRAM_HEADER, file, header));
}

/**
 * Reads the segments of a 32-bit x86 kernel. The result keeps views of `file`.
 *
 * @throws BootError as `parseElf64`
 */
export function parseElf32(file: Uint8Array): ElfProgram {
  const header = headerValues(ELF32_HEADER, file);
  return program(file, header, programHeaders(ELF32_PROGRAM_HEADER, file, header));
}

/** What is read of either kind of header. */
interface ElfHeader {
  readonly e_entry: bigint;
  readonly e_phoff: bigint;
  readonly e_phentsize: number;
  readonly e_phnum: number;
}

/** What is read of either kind of program header. */
interface ProgramHeader {
  readonly p_type: number;
  readonly p_offset: bigint;
  readonly p_vaddr: bigint;
  readonly p_paddr: bigint;
  readonly p_filesz: bigint;
  readonly p_memsz: bigint;
}

function program(file: Uint8Array, header: ElfHeader, rows: readonly ProgramHeader[]): ElfProgram {
  const loads = rows.filter((row) => row.p_type === ELF_VALUES.segmentLoad && row.p_memsz > 0n);
  const segments = loads.map((row, index) => segment(file, row, index)).sort((a, b) => a.address - b.address);
  const last = segments.at(-1);
  if (last === undefined) throw damaged('the ELF file has no segment to load');
  for (const [index, next] of segments.slice(1).entries()) {
    const before = segments[index];
    if (before !== undefined && before.address + before.memoryLength > next.address) {
      throw damaged(`ELF segments overlap at address ${hex(next.address)}`);
    }
  }
  return { entry: entryAddress(header.e_entry, loads), segments, end: last.address + last.memoryLength };
}

function headerValues(table: typeof ELF64_HEADER | typeof ELF32_HEADER, file: Uint8Array): ElfHeader {
  const missing = firstFieldBeyond(table, file.length);
  if (missing !== undefined) throw damaged(`the file ends before the ELF header's ${missing}`);
  const { e_entry, e_phoff, e_phentsize, e_phnum } = readRecord<typeof ELF64_HEADER | typeof ELF32_HEADER>(table, file);
  return { e_entry: BigInt(e_entry), e_phoff: BigInt(e_phoff), e_phentsize, e_phnum };
}

function programHeaders(
  table: typeof ELF64_PROGRAM_HEADER | typeof ELF32_PROGRAM_HEADER,
  file: Uint8Array,
  header: ElfHeader,
): ProgramHeader[] {
  const { e_phoff, e_phentsize, e_phnum } = header;
  if (e_phnum === 0) throw damaged('the ELF file has no program headers: it is an object file, not a linked kernel');
  if (e_phnum > MOST_PROGRAM_HEADERS) throw damaged(`the ELF header counts ${e_phnum} program headers`);
  if (e_phentsize < recordLength(table)) {
    throw damaged(`the ELF header gives a program header ${e_phentsize} bytes`);
  }
  if (e_phoff + BigInt(e_phnum * e_phentsize) > BigInt(file.length)) {
    throw damaged('the file ends before its ELF program headers do');
  }
  const rows = Array.from({ length: e_phnum }, (_, index) => {
    const at = Number(e_phoff) + index * e_phentsize;
    const row = readRecord<typeof ELF64_PROGRAM_HEADER | typeof ELF32_PROGRAM_HEADER>(table, file, at);
    return {
      p_type: row.p_type,
      p_offset: BigInt(row.p_offset),
      p_vaddr: BigInt(row.p_vaddr),
      p_paddr: BigInt(row.p_paddr),
      p_filesz: BigInt(row.p_filesz),
      p_memsz: BigInt(row.p_memsz),
    };
  });
  if (rows.some((row) => row.p_type === ELF_VALUES.segmentInterpreter)) {
    throw new BootError(
      'not-a-kernel',
      'this is a program of Linux user space, not a kernel: give a vmlinux or bzImage',
    );
  }
  return rows;
}

function segment(file: Uint8Array, row: ProgramHeader, index: number): ElfSegment {
  const { p_offset, p_filesz, p_memsz, p_paddr } = row;
  if (p_offset + p_filesz > BigInt(file.length)) {
    throw damaged(`the file ends within ELF segment ${index}: it is truncated`);
  }
  if (p_filesz > p_memsz) throw damaged(`ELF segment ${index} has more bytes in the file than in memory`);
  if (p_paddr + p_memsz > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw damaged(`ELF segment ${index} ends beyond any physical address`);
  }
  const start = Number(p_offset);
  const bytes = file.subarray(start, start + Number(p_filesz));
  return { address: Number(p_paddr), bytes, memoryLength: Number(p_memsz) };
}

/** Linux has a physical entry point; what other linkers make has a virtual one, which is translated. */
function entryAddress(entry: bigint, loads: readonly ProgramHeader[]): number {
  const inside = (start: bigint, row: ProgramHeader) => entry >= start && entry < start + row.p_memsz;
  if (loads.some((row) => inside(row.p_paddr, row))) return Number(entry);
  const home = loads.find((row) => inside(row.p_vaddr, row));
  if (home === undefined) throw damaged(`the ELF entry point ${hex(entry)} lies in no segment`);
  return Number(entry - home.p_vaddr + home.p_paddr);
}

function damaged(message: string): BootError {
  return new BootError('damaged', message);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
