import { UsageError } from '../usage-error.ts';
import { nearest } from './nearest.ts';
import { type OptionPair, splitOptionString } from './option-string.ts';
import { type OptionTable, type OptionValues, readPairs } from './option-table.ts';

/**
 * Reads an option string whose first element may lack its name: `-m 1G` is `-m size=1G`. Throws UsageError.
 */
export function readWithFirstKey<const T extends OptionTable>(
  option: string,
  table: T,
  firstKey: keyof T & string,
  string: string,
): OptionValues<T> {
  const [first, ...pairs] = splitOptionString(string);
  if (first === undefined || (first.key === '' && first.value === undefined)) {
    const wrong = string === '' ? 'is empty' : 'begins with a comma';
    throw new UsageError(`${option}: ${wrong}; write ${option} ${table[firstKey]?.type.notation ?? ''}`);
  }
  return readPairs(table, [nameFirst(table, firstKey, first), ...pairs], { option });
}

/** A path may contain `=`, so only a known key, or one that looks like a known key mistyped, is read as a key. */
function nameFirst(table: OptionTable, firstKey: string, first: OptionPair): OptionPair {
  if (first.value === undefined) return { key: firstKey, value: first.key };
  const looksLikeKey = nearest(first.key, Object.keys(table)) !== undefined;
  return looksLikeKey ? first : { key: firstKey, value: `${first.key}=${first.value}` };
}
