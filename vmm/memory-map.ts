/**
 * Where everything of this machine lies: guest physical addresses, I/O ports and interrupt pins. No other file holds a
 * guest address; devices see offsets, and documents and the dry run print these tables.
 */
import type { Gpa } from '../devices/ports.ts';
import type { RamRange } from './accelerator.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A stretch of guest physical address space with a purpose. */
export interface Region {
  readonly base: Gpa;
  /** Bytes. */
  readonly length: number;
  readonly doc: string;
}

/** A stretch of I/O port space with a purpose. */
export interface PortRange {
  readonly base: number;
  /** Ports. */
  readonly length: number;
  readonly doc: string;
}

/** One line of the printed memory map; rows may lie inside an earlier, longer one. */
export interface MapRow extends Region {
  readonly name: string;
}

/** Kinds of memory as the kernel is told. @spec ACPI 6.4 §15.1 INT 15H, E820H: Query System Address Map */
export const E820_TYPES = { usable: 1, reserved: 2 } as const;

/** One entry of the memory map handed to the kernel. */
export interface E820Entry {
  readonly base: Gpa;
  /** Bytes. */
  readonly length: number;
  readonly type: (typeof E820_TYPES)[keyof typeof E820_TYPES];
}

/** A PCI interrupt pin and the interrupt controller input it is wired to. */
export interface PciInterrupt {
  /** Device number on bus 0, 0 to 31. */
  readonly slot: number;
  /** 1 to 4 for INTA# to INTD#. */
  readonly pin: PciPin;
  /** Input of the IOAPIC. */
  readonly gsi: number;
}

/** INTA# to INTD# as the interrupt pin register counts them. @spec PCI Local Bus 3.0 §6.2.4 Miscellaneous Registers */
export type PciPin = 1 | 2 | 3 | 4;

/** The map of a machine with a given amount of RAM. */
export interface MemoryMap {
  /** RAM in bytes. */
  readonly memory: number;
  /** RAM in ascending order: below the PCI hole, then what lies above 4 GiB. */
  readonly ram: readonly RamRange[];
  readonly e820: readonly E820Entry[];
  /** Everything in ascending order, for documents and the dry run. */
  readonly rows: readonly MapRow[];
}

/** The memory asked for is not what this machine can have. */
export class MemorySizeError extends Error {
  override readonly name = 'MemorySizeError';
}

/** The least RAM of a machine, in bytes: the first MiB is taken by tables, a kernel needs more. */
export const MINIMUM_MEMORY = 2 * MIB;
/** The most RAM of a machine, in bytes: RAM, with the hole it leaves out, ends at 2^36, which every x86-64 CPU can address. */
export const MAXIMUM_MEMORY = 63 * GIB;
/** RAM is a multiple of this many bytes. */
export const MEMORY_GRANULARITY = MIB;

const HOLE_BASE = 0xc000_0000;
const HOLE_END = 0x1_0000_0000;
const HIGH_RAM_BASE = 0x1_0000_0000;

/** The fixed regions, in ascending order. */
export const REGIONS = {
  mpPointer: region(0x10, 0x10, 'MP floating pointer, where Linux looks first'),
  gdt: region(0x500, 0x100, 'boot GDT'),
  bootStack: region(0x6000, 0x1000, 'stack at kernel entry, growing down from the end'),
  zeroPage: region(0x7000, 0x1000, 'boot_params'),
  setupData: region(0x8000, 0x1000, 'setup_data list (seed of the random number generator)'),
  pageTables: region(0x9000, 0x6000, 'page tables at kernel entry, mapping the first 4 GiB to itself'),
  cmdline: region(0x2_0000, 0x1_0000, 'kernel command line'),
  ebda: region(
    0x9_fc00,
    0x400,
    'extended BIOS data area; begins with the MP floating pointer, where the MP specification has it',
  ),
  biosArea: region(0xf_0000, 0x1_0000, 'BIOS area, reserved; begins with the MP configuration table'),
  kernelArea: region(0x10_0000, HOLE_BASE - 0x10_0000, 'kernel and, at its end, the initrd, as far as there is RAM'),
  pciHole: region(HOLE_BASE, HOLE_END - HOLE_BASE, 'never RAM'),
  pciMmio: region(HOLE_BASE, 0xfeb0_0000 - HOLE_BASE, 'PCI memory BARs'),
  virtioMmio: region(0xfeb0_0000, 0x1000, 'virtio devices without a PCI bus, 512 bytes each'),
  ioApic: region(0xfec0_0000, 0x1000, 'IOAPIC'),
  localApic: region(0xfee0_0000, 0x10_0000, 'local APIC; target of message-signalled interrupts'),
  kvmIdentityMap: region(0xfffb_c000, 0x1000, 'page of KVM for CPUs that cannot run real mode'),
  kvmTss: region(0xfffb_d000, 0x3000, 'task state segment of KVM for CPUs that cannot run real mode'),
} as const satisfies Record<string, Region>;

/** What a kernel must leave alone although it is RAM or could be taken for free address space. */
const RESERVED: readonly Region[] = [
  REGIONS.ebda,
  REGIONS.biosArea,
  region(REGIONS.ioApic.base, HOLE_END - REGIONS.ioApic.base, 'interrupt controllers and pages of KVM'),
];

/** The I/O ports that something answers; those of the interrupt controllers and the timer are the accelerator's. */
export const PORTS = {
  pic1: port(0x20, 2, 'first 8259 interrupt controller (accelerator)'),
  pit: port(0x40, 4, '8254 timer (accelerator)'),
  keyboardData: port(0x60, 1, 'i8042 data'),
  systemControlB: port(0x61, 1, 'timer channel 2 gate and output (accelerator)'),
  keyboardCommand: port(0x64, 1, 'i8042 status and command; command 0xfe resets the machine'),
  cmos: port(0x70, 2, 'CMOS memory and clock'),
  postCode: port(0x80, 1, 'diagnostic port, written for a delay'),
  systemControlA: port(0x92, 1, 'bit 0 resets the machine'),
  pic2: port(0xa0, 2, 'second 8259 interrupt controller (accelerator)'),
  com1: port(0x3f8, 8, '16550A serial port'),
  elcr: port(0x4d0, 2, 'edge or level of the 8259 inputs (accelerator)'),
  fwCfg: port(0x510, 2, 'what machine this is, for firmware and whoever plays it'),
  pm1aControl: port(0x604, 2, 'power management; sleep enable with type 0 powers off'),
  pciConfig: port(0xcf8, 8, 'PCI configuration mechanism #1; a byte at 0xcf9 is the reset control'),
  pciIo: port(0xc000, 0x4000, 'PCI I/O BARs'),
} as const satisfies Record<string, PortRange>;

/** Inputs of the IOAPIC; a GSI is a number below this. */
export const IOAPIC_PINS = 24;

/** Interrupts of the ISA devices, which have the same number at the 8259s and as GSI. */
export const ISA_IRQS = { timer: 0, keyboard: 1, cascade: 2, com1: 4, rtc: 8 } as const;

/** Interrupts that no device of the platform has: one for each virtio device without a PCI bus. */
export const VIRTIO_MMIO_IRQS: readonly number[] = [5, 6, 7, 9, 10, 11, 14, 15];

/** The IOAPIC input that the timer's IRQ 0 reaches; every other ISA interrupt n reaches input n. */
export const TIMER_IOAPIC_PIN = 2;

/** Devices on PCI bus 0, slot 0 being the host bridge. */
export const PCI_SLOTS = 32;

/** The first IOAPIC input PCI interrupt pins are wired to. */
export const FIRST_PCI_GSI = 16;
/** How many inputs they share. */
export const PCI_GSIS = 8;

/** The IOAPIC input, 16 to 23, of a pin of the device in `slot`; neighbouring slots get different ones. */
export function pciInterruptGsi(slot: number, pin: number): number {
  return FIRST_PCI_GSI + ((slot + pin - 1) % PCI_GSIS);
}

/** The wiring of all four pins of each of `slots`. */
export function pciInterrupts(slots: readonly number[]): PciInterrupt[] {
  const pins: readonly PciPin[] = [1, 2, 3, 4];
  return slots.flatMap((slot) => pins.map((pin) => ({ slot, pin, gsi: pciInterruptGsi(slot, pin) })));
}

/**
 * Lays out a machine with `memory` bytes of RAM.
 *
 * @param kernelNeeds bytes that the kernel to be started needs, so that the error can name them
 * @throws MemorySizeError where the machine cannot have that much, or the kernel needs more
 */
export function memoryMap(memory: number, kernelNeeds = MINIMUM_MEMORY): MemoryMap {
  checkMemory(memory, kernelNeeds);
  const ram: RamRange[] = [{ base: gpa(0), length: Math.min(memory, HOLE_BASE) }];
  if (memory > HOLE_BASE) ram.push({ base: gpa(HIGH_RAM_BASE), length: memory - HOLE_BASE });
  return { memory, ram, e820: e820(ram), rows: rows(ram) };
}

function checkMemory(memory: number, kernelNeeds: number): void {
  const asked = formatSize(memory);
  if (!Number.isSafeInteger(memory) || memory < 0)
    throw new MemorySizeError(`memory of ${memory} bytes makes no sense`);
  if (memory < Math.max(MINIMUM_MEMORY, kernelNeeds)) {
    const least = Math.ceil(Math.max(MINIMUM_MEMORY, kernelNeeds) / MIB);
    const whom = kernelNeeds > MINIMUM_MEMORY ? 'this kernel' : 'any kernel';
    throw new MemorySizeError(`memory of ${asked} is too small: give at least ${least} MiB for ${whom}`);
  }
  if (memory > MAXIMUM_MEMORY) {
    throw new MemorySizeError(`memory of ${asked} is too much: give at most ${formatSize(MAXIMUM_MEMORY)}`);
  }
  if (memory % MEMORY_GRANULARITY !== 0) {
    const below = formatSize(memory - (memory % MEMORY_GRANULARITY));
    throw new MemorySizeError(`memory of ${asked} is not a whole number of MiB: give ${below}, for example`);
  }
}

function e820(ram: readonly RamRange[]): E820Entry[] {
  const entries: E820Entry[] = RESERVED.map(({ base, length }) => ({ base, length, type: E820_TYPES.reserved }));
  for (const range of ram) {
    let base: number = range.base;
    const end = range.base + range.length;
    // The video area is RAM here, but no kernel expects any between the EBDA and 1 MiB.
    if (base < REGIONS.kernelArea.base) {
      entries.push({ base: gpa(base), length: REGIONS.ebda.base - base, type: E820_TYPES.usable });
      base = REGIONS.kernelArea.base;
    }
    entries.push({ base: gpa(base), length: end - base, type: E820_TYPES.usable });
  }
  return entries.sort((a, b) => a.base - b.base);
}

function rows(ram: readonly RamRange[]): MapRow[] {
  const lines: MapRow[] = Object.entries(REGIONS).map(([name, { base, length, doc }]) => ({ name, base, length, doc }));
  for (const range of ram) {
    const name = range.base === 0 ? 'lowRam' : 'highRam';
    lines.push({ name, ...range, doc: range.base === 0 ? 'RAM below the PCI hole' : 'RAM above 4 GiB' });
  }
  return lines.sort((a, b) => a.base - b.base || b.length - a.length);
}

/** Prints a number of bytes in the largest unit that divides it, such as `64 MiB`. */
export function formatSize(bytes: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['GiB', GIB],
    ['MiB', MIB],
    ['KiB', KIB],
  ];
  const unit = units.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? `${bytes} bytes` : `${bytes / unit[1]} ${unit[0]}`;
}

function region(base: number, length: number, doc: string): Region {
  return { base: gpa(base), length, doc };
}

function port(base: number, length: number, doc: string): PortRange {
  return { base, length, doc };
}

function gpa(address: number): Gpa {
  return address as Gpa;
}
