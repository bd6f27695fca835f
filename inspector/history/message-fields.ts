/** A 9P message field by field, from the table of messages, with the bytes of each. */
import { ByteReader } from '../../bytes/cursor.ts';
import { payload, type WireType } from '../../bytes/wire.ts';
import { HEADER_SIZE } from '../../ninep/constants.ts';
import { MESSAGES, type MessageRow } from '../../ninep/messages.ts';
import { formIn, isPresent, VERSIONS, type Version } from '../../ninep/versions.ts';
import { tag } from '../../ninep/wire-types.ts';

/** Before data stands count[4]. */
const COUNT_SIZE = 4;

/** One field. */
export interface MessageField {
  readonly name: string;
  /** As in the manual: `fid[4]`. */
  readonly notation: string;
  /** The value in words. */
  readonly text: string;
  /** Bytes of the message it takes, the last not included. */
  readonly from: number;
  readonly to: number;
}

/** A message taken apart. */
export interface MessageParts {
  readonly name: string;
  /** Where the message is specified; empty for a type the dialect does not have. */
  readonly cite: string;
  readonly fields: readonly MessageField[];
  /** Why the fields end before the message says it does; absent where they do not. */
  readonly stops?: string;
}

/** The dialect a session has agreed on, by the name in its Rversion; 9P2000.L where there is none. */
export function dialectOf(version: string | undefined): Version {
  return VERSIONS.find((one) => one === version) ?? '9P2000.L';
}

/** Takes apart what is there of a message: its first bytes may be all. Undefined where not even its header is. */
export function messageParts(bytes: Uint8Array, version: Version): MessageParts | undefined {
  if (bytes.length < HEADER_SIZE) return undefined;
  const reader = new ByteReader(bytes);
  const size = reader.u32();
  const type = reader.u8();
  const fields: MessageField[] = [];
  const add = (name: string, notation: string, text: string, from: number, to: number) =>
    void fields.push({ name, notation, text, from, to });
  add('size', 'size[4]', `${size} bytes`, 0, 4);
  const row: MessageRow | undefined = MESSAGES.find(
    (one) => one.type === type && (one.versions as readonly Version[]).includes(version),
  );
  add('type', 'type[1]', `${type}${row === undefined ? '' : ` ${row.name}`}`, 4, 5);
  add('tag', 'tag[2]', tag.show(tag.get(reader)), 5, HEADER_SIZE);
  if (row === undefined) return { name: `type ${type}`, cite: '', fields, stops: `${version} has no such message` };
  for (const [name, anyType] of Object.entries(row.fields)) {
    const form: WireType<unknown> = formIn(anyType, version);
    if (!isPresent(form)) continue;
    const from = bytes.length - reader.remaining;
    const value = form.get(reader);
    const isCut = reader.overrun;
    // Of data that is cut its count may still be there.
    const isKnown = !isCut || (anyType === payload && bytes.length - from >= COUNT_SIZE);
    add(
      name,
      form.notation(name),
      isKnown ? form.show(value) : '',
      from,
      isCut ? bytes.length : bytes.length - reader.remaining,
    );
    if (isCut) return { name: row.name, cite: row.cite, fields, stops: cutText(size, bytes.length) };
  }
  return { name: row.name, cite: row.cite, fields };
}

function cutText(size: number, there: number): string {
  return size > there ? `the first ${there} of ${size} bytes are kept` : 'the message ends too early';
}
