/** The reference of event kinds, made from their table. */
import type { EventKind } from './event.ts';
import { EVENT_KINDS, fieldsOf } from './event-kinds.ts';
import { EVENT_GROUPS, type EventGroup } from './kinds/kind-row.ts';

/** Every group, kind and field as Markdown. */
export function eventReference(): string {
  const kinds = Object.keys(EVENT_KINDS) as EventKind[];
  return (Object.keys(EVENT_GROUPS) as EventGroup[])
    .map((group) => {
      const sections = kinds.filter((kind) => EVENT_KINDS[kind].group === group).map(kindSection);
      return `### ${group}: ${EVENT_GROUPS[group]}\n\n${sections.join('\n')}`;
    })
    .join('\n');
}

function kindSection(kind: EventKind): string {
  const { doc, spec } = EVENT_KINDS[kind];
  const fields = Object.entries(fieldsOf(kind)).map(
    ([name, { type, doc: meaning }]) => `\`${name}\` (${type}) ${meaning}`,
  );
  const cited = spec === undefined ? '' : ` *${spec}*`;
  return `- **${kind}**: ${doc}${cited}\n  Fields: ${fields.join('; ')}.\n`;
}
