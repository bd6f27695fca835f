/** What a file given as kernel is, told by its content. */
import { BootError } from './boot-error.ts';
import { COMPRESSIONS } from './compression.ts';
import { ELF_IDENT, ELF_VALUES } from './elf.ts';
import { firstFieldBeyond, readRecord } from './record.ts';
import { SETUP_HEADER, SETUP_VALUES } from './setup-header.ts';

/** Files that hold a Linux kernel for x86. */
export type KernelKind = 'bzImage' | 'vmlinux' | 'vmlinux32';

/** A file is a kernel of some kind, or is something else that can be named. */
export type ImageKind = { readonly kernel: KernelKind } | { readonly error: BootError };

const WANTED = 'give a vmlinuz (bzImage) or an uncompressed vmlinux for x86-64';

/** A file that is no kernel of ours: the bytes that tell, and what to say. */
interface OtherRow {
  readonly at: number;
  readonly magic: readonly number[];
  readonly what: string;
  /** What to do, if not to give another file. */
  readonly remedy?: string;
  /** A kernel, but for another machine. */
  readonly kernel?: true;
}

/** In the order of trial: a file may begin like an EFI program and yet be an arm64 kernel. */
const OTHERS: readonly OtherRow[] = [
  { at: 0x38, magic: ascii('ARM\x64'), what: 'a Linux kernel for arm64', kernel: true },
  { at: 0x38, magic: ascii('RSC\x05'), what: 'a Linux kernel for RISC-V', kernel: true },
  { at: 0x24, magic: [0x18, 0x28, 0x6f, 0x01], what: 'a Linux kernel for 32-bit ARM', kernel: true },
  { at: 4, magic: ascii('zimg'), what: 'a compressed EFI kernel (EFI zboot) for another architecture', kernel: true },
  { at: 0, magic: [0x27, 0x05, 0x19, 0x56], what: 'a U-Boot image', kernel: true },
  {
    at: 0,
    magic: ascii('MZ'),
    what: 'an EFI program (a boot loader or a unified kernel image)',
    remedy: 'give the vmlinuz that it loads or was made from',
  },
  ...COMPRESSIONS.map(({ magic, name, command }) => ({
    at: 0,
    magic,
    what: `a file compressed with ${name}`,
    remedy: `unpack it with ${command}; a compressed file is not a kernel, though it may hold one`,
  })),
  { at: 0, magic: ascii('#!'), what: 'a script' },
  { at: 0, magic: ascii('070701'), what: 'a cpio archive', remedy: 'that is an initrd: give it with --initrd' },
  { at: 0, magic: ascii('!<arch>'), what: 'an archive (a Debian package or a library)' },
  { at: 257, magic: ascii('ustar'), what: 'a tar archive' },
  { at: 0x8001, magic: ascii('CD001'), what: 'a CD image' },
  { at: 0, magic: ascii('QFI\xfb'), what: 'a qcow2 disk image' },
  { at: 0x1fe, magic: [0x55, 0xaa], what: 'a boot sector, a disk image or a truncated kernel' },
];

const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  8: 'MIPS',
  20: 'PowerPC',
  21: '64-bit PowerPC',
  22: 's390',
  40: '32-bit ARM',
  43: '64-bit SPARC',
  183: 'arm64',
  243: 'RISC-V',
  258: 'LoongArch',
};

/** Tells what `file` is from its content. */
export function imageKind(file: Uint8Array): ImageKind {
  if (file.length === 0) return refuse('not-a-kernel', `the file is empty: ${WANTED}`);
  const header = startsWith(file, SETUP_HEADER.header.at, ascii('HdrS'));
  const flag = startsWith(file, SETUP_HEADER.boot_flag.at, [
    SETUP_VALUES.boot_flag & 0xff,
    SETUP_VALUES.boot_flag >> 8,
  ]);
  if (header && flag) return { kernel: 'bzImage' };
  if (startsWith(file, 0, ascii('\x7fELF'))) return elfKind(file);
  if (startsWith(file, 0, ascii('MZ')) && file.length < SETUP_HEADER.version.at) {
    return refuse(
      'damaged',
      `the file ends after ${file.length} bytes, before a kernel's setup header: it is truncated`,
    );
  }
  const other = OTHERS.find((row) => startsWith(file, row.at, row.magic));
  if (other === undefined) return refuse('not-a-kernel', `${describeUnknown(file)}: ${WANTED}`);
  const fault = other.kernel === true ? 'unsupported' : 'not-a-kernel';
  return refuse(fault, `this is ${other.what}: ${other.remedy ?? WANTED}`);
}

function elfKind(file: Uint8Array): ImageKind {
  const missing = firstFieldBeyond(ELF_IDENT, file.length);
  if (missing !== undefined)
    return refuse('damaged', `the file ends before the ELF header's ${missing}: it is truncated`);
  const ident = readRecord(ELF_IDENT, file);
  const { ei_class, ei_data, e_machine, e_type } = ident;
  const little = ei_data === ELF_VALUES.littleEndian;
  if (!little || (e_machine !== ELF_VALUES.machineX8664 && e_machine !== ELF_VALUES.machine386)) {
    const machine = little ? e_machine : ((e_machine & 0xff) << 8) | (e_machine >> 8);
    const name = MACHINES[machine] ?? `machine ${machine}`;
    return refuse('unsupported', `this is an ELF file for ${name}, not for x86-64: ${WANTED}`);
  }
  if (e_type !== ELF_VALUES.typeExecutable) {
    return refuse(
      'not-a-kernel',
      `this is an ELF object, library or position-independent program, not a kernel: ${WANTED}`,
    );
  }
  if (e_machine === ELF_VALUES.machine386) return { kernel: 'vmlinux32' };
  if (ei_class !== ELF_VALUES.class64) {
    return refuse('unsupported', `this is an x32 ELF file, not a 64-bit kernel: ${WANTED}`);
  }
  return { kernel: 'vmlinux' };
}

function describeUnknown(file: Uint8Array): string {
  const start = file.subarray(0, 512);
  if (start.every((byte) => byte === 0)) return 'the file begins with zeros only';
  if (isText(start)) return 'this is a text file';
  const bytes = Array.from(file.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `this is no kernel that can be recognised (it begins with ${bytes})`;
}

/** UTF-8 without control characters; a character may be cut off at the end. */
function isText(bytes: Uint8Array): boolean {
  if (!bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function startsWith(file: Uint8Array, at: number, magic: readonly number[]): boolean {
  return magic.every((byte, index) => file[at + index] === byte);
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function refuse(fault: 'not-a-kernel' | 'unsupported' | 'damaged', message: string): ImageKind {
  return { error: new BootError(fault, message) };
}
