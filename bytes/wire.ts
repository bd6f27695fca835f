import type { ByteReader, ByteWriter } from './cursor.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * How one kind of field stands in a message: everything that codec, trace, documentation and generated tests need to
 * know about it. Methods never throw on what they read; the reader's `overrun` tells of short input.
 */
export interface WireType<T> {
  /** The field in diod's notation, such as `count[4]`. */
  notation(field: string): string;
  /** The smallest size a value can have, in bytes. */
  readonly minimum: number;
  /** The size of this value in bytes. */
  size(value: T): number;
  put(to: ByteWriter, value: T): void;
  get(from: ByteReader): T;
  /** The value in a trace line. */
  show(value: T): string;
  /** Typical and extreme values. */
  readonly samples: readonly T[];
  /** The field may be missing at the end of a message; `get` then gives its default. */
  readonly optional?: true;
}

/** The value type of a wire type. */
export type ValueOf<W> = W extends WireType<infer T> ? T : never;

/** An unsigned byte. */
export const u8: WireType<number> = {
  notation: (field) => `${field}[1]`,
  minimum: 1,
  size: () => 1,
  put: (to, value) => to.u8(value),
  get: (from) => from.u8(),
  show: String,
  samples: [0, 1, 0xff],
};

/** Two bytes, least significant first. */
export const u16: WireType<number> = {
  notation: (field) => `${field}[2]`,
  minimum: 2,
  size: () => 2,
  put: (to, value) => to.u16(value),
  get: (from) => from.u16(),
  show: String,
  samples: [0, 0x1234, 0xffff],
};

/** Four bytes, least significant first. */
export const u32: WireType<number> = {
  notation: (field) => `${field}[4]`,
  minimum: 4,
  size: () => 4,
  put: (to, value) => to.u32(value),
  get: (from) => from.u32(),
  show: String,
  samples: [0, 0x12345678, 0xffff_ffff],
};

/** Eight bytes, least significant first. */
export const u64: WireType<bigint> = {
  notation: (field) => `${field}[8]`,
  minimum: 8,
  size: () => 8,
  put: (to, value) => to.u64(value),
  get: (from) => from.u64(),
  show: String,
  samples: [0n, 0x1234_5678_9abc_def0n, 0xffff_ffff_ffff_ffffn],
};

/** Four bytes that older senders leave out at the end of a message; 0 is what they meant. */
export const u32OrAbsent: WireType<number> = {
  ...u32,
  minimum: 0,
  get: (from) => (from.remaining === 0 ? 0 : from.u32()),
  optional: true,
};

/** A u16 length and that many bytes. Decoded values are views of the message's buffer. */
export const string: WireType<Uint8Array> = {
  notation: (field) => `${field}[s]`,
  minimum: 2,
  size: (value) => 2 + value.length,
  put(to, value) {
    to.u16(value.length);
    to.bytes(value);
  },
  get: (from) => from.bytes(from.u16()),
  show: quote,
  samples: [new Uint8Array(0), utf8('passwd'), utf8('naïve name'), Uint8Array.of(0xff, 0x00, 0x2f)],
};

/** A string that is text, as UTF-8; malformed sequences decode to U+FFFD. */
export const text: WireType<string> = {
  notation: (field) => `${field}[s]`,
  minimum: 2,
  size: (value) => 2 + utf8(value).length,
  put: (to, value) => string.put(to, utf8(value)),
  get: (from) => decoder.decode(string.get(from)),
  show: (value) => JSON.stringify(value),
  samples: ['', '9P2000.L'],
};

/** A u16 count and that many elements. Counting stops where the message does. */
export function list<T>(element: WireType<T>): WireType<readonly T[]> {
  return {
    notation: (field) => `n${field}[2] n${field}*(${element.notation(field)})`,
    minimum: 2,
    size(values) {
      let size = 2;
      for (const value of values) size += element.size(value);
      return size;
    },
    put(to, values) {
      to.u16(values.length);
      for (let i = 0; i < values.length; i++) element.put(to, values[i] as T);
    },
    get(from) {
      const count = from.u16();
      if (count === 0 || from.overrun) return [];
      // Most lists are of one element, and one grown from nothing has room for seventeen.
      const values = [element.get(from)];
      while (values.length < count && !from.overrun) values.push(element.get(from));
      return values;
    },
    show: (values) => `[${values.map((value) => element.show(value)).join(' ')}]`,
    samples: [[], element.samples],
  };
}

/** The first `length` bytes of `segments`: data that may stay where it is instead of being copied. */
export interface Payload {
  readonly segments: readonly Uint8Array[];
  readonly length: number;
}

/** A u32 count and that many bytes, always the last field of a message. */
export const payload: WireType<Payload> = {
  notation: (field) => `count[4] ${field}[count]`,
  minimum: 4,
  size: (value) => 4 + value.length,
  put(to, value) {
    to.u32(value.length);
    let left = value.length;
    for (const segment of value.segments) {
      if (left === 0) break;
      const piece = segment.length > left ? segment.subarray(0, left) : segment;
      to.bytes(piece);
      left -= piece.length;
    }
  },
  get(from) {
    const length = from.u32();
    return { segments: from.payload(length), length };
  },
  show: (value) => `${value.length} bytes`,
  samples: [
    { segments: [new Uint8Array(0)], length: 0 },
    { segments: [utf8('some bytes')], length: 10 },
  ],
};

/** A number whose bits have names, shown as `A|B`; bits without a name are shown in octal or hexadecimal. */
export function flags<T extends number | bigint>(
  base: WireType<T>,
  names: Readonly<Record<string, number | bigint>>,
  options: { readonly none?: string; readonly radix?: 8 | 16 } = {},
): WireType<T> {
  const rows = Object.entries(names).map(([name, bits]) => [name, BigInt(bits)] as const);
  const { none = '0', radix = 16 } = options;
  return {
    ...base,
    show(value) {
      let rest = BigInt(value);
      const shown: string[] = [];
      for (const [name, bits] of rows) {
        if (bits === 0n || (rest & bits) !== bits) continue;
        shown.push(name);
        rest &= ~bits;
      }
      if (rest !== 0n) shown.push(`0${radix === 16 ? 'x' : ''}${rest.toString(radix)}`);
      return shown.length === 0 ? none : shown.join('|');
    },
  };
}

/** A number shown in another way, such as a file mode in octal. */
export function shown<T>(base: WireType<T>, show: (value: T) => string): WireType<T> {
  return { ...base, show };
}

/** Bytes as quoted text: UTF-8 where they are that, `\xNN` for each byte where they are not. */
export function quote(bytes: Uint8Array): string {
  try {
    return JSON.stringify(strictDecoder.decode(bytes));
  } catch {
    let escaped = '';
    for (const byte of bytes) {
      const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
      escaped += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
    }
    return `"${escaped}"`;
  }
}

/** The UTF-8 bytes of a JavaScript string, in memory of their own. */
export function utf8(value: string): Uint8Array {
  return encoder.encode(value);
}
