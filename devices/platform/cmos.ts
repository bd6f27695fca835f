/**
 * CMOS memory with its clock, behind an index port and a data port. The clock shows UTC; the guest may set it, which moves
 * its own clock and no other. It raises no interrupts.
 *
 * @spec Motorola MC146818A Real-Time Clock plus RAM
 */
import type { AccessWidth, BusTarget, Clock, Resettable } from '../ports.ts';
import {
  CMOS_LENGTH,
  type CmosOwner,
  cmosRegisters,
  REGISTER_A,
  REGISTER_B,
  type TimeField,
} from './cmos-registers.ts';

type Time = { [field in TimeField]: number };

/** The update takes 1984 us and is announced 244 us before. @spec Motorola MC146818A Update Cycle */
const UPDATE_MS = 2.228;

const MIB = 1024 * 1024;

/** What CMOS notes about the machine. */
export interface CmosOptions {
  readonly clock: Clock;
  /** RAM below the PCI hole in bytes. */
  readonly lowMemory: number;
  /** RAM above 4 GiB in bytes. */
  readonly highMemory: number;
}

/** Registers A and B as firmware leaves them. @spec Motorola MC146818A Register A, Register B */
const POWER_ON = { registerA: 0x26, registerB: REGISTER_B.hours24 } as const;

/** Two ports: index, data. */
export class Cmos implements BusTarget, Resettable {
  readonly name = 'cmos';
  readonly #clock: Clock;
  readonly #registers;
  #index = 0;
  /** Bits of register A and B as written. */
  #registerA: number = POWER_ON.registerA;
  #registerB: number = POWER_ON.registerB;
  /** What the guest's setting of the clock added to the host's, in milliseconds. */
  #offsetMs = 0;
  /** The time while SET is 1: it stands still and takes what is written. */
  #stopped: Time | undefined;

  constructor(options: CmosOptions) {
    this.#clock = options.clock;
    this.#registers = cmosRegisters.instance(this.#owner(), memoryNotes(options));
  }

  /** The index port reads all ones, as on a PC. */
  read(offset: number, width: AccessWidth): number {
    if (width !== 1) return 2 ** (8 * width) - 1;
    return offset === 1 ? (this.#registers.read(this.#index, 1) ?? 0xff) : 0xff;
  }

  /** Bit 7 of the index masks the NMI, of which there is none. */
  write(offset: number, width: AccessWidth, value: number): void {
    if (width === 2 && offset === 0) {
      this.write(0, 1, value & 0xff);
      this.write(1, 1, value >>> 8);
    } else if (width === 1 && offset === 0) this.#index = value % CMOS_LENGTH;
    else if (width === 1) this.#registers.write(this.#index, 1, value);
  }

  /** A battery keeps the time the guest has set and the memory; a clock it has stopped goes on. */
  reset(): void {
    this.#index = 0;
    this.#registerA = POWER_ON.registerA;
    this.#setRegisterB(POWER_ON.registerB);
  }

  #owner(): CmosOwner {
    const cmos = this;
    return {
      timeField: (field) => this.#encode(field, (this.#stopped ?? timeOf(this.#now()))[field]),
      setTimeField: (field, value) => this.#setTimeField(field, value),
      get registerA() {
        return cmos.#registerA | (cmos.#updating() ? REGISTER_A.updateInProgress : 0);
      },
      set registerA(value) {
        cmos.#registerA = value & ~REGISTER_A.updateInProgress;
      },
      get registerB() {
        return cmos.#registerB;
      },
      set registerB(value) {
        cmos.#setRegisterB(value);
      },
    };
  }

  #now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  #updating(): boolean {
    const intoSecond = ((this.#now() % 1000) + 1000) % 1000;
    return this.#stopped === undefined && intoSecond >= 1000 - UPDATE_MS;
  }

  #setRegisterB(value: number): void {
    const stop = (value & REGISTER_B.set) !== 0;
    if (stop) this.#stopped ??= timeOf(this.#now());
    else if (this.#stopped !== undefined) {
      this.#startAt(this.#stopped);
      this.#stopped = undefined;
    }
    this.#registerB = value;
  }

  #setTimeField(field: TimeField, value: number): void {
    // The weekday follows from the date: taking it would say nothing.
    if (field === 'weekday') return;
    const time = this.#stopped ?? timeOf(this.#now());
    time[field] = this.#decode(field, value);
    if (this.#stopped === undefined) this.#startAt(time);
  }

  #startAt(time: Time): void {
    const year = time.century * 100 + time.year;
    const date = new Date(0);
    date.setUTCFullYear(year, time.month - 1, time.day);
    date.setUTCHours(time.hour, time.minute, time.second);
    this.#offsetMs = date.getTime() - this.#clock.now();
  }

  #encode(field: TimeField, value: number): number {
    const afternoon = field === 'hour' && (this.#registerB & REGISTER_B.hours24) === 0;
    const shown = afternoon ? (value % 12 === 0 ? 12 : value % 12) : value;
    const digits = (this.#registerB & REGISTER_B.binary) !== 0 ? shown : Math.floor(shown / 10) * 16 + (shown % 10);
    return (digits | (afternoon && value >= 12 ? 0x80 : 0)) & 0xff;
  }

  #decode(field: TimeField, value: number): number {
    const twelve = field === 'hour' && (this.#registerB & REGISTER_B.hours24) === 0;
    const digits = twelve ? value & 0x7f : value;
    const shown = (this.#registerB & REGISTER_B.binary) !== 0 ? digits : (digits >> 4) * 10 + (digits & 0x0f);
    return twelve ? (shown % 12) + ((value & 0x80) !== 0 ? 12 : 0) : shown;
  }
}

function timeOf(ms: number): Time {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  return {
    second: date.getUTCSeconds(),
    minute: date.getUTCMinutes(),
    hour: date.getUTCHours(),
    weekday: date.getUTCDay() + 1,
    day: date.getUTCDate(),
    month: date.getUTCMonth() + 1,
    year: year % 100,
    century: Math.floor(year / 100),
  };
}

function memoryNotes({ lowMemory, highMemory }: CmosOptions): Record<string, number> {
  const base = Math.min(lowMemory, 640 * 1024) / 1024;
  const extended = Math.min(Math.max(lowMemory - MIB, 0) / 1024, 0xffff);
  const above16 = Math.min(Math.max(lowMemory - 16 * MIB, 0) / 65536, 0xffff);
  const above4g = Math.min(highMemory / 65536, 0xff_ffff);
  const byte = (value: number, index: number) => (Math.floor(value) >>> (8 * index)) & 0xff;
  return {
    base_memory_low: byte(base, 0),
    base_memory_high: byte(base, 1),
    expansion_memory_low: byte(extended, 0),
    expansion_memory_high: byte(extended, 1),
    extended_memory_low: byte(extended, 0),
    extended_memory_high: byte(extended, 1),
    memory_above_16m_low: byte(above16, 0),
    memory_above_16m_high: byte(above16, 1),
    memory_above_4g_low: byte(above4g, 0),
    memory_above_4g_middle: byte(above4g, 1),
    memory_above_4g_high: byte(above4g, 2),
  };
}
