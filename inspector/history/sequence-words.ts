/** Which messages of the conversation are shown, as people type it: `Twalk fid=3 ENOENT passwd`. */
import { ERRNO } from '../../ninep/errno.ts';
import { MESSAGES } from '../../ninep/messages.ts';
import { ANY_ERROR, type SequenceFilter } from './sequence.ts';

const NAMES: ReadonlySet<string> = new Set(MESSAGES.map(({ name }) => name));
const ERRORS: ReadonlySet<string> = new Set(Object.keys(ERRNO));

/** Reads words of those kinds; whatever else there is, the messages contain as it stands. */
export function readSequenceFilter(words: string): SequenceFilter {
  const filter: { -readonly [K in keyof SequenceFilter]: SequenceFilter[K] } = {};
  const rest: string[] = [];
  for (const word of words.split(' ')) {
    const number = /^(tag|fid)=(\d{1,10})$/.exec(word);
    if (number !== null) filter[number[1] as 'tag' | 'fid'] = Number(number[2]);
    else if (NAMES.has(word)) filter.name = word.replace(/^R/, 'T');
    else if (ERRORS.has(word)) filter.error = word;
    else if (word === 'error') filter.error = ANY_ERROR;
    else rest.push(word);
  }
  const text = rest.join(' ').trim();
  if (text !== '') filter.text = text;
  return filter;
}

/** The words with another value for one of the kinds; without it where there is none. */
export function withWord(words: string, kind: 'name' | 'tag' | 'fid' | 'error', value: string | undefined): string {
  const others = words.split(' ').filter((word) => word !== '' && kindOf(word) !== kind);
  if (value === undefined) return others.join(' ');
  return [kind === 'tag' || kind === 'fid' ? `${kind}=${value}` : value, ...others].join(' ');
}

function kindOf(word: string): string | undefined {
  if (NAMES.has(word)) return 'name';
  if (word === 'error' || ERRORS.has(word)) return 'error';
  return /^(tag|fid)=\d{1,10}$/.exec(word)?.[1];
}
