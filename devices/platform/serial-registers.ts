/**
 * The registers of a 16550A. Two of its eight addresses change their meaning with bit 7 of the line control register, so
 * there are two blocks that share the other six rows.
 */
import type { RegisterRow } from '../../bytes/register-row.ts';
import { registerBlock } from '../../bytes/registers.ts';

/** What the registers ask of the port they belong to. */
export interface SerialOwner {
  /** Takes the oldest received byte; 0 when there is none. */
  takeReceived(): number;
  transmit(byte: number): void;
  readonly interruptEnable: number;
  setInterruptEnable(bits: number): void;
  /** Tells the most urgent interrupt and, where it is the transmitter's, ends it. */
  identifyInterrupt(): number;
  setFifoControl(bits: number): void;
  readonly modemControl: number;
  setModemControl(bits: number): void;
  /** Tells the state of the line and forgets its errors. */
  takeLineStatus(): number;
  readonly modemStatus: number;
}

/** Bits of the interrupt enable register. @spec National Semiconductor PC16550D §8.7 Interrupt Enable Register */
export const INTERRUPT_ENABLE = {
  received: 0x01,
  transmitterEmpty: 0x02,
  lineStatus: 0x04,
  modemStatus: 0x08,
} as const;

/** Values of the low four bits of the interrupt identification register, most urgent first. @spec National Semiconductor PC16550D §8.6 Interrupt Identification Register */
export const INTERRUPT_ID = {
  lineStatus: 0x06,
  received: 0x04,
  timeout: 0x0c,
  transmitterEmpty: 0x02,
  none: 0x01,
} as const;

/** Bits 6 and 7 of the interrupt identification register: the FIFOs are on. @spec National Semiconductor PC16550D §8.6 Interrupt Identification Register */
export const FIFOS_ENABLED = 0xc0;

/** Bits of the FIFO control register. @spec National Semiconductor PC16550D §8.5 FIFO Control Register */
export const FIFO_CONTROL = { enable: 0x01, clearReceiver: 0x02, triggerShift: 6 } as const;

/** Bytes received before the interrupt comes, by bits 6 and 7 of the FIFO control register. @spec National Semiconductor PC16550D §8.5 FIFO Control Register */
export const TRIGGER_LEVELS = [1, 4, 8, 14] as const;

/** Bits of the modem control register. @spec National Semiconductor PC16550D §8.8 Modem Control Register */
export const MODEM_CONTROL = { dtr: 0x01, rts: 0x02, out1: 0x04, out2: 0x08, loop: 0x10 } as const;

/** Bits of the line status register. @spec National Semiconductor PC16550D §8.4 Line Status Register */
export const LINE_STATUS = { dataReady: 0x01, overrun: 0x02, holdingEmpty: 0x20, transmitterEmpty: 0x40 } as const;

/** Bits of the modem status register. @spec National Semiconductor PC16550D §8.9 Modem Status Register */
export const MODEM_STATUS = { cts: 0x10, dsr: 0x20, ri: 0x40, dcd: 0x80 } as const;

/** The bit of the line control register that exchanges the two lowest registers. @spec National Semiconductor PC16550D §8.1 Line Control Register */
export const DIVISOR_LATCH_ACCESS = 0x80;

const DATA: readonly RegisterRow<SerialOwner>[] = [
  {
    name: 'RBR_THR',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'National Semiconductor PC16550D §8.0 Registers',
    doc: 'Receiver buffer when read, transmitter holding register when written.',
    read: (port) => port.takeReceived(),
    write: (port, byte) => port.transmit(byte),
  },
  {
    name: 'IER',
    at: 1,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'National Semiconductor PC16550D §8.7 Interrupt Enable Register',
    doc: 'Which events interrupt.',
    bits: { ERBFI: 0, ETBEI: 1, ELSI: 2, EDSSI: 3 },
    read: (port) => port.interruptEnable,
    write: (port, bits) => port.setInterruptEnable(bits),
  },
];

const DIVISOR: readonly RegisterRow<SerialOwner>[] = [
  {
    name: 'DLL',
    at: 0,
    width: 1,
    access: 'rw',
    reset: 0x0c,
    spec: 'National Semiconductor PC16550D §8.3 Programmable Baud Generator',
    doc: 'Low byte of the baud rate divisor; kept, bytes take no time here.',
  },
  {
    name: 'DLM',
    at: 1,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'National Semiconductor PC16550D §8.3 Programmable Baud Generator',
    doc: 'High byte of the baud rate divisor.',
  },
];

const CONTROL: readonly RegisterRow<SerialOwner>[] = [
  {
    name: 'IIR_FCR',
    at: 2,
    width: 1,
    access: 'rw',
    reset: 1,
    spec: 'National Semiconductor PC16550D §8.5 FIFO Control Register, §8.6 Interrupt Identification Register',
    doc: 'Interrupt identification when read, FIFO control when written.',
    read: (port) => port.identifyInterrupt(),
    write: (port, bits) => port.setFifoControl(bits),
  },
  {
    name: 'MCR',
    at: 4,
    width: 1,
    access: 'rw',
    reset: 0,
    spec: 'National Semiconductor PC16550D §8.8 Modem Control Register',
    doc: 'Modem lines out; OUT2 lets interrupts through on a PC.',
    bits: { DTR: 0, RTS: 1, OUT1: 2, OUT2: 3, LOOP: 4 },
    read: (port) => port.modemControl,
    write: (port, bits) => port.setModemControl(bits),
  },
  {
    name: 'LSR',
    at: 5,
    width: 1,
    access: 'ro',
    reset: 0x60,
    spec: 'National Semiconductor PC16550D §8.4 Line Status Register',
    doc: 'State of receiver and transmitter; reading it forgets errors.',
    bits: { DR: 0, OE: 1, PE: 2, FE: 3, BI: 4, THRE: 5, TEMT: 6, ERR: 7 },
    read: (port) => port.takeLineStatus(),
  },
  {
    name: 'MSR',
    at: 6,
    width: 1,
    access: 'ro',
    reset: 0,
    spec: 'National Semiconductor PC16550D §8.9 Modem Status Register',
    doc: 'Modem lines in; without loopback the other end is always there.',
    bits: { DCTS: 0, DDSR: 1, TERI: 2, DDCD: 3, CTS: 4, DSR: 5, RI: 6, DCD: 7 },
    read: (port) => port.modemStatus,
  },
];

const LINE_CONTROL: RegisterRow<SerialOwner> = {
  name: 'LCR',
  at: 3,
  width: 1,
  access: 'rw',
  reset: 0,
  spec: 'National Semiconductor PC16550D §8.1 Line Control Register',
  doc: 'Format of a character; without effect but for bit 7, which exchanges the two lowest registers.',
  bits: { WLS: [0, 1], STB: 2, PEN: 3, EPS: 4, SP: 5, BREAK: 6, DLAB: 7 },
};

const SCRATCH: RegisterRow<SerialOwner> = {
  name: 'SCR',
  at: 7,
  width: 1,
  access: 'rw',
  reset: 0,
  spec: 'National Semiconductor PC16550D §8.10 Scratchpad Register',
  doc: 'Kept for software.',
};

/** The registers with DLAB clear. @spec National Semiconductor PC16550D §8.0 Registers */
export const serialRegisters = registerBlock<SerialOwner>('serial', [...DATA, ...CONTROL, LINE_CONTROL, SCRATCH]);

/** What stands in the place of the first two registers while DLAB is set. @spec National Semiconductor PC16550D §8.3 Programmable Baud Generator */
export const serialDivisorRegisters = registerBlock<SerialOwner>('serial-divisor', DIVISOR);
