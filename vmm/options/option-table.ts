import { UsageError } from '../usage-error.ts';
import { nearest, remedyFor } from './nearest.ts';
import type { OptionPair } from './option-string.ts';
import type { ValueType } from './value-type.ts';

/** One key of an option string. */
export interface OptionRow<V> {
  readonly type: ValueType<V>;
  /** One phrase for help and for the table in the README. */
  readonly doc: string;
  readonly required?: true;
  /** Known, and answered plainly, but not built: the key as a whole, or these values of it. */
  readonly notYet?: true | readonly string[];
  /** What to do in place of what is not built; default `leave it out`. */
  readonly instead?: string;
}

/** The keys of one option string, by name. */
export type OptionTable = Readonly<Record<string, OptionRow<unknown>>>;

/** What parsing with a table gives: a value for each key that was given, and for each that is required. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T as T[K] extends { required: true } ? K : never]: ValueOf<T[K]>;
} & {
  readonly [K in keyof T as T[K] extends { required: true } ? never : K]?: ValueOf<T[K]>;
};

/** The values a row lets through: those of its type, but not the ones that are not built yet. */
type ValueOf<R> = R extends { readonly type: ValueType<infer V>; readonly notYet: readonly (infer N)[] }
  ? Exclude<V, N>
  : R extends OptionRow<infer V>
    ? V
    : never;

/** What a parser of pairs needs to word its errors. */
export interface OptionContext {
  /** The option as its error lines begin, such as `--virtfs`. */
  readonly option: string;
  /** Why a key this table lacks is refused, where more is known than that it is unknown. */
  readonly elsewhere?: (key: string) => string | undefined;
}

/**
 * Reads the pairs of one option string by a table: every key known, given once, of its type, and built.
 * Throws UsageError with one line that names the key and the remedy.
 */
export function readPairs<const T extends OptionTable>(
  table: T,
  pairs: readonly OptionPair[],
  context: OptionContext,
): OptionValues<T> {
  const refuse = (line: string): never => {
    throw new UsageError(`${context.option}: ${line}`);
  };
  const values: Record<string, unknown> = {};
  for (const [index, { key, value }] of pairs.entries()) {
    if (key === '') refuse(value === undefined ? 'there is a comma too many' : `'=${value}' lacks the name before it`);
    const row = Object.hasOwn(table, key) ? table[key] : undefined;
    if (row === undefined) return refuse(unknownKey(table, pairs, index, context));
    if (Object.hasOwn(values, key)) refuse(`${key} is given twice`);
    const text = value ?? row.type.bare;
    if (text === undefined) return refuse(`${key} needs a value: ${key}=${row.type.notation}`);
    if (text === '') return refuse(`${key} is empty; write ${key}=${row.type.notation}`);
    const outcome = row.type.parse(text);
    if ('wrong' in outcome) return refuse(`${key}${outcome.wrong.startsWith("'") ? ':' : ''} ${outcome.wrong}`);
    const missing = missingSupport(key, row, outcome.value);
    if (missing !== undefined) refuse(missing);
    values[key] = outcome.value;
  }
  for (const [key, row] of Object.entries(table)) {
    if (row.required && !Object.hasOwn(values, key)) refuse(`${key} is missing; add ${key}=${row.type.notation}`);
  }
  return values as OptionValues<T>;
}

function missingSupport(key: string, row: OptionRow<unknown>, value: unknown): string | undefined {
  const instead = row.instead ?? 'leave it out';
  if (row.notYet === true) return `${key} is not supported yet; ${instead}`;
  const given = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  return row.notYet?.includes(given) ? `${key}=${given} is not supported yet; ${instead}` : undefined;
}

function unknownKey(
  table: OptionTable,
  pairs: readonly OptionPair[],
  index: number,
  { elsewhere }: OptionContext,
): string {
  const key = pairs[index]?.key ?? '';
  const why = elsewhere?.(key);
  if (why !== undefined) return why;
  const near = nearest(key, Object.keys(table));
  if (near !== undefined) return `unknown option '${key}'; did you mean ${near}?`;
  const before = pairs[index - 1];
  if (pairs[index]?.value === undefined && before?.value !== undefined) {
    return `unknown option '${key}'; a comma inside a value is written twice: ${before.key}=${before.value},,${key}`;
  }
  return `unknown option '${key}'; ${remedyFor(key, shortNames(table), 'option')}`;
}

/** The names of a table with those of one family, such as `throttling.`, as one. */
function shortNames(table: OptionTable): string[] {
  return [...new Set(Object.keys(table).map((name) => name.replace(/\..*/, '.*')))];
}
