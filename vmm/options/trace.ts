import { MESSAGES } from '../../ninep/messages.ts';
import type { EventKind } from '../../trace/event.ts';
import { type EventChoice, KIND_NAMES, kindsNamed } from '../../trace/filter.ts';
import { UsageError } from '../usage-error.ts';
import { readWithFirstKey } from './first-key.ts';
import { remedyFor } from './nearest.ts';
import { integer, oneOf, text, type ValueType } from './value-type.ts';

/** How a trace is written: `lines` is one line for each 9P message, which only its device stands before. */
export type TraceLanguage = 'lines' | 'text' | 'jsonl' | 'pcapng';

/** A trace that was asked for. */
export interface TraceRequest {
  /** Absent: to stderr. */
  readonly file?: string;
  readonly language: TraceLanguage;
  readonly choice: EventChoice;
}

/** Kinds and groups of events, joined by `+`. */
const eventKinds: ValueType<ReadonlySet<EventKind>> = {
  notation: 'KIND+KIND|all',
  parse(given) {
    const kinds = kindsNamed(given.split('+'));
    if (typeof kinds !== 'string') return { value: kinds };
    return { wrong: `'${kinds}' is unknown; ${remedyFor(kinds, KIND_NAMES, 'kind')}` };
  },
};

const MESSAGE_NAMES: readonly string[] = [...new Set(MESSAGES.map(({ name }) => name))];

/** Names of 9P messages, joined by `+`. */
const messageNames: ValueType<ReadonlySet<string>> = {
  notation: 'Tx+Rx',
  parse(given) {
    const names = given.split('+');
    const wrong = names.find((name) => !MESSAGE_NAMES.includes(name));
    if (wrong === undefined) return { value: new Set(names) };
    return { wrong: `'${wrong}' is unknown; ${remedyFor(wrong, MESSAGE_NAMES, 'message')}` };
  },
};

/** The keys that choose events, of `--trace` and as options of `tsvmm trace`. */
export const CHOICE_KEYS = {
  events: { type: eventKinds, doc: 'kinds of events, or groups of them' },
  device: { type: text('NAME'), doc: 'only of this device: its mount tag or id; of a server, this client' },
  tag: { type: integer(0, 0xffff), doc: '9P messages with this tag' },
  fid: { type: integer(0, 0xffff_fffe), doc: '9P messages that name this fid, and their replies' },
  message: { type: messageNames, doc: '9P messages of these names' },
} as const;

/** The keys of `--trace`; the first may lack its name. */
export const TRACE_KEYS = {
  file: { type: text('FILE'), doc: 'where it goes; without it to stderr' },
  format: {
    type: oneOf('text', 'jsonl', 'pcapng'),
    doc: 'columns for people, JSON Lines for programs, or pcapng for Wireshark; by default what the end of FILE says (.jsonl, .pcapng)',
  },
  ...CHOICE_KEYS,
} as const;

/** The formats that the end of a file's name stands for. */
const BY_SUFFIX: Readonly<Record<string, TraceLanguage>> = { '.jsonl': 'jsonl', '.pcapng': 'pcapng' };

/** What is written unless `events` says otherwise. */
const USUAL_EVENTS: EventChoice['kinds'] = new Set<EventKind>(['request', 'reply', 'taken-back']);

/** Reads the value of `--trace`; true is the option alone. Throws UsageError. */
export function parseTrace(given: string | true): TraceRequest {
  if (given === true) return { language: 'lines', choice: {} };
  if (given === '') throw new UsageError('--trace is empty; name a file');
  const { file, format, events, message, ...rest } = readWithFirstKey('--trace', TRACE_KEYS, 'file', given);
  const bySuffix = BY_SUFFIX[/\.[^./]*$/.exec(file ?? '')?.[0] ?? ''];
  const plain = events === undefined && message === undefined && Object.keys(rest).length === 0;
  const language = format ?? bySuffix ?? (plain ? 'lines' : 'text');
  if (language === 'pcapng' && file === undefined) {
    throw new UsageError('--trace: format=pcapng needs a file; write --trace FILE,format=pcapng');
  }
  const choice = language === 'lines' ? {} : { kinds: events ?? USUAL_EVENTS, messages: message, ...rest };
  return { ...(file === undefined ? {} : { file }), language, choice };
}
