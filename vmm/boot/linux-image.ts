/** A kernel as it is loaded, whatever file it came in. */
import { BootError } from './boot-error.ts';
import { parseBzImage } from './bzimage.ts';
import type { Unpack } from './compression.ts';
import { type ElfProgram, parseElf64 } from './elf.ts';
import { imageKind } from './image-kind.ts';
import { type SetupHeader, XLOADFLAGS } from './setup-header.ts';

/** A kernel ready to be loaded. Byte arrays may be views of the file it was opened from. */
export interface LinuxImage {
  /** The kind of file. */
  readonly kind: 'vmlinux' | 'bzImage';
  readonly program: ElfProgram;
  /** The setup header of a bzImage: its values, and its bytes from 0x1f1 on. */
  readonly setup?: { readonly header: SetupHeader; readonly bytes: Uint8Array };
  /** The version string of a bzImage. */
  readonly version?: string;
}

/**
 * Opens a kernel from the bytes of a file, unpacking a bzImage's payload with `unpack`. The result keeps views of `file`.
 *
 * Rejects with BootError where the file is no kernel, not one for this machine, or damaged.
 */
export async function openLinuxImage(file: Uint8Array, unpack: Unpack): Promise<LinuxImage> {
  const kind = imageKind(file);
  if ('error' in kind) throw kind.error;
  if (kind.kernel === 'vmlinux32') throw only64();
  if (kind.kernel === 'vmlinux') return { kind: 'vmlinux', program: parseElf64(file) };
  const image = parseBzImage(file);
  const { header, version } = image;
  // Older protocols have no such bit; there the ELF class inside decides.
  if (header.xloadflags !== 0 && (header.xloadflags & XLOADFLAGS.XLF_KERNEL_64) === 0) throw only64();
  const inner = image.format === 'none' ? image.payload : await unpackPayload(image.format, image, unpack);
  const innerKind = imageKind(inner);
  if ('kernel' in innerKind && innerKind.kernel === 'vmlinux32') throw only64();
  if (!('kernel' in innerKind) || innerKind.kernel !== 'vmlinux') {
    throw new BootError('damaged', "the bzImage's payload is not a vmlinux");
  }
  return {
    kind: 'bzImage',
    program: parseElf64(inner),
    setup: { header, bytes: image.headerBytes },
    ...(version === undefined ? {} : { version }),
  };
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

function only64(): BootError {
  return new BootError('unsupported', 'this is a 32-bit kernel, which runs only 32-bit guests: give one for x86-64');
}
