/**
 * Events as JSON and back, by the table of kinds. An event is one flat object: `id`, `time`, `kind`, `device` and `cause`,
 * then the fields of its kind. u64 are decimal strings, bytes are base64, what is absent is left out.
 */

import { fromBase64, toBase64 } from './base64.ts';
import type { EventKind, TraceEvent, TraceHeader } from './event.ts';
import { EVENT_KINDS, fieldsOf, isEventKind } from './event-kinds.ts';
import type { FieldType } from './kinds/kind-row.ts';
import { TraceError } from './trace-error.ts';

/** Version of the JSON written here; read is this one and every older one. */
export const JSON_VERSION = 1;

type Json = Record<string, unknown>;

/** The event as one flat object. */
export function eventToJson({ id, time, kind, device, cause, fields }: TraceEvent): Json {
  const json: Json = { id, time, kind, device };
  if (cause !== undefined) json.cause = cause;
  const types = fieldsOf(kind);
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    json[name] = types[name]?.type === 'bytes' ? toBase64(value as Uint8Array) : jsonValue(value);
  }
  return json;
}

function jsonValue(value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** The event of an object. @throws TraceError naming what is wrong with it. */
export function eventFromJson(json: unknown): TraceEvent {
  if (typeof json !== 'object' || json === null) throw new TraceError('an event is no object');
  const { id, time, kind, device, cause } = json as Json;
  if (!isCount(id) || !isCount(time)) throw new TraceError('an event lacks its id or time');
  if (typeof kind !== 'string' || !isEventKind(kind)) throw new TraceError(`an event is of unknown kind '${kind}'`);
  if (typeof device !== 'string') throw new TraceError(`event ${id} lacks its device`);
  if (cause !== undefined && !isCount(cause)) throw new TraceError(`event ${id} has no number as its cause`);
  const fields: Json = {};
  for (const { name, type } of ROWS[kind] ?? []) {
    const value = (json as Json)[name];
    if (value === undefined) continue;
    const read = READERS[type](value);
    if (read === undefined) throw new TraceError(`event ${id}: its ${name} is no ${type}`);
    fields[name] = read;
  }
  for (const name of REQUIRED[kind] ?? []) {
    if (fields[name] === undefined) throw new TraceError(`event ${id} lacks its ${name}`);
  }
  return { id, time, kind, device, ...(cause !== undefined && { cause }), fields } as TraceEvent;
}

/** The fields of each kind, as a list: events come by the hundred thousand. */
const ROWS: Readonly<Record<string, readonly { readonly name: string; readonly type: FieldType }[]>> =
  Object.fromEntries(
    (Object.keys(EVENT_KINDS) as EventKind[]).map((kind) => [
      kind,
      Object.entries(fieldsOf(kind)).map(([name, { type }]) => ({ name, type })),
    ]),
  );

/** What readers of events stand on; a file without it is damaged. */
const REQUIRED: { readonly [K in EventKind]?: readonly string[] } = {
  request: ['name', 'tag', 'text'],
  reply: ['name', 'tag', 'text'],
  'taken-back': ['name', 'tag'],
  'host-call': ['name', 'text', 'result'],
  chain: ['queue', 'head', 'descriptors'],
  dropped: ['count'],
};

const number = (value: unknown) => (typeof value === 'number' ? value : undefined);
const numbers = (value: unknown) => (Array.isArray(value) && value.every(Number.isFinite) ? value : undefined);

/** Reads a value of a type; undefined where it is none. */
const READERS: { readonly [T in FieldType]: (value: unknown) => unknown } = {
  number,
  hex: number,
  micros: number,
  id: number,
  u64: (value) => (typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : undefined),
  text: (value) => (typeof value === 'string' ? value : undefined),
  ids: numbers,
  numbers,
  bytes: (value) => (typeof value === 'string' ? fromBase64(value) : undefined),
  descriptors: (value) => (Array.isArray(value) && value.every(isDescriptor) ? value : undefined),
  json: (value) => value,
};

function isDescriptor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { table, ...numbers } = value as Json;
  return (
    (table === 'ring' || table === 'indirect') &&
    ['index', 'address', 'length', 'flags', 'nextOrId'].every((name) => typeof numbers[name] === 'number')
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The first line of a file of JSON Lines. */
export function headerToJson({ program, started }: TraceHeader): Json {
  return { format: 'tsvmm-trace', version: JSON_VERSION, program, started: new Date(started).toISOString() };
}

/** The header of an object. @throws TraceError where it is none, or of a version that is not known. */
export function headerFromJson(json: unknown): TraceHeader {
  const { format, version, program, started } = (typeof json === 'object' && json !== null ? json : {}) as Json;
  if (format !== 'tsvmm-trace') throw new TraceError('it does not begin with the header of a trace');
  if (!isCount(version) || version > JSON_VERSION) {
    throw new TraceError(`its format has version ${version}; this tsvmm reads up to ${JSON_VERSION}`);
  }
  const time = typeof started === 'string' ? Date.parse(started) : Number.NaN;
  return { program: typeof program === 'string' ? program : '', started: Number.isNaN(time) ? 0 : time };
}
