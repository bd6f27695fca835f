/** Gives every BAR an address before the kernel starts, as firmware would. */
import type { Bar } from './bars.ts';
import { BASE_ADDRESS_REGISTERS, COMMAND } from './config-header.ts';
import type { PciFunction } from './function.ts';
import type { PciBus } from './pci-bus.ts';

/** A range of addresses that BARs may take. */
export interface BarWindow {
  readonly base: number;
  readonly length: number;
}

/** Where BARs go; both end below 2^32. */
export interface BarWindows {
  readonly io: BarWindow;
  readonly memory: BarWindow;
}

/** Where one BAR went. */
export interface BarAssignment {
  readonly slot: number;
  readonly number: number;
  readonly name: string;
  readonly bar: Bar;
  readonly address: number;
}

const INTERRUPT_LINE = 0x3c;
const COMMAND_REGISTER = 0x04;

interface Wanted {
  readonly slot: number;
  readonly number: number;
  readonly pci: PciFunction;
  readonly bar: Bar;
}

/** Packs ranges into a window, the largest first, so that each is aligned to its length without gaps between them. */
function pack(wanted: readonly Wanted[], window: BarWindow, what: string): BarAssignment[] {
  let next = window.base;
  return [...wanted]
    .sort((a, b) => b.bar.length - a.bar.length)
    .map(({ slot, number, pci, bar }) => {
      const address = Math.ceil(next / bar.length) * bar.length;
      next = address + bar.length;
      if (next > window.base + window.length) {
        throw new Error(`${pci.name}: no room for its BAR ${bar.index} of ${bar.length} bytes in the ${what} window`);
      }
      return { slot, number, name: pci.name, bar, address };
    });
}

/**
 * Assigns an address to every BAR of every function on the bus, enables the kinds of decoding each function needs, and
 * writes the interrupt line register of each function with a pin. Bus mastering is left to the driver.
 *
 * `interruptLine` gives the register's value for pin 1 to 4 of a slot; 0 by default.
 *
 * @spec PCI Local Bus 3.0 §6.2.5.1 Address Maps
 * @throws Error, one line for people, when a window is full.
 */
export function assignBars(
  bus: PciBus,
  windows: BarWindows,
  { interruptLine = () => 0 }: { readonly interruptLine?: (slot: number, pin: number) => number } = {},
): readonly BarAssignment[] {
  const functions = bus.functions();
  const wanted = functions.flatMap((place) => place.pci.bars.map((bar) => ({ ...place, bar })));
  const isIo = ({ bar }: Wanted) => bar.kind === 'io';
  const assignments = [
    ...pack(wanted.filter(isIo), windows.io, 'I/O'),
    ...pack(
      wanted.filter((one) => !isIo(one)),
      windows.memory,
      'memory',
    ),
  ];
  for (const { slot, number, bar, address } of assignments) {
    const register = BASE_ADDRESS_REGISTERS + 4 * bar.index;
    bus.at(slot, number)?.writeConfig(register, 4, address);
    if (bar.kind === 'memory-64') bus.at(slot, number)?.writeConfig(register + 4, 4, 0);
  }
  for (const { slot, pci } of functions) {
    const kinds = pci.bars.map(({ kind }) => (kind === 'io' ? COMMAND.io : COMMAND.memory));
    const command = kinds.reduce<number>((bits, bit) => bits | bit, pci.readConfig(COMMAND_REGISTER, 2));
    pci.writeConfig(COMMAND_REGISTER, 2, command);
    if (pci.interruptPin > 0) pci.writeConfig(INTERRUPT_LINE, 1, interruptLine(slot, pci.interruptPin));
  }
  return assignments;
}
