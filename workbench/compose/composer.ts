/** A message put together from its fields, as the table of messages has them. */

import type { WireType } from '../../bytes/wire.ts';
import { allCodecs, codecOf } from '../../ninep/codec.ts';
import { MESSAGES, type MessageName, type MessageRow } from '../../ninep/messages.ts';
import { formIn, isPresent, type Version } from '../../ninep/versions.ts';
import { kindOf, readField, usualText } from './field-text.ts';
import { writeFrame } from './frame.ts';

/** A field of the form. */
export interface ComposedField {
  readonly name: string;
  readonly type: WireType<unknown>;
  /** The field in the notation of the table: `count[4]`. */
  readonly notation: string;
}

const NOTAG = 0xffff;
const ROWS: readonly MessageRow<MessageName>[] = MESSAGES;

/** Requests that can be put together from fields in a dialect, in the order of the table. */
export function composable(version: Version): MessageName[] {
  return [...allCodecs(version)]
    .map(({ name }) => name)
    .filter((name) => name.startsWith('T') && fieldsOf(name, version).every(({ type }) => kindOf(type) !== undefined));
}

/** The fields of a message in a dialect. */
export function fieldsOf(message: MessageName, version: Version): ComposedField[] {
  const row = ROWS.find(({ name }) => name === message);
  return Object.entries(row?.fields ?? {}).flatMap(([name, anyForm]) => {
    const type = formIn(anyForm, version);
    return isPresent(type) ? [{ name, type, notation: type.notation(name) }] : [];
  });
}

/** What stands in the form before anybody typed. */
export function usualTexts(message: MessageName, version: Version): Record<string, string> {
  return Object.fromEntries(fieldsOf(message, version).map(({ name, type }) => [name, usualText(message, name, type)]));
}

/** The tag a form begins with. */
export function usualTag(message: MessageName): number {
  return message === 'Tversion' ? NOTAG : 1;
}

/**
 * The frame that the form says.
 *
 * @throws RangeError, one line for people, where a field has no value or tag is none.
 */
export function compose(
  message: MessageName,
  version: Version,
  tag: number,
  texts: Readonly<Record<string, string>>,
): Uint8Array {
  if (!Number.isInteger(tag) || tag < 0 || tag > NOTAG) throw new RangeError(`a tag is 0 to ${NOTAG}`);
  const body = Object.fromEntries(
    fieldsOf(message, version).map(({ name, type }) => [name, readField(name, type, texts[name] ?? '')]),
  );
  return writeFrame(codecOf(message, version), tag, { ...missing(message, version), ...body });
}

/** Fields of the other dialects, which take no bytes in this one. */
function missing(message: MessageName, version: Version): Record<string, unknown> {
  const row = ROWS.find(({ name }) => name === message);
  return Object.fromEntries(
    Object.entries(row?.fields ?? {})
      .map(([name, type]) => [name, formIn(type, version)] as const)
      .filter(([, type]) => !isPresent(type))
      .map(([name, type]) => [name, type.samples[0]]),
  );
}
