/** Holds what is inspected, lets it go on, and steps through it. */
import { EVENT_KINDS } from '../../trace/event-kinds.ts';
import { textOf } from '../../trace/event-text.ts';
import { EVENT_GROUPS, type EventGroup } from '../../trace/kinds/kind-row.ts';
import type { EventHistory } from '../history.ts';
import type { InspectedControl } from '../inspected.ts';
import type { MachineModel } from '../model/machine-model.ts';
import type { RunState, StepChoice } from '../protocol.ts';
import { explain } from './explain.ts';

/** What the reader wants to stop before. */
export interface StepSetting {
  /** A kind of event, `group:` and a group, or empty for anything. */
  readonly before: string;
  /** Only events of the device the views are about. */
  readonly deviceOnly: boolean;
}

/** Anything. */
export const DEFAULT_STEP: StepSetting = { before: '', deviceOnly: false };

const GROUPS = Object.keys(EVENT_GROUPS) as EventGroup[];
const KINDS = Object.entries(EVENT_KINDS).map(([kind, { group, doc }]) => ({ kind, group, doc }));
const GROUP = 'group:';

/** The same as the machine is told. */
export function stepChoice({ before, deviceOnly }: StepSetting, device: string): StepChoice {
  const kinds = before.startsWith(GROUP)
    ? KINDS.filter(({ group }) => group === before.slice(GROUP.length)).map(({ kind }) => kind)
    : before === ''
      ? []
      : [before];
  return { kinds, ...(deviceOnly && device !== '' && { device }) };
}

export interface ControlBarProps {
  readonly model: MachineModel;
  readonly run: RunState;
  readonly events: EventHistory;
  readonly enabled: boolean;
  readonly step: StepSetting;
  readonly device: string;
  readonly control: InspectedControl;
  readonly setStep: (step: StepSetting) => void;
  readonly onStep: () => void;
  /** Absent where time only goes forward. */
  readonly onBack?: (() => void) | undefined;
}

/** The bar, and below it what the machine stands before. */
export function ControlBar({
  model,
  run,
  events,
  enabled,
  step,
  device,
  control,
  setStep,
  onStep,
  onBack,
}: ControlBarProps) {
  return (
    <section class="control" aria-label="Steps">
      <div class="buttons">
        <button
          type="button"
          disabled={!enabled}
          title="space"
          onClick={() => (run.running ? control.pause() : control.resume())}
        >
          {run.running ? 'Pause' : 'Run'}
        </button>
        {onBack && (
          <button type="button" disabled={!enabled} title="," onClick={onBack}>
            Back
          </button>
        )}
        <button type="button" disabled={!enabled} title="." onClick={onStep}>
          Step
        </button>
        <label>
          <span class="quiet">to</span>
          <select
            value={step.before}
            onChange={({ currentTarget }) => setStep({ ...step, before: currentTarget.value })}
          >
            <option value="">any event</option>
            {GROUPS.map((group) => (
              <optgroup key={group} label={group}>
                <option value={GROUP + group}>{`any of ${group}`}</option>
                {KINDS.filter((one) => one.group === group).map(({ kind, doc }) => (
                  <option key={kind} value={kind} title={doc}>
                    {kind}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={step.deviceOnly}
            onChange={({ currentTarget }) => setStep({ ...step, deviceOnly: currentTarget.checked })}
          />
          <span>of {device === '' ? 'the device' : device}</span>
        </label>
      </div>
      <StandsBefore model={model} run={run} events={events} next={awaited(stepChoice(step, device))} />
    </section>
  );
}

const HELD = 'Held between two events.';

function runningText({ awaiting }: RunState, next: string): string {
  return awaiting === undefined
    ? `Pause holds it before its next event; Step lets it go on to ${next}. What it then stands before is told here.`
    : `Goes on to ${awaited(awaiting)}; what it then stands before is told here.`;
}

function awaited({ kinds, device }: StepChoice): string {
  const what = kinds.length === 0 ? 'any event' : `the next ${kinds.join(', ')}`;
  return device === undefined ? what : `${what} of ${device}`;
}

interface StandsBeforeProps extends Pick<ControlBarProps, 'model' | 'run' | 'events'> {
  /** What a step would lead to, in words. */
  readonly next: string;
}

function StandsBefore({ model, run, events, next }: StandsBeforeProps) {
  const event = run.running || run.before === undefined ? undefined : events.byId(run.before);
  if (event === undefined) return <p class="before quiet">{run.running ? runningText(run, next) : HELD}</p>;
  const { effect, spec } = explain(event, model);
  return (
    <p class="before" aria-live="polite">
      <span class="number">{event.id}</span> <b>{event.kind}</b> <span class="quiet">{event.device}</span>{' '}
      <code>{textOf(event)}</code>
      <br />
      {effect} {spec !== undefined && <cite>{spec}</cite>}
    </p>
  );
}
