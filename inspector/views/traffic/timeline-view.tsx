/** One request's way through the machine as a waterfall: from the driver's kick to the interrupt, by the microsecond. */
import { useState } from 'preact/hooks';
import { printable } from '../../../trace/event-text.ts';
import { journeysOf } from '../../history/followed.ts';
import type { Journey, Journeys } from '../../history/journeys.ts';
import { type Phase, type Step, type Steps, stepsOf } from '../../history/steps.ts';
import { useKeys } from '../../page/keys.ts';
import { count, duration, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { errorWords } from './error-words.ts';
import { EventDetail } from './event-detail.tsx';
import { NoRequests } from './no-requests.tsx';

/** What each step is called. */
const NAMES: Readonly<Record<Step['role'], string>> = {
  kick: 'kick',
  chain: 'chain taken',
  request: 'request',
  here: 'system call',
  pool: 'system call, in the pool',
  reply: 'reply',
  used: 'chain returned',
  notification: 'notification',
  interrupt: 'interrupt',
};

/** The view. */
export function TimelineView(props: ViewProps) {
  const { events, selection, select } = props;
  const journeys = journeysOf(events);
  const journey = journeys.of(selection.event) ?? lastOf(journeys, selection.device);
  const [within, setWithin] = useState(0);
  const steps = journey && stepsOf(journey, events, journeys);
  const shown = steps?.steps.findIndex(({ event }) => event === selection.event) ?? -1;
  const at = shown < 0 ? Math.min(within, (steps?.steps.length ?? 1) - 1) : shown;
  const step = steps?.steps[at];
  const chosen = events.byId(step?.event ?? 0);

  const show = (to: Journey | undefined) => {
    const event = to?.request ?? to?.chain ?? to?.reply ?? to?.used;
    if (event === undefined) return;
    setWithin(0);
    select({ event });
  };
  const turn = (by: number) => journey && show(neighbour(journeys, journey, by));
  const move = (by: number) => {
    const to = steps?.steps[Math.max(0, Math.min(steps.steps.length - 1, at + by))];
    if (to !== undefined) select({ event: to.event });
  };
  useKeys('Timeline', [
    { keys: ['ArrowRight'], doc: 'next request', run: () => turn(1) },
    { keys: ['ArrowLeft'], doc: 'request before', run: () => turn(-1) },
    { keys: ['ArrowDown', 'j'], doc: 'next step', run: () => move(1) },
    { keys: ['ArrowUp', 'k'], doc: 'step before', run: () => move(-1) },
  ]);
  if (journey === undefined || steps === undefined) {
    return (
      <NoRequests
        model={props.model}
        device={selection.device}
        shows="the way of each request is here, from the kick to the interrupt"
      />
    );
  }
  return (
    <div class="split">
      <section class="split-main scrolls">
        <header class="bar">
          <button type="button" title="request before (←)" aria-label="request before" onClick={() => turn(-1)}>
            ←
          </button>
          <button type="button" title="next request (→)" aria-label="next request" onClick={() => turn(1)}>
            →
          </button>
          <h2>
            {journey.name === '' ? 'A chain without 9P' : journey.name} <span class="quiet">{journey.device}</span>
          </h2>
          <span class="quiet number">
            {seconds(steps.from)} s, {duration(steps.to - steps.from)} in all
          </span>
          <span class="quiet number">
            {count(journey.number + 1)} of {count(journeys.count)}
          </span>
        </header>
        <p class="mono said">{printable(journey.asked)}</p>
        <p class={journey.error === undefined ? 'mono said' : 'mono said bad'}>
          {printable(journey.answered)}
          {journey.error !== undefined && ` (${errorWords(journey.error)})`}
        </p>
        <Phases steps={steps} />
        <ol class="waterfall" aria-label="Steps">
          {steps.steps.map((one, index) => (
            <StepRow
              key={`${one.role} ${one.event}`}
              step={one}
              steps={steps}
              chosen={index === at}
              onChoose={() => select({ event: one.event })}
            />
          ))}
        </ol>
        {journey.endTime === undefined && <p class="quiet">It has not been answered yet.</p>}
      </section>
      {step !== undefined && (
        <section class="split-side">
          {chosen === undefined ? (
            <p class="quiet">Event #{step.event} is no longer kept.</p>
          ) : (
            <EventDetail event={chosen} {...props} />
          )}
        </section>
      )}
    </div>
  );
}

/** The last request of a device that has ended; the last of any where it has none. */
function lastOf({ kept }: Journeys, device: string): Journey | undefined {
  return kept.findLast((one) => one.device === device && one.endTime !== undefined) ?? kept.at(-1);
}

/** The request of the same device that began after it, or before. */
function neighbour(journeys: Journeys, { number, device }: Journey, by: number): Journey | undefined {
  for (let at = number + by; ; at += by) {
    const other = journeys.at(at);
    if (other === undefined || other.device === device) return other;
  }
}

/** Where the time went, as one bar. */
function Phases({ steps: { phases, from, to } }: { readonly steps: Steps }) {
  const whole = Math.max(1, to - from);
  if (phases.length === 0) return null;
  return (
    <div class="phases">
      <div class="phase-bar" aria-hidden="true">
        {phases.map((phase, index) => (
          <span
            key={phase.name}
            class={`phase phase-${index % 2}`}
            style={{ flexGrow: String(Math.max(phase.to - phase.from, whole / 200)) }}
          />
        ))}
      </div>
      <dl>
        {phases.map((phase) => (
          <div key={phase.name}>
            <dt class="quiet">{phase.name}</dt>
            <dd class="number">{phaseText(phase, whole)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function phaseText({ from, to }: Phase, whole: number): string {
  return `${duration(to - from)}, ${Math.round((100 * (to - from)) / whole)} %`;
}

interface StepRowProps {
  readonly step: Step;
  readonly steps: Steps;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function StepRow({ step, steps, chosen, onChoose }: StepRowProps) {
  const { role, event, text, from, to } = step;
  const whole = Math.max(1, steps.to - steps.from);
  const [start, end] = [(from ?? steps.from) - steps.from, (to ?? steps.from) - steps.from];
  return (
    <li>
      <button type="button" class="step" aria-pressed={chosen} onClick={onChoose}>
        <span class="number quiet step-time">{from === undefined ? '' : `+${Math.round(start)}`}</span>
        <span class="step-name">{NAMES[role]}</span>
        <span class="step-track" aria-hidden="true">
          {from !== undefined && (
            <span
              class={`step-bar ${role}`}
              style={{ left: `${(100 * start) / whole}%`, width: `${(100 * (end - start)) / whole}%` }}
            />
          )}
        </span>
        <span class="number quiet step-took">{end > start && duration(end - start)}</span>
        <span class="mono step-text">{text === '' ? `#${event} is no longer kept` : printable(text)}</span>
      </button>
    </li>
  );
}
