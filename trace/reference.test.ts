import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { EventKind } from './event.ts';
import { EVENT_KINDS, fieldsOf } from './event-kinds.ts';
import { eventReference } from './reference.ts';

const kinds = Object.keys(EVENT_KINDS) as EventKind[];

test('the README holds the reference; write-event-reference.ts brings it up to date', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  expect(/<!-- events -->\n\n([\s\S]*)\n<!-- \/events -->/.exec(readme)?.[1]).toBe(eventReference());
});

test('every kind is in the reference with all its fields', () => {
  for (const kind of kinds) {
    const section = new RegExp(`^- \\*\\*${kind}\\*\\*: (.*\\n.*)$`, 'm').exec(eventReference())?.[1] ?? '';
    for (const field of Object.keys(fieldsOf(kind))) expect(section).toContain(`\`${field}\` (`);
  }
});

test('no field has a name that every event has', () => {
  const common = ['id', 'time', 'kind', 'device', 'cause'];
  expect(kinds.flatMap((kind) => Object.keys(fieldsOf(kind)).filter((field) => common.includes(field)))).toEqual([]);
});
