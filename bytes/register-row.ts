/** What one register is: the row a table of registers is written in, and the rules a table has to keep. */

/**
 * How software sees a register: `ro` ignores writes, `rw` takes every bit, `rw-masked` the bits of `mask`, `w1c` clears
 * the bits of `mask` to which a one is written, `rc` is read-only and clears when read.
 */
export type RegisterAccess = 'ro' | 'rw' | 'rw-masked' | 'w1c' | 'rc';

/** Names of bits: a bit number, or the first and last bit of a field. Bit 0 is the least significant. */
export type RegisterBits = Readonly<Record<string, number | readonly [first: number, last: number]>>;

interface RowFacts {
  /** Name as the specification spells it. */
  readonly name: string;
  /** Offset in the block in bytes, a multiple of the width. */
  readonly at: number;
  readonly access: RegisterAccess;
  /** Where the register is specified: number and title. */
  readonly spec: string;
  /** One sentence. */
  readonly doc: string;
  readonly bits?: RegisterBits;
  /**
   * A write narrower than the register is completed from the last whole value that passed either way, not by asking
   * `read`: for registers whose read has effects.
   */
  readonly latched?: true;
  /** Register of the block whose value says which of several this one shows. */
  readonly selectedBy?: string;
}

interface RowValues<Owner, Value> {
  /** Value after reset; also the value of a register without handlers until something writes it. */
  readonly reset: Value;
  /** Bits that software may change (`rw-masked`) or clear (`w1c`, all of them by default). */
  readonly mask?: Value;
  /** Gives the whole value; the block keeps none then. With `rc` it also clears. */
  readonly read?: (owner: Owner) => Value;
  /**
   * Takes the whole value a write leaves. With `rw-masked` and `w1c`, where the block keeps the value, it is told the new
   * value afterwards.
   */
  readonly write?: (owner: Owner, value: Value) => void;
}

/**
 * One register. Handlers see whole values, whatever the width of the access; values are unsigned. Registers of 8 bytes
 * have `bigint` values.
 */
export type RegisterRow<Owner> =
  | (RowFacts & RowValues<Owner, number> & { readonly width: 1 | 2 | 4 })
  | (RowFacts & RowValues<Owner, bigint> & { readonly width: 8 });

/** Mask of the bits a register of `width` bytes has. */
export function widthMask(width: number): bigint {
  return (1n << BigInt(8 * width)) - 1n;
}

function problemsOfRow<Owner>(row: RegisterRow<Owner>, length: number): string[] {
  const problems: string[] = [];
  const refuse = (when: boolean, what: string) => {
    if (when) problems.push(what);
  };
  const integral = Number.isInteger(row.at) && row.at >= 0;
  refuse(!integral, 'its offset is not a whole number');
  refuse(integral && row.at % row.width !== 0, `offset ${row.at} is not aligned to its width ${row.width}`);
  refuse(integral && row.at + row.width > length, `it overruns the block of ${length} bytes`);
  refuse(row.spec.trim() === '', 'it cites no specification');
  refuse(row.doc.trim() === '', 'it has no description');
  for (const [what, value] of [
    ['reset', row.reset],
    ['mask', row.mask ?? 0],
  ] as const) {
    const fits = (typeof value === 'bigint' || Number.isInteger(value)) && value >= 0;
    refuse(!fits || BigInt(value) > widthMask(row.width), `its ${what} value does not fit ${row.width} bytes`);
  }
  for (const [bit, at] of Object.entries(row.bits ?? {})) {
    const [first, last] = typeof at === 'number' ? [at, at] : at;
    refuse(first < 0 || last < first || last >= 8 * row.width, `bit ${bit} is outside it`);
  }
  const kept = row.access === 'rw-masked' || row.access === 'w1c';
  refuse(
    (row.access === 'ro' || row.access === 'rc') && row.write !== undefined,
    `it is ${row.access} and has a writer`,
  );
  refuse(kept && row.read !== undefined, `it is ${row.access}, kept by the block, and has a reader`);
  refuse(
    row.access === 'rw' && (row.read === undefined) !== (row.write === undefined),
    'it is rw and has only one of its handlers',
  );
  refuse(row.access === 'rw-masked' && row.mask === undefined, 'it is rw-masked without a mask');
  refuse(!kept && row.mask !== undefined, `it is ${row.access} and has a mask`);
  refuse(row.latched === true && row.read === undefined, 'it is latched without handlers');
  return problems;
}

/**
 * Refuses a table that contradicts itself: overlap, overrun, misalignment, a read-only register with a writer, a
 * read-write one with half its handlers, no citation, a value that does not fit.
 *
 * @throws Error naming block, register and rule.
 */
export function checkRows<Owner>(block: string, rows: readonly RegisterRow<Owner>[], length: number): void {
  const names = new Set<string>();
  const owners = new Map<number, string>();
  for (const row of rows) {
    const problems = problemsOfRow(row, length);
    if (names.has(row.name)) problems.push('another register has its name');
    names.add(row.name);
    for (let offset = row.at; offset < row.at + row.width; offset++) {
      const other = owners.get(offset);
      if (other !== undefined) {
        problems.push(`it overlaps ${other}`);
        break;
      }
    }
    for (let offset = row.at; offset < row.at + row.width; offset++) owners.set(offset, row.name);
    if (row.selectedBy !== undefined && !rows.some(({ name }) => name === row.selectedBy)) {
      problems.push(`it is selected by ${row.selectedBy}, which is no register of the block`);
    }
    if (problems.length > 0) throw new Error(`register ${block}.${row.name}: ${problems.join('; ')}`);
  }
}
