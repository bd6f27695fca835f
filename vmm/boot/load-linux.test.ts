import { describe, expect, test } from '@jest/globals';
import type { Gpa, GuestMemory } from '../../devices/ports.ts';
import { type MemoryMap, memoryMap, pciInterrupts } from '../memory-map.ts';
import { BootError } from './boot-error.ts';
import { parseElf32, parseElf64 } from './elf.ts';
import type { LinuxImage } from './linux-image.ts';
import { type LoadRequest, loadLinux, memoryNeeded } from './load-linux.ts';
import { readRecord } from './record.ts';
import { SETUP_HEADER } from './setup-header.ts';
import { type TinySegment, tinyBzImage, tinyCode, tinyElf, tinyElf32, tinyVmlinux } from './testdata/tiny-kernel.ts';

const MIB = 1024 * 1024;

/** Plain memory that is filled with 0xee, as a guest before a reset may have left it. */
class DirtyMemory implements GuestMemory {
  readonly bytes: Uint8Array;

  constructor(length: number) {
    this.bytes = new Uint8Array(length).fill(0xee);
  }

  view(address: Gpa, length: number): Uint8Array | undefined {
    return address + length <= this.bytes.length ? this.bytes.subarray(address, address + length) : undefined;
  }

  u8(at: number): number {
    return this.data().getUint8(at);
  }

  u16(at: number): number {
    return this.data().getUint16(at, true);
  }

  u32(at: number): number {
    return this.data().getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.data().getBigUint64(at, true);
  }

  private data(): DataView {
    return new DataView(this.bytes.buffer);
  }
}

function vmlinux(segments?: readonly TinySegment[]): LinuxImage {
  return { kind: 'vmlinux', bits: 64, program: parseElf64(segments === undefined ? tinyVmlinux() : tinyElf(segments)) };
}

function bzImage(changes: Parameters<typeof tinyBzImage>[1] = {}): LinuxImage {
  const file = tinyBzImage(tinyVmlinux(), changes);
  return {
    kind: 'bzImage',
    bits: 64,
    program: parseElf64(tinyVmlinux()),
    setup: { header: readRecord(SETUP_HEADER, file), bytes: file.subarray(0x1f1, 0x26c) },
  };
}

function load(changes: Partial<LoadRequest> = {}, megabytes = 8) {
  const memory = new DirtyMemory(megabytes * MIB);
  const request = { kernel: vmlinux(), cmdline: 'console=ttyS0', map: memoryMap(megabytes * MIB), memory, cpus: 1 };
  const entry = loadLinux({ ...request, pciInterrupts: [], ...changes });
  return { entry, memory };
}

function fault(action: () => unknown): BootError {
  try {
    action();
  } catch (error) {
    if (error instanceof BootError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('what does not fit is refused', () => {
  test.each<[string, () => unknown, string, string]>([
    [
      'a kernel that ends beyond RAM',
      () => load({ kernel: vmlinux([{ address: 0x20_0000n, bytes: tinyCode(), memoryLength: 0x100_0001n }]) }),
      'no-room',
      'memory of 8 MiB is too small: give at least 19 MiB for this kernel',
    ],
    [
      'a kernel where the tables are',
      () => load({ kernel: vmlinux([{ address: 0x9_0000n, bytes: tinyCode() }]) }),
      'unsupported',
      'the kernel asks to be loaded at 0x90000, below 0x100000, where this machine keeps its tables: link it higher',
    ],
    [
      'a kernel in the PCI hole',
      () => load({ kernel: vmlinux([{ address: 0xc000_0000n, bytes: tinyCode() }]) }),
      'unsupported',
      'the kernel asks for memory up to 0xc0000800, beyond 0xc0000000, where this machine has none: link it lower',
    ],
    [
      'a kernel with a BSS of 2^50 bytes',
      () => memoryNeeded(vmlinux([{ address: 0x20_0000n, bytes: tinyCode(), memoryLength: 1n << 50n }])),
      'unsupported',
      'the kernel asks for memory up to 0x4000000200000, beyond 0xc0000000, where this machine has none: link it lower',
    ],
    [
      'an initrd larger than what the kernel leaves',
      () => load({ initrd: new Uint8Array(6 * MIB) }),
      'no-room',
      'the initrd of 6 MiB does not fit into memory of 8 MiB: give at least 9 MiB',
    ],
    [
      'an initrd above the address the kernel names',
      () => load({ kernel: bzImage({ initrd_addr_max: 0x2f_ffff }), initrd: new Uint8Array(MIB) }),
      'no-room',
      'the initrd of 1 MiB does not fit between the kernel, which ends at 0x209800, and 0x300000: give a smaller one',
    ],
    [
      'a command line of 2048 bytes',
      () => load({ cmdline: 'x'.repeat(2048) }),
      'bad-cmdline',
      'the kernel command line has 2048 bytes, this kernel takes 2047: shorten it',
    ],
    [
      'a command line of too many bytes in UTF-8',
      () => load({ cmdline: 'é'.repeat(1024) }),
      'bad-cmdline',
      'the kernel command line has 2048 bytes, this kernel takes 2047: shorten it',
    ],
    [
      'a command line longer than the kernel of a bzImage takes',
      () => load({ kernel: bzImage({ cmdline_size: 255 }), cmdline: 'x'.repeat(256) }),
      'bad-cmdline',
      'the kernel command line has 256 bytes, this kernel takes 255: shorten it',
    ],
    [
      'a command line longer than its place, whatever the kernel takes',
      () => load({ kernel: bzImage({ cmdline_size: 0xffff_ffff }), cmdline: 'x'.repeat(65536) }),
      'bad-cmdline',
      'the kernel command line has 65536 bytes, this kernel takes 65535: shorten it',
    ],
    [
      'a command line with a zero byte',
      () => load({ cmdline: 'quiet\0init=/bin/sh' }),
      'bad-cmdline',
      'the kernel command line holds a zero byte, where the kernel would stop reading',
    ],
  ])('%s', (_, action, kind, message) => {
    expect(fault(action)).toMatchObject({ fault: kind, message });
  });

  test('a seed larger than its page is our own mistake', () => {
    expect(() => load({ rngSeed: new Uint8Array(4096) })).toThrow(RangeError);
  });

  test('memory that is not what the map says is our own mistake', () => {
    expect(() => load({ memory: new DirtyMemory(MIB) })).toThrow(RangeError);
  });
});

test('the memory a kernel needs covers its zeros and its initrd', () => {
  expect(memoryNeeded(vmlinux())).toBe(3 * MIB);
  expect(memoryNeeded(vmlinux(), MIB)).toBe(4 * MIB);
  expect(memoryNeeded(vmlinux([{ address: 0x10_0000n, bytes: tinyCode() }]), MIB - 4096)).toBe(2 * MIB);
});

test('the kernel is loaded where it asks, its zeros included, and entered in 64-bit mode', () => {
  const { entry, memory } = load();
  expect(memory.bytes.subarray(0x20_0000, 0x20_0800)).toEqual(tinyCode());
  expect(memory.u8(0x20_0800)).toBe(0xee);
  expect(Array.from(memory.bytes.subarray(0x20_8000, 0x20_8004))).toEqual([1, 2, 3, 0]);
  expect(memory.bytes.subarray(0x20_8003, 0x20_9800).every((byte) => byte === 0)).toBe(true);
  expect(memory.u8(0x20_9800)).toBe(0xee);
  expect(entry).toEqual({
    mode: 'long',
    rip: 0x20_0000n,
    bootParams: 0x7000n,
    rsp: 0x7000n,
    cr3: 0x9000n,
    gdt: { base: 0x500n, length: 48 },
  });
});

test('a 32-bit kernel is entered in protected mode, without page tables', () => {
  const program = parseElf32(tinyElf32(0x20_0000, tinyCode()));
  const { entry, memory } = load({ kernel: { kind: 'vmlinux', bits: 32, program } });
  expect(entry).toEqual({
    mode: 'protected',
    rip: 0x20_0000n,
    bootParams: 0x7000n,
    rsp: 0x7000n,
    gdt: { base: 0x500n, length: 48 },
  });
  expect(memory.u64(0x510)).toBe(0x00cf_9b00_0000_ffffn);
});

test('loading again, after something longer, leaves nothing of it', () => {
  const request = { initrd: new Uint8Array(5000).fill(7), rngSeed: new Uint8Array(32).fill(1) };
  const { memory } = load(request);
  const used = new DirtyMemory(8 * MIB);
  load({ ...request, rngSeed: new Uint8Array(64), cmdline: 'x'.repeat(2000), cpus: 16, memory: used });
  load({ ...request, memory: used });
  expect(Buffer.compare(used.bytes, memory.bytes)).toBe(0);
});

describe('boot_params of a vmlinux, which has no setup header', () => {
  test('have one that names the protocol and the limits', () => {
    const { memory } = load();
    expect(memory.u16(0x7000 + 0x1fe)).toBe(0xaa55);
    expect(new TextDecoder().decode(memory.bytes.slice(0x7202, 0x7206))).toBe('HdrS');
    expect(memory.u16(0x7000 + 0x206)).toBe(0x020f);
    expect(memory.u8(0x7000 + 0x210)).toBe(0xff);
    expect(memory.u8(0x7000 + 0x211)).toBe(0x01);
    expect(memory.u32(0x7000 + 0x22c)).toBe(0x7fff_ffff);
    expect(memory.u32(0x7000 + 0x230)).toBe(0x20_0000);
    expect(memory.u16(0x7000 + 0x236)).toBe(0x0001);
    expect(memory.u32(0x7000 + 0x238)).toBe(2047);
    expect(memory.u32(0x7000 + 0x23c)).toBe(0);
    expect(memory.u64(0x7000 + 0x250)).toBe(0n);
    expect(memory.u8(0x7000 + 0x1ef)).toBe(0);
  });

  test('name the command line, which ends with a zero byte', () => {
    const { memory } = load({ cmdline: 'root=/dev/ram ü' });
    expect(memory.u32(0x7000 + 0x228)).toBe(0x2_0000);
    expect(new TextDecoder().decode(memory.bytes.slice(0x2_0000, 0x2_0011))).toBe('root=/dev/ram ü\0');
  });

  test('have no initrd where none was given, or an empty one', () => {
    for (const { memory } of [load(), load({ initrd: new Uint8Array(0) })]) {
      expect([memory.u32(0x7000 + 0x218), memory.u32(0x7000 + 0x21c)]).toEqual([0, 0]);
    }
  });

  test('list the memory map in entries of 20 bytes', () => {
    const { memory } = load();
    expect(memory.u8(0x7000 + 0x1e8)).toBe(5);
    const entries = Array.from({ length: 5 }, (_, index) => {
      const at = 0x7000 + 0x2d0 + 20 * index;
      return [memory.u64(at), memory.u64(at + 8), memory.u32(at + 16)];
    });
    expect(entries).toEqual([
      [0n, 0x9_fc00n, 1],
      [0x9_fc00n, 0x400n, 2],
      [0xf_0000n, 0x1_0000n, 2],
      [0x10_0000n, 0x70_0000n, 1],
      [0xfec0_0000n, 0x140_0000n, 2],
    ]);
  });
});

describe('boot_params of a bzImage', () => {
  test('have its own setup header, with the answers of a loader', () => {
    const { memory } = load({ kernel: bzImage({ vid_mode: 0xffff, hardware_subarch: 0 }) });
    expect(memory.u16(0x7000 + 0x1fa)).toBe(0xffff);
    expect(memory.u64(0x7000 + 0x258)).toBe(0x20_0000n);
    expect(memory.u32(0x7000 + 0x260)).toBe(0x10_0000);
    expect(memory.u8(0x7000 + 0x210)).toBe(0xff);
    expect(memory.u8(0x7000 + 0x211)).toBe(0x01);
  });

  test('keep a long header from writing over the fields after it', () => {
    const kernel = bzImage();
    const header = kernel.setup?.header;
    if (header === undefined) throw new Error('no setup header');
    const { memory } = load({ kernel: { ...kernel, setup: { header, bytes: new Uint8Array(0x10f).fill(0xff) } } });
    expect(memory.u8(0x7000 + 0x28f)).toBe(0xff);
    expect(memory.u8(0x7000 + 0x290)).toBe(0);
  });
});

describe('the initrd lies as high as it may, on a page boundary', () => {
  test.each([
    ['below the end of RAM', vmlinux(), 8, 5000, 0x7f_e000],
    ['at the end of RAM if it fills its pages', vmlinux(), 8, 8192, 0x7f_e000],
    ['below the address the kernel names', bzImage({ initrd_addr_max: 0x3f_ffff }), 8, 4096, 0x3f_f000],
    ['just behind the kernel', vmlinux(), 3, 0xf_6000, 0x20_a000],
  ])('%s', (_, kernel, megabytes, length, address) => {
    const initrd = new Uint8Array(length).fill(0x5a);
    const { memory } = load({ kernel, initrd }, megabytes);
    expect([memory.u32(0x7000 + 0x218), memory.u32(0x7000 + 0x21c)]).toEqual([address, length]);
    expect(Buffer.compare(memory.bytes.subarray(address, address + length), initrd)).toBe(0);
  });

  test('and below 2 GiB in a machine with more', () => {
    const addresses: number[] = [];
    const low = new DirtyMemory(4 * MIB);
    const memory: GuestMemory = {
      view(address, length) {
        addresses.push(address);
        return address >= 4 * MIB ? new Uint8Array(length) : low.view(address, length);
      },
    };
    const map: MemoryMap = memoryMap(4096 * MIB);
    loadLinux({
      kernel: vmlinux(),
      initrd: new Uint8Array(4097),
      cmdline: '',
      memory,
      map,
      cpus: 1,
      pciInterrupts: [],
    });
    expect(addresses).toContain(0x7fff_e000);
  });
});

test('a seed is handed over as setup_data', () => {
  const { memory } = load({ rngSeed: new Uint8Array(32).fill(0xa5) });
  expect(memory.u64(0x7000 + 0x250)).toBe(0x8000n);
  expect([memory.u64(0x8000), memory.u32(0x8008), memory.u32(0x800c)]).toEqual([0n, 9, 32]);
  expect(Array.from(memory.bytes.subarray(0x8010, 0x8031))).toEqual([...new Array(32).fill(0xa5), 0]);
});

test('the MP floating pointer lies in the first KiB and in the EBDA, and leads to the table', () => {
  const { memory } = load({ cpus: 3, pciInterrupts: pciInterrupts([1, 2]) });
  for (const at of [0x10, 0x9_fc00]) {
    expect(new TextDecoder().decode(memory.bytes.slice(at, at + 4))).toBe('_MP_');
    expect(memory.u32(at + 4)).toBe(0xf_0000);
  }
  expect(new TextDecoder().decode(memory.bytes.slice(0xf_0000, 0xf_0004))).toBe('PCMP');
});
