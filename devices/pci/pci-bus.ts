/** PCI bus 0: which function sits in which slot, and how interrupt pins are wired. */
import type { InterruptLine } from '../ports.ts';
import type { BarBuses } from './bars.ts';
import type { PciFunction } from './function.ts';

const SLOTS = 32;
const FUNCTIONS = 8;

/** What a PCI bus gets of the machine. */
export interface PciBusPorts extends BarBuses {
  /** Inputs of the interrupt controller that pins are wired to, at least one. */
  readonly interrupts: readonly InterruptLine[];
  /** Index into `interrupts` for pin 1 INTA to 4 INTD of a slot; pins rotate from slot to slot by default. */
  readonly route?: (slot: number, pin: number) => number;
  /** Slots that only a function which asks for them gets. */
  readonly reserved?: ReadonlySet<number>;
}

/** A function and where it is. */
export interface PluggedFunction {
  /** 0 to 31. */
  readonly slot: number;
  /** 0 to 7. */
  readonly number: number;
  readonly pci: PciFunction;
}

/** Joins several drivers to one level-triggered line: it is raised while any of them raises it. */
function wiredOr(line: InterruptLine): () => InterruptLine {
  const raised = new Set<InterruptLine>();
  return () => {
    const input: InterruptLine = {
      set(level) {
        if (level === raised.has(input)) return;
        if (level) raised.add(input);
        else raised.delete(input);
        line.set(raised.size > 0);
      },
    };
    return input;
  };
}

/** The only bus of the machine, number 0, with 32 slots of 8 functions. */
export class PciBus {
  readonly #ports: PciBusPorts;
  readonly #inputs: readonly (() => InterruptLine)[];
  readonly #functions: (PciFunction | undefined)[] = new Array(SLOTS * FUNCTIONS).fill(undefined);

  constructor(ports: PciBusPorts) {
    this.#ports = ports;
    this.#inputs = ports.interrupts.map(wiredOr);
  }

  /**
   * Plugs a function in and returns its slot: the lowest one that is free and not reserved if none is given.
   *
   * @throws Error, one line for people, when the slot is taken, does not exist, or none is free.
   */
  attach(pci: PciFunction, slot = this.#freeSlot(pci), number = 0): number {
    if (!(slot >= 0 && slot < SLOTS && number >= 0 && number < FUNCTIONS)) {
      throw new Error(
        `${pci.name}: there is no PCI slot ${slot}.${number}; slots go from 0 to 31, functions from 0 to 7`,
      );
    }
    const there = this.at(slot, number);
    if (there !== undefined) {
      throw new Error(`${pci.name}: PCI slot ${slot}.${number} is taken by ${there.name}; choose another`);
    }
    this.#functions[slot * FUNCTIONS + number] = pci;
    if (this.#functions.slice(slot * FUNCTIONS + 1, (slot + 1) * FUNCTIONS).some((other) => other !== undefined)) {
      this.at(slot, 0)?.markMultiFunction();
    }
    const { ports, memory } = this.#ports;
    pci.attach({ ports, memory, interrupt: this.#interrupt(slot, pci.interruptPin), rangeFreed: () => this.#retry() });
    return slot;
  }

  /** The function at a place, if there is one. */
  at(slot: number, number = 0): PciFunction | undefined {
    return this.#functions[slot * FUNCTIONS + number];
  }

  /** Index into the machine's interrupt inputs a pin (1 to 4) of a slot is wired to. */
  route(slot: number, pin: number): number {
    return this.#ports.route?.(slot, pin) ?? (slot + pin - 1) % this.#inputs.length;
  }

  /** All functions in order of slots. */
  functions(): readonly PluggedFunction[] {
    return this.#functions.flatMap((pci, place) =>
      pci === undefined ? [] : [{ slot: Math.floor(place / FUNCTIONS), number: place % FUNCTIONS, pci }],
    );
  }

  /** Puts every function back to power-on. Addresses have to be assigned again. */
  reset(): void {
    for (const { pci } of this.functions()) pci.reset();
  }

  #freeSlot(pci: PciFunction): number {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#ports.reserved?.has(slot)) continue;
      if (this.#functions.slice(slot * FUNCTIONS, (slot + 1) * FUNCTIONS).every((f) => f === undefined)) return slot;
    }
    throw new Error(`${pci.name}: all 32 PCI slots are taken`);
  }

  #interrupt(slot: number, pin: number): InterruptLine {
    const input = pin === 0 ? undefined : this.#inputs[this.route(slot, pin)];
    return input?.() ?? { set: () => {} };
  }

  #retry(): void {
    for (const { pci } of this.functions()) pci.retryRanges();
  }
}
