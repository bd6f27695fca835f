import { describe, expect, test } from '@jest/globals';
import { ELF_IDENT } from './elf.ts';
import { imageKind } from './image-kind.ts';
import { writeRecord } from './record.ts';
import { packedKernel } from './testdata/packed-kernels.ts';
import { tinyBzImage, tinyVmlinux } from './testdata/tiny-kernel.ts';

const WANTED = 'give a vmlinuz (bzImage) or an uncompressed vmlinux for x86-64';

function file(at: number, start: string | readonly number[], length = 4096): Uint8Array {
  const bytes = new Uint8Array(length);
  const magic = typeof start === 'string' ? Array.from(start, (character) => character.charCodeAt(0)) : start;
  bytes.set(magic, at);
  return bytes;
}

function elf(changes: Partial<Record<keyof typeof ELF_IDENT, number>>): Uint8Array {
  const bytes = tinyVmlinux();
  writeRecord(ELF_IDENT, bytes, changes);
  return bytes;
}

/** An EFI program's beginning, as arm64 and RISC-V kernels and EFI zboot images have it too. */
function efi(at: number, magic: string): Uint8Array {
  const bytes = file(at, magic);
  bytes.set([0x4d, 0x5a]);
  return bytes;
}

describe('what is no kernel of ours is named, with the remedy', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['empty', new Uint8Array(0), 'not-a-kernel', `the file is empty: ${WANTED}`],
    ['zeros', new Uint8Array(4096), 'not-a-kernel', `the file begins with zeros only: ${WANTED}`],
    ['text', new TextEncoder().encode('hello\n'), 'not-a-kernel', `this is a text file: ${WANTED}`],
    ['script', new TextEncoder().encode('#!/bin/sh\n'), 'not-a-kernel', `this is a script: ${WANTED}`],
    [
      'noise',
      Uint8Array.of(0xde, 0xad, 0xbe, 0xef),
      'not-a-kernel',
      `this is no kernel that can be recognised (it begins with de ad be ef): ${WANTED}`,
    ],
    ['arm64', efi(0x38, 'ARM\x64'), 'unsupported', `this is a Linux kernel for arm64: ${WANTED}`],
    ['RISC-V', efi(0x38, 'RSC\x05'), 'unsupported', `this is a Linux kernel for RISC-V: ${WANTED}`],
    [
      'ARM zImage',
      file(0x24, [0x18, 0x28, 0x6f, 0x01]),
      'unsupported',
      `this is a Linux kernel for 32-bit ARM: ${WANTED}`,
    ],
    [
      'EFI zboot',
      efi(4, 'zimg'),
      'unsupported',
      `this is a compressed EFI kernel (EFI zboot) for another architecture: ${WANTED}`,
    ],
    [
      'EFI',
      efi(0x40, 'PE'),
      'not-a-kernel',
      'this is an EFI program (a boot loader or a unified kernel image): give the vmlinuz that it loads or was made from',
    ],
    ['U-Boot', file(0, [0x27, 0x05, 0x19, 0x56]), 'unsupported', `this is a U-Boot image: ${WANTED}`],
    ['cpio', file(0, '070701'), 'not-a-kernel', 'this is a cpio archive: that is an initrd: give it with --initrd'],
    ['deb', file(0, '!<arch>\n'), 'not-a-kernel', `this is an archive (a Debian package or a library): ${WANTED}`],
    ['tar', file(257, 'ustar'), 'not-a-kernel', `this is a tar archive: ${WANTED}`],
    ['qcow2', file(0, 'QFI\xfb'), 'not-a-kernel', `this is a qcow2 disk image: ${WANTED}`],
    ['CD', file(0x8001, 'CD001', 0x9000), 'not-a-kernel', `this is a CD image: ${WANTED}`],
    [
      'disk',
      file(0x1fe, [0x55, 0xaa]),
      'not-a-kernel',
      `this is a boot sector, a disk image or a truncated kernel: ${WANTED}`,
    ],
    [
      'ELF for arm64',
      elf({ e_machine: 183 }),
      'unsupported',
      `this is an ELF file for arm64, not for x86-64: ${WANTED}`,
    ],
    [
      'big-endian ELF',
      elf({ ei_data: 2, e_machine: 0x1600 }),
      'unsupported',
      `this is an ELF file for s390, not for x86-64: ${WANTED}`,
    ],
    [
      'ELF of an unknown machine',
      elf({ e_machine: 4711 }),
      'unsupported',
      `this is an ELF file for machine 4711, not for x86-64: ${WANTED}`,
    ],
    [
      'ELF object',
      elf({ e_type: 1 }),
      'not-a-kernel',
      `this is an ELF object, library or position-independent program, not a kernel: ${WANTED}`,
    ],
    ['x32', elf({ ei_class: 1 }), 'unsupported', `this is an x32 ELF file, not a 64-bit kernel: ${WANTED}`],
    [
      'truncated ELF',
      tinyVmlinux().subarray(0, 18),
      'damaged',
      "the file ends before the ELF header's e_machine: it is truncated",
    ],
    [
      'truncated EFI stub',
      efi(0x40, 'PE').subarray(0, 0x205),
      'damaged',
      "the file ends after 517 bytes, before a kernel's setup header: it is truncated",
    ],
  ])('%s', (_, bytes, fault, message) => {
    expect(imageKind(bytes)).toEqual({ error: expect.objectContaining({ name: 'BootError', fault, message }) });
  });

  test.each([
    ['gzip', 'gzip', 'gunzip'],
    ['xz', 'xz', 'unxz'],
    ['zstd', 'zstd', 'unzstd'],
    ['lz4', 'LZ4', 'unlz4'],
    ['bzip2', 'bzip2', 'bunzip2'],
    ['lzma', 'LZMA', 'unlzma'],
  ] as const)('a vmlinux packed with %s', (format, name, command) => {
    const message = `this is a file compressed with ${name}: unpack it with ${command}; a compressed file is not a kernel, though it may hold one`;
    expect(imageKind(packedKernel(format))).toEqual({
      error: expect.objectContaining({ fault: 'not-a-kernel', message }),
    });
  });
});

test('kernels are told by their content', () => {
  expect(imageKind(tinyVmlinux())).toEqual({ kernel: 'vmlinux' });
  expect(imageKind(elf({ ei_class: 1, e_machine: 3 }))).toEqual({ kernel: 'vmlinux32' });
  expect(imageKind(tinyBzImage(packedKernel('gzip')))).toEqual({ kernel: 'bzImage' });
});

test('a bzImage with an EFI stub is a bzImage', () => {
  const image = tinyBzImage(packedKernel('gzip'));
  image.set([0x4d, 0x5a]);
  expect(imageKind(image)).toEqual({ kernel: 'bzImage' });
});
