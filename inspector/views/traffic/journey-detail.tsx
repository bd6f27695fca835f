/** One request in full: both messages field by field, and the system calls made for it. */
import type { TraceEvent } from '../../../trace/event.ts';
import { printable, textOf } from '../../../trace/event-text.ts';
import type { Journey } from '../../history/journeys.ts';
import { dialectOf } from '../../history/message-fields.ts';
import { count, duration } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { errorWords } from './error-words.ts';
import { EventLink } from './event-link.tsx';
import { MessageTable } from './message-table.tsx';
import { RefusalList, WhyRefused } from './refusal-notes.tsx';

/** System calls shown of one request. */
const MOST_CALLS = 40;

export interface JourneyDetailProps extends Pick<ViewProps, 'model' | 'events' | 'select'> {
  readonly journey: Journey;
}

/** The request. */
export function JourneyDetail({ journey, model, events, select }: JourneyDetailProps) {
  const { device, name, request, reply, calls, error, took } = journey;
  const version = dialectOf(model.sessions.fids.sessions.find((one) => one.device === device)?.version);
  const refusal = { name, version, error };
  const [asked, answered] = [events.byId(request ?? 0), events.byId(reply ?? 0)];
  return (
    <article class="event-detail" aria-label={`${name} in full`}>
      <h2>
        {name} <span class="quiet">{device}</span>
        {took !== undefined && <span class="number quiet"> {duration(took)}</span>}
      </h2>
      <WhyRefused {...refusal} ofHost={calls.some((id) => failedSo(events.byId(id), error))} />
      <p class="links">
        <EventLink event={request ?? reply} what="in the timeline" view="timeline" select={select} />
        <EventLink event={journey.chain} what="chain" view="rings" select={select} />
        <EventLink event={request} what="event" view="events" select={select} />
      </p>
      {asked === undefined ? (
        <p class="quiet">The request is no longer kept.</p>
      ) : (
        <MessageTable bytes={asked.kind === 'request' ? asked.fields.bytes : undefined} version={version} />
      )}
      <h3>{calls.length === 0 ? 'No system call was made for it' : `${count(calls.length)} system calls`}</h3>
      <ul class="calls">
        {calls.slice(0, MOST_CALLS).map((id) => {
          const call = events.byId(id);
          if (call?.kind !== 'host-call') return null;
          return (
            <li key={id}>
              <code class={call.fields.result < 0 ? 'bad' : undefined}>{printable(textOf(call))}</code>{' '}
              <span class="quiet">
                {call.fields.error !== undefined && `${errorWords(call.fields.error)}, `}
                {duration(call.fields.took ?? 0)}
                {call.fields.where === 'pool' && ' in the thread pool'}
              </span>{' '}
              <EventLink event={id} view="events" select={select} />
            </li>
          );
        })}
      </ul>
      {answered?.kind === 'reply' && <MessageTable bytes={answered.fields.bytes} version={version} />}
      {journey.takenBack !== undefined && <p>It was taken back before it was answered.</p>}
      {journey.endTime === undefined && <p class="quiet">It has not been answered.</p>}
      <RefusalList {...refusal} />
    </article>
  );
}

function failedSo(event: TraceEvent | undefined, error: string | undefined): boolean {
  return event?.kind === 'host-call' && error !== undefined && event.fields.error === error;
}
