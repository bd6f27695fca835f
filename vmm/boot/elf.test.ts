import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BootError } from './boot-error.ts';
import { ELF32_HEADER, ELF64_HEADER, ELF64_PROGRAM_HEADER, parseElf32, parseElf64 } from './elf.ts';
import { type RecordValues, writeRecord } from './record.ts';
import { tinyCode, tinyElf, tinyElf32, tinyVmlinux } from './testdata/tiny-kernel.ts';

const FIRST_PROGRAM_HEADER = 64;

function withHeader(changes: Partial<RecordValues<typeof ELF64_HEADER>>): Uint8Array {
  const file = tinyVmlinux();
  writeRecord(ELF64_HEADER, file, changes);
  return file;
}

function withSegment(changes: Partial<RecordValues<typeof ELF64_PROGRAM_HEADER>>): Uint8Array {
  const file = tinyVmlinux();
  writeRecord(ELF64_PROGRAM_HEADER, file, changes, FIRST_PROGRAM_HEADER);
  return file;
}

describe('a damaged file is refused', () => {
  test.each(Object.entries(ELF64_HEADER))('cut within %s of the header', (name, { at, width }) => {
    const file = tinyVmlinux().subarray(0, at + width - 1);
    expect(() => parseElf64(file)).toThrow(new BootError('damaged', `the file ends before the ELF header's ${name}`));
  });

  test.each<[string, Uint8Array, string]>([
    [
      'cut within the program headers',
      tinyVmlinux().subarray(0, 175),
      'the file ends before its ELF program headers do',
    ],
    ['cut within a segment', tinyVmlinux().subarray(0, 2000), 'the file ends within ELF segment 0: it is truncated'],
    ['cut by one byte', tinyVmlinux().subarray(0, -1), 'the file ends within ELF segment 1: it is truncated'],
    [
      'without program headers',
      withHeader({ e_phnum: 0 }),
      'the ELF file has no program headers: it is an object file, not a linked kernel',
    ],
    ['with 65535 program headers', withHeader({ e_phnum: 0xffff }), 'the ELF header counts 65535 program headers'],
    ['with small program headers', withHeader({ e_phentsize: 55 }), 'the ELF header gives a program header 55 bytes'],
    [
      'with program headers at 2^64 - 1',
      withHeader({ e_phoff: 0xffff_ffff_ffff_ffffn }),
      'the file ends before its ELF program headers do',
    ],
    [
      'with a segment at offset 2^64 - 1',
      withSegment({ p_offset: 0xffff_ffff_ffff_ffffn }),
      'the file ends within ELF segment 0: it is truncated',
    ],
    [
      'with more bytes than memory',
      withSegment({ p_memsz: 0x7ffn }),
      'ELF segment 0 has more bytes in the file than in memory',
    ],
    [
      'with a segment of 2^63 bytes',
      withSegment({ p_memsz: 0x8000_0000_0000_0000n }),
      'ELF segment 0 ends beyond any physical address',
    ],
    [
      'with a segment at a virtual address',
      withSegment({ p_paddr: 0xffff_ffff_8100_0000n }),
      'ELF segment 0 ends beyond any physical address',
    ],
    ['with overlapping segments', withSegment({ p_memsz: 0x8001n }), 'ELF segments overlap at address 0x208000'],
    ['with its entry elsewhere', withHeader({ e_entry: 0x1000n }), 'the ELF entry point 0x1000 lies in no segment'],
    [
      'without a segment to load',
      tinyElf([{ address: 0n, bytes: tinyCode(), type: 4 }]),
      'the ELF file has no segment to load',
    ],
  ])('%s', (_, file, message) => {
    expect(() => parseElf64(file)).toThrow(new BootError('damaged', message));
  });

  test('whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 175 }), fc.integer({ min: 0, max: 255 }), fc.nat(2300), (at, byte, cut) => {
        const file = tinyVmlinux().slice(0, 2300 - cut);
        if (at < file.length) file[at] = byte;
        try {
          const { segments, entry, end } = parseElf64(file);
          expect(segments.length).toBeGreaterThan(0);
          expect(entry).toBeLessThan(end);
        } catch (error) {
          expect(error).toBeInstanceOf(BootError);
        }
      }),
    );
  });
});

test('a program with an interpreter belongs to user space', () => {
  const file = tinyElf([
    { address: 0x20_0000n, bytes: tinyCode() },
    { address: 0x30_0000n, bytes: Uint8Array.of(0), type: 3 },
  ]);
  expect(() => parseElf64(file)).toThrow(
    new BootError('not-a-kernel', 'this is a program of Linux user space, not a kernel: give a vmlinux or bzImage'),
  );
});

test('segments come in order of address, with the memory they take', () => {
  const file = tinyElf(
    [
      { address: 0x40_0000n, bytes: Uint8Array.of(4), memoryLength: 0x1000n },
      { address: 0x20_0000n, bytes: Uint8Array.of(2) },
    ],
    0x20_0000n,
  );
  expect(parseElf64(file)).toEqual({
    entry: 0x20_0000,
    segments: [
      { address: 0x20_0000, bytes: Uint8Array.of(2), memoryLength: 1 },
      { address: 0x40_0000, bytes: Uint8Array.of(4), memoryLength: 0x1000 },
    ],
    end: 0x40_1000,
  });
});

test('a segment without memory is left out', () => {
  const file = tinyElf([
    { address: 0x20_0000n, bytes: tinyCode() },
    { address: 0x20_0100n, bytes: new Uint8Array(0) },
  ]);
  expect(parseElf64(file).segments).toHaveLength(1);
});

test('a virtual entry point is translated by the segment it lies in', () => {
  const bytes = tinyCode();
  const file = tinyElf([{ address: 0x20_0000n, bytes, virtual: 0xffff_ffff_8020_0000n }], 0xffff_ffff_8020_0040n);
  expect(parseElf64(file).entry).toBe(0x20_0040);
});

describe('a 32-bit file', () => {
  test('is read by its own headers', () => {
    const bytes = tinyCode();
    expect(parseElf32(tinyElf32(0x100_0000, bytes, 0xc100_0000))).toEqual({
      entry: 0x100_0000,
      segments: [{ address: 0x100_0000, bytes, memoryLength: bytes.length }],
      end: 0x100_0000 + bytes.length,
    });
  });

  test.each(Object.entries(ELF32_HEADER))('cut within %s of the header is refused', (name, { at, width }) => {
    const file = tinyElf32(0x100_0000, tinyCode()).subarray(0, at + width - 1);
    expect(() => parseElf32(file)).toThrow(new BootError('damaged', `the file ends before the ELF header's ${name}`));
  });

  test('whatever its bytes are, is read or refused', () => {
    fc.assert(
      fc.property(fc.nat(83), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const file = tinyElf32(0x100_0000, tinyCode());
        file[at] = byte;
        try {
          expect(parseElf32(file).segments).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(BootError);
        }
      }),
    );
  });
});
