/** A block of registers at an address: any of them read and written by its name. */
import type { RegisterDescription } from '../../bytes/registers.ts';
import type { AccessWidth } from '../../devices/ports.ts';
import type { AccessPort } from '../../devices/virtio/fake-driver/pci-driver.ts';

/** Registers of any owner. */
export interface NamedRegisters {
  readonly name: string;
  describe(): readonly RegisterDescription[];
}

/** The block as the driver has it. */
export interface RegisterWindow {
  readonly name: string;
  readonly registers: readonly RegisterDescription[];
  /** Reads a register, one of 8 bytes as two dwords. @throws RangeError where there is none of that name. */
  read(name: string): bigint;
  /** Writes one the same way; bits beyond its width are cut off. */
  write(name: string, value: bigint): void;
}

/** The window onto `block` at `base` of a bus. */
export function registerWindow(block: NamedRegisters, bus: AccessPort, base: number): RegisterWindow {
  const registers = block.describe();
  const find = (name: string) => {
    const row = registers.find((one) => one.name === name);
    if (row === undefined) throw new RangeError(`${block.name} has no register ${name}`);
    return row;
  };
  return {
    name: block.name,
    registers,
    read(name) {
      const { at, width } = find(name);
      const low = BigInt(bus.read(base + at, narrow(width)));
      return width === 8 ? (BigInt(bus.read(base + at + 4, 4)) << 32n) | low : low;
    },
    write(name, value) {
      const { at, width } = find(name);
      const bits = BigInt.asUintN(8 * width, value);
      bus.write(base + at, narrow(width), Number(BigInt.asUintN(32, bits)));
      if (width === 8) bus.write(base + at + 4, 4, Number(bits >> 32n));
    },
  };
}

const narrow = (width: number): AccessWidth => (width === 8 ? 4 : (width as AccessWidth));
