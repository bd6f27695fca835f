/** One event: what it is, its fields, what it is linked with, and its bytes. */
import type { TraceEvent } from '../../../trace/event.ts';
import { EVENT_KINDS, fieldsOf } from '../../../trace/event-kinds.ts';
import { printable, textOf } from '../../../trace/event-text.ts';
import type { FieldType, KindRow } from '../../../trace/kinds/kind-row.ts';
import { journeysOf } from '../../history/followed.ts';
import { eventsOf } from '../../history/journeys.ts';
import { dialectOf } from '../../history/message-fields.ts';
import { seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { DescriptorTable } from './descriptor-table.tsx';
import { EventLink } from './event-link.tsx';
import { HexDump } from './hex-dump.tsx';
import { MessageTable } from './message-table.tsx';

/** Links shown of a list. */
const MOST_LINKS = 24;

export interface EventDetailProps extends Pick<ViewProps, 'model' | 'events' | 'select'> {
  readonly event: TraceEvent;
}

/** The event. */
export function EventDetail({ event, model, events, select }: EventDetailProps) {
  const { id, time, device, kind, cause } = event;
  const { doc, spec }: Pick<KindRow<never>, 'doc' | 'spec'> = EVENT_KINDS[kind];
  const values = event.fields as Readonly<Record<string, unknown>>;
  const session = model.sessions.fids.sessions.find((one) => one.device === device);
  return (
    <article class="event-detail" aria-label={`Event ${id}`}>
      <h2>
        <span class="number">#{id}</span> {kind} <span class="quiet">{device}</span>{' '}
        <span class="number quiet">{seconds(time)}</span>
      </h2>
      <p class="quiet">
        {doc} {spec !== undefined && <cite>{spec}</cite>}
      </p>
      <p class="mono said">{printable(textOf(event))}</p>
      <Way event={event} events={events} select={select} />
      <table class="data">
        <tbody>
          {cause !== undefined && (
            <tr>
              <th scope="row">cause</th>
              <td>
                <EventLink event={cause} select={select} />
              </td>
            </tr>
          )}
          {Object.entries(fieldsOf(kind)).map(
            ([name, { type, doc: meaning }]) =>
              !APART.has(type) &&
              name !== 'text' &&
              values[name] !== undefined && (
                <tr key={name}>
                  <th scope="row" title={meaning}>
                    {name}
                  </th>
                  <td class="mono">
                    <Value type={type} value={values[name]} select={select} />
                  </td>
                </tr>
              ),
          )}
        </tbody>
      </table>
      {Array.isArray(values.descriptors) && <DescriptorTable descriptors={values.descriptors} more={0} />}
      {kind === 'request' || kind === 'reply' ? (
        <MessageTable bytes={event.fields.bytes} version={dialectOf(session?.version)} />
      ) : (
        values.bytes instanceof Uint8Array && <HexDump label="Bytes" bytes={values.bytes} />
      )}
    </article>
  );
}

/** What has a place of its own. */
const APART: ReadonlySet<FieldType> = new Set(['bytes', 'descriptors', 'json']);

function Value({ type, value, select }: { type: FieldType; value: unknown; select: ViewProps['select'] }) {
  if (type === 'id') return <EventLink event={value as number} select={select} />;
  if (type === 'ids') {
    const ids = value as readonly number[];
    return (
      <span class="links">
        {ids.slice(0, MOST_LINKS).map((id) => (
          <EventLink key={id} event={id} select={select} />
        ))}
        {ids.length > MOST_LINKS && <span class="quiet">and {ids.length - MOST_LINKS} more</span>}
      </span>
    );
  }
  if (type === 'hex') return <>0x{(value as number).toString(16)}</>;
  if (type === 'u64') return <>0x{(value as bigint).toString(16)}</>;
  if (type === 'micros') return <>{String(value)} µs</>;
  return <>{Array.isArray(value) ? value.join(' ') : printable(String(value))}</>;
}

/** The journey the event belongs to: each of its events, and the way to all of them. */
function Way({ event, events, select }: Pick<EventDetailProps, 'event' | 'events' | 'select'>) {
  const journey = journeysOf(events).of(event.id);
  if (journey === undefined) return null;
  const ids = eventsOf(journey);
  return (
    <nav class="way" aria-label="Steps of the request">
      {ids.slice(0, MOST_LINKS).map((id) => {
        const what = events.byId(id)?.kind ?? 'forgotten';
        return id === event.id ? (
          <strong key={id} class="number" aria-current="step">
            {what}
          </strong>
        ) : (
          <EventLink key={id} event={id} what={what} select={select} />
        );
      })}
      {ids.length > MOST_LINKS && <span class="quiet">and {ids.length - MOST_LINKS} more</span>}
      <EventLink event={event.id} what="in the timeline" view="timeline" select={select} />
    </nav>
  );
}
