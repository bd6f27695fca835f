/**
 * Events as lines for people, and back as far as such a line says: number, seconds, device, kind, what happened, and in
 * braces what it is linked to and what it took.
 *
 *          5     0.001203  host           request         Tversion NOTAG msize 8192 version "9P2000.L" {size 21, chain 4}
 */
import type { EventKind, TraceEvent } from './event.ts';
import { EVENT_KINDS, fieldsOf, isEventKind } from './event-kinds.ts';
import type { FieldRow } from './kinds/kind-row.ts';

/** Ids shown of a list; the line says how many more there are. */
const SHOWN_IDS = 8;

const KIND_WIDTH = Math.max(...Object.keys(EVENT_KINDS).map((kind) => kind.length));

/** The headings above the lines of a file. */
export const TEXT_HEAD = `#${columns('id', 'seconds', 'device', 'kind', 'event').slice(1)}`;

/** One line, without its end. Control characters, which a guest may have put anywhere, are written out. */
export function eventLine(event: TraceEvent): string {
  const { id, time, kind, device } = event;
  const seconds = (time / 1e6).toFixed(6);
  const what = [textOf(event), notes(event)].filter((part) => part !== '').join(' ');
  return columns(String(id), seconds, deviceColumn(device), kind, printable(what));
}

function columns(id: string, seconds: string, device: string, kind: string, what: string): string {
  return `${id.padStart(8)} ${seconds.padStart(12)}  ${device.padEnd(12)} ${kind.padEnd(KIND_WIDTH)} ${what}`;
}

/** What happened, in words. */
export function textOf(event: TraceEvent): string {
  if (event.shown !== undefined) return event.shown;
  const row: { readonly text: (fields: never) => string } = EVENT_KINDS[event.kind];
  return row.text(event.fields as never);
}

/** What an event is linked to and what it took: `{took 85 µs, request 12}`; empty where there is nothing to say. */
export function notes({ kind, cause, fields }: TraceEvent): string {
  const values = fields as Readonly<Record<string, unknown>>;
  const said = Object.entries(fieldsOf(kind)).flatMap(([name, row]) =>
    row.note && values[name] !== undefined ? [`${name} ${noteValue(row, values[name])}`] : [],
  );
  const known = Object.values(values).includes(cause);
  const all = cause === undefined || known ? said : [...said, `cause ${cause}`];
  return all.length === 0 ? '' : `{${all.join(', ')}}`;
}

function noteValue({ type }: FieldRow, value: unknown): string {
  if (type === 'micros') return `${value} µs`;
  if (!Array.isArray(value)) return String(value);
  const more = value.length - SHOWN_IDS;
  return more > 0 ? `${value.slice(0, SHOWN_IDS).join(' ')} and ${more} more` : value.join(' ');
}

/** What `{...}` at the end of a line says, by name: numbers, lists of numbers, words. */
export function readNotes(kind: EventKind, line: string): { readonly text: string; readonly notes: NoteValues } {
  const match = /^(.*?) ?\{([^{}]*)\}$/s.exec(line);
  if (match === null) return { text: line, notes: {} };
  const types = fieldsOf(kind);
  const found: Record<string, number | string | number[]> = {};
  for (const item of (match[2] ?? '').split(', ')) {
    const [name = '', ...rest] = item.split(' ');
    const type = name === 'cause' ? 'id' : types[name]?.type;
    // Braces that are not ours belong to the text.
    if (type === undefined) return { text: line, notes: {} };
    if (type === 'text') found[name] = rest.join(' ');
    else if (type === 'ids') found[name] = rest.map(Number).filter(Number.isFinite).slice(0, SHOWN_IDS);
    else found[name] = Number(rest[0]);
  }
  return { text: match[1] ?? '', notes: found };
}

/** Notes by name. */
export type NoteValues = Readonly<Record<string, number | string | number[]>>;

/** The event of a line, with what the line says of it; undefined for a line that is none. */
export function eventOfLine(line: string): TraceEvent | undefined {
  const match = /^ *(\d+) +(\d+)\.(\d{6}) {2}(\S*) +([a-z0-9-]+) ?(.*)$/.exec(line);
  if (match === null) return undefined;
  const [, id, seconds, micros, device = '', kind = '', rest = ''] = match;
  if (!isEventKind(kind)) return undefined;
  const { text, notes: said } = readNotes(kind, rest.trimStart());
  const { cause, ...links } = said;
  const fields = { text, ...messageOf(kind, text), ...links };
  const time = Number(seconds) * 1e6 + Number(micros);
  const common = { id: Number(id), time, kind, device: device === '-' ? '' : device };
  return { ...common, ...(typeof cause === 'number' && { cause }), fields, shown: text } as TraceEvent;
}

/** What the text of some kinds begins with. */
function messageOf(kind: EventKind, text: string): Record<string, unknown> {
  const [name = '', ...rest] = text.split(' ');
  if (kind === 'request' || kind === 'reply' || kind === 'taken-back') {
    const tag = rest[0] === 'NOTAG' ? 0xffff : Number.parseInt(rest[1] ?? '', 10);
    return { name, tag, ...(kind === 'request' && { fids: fidsInText(text) }) };
  }
  if (kind === 'host-call') {
    const result = / = (-?\d+)$/.exec(text);
    return { name: text.split('(')[0], result: Number(result?.[1] ?? 0), text: text.slice(0, result?.index) };
  }
  if (kind === 'dropped') return { count: Number(name), first: Number(rest[2]) };
  return {};
}

function fidsInText(text: string): number[] {
  return [...text.matchAll(/\b(?:\w*fid|dirfd) (\d+)\b/g)].map((match) => Number(match[1]));
}

/** A device's name as one word of a line. */
function deviceColumn(device: string): string {
  return device === '' ? '-' : printable(device).replaceAll(' ', '\\x20');
}

/** The text with its control characters written out, so that it stays one line and cannot drive a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
