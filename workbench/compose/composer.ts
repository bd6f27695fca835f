/** A message put together from its fields, as the table of messages has them. */

import type { WireType } from '../../bytes/wire.ts';
import { allCodecs, codecOf } from '../../ninep/codec.ts';
import { MESSAGES, type MessageName, type MessageRow } from '../../ninep/messages.ts';
import { countedStat, STAT_FIELDS, type Stat, UNTOUCHED as UNTOUCHED_STAT } from '../../ninep/stat.ts';
import { formIn, isPresent, type Version } from '../../ninep/versions.ts';
import { kindOf, readField, UNTOUCHED, usualText } from './field-text.ts';
import { writeFrame } from './frame.ts';

/** A field of the form. */
export interface ComposedField {
  readonly name: string;
  readonly type: WireType<unknown>;
  /** The field in the notation of the table: `count[4]`. */
  readonly notation: string;
  /** The field of a stat it is: `stat.length` stands for one. */
  readonly ofStat?: keyof Stat;
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
    if (anyForm === countedStat) return statFields(name, version);
    const type = formIn(anyForm, version);
    return isPresent(type) ? [{ name, type, notation: type.notation(name) }] : [];
  });
}

/** Each field of a stat by itself. */
function statFields(name: string, version: Version): ComposedField[] {
  return (Object.keys(STAT_FIELDS) as (keyof Stat)[]).flatMap((ofStat) => {
    const type: WireType<unknown> = formIn<unknown>(STAT_FIELDS[ofStat], version);
    const field = `${name}.${ofStat}`;
    return isPresent(type) ? [{ name: field, type, notation: type.notation(field), ofStat }] : [];
  });
}

/** What stands in the form before anybody typed; a stat leaves everything as it is. */
export function usualTexts(message: MessageName, version: Version): Record<string, string> {
  const texts = fieldsOf(message, version).map(({ name, type, ofStat }) => [
    name,
    ofStat === undefined ? usualText(message, name, type) : untouchedText(type),
  ]);
  return Object.fromEntries(texts);
}

const untouchedText = (type: WireType<unknown>) => (['text', 'bytes'].includes(kindOf(type) ?? '') ? '' : UNTOUCHED);

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
  const body: Record<string, unknown> = {};
  const stat: Record<string, unknown> = { ...UNTOUCHED_STAT };
  for (const { name, type, ofStat } of fieldsOf(message, version)) {
    const value = readField(name, type, texts[name] ?? '');
    if (ofStat === undefined) body[name] = value;
    else stat[ofStat] = value;
  }
  return writeFrame(codecOf(message, version), tag, { ...missing(message, version), stat, ...body });
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
