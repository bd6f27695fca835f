/** Every event as it was told, as far as a choice lets it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { TraceEvent } from '../../../trace/event.ts';
import { fieldsOf } from '../../../trace/event-kinds.ts';
import { printable, textOf } from '../../../trace/event-text.ts';
import { readChoice } from '../../history/choice-text.ts';
import { EventRows } from '../../history/event-rows.ts';
import { count, duration, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { VirtualList } from '../../page/virtual-list.tsx';
import { EventDetail } from './event-detail.tsx';
import { EventLink } from './event-link.tsx';

/** Milliseconds of a frame that looking at older events may take. */
const BUDGET_MS = 8;

/** The view. */
export function EventsView(props: ViewProps) {
  const { events, selection, select } = props;
  const [, look] = useState(0);
  const read = useMemo(() => readChoice(selection.filter), [selection.filter]);
  const rows = useMemo(
    () => new EventRows(events, 'choice' in read ? read.choice : {}, 'choice' in read ? read.text : ''),
    [events, events.generation, read],
  );
  const done = rows.advance(BUDGET_MS);
  useEffect(() => {
    if (done) return;
    const frame = requestAnimationFrame(() => look((before) => before + 1));
    return () => cancelAnimationFrame(frame);
  });
  const chosen = selection.event === undefined ? undefined : events.byId(selection.event);
  const at = rows.indexOf(selection.event ?? 0);
  return (
    <div class="split">
      <section class="split-main">
        <div class="bar">
          <span class="quiet">
            {count(rows.length)} events
            {rows.length !== events.length && ` of ${count(events.length)}`}
            {events.forgotten > 0 && `; ${count(events.forgotten)} before them are no longer kept`}
            {!done && ', still looking'}
          </span>
          <span class="quiet hint">
            Filter by <code>9p+host</code>, <code>device=…</code>, <code>Twalk</code>, <code>tag=…</code>,{' '}
            <code>fid=…</code>, or any text
          </span>
        </div>
        {'wrong' in read && <p class="problem">{read.wrong}.</p>}
        {rows.length === 0 ? (
          <p class="quiet">{selection.filter === '' ? 'Nothing has happened yet.' : 'No event is like that.'}</p>
        ) : (
          <>
            <div class="list-head row quiet" aria-hidden="true">
              <span class="id-cell">number</span>
              <span class="time-cell">seconds</span>
              <span class="device-cell">device</span>
              <span class="kind-cell">kind</span>
              <span class="text-cell">what happened</span>
              <span class="notes-cell">belongs to</span>
            </div>
            <VirtualList
              label="Events"
              count={rows.length}
              chosen={at}
              onChoose={(index) => select({ event: rows.at(index)?.id })}
              gone={rows.forgotten}
              follow={selection.event === undefined}
              row={(index) => <Row event={rows.at(index)} select={select} />}
            />
          </>
        )}
      </section>
      {selection.event !== undefined && (
        <section class="split-side">
          {chosen === undefined ? (
            <p class="quiet">Event #{selection.event} is not kept.</p>
          ) : (
            <EventDetail event={chosen} {...props} />
          )}
        </section>
      )}
    </div>
  );
}

interface RowProps {
  readonly event: TraceEvent | undefined;
  readonly select: ViewProps['select'];
}

function Row({ event, select }: RowProps) {
  if (event === undefined) return null;
  const { id, time, device, kind } = event;
  const { took } = event.fields as { readonly took?: number };
  return (
    <>
      <span class="number quiet id-cell">{id}</span>
      <span class="number quiet time-cell">{seconds(time)}</span>
      <span class="device-cell">{printable(device)}</span>
      <span class={`kind-cell kind-${kind}`}>{kind}</span>
      <span class="mono text-cell">{printable(textOf(event))}</span>
      <span class="quiet notes-cell">
        {took !== undefined && <span class="number">{duration(took)}</span>}
        {linksOf(event).map(([name, id]) => (
          <EventLink key={name} event={id} what={name} select={select} />
        ))}
      </span>
    </>
  );
}

/** Events an event names by fields of its own, or else the one it follows from. */
function linksOf({ kind, cause, fields }: TraceEvent): (readonly [name: string, id: number])[] {
  const values = fields as Readonly<Record<string, unknown>>;
  const named = Object.entries(fieldsOf(kind)).flatMap(([name, { type }]) => {
    const value = values[name];
    const id = type === 'id' ? value : type === 'ids' && Array.isArray(value) ? value[0] : undefined;
    return typeof id === 'number' ? [[name, id] as const] : [];
  });
  return named.length > 0 || cause === undefined ? named : [['cause', cause]];
}
