/**
 * The bytes of CMOS memory: a clock in the first fourteen, what the firmware of a PC notes about RAM in some others, and
 * memory in the rest.
 */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';

/** Parts of the time, as the clock has them. */
export type TimeField = 'second' | 'minute' | 'hour' | 'weekday' | 'day' | 'month' | 'year' | 'century';

/** What the registers ask of the clock. */
export interface CmosOwner {
  /** A part of the time in the encoding that register B asks for. */
  timeField(field: TimeField): number;
  setTimeField(field: TimeField, value: number): void;
  registerA: number;
  registerB: number;
}

/** Bits of register A. @spec Motorola MC146818A Register A */
export const REGISTER_A = { updateInProgress: 0x80 } as const;

/** Bits of register B. @spec Motorola MC146818A Register B */
export const REGISTER_B = { set: 0x80, binary: 0x04, hours24: 0x02 } as const;

/** Number of bytes. */
export const CMOS_LENGTH = 128;

const TIME_SPEC = 'Motorola MC146818A Time, Calendar and Alarm Locations';

function time(name: string, at: number, field: TimeField, doc: string): RegisterRow<CmosOwner> {
  return {
    name,
    at,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: TIME_SPEC,
    doc,
    read: (clock) => clock.timeField(field),
    write: (clock, value) => clock.setTimeField(field, value),
  };
}

function kept(name: string, at: number, spec: string, doc: string): RegisterRow<CmosOwner> {
  return { name, at, width: 1, access: 'rw', reset: 0, spec, doc };
}

const CLOCK: readonly RegisterRow<CmosOwner>[] = [
  time('seconds', 0x00, 'second', 'Seconds, 0 to 59.'),
  kept('seconds_alarm', 0x01, TIME_SPEC, 'Kept; there is no alarm.'),
  time('minutes', 0x02, 'minute', 'Minutes, 0 to 59.'),
  kept('minutes_alarm', 0x03, TIME_SPEC, 'Kept; there is no alarm.'),
  time('hours', 0x04, 'hour', 'Hours, 0 to 23, or 1 to 12 with bit 7 for the afternoon.'),
  kept('hours_alarm', 0x05, TIME_SPEC, 'Kept; there is no alarm.'),
  time('day_of_week', 0x06, 'weekday', 'Day of the week, 1 Sunday to 7 Saturday; follows from the date.'),
  time('day_of_month', 0x07, 'day', 'Day of the month, 1 to 31.'),
  time('month', 0x08, 'month', 'Month, 1 to 12.'),
  time('year', 0x09, 'year', 'Year of the century, 0 to 99.'),
  {
    name: 'register_a',
    at: 0x0a,
    width: 1,
    access: 'rw',
    reset: 0x26,
    spec: 'Motorola MC146818A Register A',
    doc: 'Divider and rate, kept; UIP while the time is about to change.',
    bits: { RS: [0, 3], DV: [4, 6], UIP: 7 },
    read: (clock) => clock.registerA,
    write: (clock, value) => {
      clock.registerA = value;
    },
  },
  {
    name: 'register_b',
    at: 0x0b,
    width: 1,
    access: 'rw',
    reset: REGISTER_B.hours24,
    spec: 'Motorola MC146818A Register B',
    doc: 'Encoding of the time; SET stops the clock while it is set.',
    bits: { DSE: 0, '24/12': 1, DM: 2, SQWE: 3, UIE: 4, AIE: 5, PIE: 6, SET: 7 },
    read: (clock) => clock.registerB,
    write: (clock, value) => {
      clock.registerB = value;
    },
  },
  {
    name: 'register_c',
    at: 0x0c,
    width: 1,
    access: 'ro',
    reset: 0,
    spec: 'Motorola MC146818A Register C',
    doc: 'Pending interrupts: never any.',
  },
  {
    name: 'register_d',
    at: 0x0d,
    width: 1,
    access: 'ro',
    reset: 0x80,
    spec: 'Motorola MC146818A Register D',
    doc: 'The battery is good.',
    bits: { VRT: 7 },
  },
  time('century', 0x32, 'century', 'Century, 19 and up.'),
];

const RAM_SPEC = 'IBM PC/AT Technical Reference, CMOS RAM address map';
const QEMU_SPEC = 'SeaBIOS src/hw/rtc.h CMOS offsets';

const FIRMWARE: readonly RegisterRow<CmosOwner>[] = [
  kept('base_memory_low', 0x15, RAM_SPEC, 'RAM below 640 KiB in KiB, low byte.'),
  kept('base_memory_high', 0x16, RAM_SPEC, 'RAM below 640 KiB in KiB, high byte.'),
  kept('expansion_memory_low', 0x17, RAM_SPEC, 'RAM above 1 MiB in KiB, at most 65535, low byte.'),
  kept('expansion_memory_high', 0x18, RAM_SPEC, 'RAM above 1 MiB in KiB, at most 65535, high byte.'),
  kept('extended_memory_low', 0x30, RAM_SPEC, 'The same as found at start, low byte.'),
  kept('extended_memory_high', 0x31, RAM_SPEC, 'The same as found at start, high byte.'),
  kept('memory_above_16m_low', 0x34, QEMU_SPEC, 'RAM from 16 MiB to the PCI hole in units of 64 KiB, low byte.'),
  kept('memory_above_16m_high', 0x35, QEMU_SPEC, 'RAM from 16 MiB to the PCI hole in units of 64 KiB, high byte.'),
  kept('memory_above_4g_low', 0x5b, QEMU_SPEC, 'RAM above 4 GiB in units of 64 KiB, low byte.'),
  kept('memory_above_4g_middle', 0x5c, QEMU_SPEC, 'RAM above 4 GiB in units of 64 KiB, middle byte.'),
  kept('memory_above_4g_high', 0x5d, QEMU_SPEC, 'RAM above 4 GiB in units of 64 KiB, high byte.'),
];

const named = [...CLOCK, ...FIRMWARE];
const taken = new Set(named.map(({ at }) => at));
const memory = Array.from({ length: CMOS_LENGTH }, (_, at) => at)
  .filter((at) => !taken.has(at))
  .map((at) => kept(`ram_${at.toString(16).padStart(2, '0')}`, at, RAM_SPEC, 'Memory.'));

/** The 128 bytes behind the index register. @spec Motorola MC146818A Real-Time Clock plus RAM */
export const cmosRegisters = registerBlock<CmosOwner>('cmos', [...named, ...memory]);
