/**
 * Binary records declared as tables of fields at fixed offsets, little-endian: the same table reads, writes and names
 * a field in error messages.
 */

/** One field: offset and width in bytes. A width of 8 is a `bigint`, any narrower one a `number`. */
export interface FieldRow {
  readonly at: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly doc: string;
}

/** A record: field names, which are those of the format's specification, in ascending order of offset. */
export type RecordTable = Readonly<Record<string, FieldRow>>;

/** What a field holds. */
export type FieldValue<Row extends FieldRow> = Row['width'] extends 8 ? bigint : number;

/** The values of some or all fields. */
export type RecordValues<Table extends RecordTable> = { readonly [Name in keyof Table]: FieldValue<Table[Name]> };

/** A width in bytes and how it is read and written. */
const WIDTHS = {
  1: {
    get: (view: DataView, at: number) => view.getUint8(at),
    set: (view: DataView, at: number, value: number | bigint) => view.setUint8(at, Number(value)),
  },
  2: {
    get: (view: DataView, at: number) => view.getUint16(at, true),
    set: (view: DataView, at: number, value: number | bigint) => view.setUint16(at, Number(value), true),
  },
  4: {
    get: (view: DataView, at: number) => view.getUint32(at, true),
    set: (view: DataView, at: number, value: number | bigint) => view.setUint32(at, Number(value), true),
  },
  8: {
    get: (view: DataView, at: number) => view.getBigUint64(at, true),
    set: (view: DataView, at: number, value: number | bigint) => view.setBigUint64(at, BigInt(value), true),
  },
} as const;

/** Bytes from a record's start to the end of its last field. */
export function recordLength(table: RecordTable): number {
  return Math.max(...Object.values(table).map((row) => row.at + row.width));
}

/** The first field that does not lie wholly within `length` bytes. */
export function firstFieldBeyond(table: RecordTable, length: number): string | undefined {
  return Object.entries(table).find(([, row]) => row.at + row.width > length)?.[0];
}

/**
 * Reads all fields of the record that starts at byte `base` of `bytes`.
 *
 * @throws RangeError where the record passes the end; callers check lengths first
 */
export function readRecord<Table extends RecordTable>(table: Table, bytes: Uint8Array, base = 0): RecordValues<Table> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: Record<string, number | bigint> = {};
  for (const [name, row] of Object.entries(table)) values[name] = WIDTHS[row.width].get(view, base + row.at);
  return values as RecordValues<Table>;
}

/**
 * Writes the fields named in `values` into the record that starts at byte `base` of `bytes`, and no others.
 *
 * @throws RangeError where the record passes the end
 */
export function writeRecord<Table extends RecordTable>(
  table: Table,
  bytes: Uint8Array,
  values: Partial<RecordValues<Table>>,
  base = 0,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [name, value] of Object.entries<number | bigint | undefined>(values)) {
    const row = table[name];
    if (row !== undefined && value !== undefined) WIDTHS[row.width].set(view, base + row.at, value);
  }
}
