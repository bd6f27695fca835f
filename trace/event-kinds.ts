/**
 * The table of event kinds. Text, JSON, the reference in the documentation and the checks of what is read come from it; a
 * kind or a field without a row does not compile.
 */
import type { EventKind, Events } from './event.ts';
import { DEVICE_KINDS } from './kinds/device-kinds.ts';
import type { FieldRow, KindTable } from './kinds/kind-row.ts';
import { SESSION_KINDS } from './kinds/session-kinds.ts';

/** Every kind of event. */
export const EVENT_KINDS: KindTable<Events> = { ...DEVICE_KINDS, ...SESSION_KINDS };

/** The rows of a kind whose name is not known to the compiler. */
export function fieldsOf(kind: EventKind): Readonly<Record<string, FieldRow>> {
  return EVENT_KINDS[kind].fields;
}

/** Whether a text names a kind. */
export function isEventKind(name: string): name is EventKind {
  return Object.hasOwn(EVENT_KINDS, name);
}
