/** What was done: each action with what it caused, the newest first. */
import type { EventId } from '../../devices/events.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { textOf } from '../../trace/event-text.ts';
import type { Done } from '../actions/done.ts';
import { toHex } from '../compose/frame.ts';
import type { RamChange } from '../rig/ram-changes.ts';
import type { Workbench } from '../workbench.ts';

/** Events shown at first. */
const FEW = 24;

/** Which way an access goes; other events are named. */
const ARROWS: { readonly [kind in TraceEvent['kind']]?: string } = {
  'register-write': '→',
  'config-write': '→',
  'bar-write': '→',
  'register-read': '←',
  'config-read': '←',
  'bar-read': '←',
};

const BAD: ReadonlySet<TraceEvent['kind']> = new Set([
  'ring-fault',
  'guest-fault',
  'features-refused',
  'write-refused',
]);

/** Accesses to a range that are told of a register as well: the register says more. */
function withoutEchoes(events: readonly TraceEvent[]): readonly TraceEvent[] {
  return events.filter((event, index) => {
    if (event.kind === 'bar-write') return events[index + 1]?.kind !== 'register-write';
    return event.kind !== 'bar-read' || events[index - 1]?.kind !== 'register-read';
  });
}

/** A place of the bus that was asked and has nothing. */
function isNobody(event: TraceEvent): boolean {
  return event.kind === 'config-read' && event.fields.text === 'no such function';
}

/** The last thing that was done in a line or two: for windows in which the record is out of sight. */
export function LastDone({ workbench }: { readonly workbench: Workbench }) {
  const done = workbench.done.at(-1);
  if (done === undefined) return null;
  const { number, title, problem, complaints, said } = done;
  const came = problem ?? complaints.at(-1)?.text ?? said.at(-1) ?? '';
  return (
    <p class="last-done">
      <span class="number quiet">{number}</span> <b>{title}</b>{' '}
      <span class={problem !== undefined ? 'warm' : complaints.length > 0 ? 'bad' : 'quiet'}>{came}</span>
    </p>
  );
}

/** The record. */
export function Record({
  workbench,
  onEvent,
}: {
  readonly workbench: Workbench;
  readonly onEvent: (event: EventId) => void;
}) {
  return (
    <section class="record" aria-label="Record" aria-live="polite">
      {workbench.done.length === 0 && (
        <p class="quiet">
          A device is plugged in, and nobody drives it. Take the steps on the left; what each does to the device and
          what comes back is recorded here. The other views show the device meanwhile.
        </p>
      )}
      {workbench.done.toReversed().map((done) => (
        <Entry key={done.number} done={done} onEvent={onEvent} />
      ))}
    </section>
  );
}

function Entry({ done, onEvent }: { readonly done: Done; readonly onEvent: (event: EventId) => void }) {
  const { number, title, spec, said, complaints, problem, changes, moreEvents } = done;
  const shown = withoutEchoes(done.events).filter((event) => !isNobody(event));
  const nobody = done.events.filter(isNobody).length;
  return (
    <article class={complaints.length > 0 ? 'entry complained' : 'entry'} data-key={done.key} data-number={number}>
      <h3>
        <span class="number quiet">{number}</span> {title} <cite>{spec}</cite>
      </h3>
      {problem !== undefined && <p class="warm">{problem}</p>}
      {complaints.map(({ text, spec: rule }) => (
        <p key={text} class="bad complaint">
          {text} <cite>{rule}</cite>
        </p>
      ))}
      {said.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {nobody > 0 && <p class="quiet">{nobody} reads of places on the bus without a function.</p>}
      <EventLines events={shown.slice(0, FEW)} onEvent={onEvent} />
      {shown.length + moreEvents > FEW && (
        <details>
          <summary class="quiet">{shown.length - FEW + moreEvents} more events</summary>
          <EventLines events={shown.slice(FEW)} onEvent={onEvent} />
        </details>
      )}
      {changes.length > 0 && (
        <ul class="lines" aria-label="RAM">
          {changes.map((change) => (
            <Change key={change.address} change={change} />
          ))}
        </ul>
      )}
    </article>
  );
}

function EventLines({
  events,
  onEvent,
}: {
  readonly events: readonly TraceEvent[];
  readonly onEvent: (event: EventId) => void;
}) {
  return (
    <ul class="lines">
      {events.map((event) => (
        <li key={event.id}>
          <button
            type="button"
            class="link number"
            title="Choose this event in every view"
            onClick={() => onEvent(event.id)}
          >
            {event.id}
          </button>
          <span class="what quiet">{ARROWS[event.kind] ?? event.kind}</span>
          <code class={BAD.has(event.kind) ? 'bad' : ''}>{textOf(event)}</code>
        </li>
      ))}
    </ul>
  );
}

function Change({ change: { address, length, part, offset, bytes } }: { readonly change: RamChange }) {
  return (
    <li>
      <span class="what quiet">RAM</span>
      <span>
        <code>0x{address.toString(16)}</code> {part === '' ? '' : `${part} +${offset}`}{' '}
        <code>
          {toHex(bytes)}
          {length > bytes.length ? ` … ${length} bytes` : ''}
        </code>
      </span>
    </li>
  );
}
