import type { AccessWidth, BusTarget } from '../../../devices/ports.ts';
import { Broken } from '../broken.ts';

/** A register as the driver knows it. */
export interface Row {
  readonly name: string;
  readonly at: number;
  readonly width: number;
}

/** Counts what the driver does. */
export interface Operations {
  operations: number;
}

/** A block of registers within the driver's reach. */
export class Window {
  readonly name: string;
  readonly length: number;
  readonly rows: readonly Row[];
  readonly #target: Pick<BusTarget, 'read' | 'write'>;
  readonly #count: Operations;
  readonly #byName: ReadonlyMap<string, Row>;

  constructor(
    name: string,
    target: Pick<BusTarget, 'read' | 'write'>,
    { length, rows, count }: { length: number; rows: readonly Row[]; count: Operations },
  ) {
    this.name = name;
    this.length = length;
    this.rows = rows;
    this.#target = target;
    this.#count = count;
    this.#byName = new Map(rows.map((row) => [row.name, row]));
  }

  /** @throws Broken when what is read is no number of that width. */
  read(offset: number, width: AccessWidth): number {
    this.#count.operations += 1;
    const value = this.#target.read(offset, width);
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width))
      throw new Broken(`${this.name}: a read of ${width} bytes at ${offset} gave ${value}`);
    return value;
  }

  write(offset: number, width: AccessWidth, value: number): void {
    this.#count.operations += 1;
    this.#target.write(offset, width, value);
  }

  /** Reads a register, of 8 bytes the low half. */
  get(register: string): number {
    const { at, width } = this.#row(register);
    return this.read(at, narrow(width));
  }

  /** Writes a register, one of 8 bytes as two dwords. */
  put(register: string, value: number): void {
    const { at, width } = this.#row(register);
    this.write(at, narrow(width), value % 2 ** 32);
    if (width === 8) this.write(at + 4, 4, Math.floor(value / 2 ** 32));
  }

  #row(register: string): Row {
    const row = this.#byName.get(register);
    if (row === undefined) throw new RangeError(`${this.name} has no register ${register}`);
    return row;
  }
}

/** The device's own configuration, whose fields the driver need not know, from `start` on. */
export function configRows(length: number, start = 0): readonly Row[] {
  return Array.from({ length: Math.floor(length / 2) }, (_, i) => ({
    name: `config_${2 * i}`,
    at: start + 2 * i,
    width: 2,
  }));
}

function narrow(width: number): AccessWidth {
  return width === 1 || width === 2 ? width : 4;
}
