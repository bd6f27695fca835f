/** Kernels of a few kilobytes, made field by field, for the tests beside the code. */
import { ELF_VALUES, ELF32_HEADER, ELF32_PROGRAM_HEADER, ELF64_HEADER, ELF64_PROGRAM_HEADER } from '../elf.ts';
import { writeRecord } from '../record.ts';
import { SECTOR, SETUP_HEADER, SETUP_VALUES } from '../setup-header.ts';

const HEADER_LENGTH = 64;
const PROGRAM_HEADER_LENGTH = 56;

/** A segment of a test kernel; what is left out follows from the rest. */
export interface TinySegment {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly memoryLength?: bigint;
  readonly virtual?: bigint;
  readonly type?: number;
}

/** An ELF file for x86-64 with these segments; `entry` is the first segment's address unless given. */
export function tinyElf(segments: readonly TinySegment[], entry?: bigint): Uint8Array<ArrayBuffer> {
  const start = HEADER_LENGTH + segments.length * PROGRAM_HEADER_LENGTH;
  const file = new Uint8Array(segments.reduce((sum, { bytes }) => sum + bytes.length, start));
  writeRecord(ELF64_HEADER, file, {
    ei_magic: ELF_VALUES.magic,
    ei_class: ELF_VALUES.class64,
    ei_data: ELF_VALUES.littleEndian,
    ei_version: 1,
    e_type: ELF_VALUES.typeExecutable,
    e_machine: ELF_VALUES.machineX8664,
    e_version: 1,
    e_entry: entry ?? segments[0]?.address ?? 0n,
    e_phoff: BigInt(HEADER_LENGTH),
    e_ehsize: HEADER_LENGTH,
    e_phentsize: PROGRAM_HEADER_LENGTH,
    e_phnum: segments.length,
  });
  let offset = start;
  for (const [index, { address, bytes, memoryLength, virtual, type }] of segments.entries()) {
    const row = {
      p_type: type ?? ELF_VALUES.segmentLoad,
      p_offset: BigInt(offset),
      p_vaddr: virtual ?? address,
      p_paddr: address,
      p_filesz: BigInt(bytes.length),
      p_memsz: memoryLength ?? BigInt(bytes.length),
    };
    writeRecord(ELF64_PROGRAM_HEADER, file, row, HEADER_LENGTH + index * PROGRAM_HEADER_LENGTH);
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}

/** An ELF file for i386 with one segment, entered at its virtual start. */
export function tinyElf32(address: number, bytes: Uint8Array, virtual = address): Uint8Array<ArrayBuffer> {
  const headerLength = 52;
  const start = headerLength + 32;
  const file = new Uint8Array(start + bytes.length);
  writeRecord(ELF32_HEADER, file, {
    ei_magic: ELF_VALUES.magic,
    ei_class: ELF_VALUES.class32,
    ei_data: ELF_VALUES.littleEndian,
    ei_version: 1,
    e_type: ELF_VALUES.typeExecutable,
    e_machine: ELF_VALUES.machine386,
    e_version: 1,
    e_entry: virtual,
    e_phoff: headerLength,
    e_ehsize: headerLength,
    e_phentsize: 32,
    e_phnum: 1,
  });
  const row = {
    p_type: ELF_VALUES.segmentLoad,
    p_offset: start,
    p_vaddr: virtual,
    p_paddr: address,
    p_filesz: bytes.length,
    p_memsz: bytes.length,
  };
  writeRecord(ELF32_PROGRAM_HEADER, file, row, headerLength);
  file.set(bytes, start);
  return file;
}

/**
 * 2 KiB of calls to one place, which look different at each address and alike to the x86 filter of xz: only a decoder
 * that has the filter unpacks them rightly.
 */
export function tinyCode(): Uint8Array<ArrayBuffer> {
  const code = new Uint8Array(2 * 1024).fill(0x90);
  const view = new DataView(code.buffer);
  for (let at = 0; at < code.length; at += 8) {
    view.setUint8(at, 0xe8);
    view.setInt32(at + 1, 0x3000 - (at + 5), true);
  }
  return code;
}

/** The vmlinux that the packed kernels hold: `tinyCode` at 2 MiB, and a segment of zeros behind it. */
export function tinyVmlinux(): Uint8Array<ArrayBuffer> {
  return tinyElf([
    { address: 0x20_0000n, bytes: tinyCode() },
    { address: 0x20_8000n, bytes: Uint8Array.of(1, 2, 3), memoryLength: 0x1800n },
  ]);
}

/** Values of the setup header to be changed, by field. */
export type SetupChanges = Partial<Record<keyof typeof SETUP_HEADER, number | bigint>>;

/** A bzImage of protocol 2.15 whose payload is `packed`, which already has its size word where it needs one. */
export function tinyBzImage(packed: Uint8Array, changes: SetupChanges = {}): Uint8Array<ArrayBuffer> {
  const sectors = 1;
  const payloadOffset = 0x10;
  const file = new Uint8Array((sectors + 1) * SECTOR + payloadOffset + packed.length);
  const version = new TextEncoder().encode('6.1.0-tiny (someone@somewhere) #1\0');
  const versionAt = 0x300;
  file.set(version, versionAt);
  file.set(packed, (sectors + 1) * SECTOR + payloadOffset);
  const values = {
    setup_sects: sectors,
    boot_flag: SETUP_VALUES.boot_flag,
    jump: 0x6aeb,
    header: SETUP_VALUES.header,
    version: 0x020f,
    kernel_version: versionAt - SECTOR,
    loadflags: 0x01,
    initrd_addr_max: 0x7fff_ffff,
    xloadflags: 0x0003,
    cmdline_size: 2047,
    payload_offset: payloadOffset,
    payload_length: packed.length,
    pref_address: 0x20_0000n,
    init_size: 0x10_0000,
  };
  writeRecord(SETUP_HEADER, file, values);
  const view = new DataView(file.buffer);
  for (const [name, row] of Object.entries(SETUP_HEADER)) {
    const value = changes[name as keyof typeof SETUP_HEADER];
    if (value === undefined) continue;
    for (let byte = 0; byte < row.width; byte++) {
      view.setUint8(row.at + byte, Number((BigInt(value) >> BigInt(8 * byte)) & 0xffn));
    }
  }
  return file;
}

/** `data` and the word that counts the bytes it unpacks to. */
export function withSizeWord(data: Uint8Array, unpackedLength: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.length + 4);
  bytes.set(data);
  new DataView(bytes.buffer).setUint32(data.length, unpackedLength, true);
  return bytes;
}
