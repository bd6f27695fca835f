/** Puts a kernel and everything it expects into guest memory, and says where its CPU starts. No firmware is involved. */
import type { Gpa, GuestMemory } from '../../devices/ports.ts';
import type { CpuEntry } from '../accelerator.ts';
import { formatSize, type MemoryMap, type PciInterrupt, REGIONS, type Region } from '../memory-map.ts';
import { BootError } from './boot-error.ts';
import {
  bootParams,
  DEFAULT_CMDLINE_SIZE,
  DEFAULT_INITRD_ADDR_MAX,
  SETUP_DATA_TYPES,
  setupData,
} from './boot-params.ts';
import type { ElfProgram } from './elf.ts';
import type { LinuxImage } from './linux-image.ts';
import { mpConfigurationTable, mpFloatingPointer } from './mp-table.ts';
import { identityPageTables } from './page-tables.ts';
import { BOOT_GDT_LENGTH, BOOT_SEGMENTS, BOOT_SEGMENTS_32, bootGdt } from './segments.ts';

const PAGE = 4096;
const MIB = 1024 * 1024;

/** What is to be booted, and on what. Nothing of it is kept or changed, but guest memory is written. */
export interface LoadRequest {
  readonly kernel: LinuxImage;
  /** The initial RAM disk; an empty one counts as none. */
  readonly initrd?: Uint8Array;
  readonly cmdline: string;
  readonly memory: GuestMemory;
  readonly map: MemoryMap;
  /** Number of CPUs. */
  readonly cpus: number;
  readonly pciInterrupts: readonly PciInterrupt[];
  /** Random bytes, 32 for Linux, to seed the kernel's generator; they must not be used for anything else. */
  readonly rngSeed?: Uint8Array;
}

/**
 * The bytes of RAM that a kernel and its initrd need to be loaded, in whole MiB.
 *
 * @throws BootError `unsupported` for a kernel that asks for addresses where this machine never has RAM
 */
export function memoryNeeded(kernel: LinuxImage, initrdLength = 0): number {
  checkAddresses(kernel.program);
  return roundUp(roundUp(kernel.program.end, PAGE) + roundUp(initrdLength, PAGE), MIB);
}

/**
 * Loads a kernel for entry in the mode it is made for. All it writes over in guest memory is written in full, so it may be called
 * again on the same memory after a reset.
 *
 * @spec The Linux/x86 Boot Protocol, 32-bit Boot Protocol, 64-bit Boot Protocol
 * @throws BootError `no-room`, `unsupported` or `bad-cmdline`; guest memory may then be written in part
 */
export function loadLinux(request: LoadRequest): CpuEntry {
  const { kernel, memory, map } = request;
  const cmdline = encodeCmdline(request.cmdline, kernel.setup?.header.cmdline_size ?? DEFAULT_CMDLINE_SIZE);
  const initrdAddress = placeInitrd(request);
  for (const segment of kernel.program.segments) {
    const room = ram(memory, segment.address, segment.memoryLength);
    room.set(segment.bytes);
    room.fill(0, segment.bytes.length);
  }
  if (request.initrd !== undefined && initrdAddress !== undefined) {
    ram(memory, initrdAddress, request.initrd.length).set(request.initrd);
  }
  place(memory, REGIONS.cmdline, cmdline);
  const long = kernel.bits === 64;
  place(memory, REGIONS.gdt, bootGdt(long ? BOOT_SEGMENTS : BOOT_SEGMENTS_32));
  if (long) place(memory, REGIONS.pageTables, identityPageTables(REGIONS.pageTables.base));
  if (request.rngSeed !== undefined) {
    place(memory, REGIONS.setupData, setupData(SETUP_DATA_TYPES.SETUP_RNG_SEED, request.rngSeed));
  }
  place(memory, REGIONS.biosArea, mpConfigurationTable(request));
  const pointer = mpFloatingPointer(REGIONS.biosArea.base);
  place(memory, REGIONS.mpPointer, pointer);
  place(memory, REGIONS.ebda, pointer);
  const params = bootParams({
    ...(kernel.setup === undefined ? {} : { setup: kernel.setup.bytes, loadflags: kernel.setup.header.loadflags }),
    cmdline: REGIONS.cmdline.base,
    ...(request.rngSeed === undefined ? {} : { setupData: REGIONS.setupData.base }),
    ...(request.initrd === undefined || initrdAddress === undefined
      ? {}
      : { initrd: { address: initrdAddress, length: request.initrd.length } }),
    e820: map.e820,
  });
  place(memory, REGIONS.zeroPage, params);
  return {
    mode: long ? 'long' : 'protected',
    rip: BigInt(kernel.program.entry),
    bootParams: BigInt(REGIONS.zeroPage.base),
    rsp: BigInt(REGIONS.bootStack.base + REGIONS.bootStack.length),
    ...(long && { cr3: BigInt(REGIONS.pageTables.base) }),
    gdt: { base: BigInt(REGIONS.gdt.base), length: BOOT_GDT_LENGTH },
  };
}

function checkAddresses({ segments, end }: ElfProgram): void {
  const area = REGIONS.kernelArea;
  const first = segments[0]?.address ?? 0;
  if (first < area.base) {
    throw new BootError(
      'unsupported',
      `the kernel asks to be loaded at ${hex(first)}, below ${hex(area.base)}, where this machine keeps its tables: link it higher`,
    );
  }
  if (end > area.base + area.length) {
    throw new BootError(
      'unsupported',
      `the kernel asks for memory up to ${hex(end)}, beyond ${hex(area.base + area.length)}, where this machine has none: link it lower`,
    );
  }
}

/** The initrd goes as high as it may, so that the kernel finds room behind itself. */
function placeInitrd({ kernel, initrd, map }: LoadRequest): number | undefined {
  const length = initrd?.length ?? 0;
  const needed = memoryNeeded(kernel, length);
  const lowEnd = map.ram[0] === undefined ? 0 : map.ram[0].base + map.ram[0].length;
  if (kernel.program.end > lowEnd) {
    throw new BootError(
      'no-room',
      `memory of ${formatSize(map.memory)} is too small: give at least ${formatSize(needed)} for this kernel`,
    );
  }
  if (length === 0) return undefined;
  const highest = kernel.setup?.header.initrd_addr_max ?? DEFAULT_INITRD_ADDR_MAX;
  const limit = Math.min(lowEnd, highest + 1);
  const address = roundDown(limit - length, PAGE);
  if (address >= roundUp(kernel.program.end, PAGE)) return address;
  const size = `the initrd of ${formatSize(length)}`;
  if (limit === lowEnd && map.ram.length === 1) {
    throw new BootError(
      'no-room',
      `${size} does not fit into memory of ${formatSize(map.memory)}: give at least ${formatSize(needed)}`,
    );
  }
  throw new BootError(
    'no-room',
    `${size} does not fit between the kernel, which ends at ${hex(kernel.program.end)}, and ${hex(limit)}: give a smaller one`,
  );
}

function encodeCmdline(cmdline: string, most: number): Uint8Array {
  const bytes = new TextEncoder().encode(`${cmdline}\0`);
  const longest = Math.min(most, REGIONS.cmdline.length - 1);
  if (bytes.length - 1 > longest) {
    throw new BootError(
      'bad-cmdline',
      `the kernel command line has ${bytes.length - 1} bytes, this kernel takes ${longest}: shorten it`,
    );
  }
  if (bytes.indexOf(0) < bytes.length - 1) {
    throw new BootError(
      'bad-cmdline',
      'the kernel command line holds a zero byte, where the kernel would stop reading',
    );
  }
  return bytes;
}

/** Writes `bytes` at the start of `region` and zeros after them. */
function place(memory: GuestMemory, region: Region, bytes: Uint8Array): void {
  const room = ram(memory, region.base, region.length);
  if (bytes.length > room.length) {
    throw new RangeError(`${bytes.length} bytes do not fit into the ${room.length} for: ${region.doc}`);
  }
  room.set(bytes);
  room.fill(0, bytes.length);
}

/** Guest RAM at addresses that were checked against the map. */
function ram(memory: GuestMemory, address: number, length: number): Uint8Array {
  const view = memory.view(address as Gpa, length);
  if (view === undefined) throw new RangeError(`guest memory lacks ${length} bytes of RAM at ${hex(address)}`);
  return view;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
