/**
 * Register blocks: a table of rows declares the registers of a device once. Dispatch, checks, length, trace lines and
 * the reference page come from it.
 */
import { RegisterBank, type RegisterLayout } from './register-bank.ts';
import { checkRows, type RegisterBits, type RegisterRow } from './register-row.ts';
import { explainAccess, hex } from './register-text.ts';

/** A register as data, without its handlers: for documentation, traces and inspectors. */
export interface RegisterDescription {
  readonly name: string;
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly access: RegisterRow<never>['access'];
  readonly reset: number | bigint;
  readonly spec: string;
  readonly doc: string;
  readonly bits: RegisterBits;
  /** Bits that software may change or clear; undefined where the access alone says which. */
  readonly mask: number | bigint | undefined;
  /** Register of the block whose value says which of several this one shows. */
  readonly selectedBy?: string;
}

/** A checked table of registers; holds no values, so all devices of a kind share one. */
export interface RegisterBlock<Owner> {
  readonly name: string;
  /** Length in bytes: the end of the last register unless the table said more. */
  readonly length: number;
  /** Offset and width of a register. @throws Error when there is none of that name: our bug. */
  at(name: string): { readonly at: number; readonly width: number };
  /** The values of one device; `presets` replace the reset values of registers by name. Handlers get `owner`. */
  instance(owner: Owner, presets?: Readonly<Record<string, number | bigint>>): RegisterBank<Owner>;
  describe(): readonly RegisterDescription[];
  /** What an access touches, for a trace: `queue_desc[31:0] = 0x1000`, `device_status = 0x3 (ACKNOWLEDGE DRIVER)`. */
  explain(offset: number, width: number, value: number): string;
  /** The table as Markdown, in order of offsets. */
  markdown(): string;
}

/**
 * Makes a block of a table of registers.
 *
 * `length` reserves bytes after the last register; they read 0.
 *
 * @throws Error when the table contradicts itself: overlap, overrun, misalignment, a read-only register with a writer, a
 * read-write one with half its handlers, no citation, a value that does not fit.
 */
export function registerBlock<Owner = void>(
  name: string,
  rows: readonly RegisterRow<Owner>[],
  { length = rows.reduce((end, row) => Math.max(end, row.at + row.width), 0) }: { readonly length?: number } = {},
): RegisterBlock<Owner> {
  checkRows(name, rows, length);
  const sorted = [...rows].sort((a, b) => a.at - b.at);
  const rowAt = new Int16Array(length).fill(-1);
  sorted.forEach((row, index) => {
    rowAt.fill(index, row.at, row.at + row.width);
  });
  const indexOf = new Map(sorted.map((row, index) => [row.name, index]));
  const layout: RegisterLayout<Owner> = { name, length, rows: sorted, rowAt, indexOf };

  return {
    name,
    length,
    at(register) {
      const row = sorted[indexOf.get(register) ?? -1];
      if (row === undefined) throw new Error(`register block ${name} has no register ${register}`);
      return { at: row.at, width: row.width };
    },
    instance: (owner, presets = {}) => new RegisterBank(layout, owner, presets),
    describe: () => sorted.map(describeRow),
    explain: (offset, width, value) => explainAccess(layout, offset, width, value),
    markdown: () => markdown(sorted.map(describeRow)),
  };
}

function describeRow<Owner>(row: RegisterRow<Owner>): RegisterDescription {
  const { name, at, width, access, reset, spec, doc, bits = {}, mask, selectedBy } = row;
  return {
    ...{ name, at, width, access, reset, spec, doc, bits, mask },
    ...(selectedBy !== undefined && { selectedBy }),
  };
}

function markdown(rows: readonly RegisterDescription[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const bitList = (bits: RegisterBits) =>
    Object.entries(bits)
      .map(([name, at]) => `${typeof at === 'number' ? at : `${at[1]}:${at[0]}`} ${name}`)
      .join(', ');
  const lines = rows.map(
    ({ name, at, width, access, reset, spec, doc, bits }) =>
      `| ${hex(at)} | ${width} | \`${name}\` | ${access} | ${hex(reset)} | ${cell(doc)} | ${bitList(bits)} | ${cell(spec)} |`,
  );
  return [
    '| Offset | Bytes | Register | Access | Reset | Meaning | Bits | Specification |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
