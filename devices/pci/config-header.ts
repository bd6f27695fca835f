/** The first 64 bytes of a function's configuration space. */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';

/** Bits of the command register. @spec PCI Local Bus 3.0 §6.2.2 Device Control */
export const COMMAND = { io: 0x0001, memory: 0x0002, busMaster: 0x0004, interruptDisable: 0x0400 } as const;

/** Bits of the status register. @spec PCI Local Bus 3.0 §6.2.3 Device Status */
export const STATUS = { interrupt: 0x0008, capabilitiesList: 0x0010 } as const;

/** Bit of the header type that says a device has further functions. @spec PCI Local Bus 3.0 §6.2.1 Device Identification */
export const MULTI_FUNCTION = 0x80;

/** Offset of base address register 0 in configuration space; the six follow each other. */
export const BASE_ADDRESS_REGISTERS = 0x10;

/** What the header asks of the function it belongs to. */
export interface HeaderOwner {
  readBar(index: number): number;
  writeBar(index: number, value: number): void;
  commandWritten(command: number): void;
}

const organization = 'PCI Local Bus 3.0 §6.1 Configuration Space Organization';
const identification = 'PCI Local Bus 3.0 §6.2.1 Device Identification';
const miscellaneous = 'PCI Local Bus 3.0 §6.2.4 Miscellaneous Registers';

function fixed(name: string, at: number, width: 1 | 2 | 4, spec: string, doc: string): RegisterRow<HeaderOwner> {
  return { name, at, width, access: 'ro', reset: 0, spec, doc };
}

function baseAddress(index: number): RegisterRow<HeaderOwner> {
  return {
    name: `base_address_${index}`,
    at: BASE_ADDRESS_REGISTERS + 4 * index,
    width: 4,
    access: 'rw',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.2.5.1 Address Maps',
    doc: 'Where a range of the function is decoded; reads back its size after all ones are written.',
    read: (owner) => owner.readBar(index),
    write: (owner, value) => owner.writeBar(index, value),
  };
}

/** Type 0 header. What differs between functions is given as presets. @spec PCI Local Bus 3.0 §6.1 Configuration Space Organization */
export const configHeader = registerBlock<HeaderOwner>(
  'config_header',
  [
    fixed('vendor_id', 0x00, 2, identification, 'Maker of the function.'),
    fixed('device_id', 0x02, 2, identification, 'Kind of the function, by its maker.'),
    {
      name: 'command',
      at: 0x04,
      width: 2,
      access: 'rw-masked',
      reset: 0,
      mask: 0x0507,
      spec: 'PCI Local Bus 3.0 §6.2.2 Device Control',
      doc: 'What the function may do on the bus.',
      bits: { IO_SPACE: 0, MEMORY_SPACE: 1, BUS_MASTER: 2, SERR_ENABLE: 8, INTERRUPT_DISABLE: 10 },
      write: (owner, value) => owner.commandWritten(value),
    },
    {
      name: 'status',
      at: 0x06,
      width: 2,
      access: 'w1c',
      reset: 0,
      mask: 0xf900,
      spec: 'PCI Local Bus 3.0 §6.2.3 Device Status',
      doc: 'What happened on the bus.',
      bits: { INTERRUPT_STATUS: 3, CAPABILITIES_LIST: 4 },
    },
    fixed('revision_id', 0x08, 1, identification, 'Revision of the function.'),
    fixed('programming_interface', 0x09, 1, identification, 'Lowest byte of the class code.'),
    fixed('sub_class', 0x0a, 1, identification, 'Middle byte of the class code.'),
    fixed('base_class', 0x0b, 1, identification, 'Highest byte of the class code.'),
    {
      name: 'cache_line_size',
      at: 0x0c,
      width: 1,
      access: 'rw',
      reset: 0,
      spec: miscellaneous,
      doc: 'Cache line of the system in dwords; kept, without effect.',
    },
    fixed('latency_timer', 0x0d, 1, miscellaneous, 'Always 0.'),
    fixed('header_type', 0x0e, 1, identification, 'Layout 0; bit 7 on function 0 says there are more functions.'),
    fixed('bist', 0x0f, 1, miscellaneous, 'No built-in self test.'),
    baseAddress(0),
    baseAddress(1),
    baseAddress(2),
    baseAddress(3),
    baseAddress(4),
    baseAddress(5),
    fixed('cardbus_cis_pointer', 0x28, 4, miscellaneous, 'No CardBus.'),
    fixed('subsystem_vendor_id', 0x2c, 2, miscellaneous, 'Maker of the device the function is part of.'),
    fixed('subsystem_id', 0x2e, 2, miscellaneous, 'Kind of that device.'),
    fixed(
      'expansion_rom_base_address',
      0x30,
      4,
      'PCI Local Bus 3.0 §6.2.5.2 Expansion ROM Base Address Register',
      'No ROM.',
    ),
    fixed(
      'capabilities_pointer',
      0x34,
      1,
      'PCI Local Bus 3.0 §6.7 Capabilities List',
      'Offset of the first capability.',
    ),
    {
      name: 'interrupt_line',
      at: 0x3c,
      width: 1,
      access: 'rw',
      reset: 0,
      spec: miscellaneous,
      doc: 'Interrupt input the pin is wired to; written by firmware, read by drivers.',
    },
    fixed('interrupt_pin', 0x3d, 1, miscellaneous, '0 none, 1 INTA to 4 INTD.'),
    fixed('min_gnt', 0x3e, 1, miscellaneous, 'Always 0.'),
    fixed('max_lat', 0x3f, 1, organization, 'Always 0.'),
  ],
  { length: 0x40 },
);
