import { MAX_MOUNT_TAG_LENGTH } from '../../devices/virtio/p9-config-registers.ts';
import { OWN_TAG_PREFIX } from '../boot-plan.ts';
import { remedyFor } from './nearest.ts';
import { parseSize, showSize } from './size.ts';

/** What reading a value gives: the value, or what is wrong with the text, as the rest of a sentence. */
export type Outcome<V> = { readonly value: V } | { readonly wrong: string };

/** A kind of value an option takes: how help writes it, and how it is read. */
export interface ValueType<V> {
  /** As in `path=PATH`. */
  readonly notation: string;
  /** What a key without a value stands for, where that is allowed. */
  readonly bare?: string;
  /** Reads a text that is not empty. */
  parse(text: string): Outcome<V>;
}

/** Any text. */
export function text(notation: string): ValueType<string> {
  return { notation, parse: (given) => ({ value: given }) };
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['yes', true],
  ['true', true],
  ['off', false],
  ['no', false],
  ['false', false],
]);

/** A switch; the words are QEMU's. Given without a value it means on. */
export const onOff: ValueType<boolean> = {
  notation: 'on|off',
  bare: 'on',
  parse(given) {
    const value = SWITCH.get(given.toLowerCase());
    return value === undefined ? { wrong: `'${given}' is neither on nor off` } : { value };
  },
};

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): ValueType<W> {
  return {
    notation: words.join('|'),
    parse(given) {
      const value = words.find((word) => word === given);
      if (value !== undefined) return { value };
      return { wrong: `'${given}' is unknown; ${remedyFor(given, words, 'value')}` };
    },
  };
}

/** A decimal number from `least` to `most`. */
export function integer(least: number, most: number, notation = 'N'): ValueType<number> {
  return {
    notation,
    parse(given) {
      if (!/^\d+$/.test(given)) return { wrong: `'${given}' is no whole number` };
      const value = Number(given);
      if (value < least || value > most) return { wrong: `${given} is out of range; it goes from ${least} to ${most}` };
      return { value };
    },
  };
}

/** A size in bytes from `least` to `most` in steps of `step`; without suffix the number counts in `unit`. */
export function size(least: number, most: number, step: number, unit: 'B' | 'M'): ValueType<number> {
  return {
    notation: 'SIZE',
    parse(given) {
      const outcome = parseSize(given, unit);
      if ('wrong' in outcome) return outcome;
      const { value } = outcome;
      if (value < least || value > most) {
        return { wrong: `${given} is out of range; it goes from ${showSize(least)} to ${showSize(most)}` };
      }
      return value % step === 0 ? outcome : { wrong: `${given} is no multiple of ${showSize(step)}` };
    },
  };
}

/** Permission bits in octal, as chmod takes them. */
export const fileMode: ValueType<number> = {
  notation: 'MODE',
  parse: (given) =>
    /^0?[0-7]{1,3}$/.test(given)
      ? { value: Number.parseInt(given, 8) }
      : { wrong: `'${given}' is no file mode; write it in octal, like 0600` },
};

/** The name of an object on the command line: a letter, then letters, digits, `-`, `.` or `_`. */
export const identifier: ValueType<string> = {
  notation: 'ID',
  parse: (given) =>
    /^[A-Za-z][A-Za-z0-9._-]*$/.test(given)
      ? { value: given }
      : { wrong: `'${given}' is no identifier; it is a letter, then letters, digits, '-', '.' or '_'` },
};

/** What tells disks apart: printable ASCII, as much of it as a disk can say. */
export const diskSerial: ValueType<string> = {
  notation: 'TEXT',
  parse: (given) =>
    /^[\x20-\x7e]{1,20}$/.test(given)
      ? { value: given }
      : { wrong: `'${given}' is no serial number; it is 1 to 20 characters of ASCII` },
};

/** What a guest mounts a share by: 1 to 31 bytes of UTF-8 without control characters. */
export const mountTag: ValueType<string> = {
  notation: 'TAG',
  parse(given) {
    const { length } = new TextEncoder().encode(given);
    if (length > MAX_MOUNT_TAG_LENGTH)
      return { wrong: `'${given}' is ${length} bytes long; at most ${MAX_MOUNT_TAG_LENGTH} fit` };
    if (/\p{Cc}/u.test(given)) return { wrong: 'contains a control character' };
    if (given.startsWith(OWN_TAG_PREFIX)) {
      return { wrong: `'${given}' begins with '${OWN_TAG_PREFIX}', as only the machine's own do; choose another` };
    }
    return { value: given };
  },
};
