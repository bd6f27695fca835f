import { codecOf } from './codec.ts';
import { fieldOffset } from './field-offset.ts';
import type { MessageBody } from './messages.ts';

type Field = keyof MessageBody<'Rgetattr'>;

const QID_AT = fieldOffset('Rgetattr', 'qid');

/**
 * An Rgetattr as it is on the wire, for those who can fill it without a value for each field: everything behind the header
 * and `valid` is aligned to words of 32 bits, the lower of two first.
 *
 * @spec 9P2000.L getattr
 */
export class RgetattrMessage {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;

  constructor() {
    const buffer = new ArrayBuffer(codecOf('Rgetattr').minimum);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }
}

/** The byte where `valid` begins; its eight bytes are not aligned. */
export const VALID_AT = fieldOffset('Rgetattr', 'valid');
/** The byte that is the qid's type. */
export const QID_TYPE_AT = QID_AT;
/** The word that is the qid's version. */
export const QID_VERSION_WORD = wordAt(QID_AT + 1);
/** The first word of the qid's path. */
export const QID_PATH_WORD = wordAt(QID_AT + 5);

/** The word in which a field begins. */
export function rgetattrWord(field: Exclude<Field, 'valid' | 'qid'>): number {
  return wordAt(fieldOffset('Rgetattr', field));
}

function wordAt(byte: number): number {
  if (byte % 4 !== 0) throw new Error(`byte ${byte} of Rgetattr begins no word`);
  return byte / 4;
}
