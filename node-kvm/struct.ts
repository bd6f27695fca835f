/** One field of a C structure: its size, and how it is read and written at an offset. Little-endian. */
export interface Field<T> {
  readonly size: number;
  read(view: DataView, at: number): T;
  /** Throws TypeError or RangeError, naming `path`, where the value does not fit. */
  write(view: DataView, at: number, value: T, path: string): void;
}

/** The value a field or structure holds. */
export type ValueOf<F> = F extends Field<infer T> ? T : never;

function integer(bits: 8 | 16 | 32): Field<number> {
  const limit = 2 ** bits;
  const read = { 8: 'getUint8', 16: 'getUint16', 32: 'getUint32' } as const;
  const write = { 8: 'setUint8', 16: 'setUint16', 32: 'setUint32' } as const;
  return {
    size: bits / 8,
    read: (view, at) => view[read[bits]](at, true),
    write(view, at, value, path) {
      checkInteger(value, 0, limit - 1, path);
      view[write[bits]](at, value, true);
    },
  };
}

/** An unsigned byte. */
export const u8 = integer(8);
/** An unsigned 16-bit integer. */
export const u16 = integer(16);
/** An unsigned 32-bit integer. */
export const u32 = integer(32);

/** An unsigned 64-bit integer, a bigint in JavaScript. */
export const u64: Field<bigint> = {
  size: 8,
  read: (view, at) => view.getBigUint64(at, true),
  write(view, at, value, path) {
    checkU64(value, path);
    view.setBigUint64(at, value, true);
  },
};

/** `length` bytes; a copy on reading. */
export function bytes(length: number): Field<Uint8Array> {
  return {
    size: length,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
    write(view, at, value, path) {
      checkBytes(value, length, path);
      new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
    },
  };
}

/** `count` fields of one kind, one after another. */
export function array<T>(element: Field<T>, count: number): Field<readonly T[]> {
  return {
    size: element.size * count,
    read: (view, at) => Array.from({ length: count }, (_, index) => element.read(view, at + index * element.size)),
    write(view, at, value, path) {
      if (!Array.isArray(value) || value.length !== count) {
        throw new TypeError(`${path}: an array of ${count} elements is needed, not ${describe(value)}`);
      }
      value.forEach((item: T, index) => {
        element.write(view, at + index * element.size, item, `${path}[${index}]`);
      });
    },
  };
}

/** A row of a structure: where the field is, and what it is. */
export type Row<T = unknown> = readonly [at: number, field: Field<T>];

/** The object a table of rows describes. */
export type StructValue<Rows> = { [Name in keyof Rows]: Rows[Name] extends Row<infer T> ? T : never };

/** A structure is a field too, so structures nest. */
export interface Struct<T> extends Field<T> {
  readonly name: string;
  /** The bytes of `value`. Throws TypeError or RangeError naming the member that does not fit. */
  encode(value: T): Uint8Array;
  decode(source: Uint8Array): T;
}

/**
 * A C structure from its table of rows. Bytes no row covers are padding: read over, written as zero.
 * Throws Error where rows overlap or overrun `size`.
 */
export function struct<const Rows extends Readonly<Record<string, Row>>>(
  name: string,
  size: number,
  rows: Rows,
): Struct<StructValue<Rows>> {
  type Value = StructValue<Rows>;
  const members = Object.entries(rows as Readonly<Record<string, Row>>);
  checkLayout(name, size, members);
  const self: Struct<Value> = {
    name,
    size,
    read(view, at) {
      const result: Record<string, unknown> = {};
      for (const [member, [offset, field]] of members) result[member] = field.read(view, at + offset);
      return result as Value;
    },
    write(view, at, value, path) {
      if (typeof value !== 'object' || value === null) {
        throw new TypeError(`${path}: an object is needed, not ${describe(value)}`);
      }
      const source = value as Record<string, unknown>;
      for (const [member, [offset, field]] of members) {
        field.write(view, at + offset, source[member], `${path}.${member}`);
      }
    },
    encode(value) {
      const target = new Uint8Array(size);
      self.write(viewOf(target), 0, value, name);
      return target;
    },
    decode: (source) => self.read(viewOf(source), 0),
  };
  return self;
}

function checkLayout(name: string, size: number, members: [string, Row][]): void {
  let end = 0;
  for (const [member, [offset, field]] of members) {
    if (offset < end || offset + field.size > size) throw new Error(`${name}.${member}: overlaps or overruns`);
    end = offset + field.size;
  }
}

/** A DataView on the same bytes. */
export function viewOf(source: Uint8Array): DataView {
  return new DataView(source.buffer, source.byteOffset, source.byteLength);
}

/** Throws TypeError where `value` is no integer, RangeError where it is outside `least` to `most`. */
export function checkInteger(value: unknown, least: number, most: number, what: string): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${what}: an integer is needed, not ${describe(value)}`);
  }
  if (value < least || value > most) throw new RangeError(`${what}: ${value} is not in ${least} to ${most}`);
}

/** Throws TypeError where `value` is no bigint, RangeError where it does not fit 64 bits. */
export function checkU64(value: unknown, what: string): asserts value is bigint {
  if (typeof value !== 'bigint') throw new TypeError(`${what}: a bigint is needed, not ${describe(value)}`);
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${what}: ${value} does not fit 64 bits`);
}

/** Throws TypeError where `value` is no Uint8Array (of any realm), RangeError where it is not `length` bytes long. */
export function checkBytes(value: unknown, length: number, what: string): asserts value is Uint8Array {
  if (!ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== '[object Uint8Array]') {
    throw new TypeError(`${what}: a Uint8Array is needed, not ${describe(value)}`);
  }
  if (value.byteLength !== length) {
    throw new RangeError(`${what}: ${length} bytes are needed, not ${value.byteLength}`);
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint') return `${value} (${typeof value})`;
  return Array.isArray(value) ? `an array of ${value.length}` : typeof value;
}
