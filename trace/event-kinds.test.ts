import { expect, test } from '@jest/globals';
import type { EventKind } from './event.ts';
import { EVENT_KINDS, fieldsOf } from './event-kinds.ts';

const kinds = Object.keys(EVENT_KINDS) as EventKind[];

test('no field has a name that every event has', () => {
  const common = ['id', 'time', 'kind', 'device', 'cause'];
  expect(kinds.flatMap((kind) => Object.keys(fieldsOf(kind)).filter((field) => common.includes(field)))).toEqual([]);
});
