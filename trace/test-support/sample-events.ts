import type { EventKind, TraceEvent } from '../event.ts';
import { EVENT_KINDS, fieldsOf } from '../event-kinds.ts';
import type { FieldType } from '../kinds/kind-row.ts';

/** A value of each type of field. */
const SAMPLES: { readonly [T in FieldType]: unknown } = {
  number: 7,
  hex: 0xff,
  micros: 85,
  id: 3,
  u64: 0xffff_ffff_ffff_ffffn,
  text: 'a "b" \\ ü',
  ids: [1, 2],
  numbers: [0, 0xffff_fffe],
  bytes: Uint8Array.of(0, 0xff, 0x80),
  descriptors: [{ table: 'ring', index: 1, address: 2 ** 40, length: 4096, flags: 3, nextOrId: 2 }],
  json: { nested: [1, { more: 'text' }] },
};

/** One event of every kind, every field filled in. */
export function sampleEvents(): TraceEvent[] {
  return (Object.keys(EVENT_KINDS) as EventKind[]).map((kind, index) => {
    const fields = Object.entries(fieldsOf(kind)).map(([name, { type }]) => [name, SAMPLES[type]]);
    const common = { id: index + 1, time: index * 1000, kind, device: 'host', cause: 1 };
    return { ...common, fields: Object.fromEntries(fields) } as TraceEvent;
  });
}

/** An event of one kind. */
export function event<K extends EventKind>(
  id: number,
  kind: K,
  fields: TraceEvent<K>['fields'],
  rest: Partial<Pick<TraceEvent, 'time' | 'device' | 'cause'>> = {},
): TraceEvent {
  return { id, time: id * 10, device: 'host', ...rest, kind, fields } as TraceEvent;
}

/** A file in pieces of a few bytes. */
export async function* pieces(bytes: Uint8Array, length = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

/** Everything that an iteration gives. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}
