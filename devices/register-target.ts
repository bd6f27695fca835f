import type { BusTarget } from './ports.ts';

/** What a target needs of a register bank. */
export interface Registers {
  read(offset: number, width: number): number | undefined;
  write(offset: number, width: number, value: number): unknown;
}

/** Puts a register bank on a bus; accesses past the end of the block read 0 and write nothing. */
export function registerTarget(name: string, registers: Registers): BusTarget {
  return {
    name,
    read: (offset, width) => registers.read(offset, width) ?? 0,
    write: (offset, width, value) => {
      registers.write(offset, width, value);
    },
  };
}
