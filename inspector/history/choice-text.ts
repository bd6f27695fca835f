/** A choice of events as people type it: `events=9p+host device=host`, or just `9p Twalk`, and words that are to be found. */
import { MESSAGES } from '../../ninep/messages.ts';
import type { EventKind } from '../../trace/event.ts';
import { type EventChoice, kindsNamed } from '../../trace/filter.ts';

const MESSAGE_NAMES: ReadonlySet<string> = new Set(MESSAGES.map(({ name }) => name));

interface Draft {
  kinds?: ReadonlySet<EventKind>;
  device?: string;
  tag?: number;
  fid?: number;
  messages?: ReadonlySet<string>;
}

/** Reads one value into the choice; returns what is wrong with it. */
type Key = (draft: Draft, value: string) => string | undefined;

const KEYS: Readonly<Record<string, Key>> = {
  events(draft, value) {
    const kinds = kindsNamed(value.split('+'));
    if (typeof kinds === 'string') return `'${kinds}' is no kind or group of events`;
    draft.kinds = new Set([...(draft.kinds ?? []), ...kinds]);
    return undefined;
  },
  device(draft, value) {
    draft.device = value;
    return undefined;
  },
  tag: (draft, value) => number(value, 0xffff, 'tag', (tag) => Object.assign(draft, { tag })),
  fid: (draft, value) => number(value, 0xffff_ffff, 'fid', (fid) => Object.assign(draft, { fid })),
  message(draft, value) {
    const names = value.split('+');
    const wrong = names.find((name) => !MESSAGE_NAMES.has(name));
    if (wrong !== undefined) return `'${wrong}' is no 9P message`;
    draft.messages = new Set([...(draft.messages ?? []), ...names]);
    return undefined;
  },
};

/** What was typed: a choice, and a text that events contain; or in one sentence what is wrong with it. */
export type ReadChoice = { readonly choice: EventChoice; readonly text: string } | { readonly wrong: string };

/** The choice that words mean. Those that are no kind, no message and nothing with `=` are text. */
export function readChoice(words: string): ReadChoice {
  const draft: Draft = {};
  const rest: string[] = [];
  for (const word of words.split(' ')) {
    const at = word.indexOf('=');
    if (at > 0 && /^[a-z]+$/.test(word.slice(0, at))) {
      const wrong = keyed(draft, word.slice(0, at), word.slice(at + 1));
      if (wrong !== undefined) return { wrong };
    } else if (!bare(draft, word)) rest.push(word);
  }
  return { choice: draft, text: rest.join(' ').trim() };
}

function keyed(draft: Draft, key: string, value: string): string | undefined {
  if (!Object.hasOwn(KEYS, key)) return `'${key}' is unknown; use ${Object.keys(KEYS).join(', ')}`;
  return KEYS[key]?.(draft, value);
}

/** Takes a word that is a message, or kinds of events; false for any other. */
function bare(draft: Draft, word: string): boolean {
  if (word.split('+').every((name) => MESSAGE_NAMES.has(name))) return KEYS.message?.(draft, word) === undefined;
  return KEYS.events?.(draft, word) === undefined;
}

function number(value: string, most: number, what: string, take: (value: number) => void): string | undefined {
  if (!/^\d{1,10}$/.test(value) || Number(value) > most) return `${what}=${value} is not a number from 0 to ${most}`;
  take(Number(value));
  return undefined;
}
