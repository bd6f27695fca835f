/** A kernel as it is loaded, whatever file it came in. */
import { BootError } from './boot-error.ts';
import { parseBzImage } from './bzimage.ts';
import type { Unpack } from './compression.ts';
import { type ElfProgram, parseElf32, parseElf64 } from './elf.ts';
import { imageKind } from './image-kind.ts';
import { type SetupHeader, XLOADFLAGS } from './setup-header.ts';

/** 64 for a kernel for x86-64, 32 for one for i386. */
export type KernelBits = 32 | 64;

/** A kernel ready to be loaded. Byte arrays may be views of the file it was opened from. */
export interface LinuxImage {
  /** The kind of file. */
  readonly kind: 'vmlinux' | 'bzImage';
  /** The mode its program is entered in: 64-bit or 32-bit protected. */
  readonly bits: KernelBits;
  readonly program: ElfProgram;
  /** The setup header of a bzImage: its values, and its bytes from 0x1f1 on. */
  readonly setup?: { readonly header: SetupHeader; readonly bytes: Uint8Array };
  /** The version string of a bzImage. */
  readonly version?: string;
}

/**
 * Opens a kernel from the bytes of a file, unpacking a bzImage's payload with `unpack`. The result keeps views of `file`.
 * `bits` is what the machine can run.
 *
 * Rejects with BootError where the file is no kernel, not one for this machine, or damaged.
 */
export async function openLinuxImage(file: Uint8Array, unpack: Unpack, bits: KernelBits = 64): Promise<LinuxImage> {
  const kind = imageKind(file);
  if ('error' in kind) throw kind.error;
  if (kind.kernel !== 'bzImage') return { kind: 'vmlinux', bits, program: parseVmlinux(kind.kernel, file, bits) };
  const image = parseBzImage(file);
  const { header, version } = image;
  // Older protocols have no such bit; there the ELF class inside decides.
  if (header.xloadflags !== 0) checkBits((header.xloadflags & XLOADFLAGS.XLF_KERNEL_64) === 0 ? 32 : 64, bits);
  const inner = image.format === 'none' ? image.payload : await unpackPayload(image.format, image, unpack);
  const innerKind = imageKind(inner);
  if (!('kernel' in innerKind) || innerKind.kernel === 'bzImage') {
    throw new BootError('damaged', "the bzImage's payload is not a vmlinux");
  }
  return {
    kind: 'bzImage',
    bits,
    program: parseVmlinux(innerKind.kernel, inner, bits),
    setup: { header, bytes: image.headerBytes },
    ...(version === undefined ? {} : { version }),
  };
}

function parseVmlinux(kind: 'vmlinux' | 'vmlinux32', file: Uint8Array, bits: KernelBits): ElfProgram {
  checkBits(kind === 'vmlinux' ? 64 : 32, bits);
  return kind === 'vmlinux' ? parseElf64(file) : parseElf32(file);
}

/** What to say of a kernel that the machine cannot run, by the bits of the kernel. */
const OTHER_BITS: Readonly<Record<KernelBits, string>> = {
  32: 'this is a 32-bit kernel, which KVM here does not run: give one for x86-64, or use --accel software',
  64: 'this is a 64-bit kernel, and the software CPU has 32 bits: give one for i386, or use KVM',
};

function checkBits(found: KernelBits, wanted: KernelBits): void {
  if (found !== wanted) throw new BootError('unsupported', OTHER_BITS[found]);
}

async function unpackPayload(
  format: Parameters<Unpack>[0],
  image: { readonly payload: Uint8Array; readonly unpackedLength: number },
  unpack: Unpack,
): Promise<Uint8Array> {
  try {
    return await unpack(format, image.payload, image.unpackedLength);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BootError('damaged', `the bzImage's ${format} payload cannot be unpacked: ${why}`, { cause });
  }
}
