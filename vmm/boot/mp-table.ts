/**
 * The MultiProcessor tables, from which a kernel without ACPI learns its CPUs, the IOAPIC and how interrupts are wired.
 *
 * @spec MultiProcessor Specification 1.4 §4 MP Configuration Table
 */
import { IOAPIC_PINS, ISA_IRQS, type PciInterrupt, REGIONS, TIMER_IOAPIC_PIN } from '../memory-map.ts';
import { type RecordTable, recordLength, writeRecord } from './record.ts';

/** @spec MultiProcessor Specification 1.4 §4.1 MP Floating Pointer Structure */
export const MP_FLOATING_POINTER = {
  signature: { at: 0, width: 4, doc: '"_MP_"' },
  physical_address_pointer: { at: 4, width: 4, doc: 'address of the configuration table' },
  length: { at: 8, width: 1, doc: 'length of this structure in units of 16 bytes' },
  spec_rev: { at: 9, width: 1, doc: 'minor version of the specification' },
  checksum: { at: 10, width: 1, doc: 'makes the sum of all bytes 0' },
  feature_1: { at: 11, width: 1, doc: '0: there is a configuration table' },
  feature_2: { at: 12, width: 4, doc: 'bit 7: interrupts start in PIC mode' },
} as const satisfies RecordTable;

/** @spec MultiProcessor Specification 1.4 §4.2 MP Configuration Table Header */
export const MP_CONFIGURATION_HEADER = {
  signature: { at: 0, width: 4, doc: '"PCMP"' },
  base_table_length: { at: 4, width: 2, doc: 'bytes of header and entries' },
  spec_rev: { at: 6, width: 1, doc: 'minor version of the specification' },
  checksum: { at: 7, width: 1, doc: 'makes the sum of all bytes 0' },
  oem_id: { at: 8, width: 8, doc: 'maker, padded with spaces' },
  product_id_low: { at: 16, width: 8, doc: 'product, padded with spaces: first 8 characters' },
  product_id_high: { at: 24, width: 4, doc: 'and last 4' },
  oem_table_pointer: { at: 28, width: 4, doc: '0: none' },
  oem_table_size: { at: 32, width: 2, doc: '0' },
  entry_count: { at: 34, width: 2, doc: 'number of entries' },
  local_apic_address: { at: 36, width: 4, doc: 'address of the local APICs' },
  extended_table_length: { at: 40, width: 2, doc: '0: none' },
  extended_table_checksum: { at: 42, width: 1, doc: '0' },
  reserved: { at: 43, width: 1, doc: '0' },
} as const satisfies RecordTable;

/** @spec MultiProcessor Specification 1.4 §4.3.1 Processor Entries */
export const MP_PROCESSOR = {
  entry_type: { at: 0, width: 1, doc: '0' },
  local_apic_id: { at: 1, width: 1, doc: 'local APIC ID' },
  local_apic_version: { at: 2, width: 1, doc: 'bits 0 to 7 of its version register' },
  cpu_flags: { at: 3, width: 1, doc: 'bit 0: usable; bit 1: the bootstrap processor' },
  cpu_signature: { at: 4, width: 4, doc: 'stepping, model and family' },
  feature_flags: { at: 8, width: 4, doc: 'EDX of CPUID leaf 1' },
  reserved_low: { at: 12, width: 4, doc: '0' },
  reserved_high: { at: 16, width: 4, doc: '0' },
} as const satisfies RecordTable;

/** @spec MultiProcessor Specification 1.4 §4.3.2 Bus Entries */
export const MP_BUS = {
  entry_type: { at: 0, width: 1, doc: '1' },
  bus_id: { at: 1, width: 1, doc: 'number; of a PCI bus its bus number' },
  bus_type_low: { at: 2, width: 4, doc: 'name, padded with spaces: first 4 characters' },
  bus_type_high: { at: 6, width: 2, doc: 'and last 2' },
} as const satisfies RecordTable;

/** @spec MultiProcessor Specification 1.4 §4.3.3 I/O APIC Entries */
export const MP_IO_APIC = {
  entry_type: { at: 0, width: 1, doc: '2' },
  io_apic_id: { at: 1, width: 1, doc: 'IOAPIC ID' },
  io_apic_version: { at: 2, width: 1, doc: 'bits 0 to 7 of its version register' },
  io_apic_flags: { at: 3, width: 1, doc: 'bit 0: usable' },
  io_apic_address: { at: 4, width: 4, doc: 'address of its registers' },
} as const satisfies RecordTable;

/** @spec MultiProcessor Specification 1.4 §4.3.4 I/O Interrupt Assignment Entries, §4.3.5 Local Interrupt Assignment Entries */
export const MP_INTERRUPT = {
  entry_type: { at: 0, width: 1, doc: '3 for an input of the IOAPIC, 4 for one of the local APICs' },
  interrupt_type: { at: 1, width: 1, doc: '0 vectored, 1 NMI, 3 from an 8259' },
  interrupt_flag: { at: 2, width: 2, doc: '0: polarity and trigger mode as is usual for the bus' },
  source_bus_id: { at: 4, width: 1, doc: 'bus' },
  source_bus_irq: {
    at: 5,
    width: 1,
    doc: 'interrupt; on a PCI bus, bits 0 and 1 the pin (INTA# is 0), bits 2 to 6 the slot',
  },
  destination_apic_id: { at: 6, width: 1, doc: 'APIC; 0xff: all local APICs' },
  destination_apic_input: { at: 7, width: 1, doc: 'its input' },
} as const satisfies RecordTable;

const VALUES = {
  floatingPointer: 0x5f50_4d5f,
  configurationTable: 0x504d_4350,
  minorVersion: 4,
  processorUsable: 1,
  processorBootstrap: 2,
  apicVersion: 0x14,
  ioApicVersion: 0x11,
  everyLocalApic: 0xff,
} as const;

const ENTRY = { processor: 0, bus: 1, ioApic: 2, ioInterrupt: 3, localInterrupt: 4 } as const;
const INTERRUPT = { vectored: 0, nmi: 1, external: 3 } as const;

/** A PCI bus has the number by which configuration space knows it, so the ISA bus takes the next. */
const BUS = { pci: 0, isa: 1 } as const;
const ISA_INTERRUPTS = 16;

/** CPUID of an early Pentium; kernels ask the CPU itself. */
const CPU_SIGNATURE = 0x600;
const CPU_FEATURES = 0x201;

/** What the tables describe. */
export interface MpMachine {
  /** Number of CPUs, 1 to 254; their local APIC IDs count from 0, CPU 0 being the bootstrap processor. */
  readonly cpus: number;
  readonly pciInterrupts: readonly PciInterrupt[];
}

/** The floating pointer structure, 16 bytes, to lie on a 16-byte boundary; `table` is the address it points to. */
export function mpFloatingPointer(table: number): Uint8Array<ArrayBuffer> {
  const bytes = record(MP_FLOATING_POINTER, {
    signature: VALUES.floatingPointer,
    physical_address_pointer: table,
    length: 1,
    spec_rev: VALUES.minorVersion,
  });
  bytes[MP_FLOATING_POINTER.checksum.at] = checksum(bytes);
  return bytes;
}

/** The configuration table. */
export function mpConfigurationTable(machine: MpMachine): Uint8Array<ArrayBuffer> {
  const entries = [...processors(machine.cpus), ...buses(), ioApic(machine.cpus), ...interrupts(machine)];
  const headerLength = recordLength(MP_CONFIGURATION_HEADER);
  const length = entries.reduce((sum, entry) => sum + entry.length, headerLength);
  const bytes = new Uint8Array(length);
  writeRecord(MP_CONFIGURATION_HEADER, bytes, {
    signature: VALUES.configurationTable,
    base_table_length: length,
    spec_rev: VALUES.minorVersion,
    oem_id: characters('TSVMM   '),
    product_id_low: characters('TSVMM   '),
    product_id_high: Number(characters('    ')),
    entry_count: entries.length,
    local_apic_address: REGIONS.localApic.base,
  });
  let at = headerLength;
  for (const entry of entries) {
    bytes.set(entry, at);
    at += entry.length;
  }
  bytes[MP_CONFIGURATION_HEADER.checksum.at] = checksum(bytes);
  return bytes;
}

function processors(cpus: number): Uint8Array[] {
  return Array.from({ length: cpus }, (_, id) =>
    record(MP_PROCESSOR, {
      entry_type: ENTRY.processor,
      local_apic_id: id,
      local_apic_version: VALUES.apicVersion,
      cpu_flags: VALUES.processorUsable | (id === 0 ? VALUES.processorBootstrap : 0),
      cpu_signature: CPU_SIGNATURE,
      feature_flags: CPU_FEATURES,
    }),
  );
}

function buses(): Uint8Array[] {
  return [[BUS.pci, 'PCI   '] as const, [BUS.isa, 'ISA   '] as const].map(([bus_id, name]) =>
    record(MP_BUS, {
      entry_type: ENTRY.bus,
      bus_id,
      bus_type_low: Number(characters(name.slice(0, 4))),
      bus_type_high: Number(characters(name.slice(4))),
    }),
  );
}

/**
 * The IOAPIC's ID: the first one that no CPU has, as long as it fits into the register's four bits. Beyond that 0, which is no
 * contradiction where APICs talk over the system bus and not by ID; kernels tell the two kinds apart themselves.
 *
 * @spec Intel 82093AA I/O APIC §3.2.1 IOAPICID
 */
function ioApicId(cpus: number): number {
  return cpus < 2 ** 4 ? cpus : 0;
}

function ioApic(cpus: number): Uint8Array {
  return record(MP_IO_APIC, {
    entry_type: ENTRY.ioApic,
    io_apic_id: ioApicId(cpus),
    io_apic_version: VALUES.ioApicVersion,
    io_apic_flags: 1,
    io_apic_address: REGIONS.ioApic.base,
  });
}

function interrupts({ cpus, pciInterrupts }: MpMachine): Uint8Array[] {
  const isa = Array.from({ length: ISA_INTERRUPTS }, (_, irq) => irq).filter((irq) => irq !== ISA_IRQS.cascade);
  const isaEntries = isa.map((irq) =>
    interrupt({
      entry_type: ENTRY.ioInterrupt,
      source_bus_id: BUS.isa,
      source_bus_irq: irq,
      destination_apic_id: ioApicId(cpus),
      destination_apic_input: irq === ISA_IRQS.timer ? TIMER_IOAPIC_PIN : irq,
    }),
  );
  const pciEntries = pciInterrupts.map(({ slot, pin, gsi }) => {
    if (gsi >= IOAPIC_PINS) throw new RangeError(`interrupt ${gsi} of PCI slot ${slot} is no input of the IOAPIC`);
    return interrupt({
      entry_type: ENTRY.ioInterrupt,
      source_bus_id: BUS.pci,
      source_bus_irq: (slot << 2) | (pin - 1),
      destination_apic_id: ioApicId(cpus),
      destination_apic_input: gsi,
    });
  });
  const local = {
    entry_type: ENTRY.localInterrupt,
    source_bus_id: BUS.isa,
    destination_apic_id: VALUES.everyLocalApic,
  };
  return [
    ...isaEntries,
    ...pciEntries,
    interrupt({ ...local, interrupt_type: INTERRUPT.external, destination_apic_input: 0 }),
    interrupt({ ...local, interrupt_type: INTERRUPT.nmi, destination_apic_input: 1 }),
  ];
}

function interrupt(values: Parameters<typeof record<typeof MP_INTERRUPT>>[1]): Uint8Array {
  return record(MP_INTERRUPT, { interrupt_type: INTERRUPT.vectored, ...values });
}

function record<Table extends RecordTable>(
  table: Table,
  values: Parameters<typeof writeRecord<Table>>[2],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(recordLength(table));
  writeRecord(table, bytes, values);
  return bytes;
}

/** Up to eight characters as they lie in memory, the first one lowest. */
function characters(text: string): bigint {
  return Array.from(text).reduceRight((value, character) => (value << 8n) | BigInt(character.charCodeAt(0)), 0n);
}

function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
