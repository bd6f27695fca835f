/** The 9P conversation: requests on the left, replies on the right, in the order in which they were said. */
import { useMemo } from 'preact/hooks';
import type { EventId } from '../../../devices/events.ts';
import { printable } from '../../../trace/event-text.ts';
import { journeysOf } from '../../history/followed.ts';
import type { Journey } from '../../history/journeys.ts';
import { Sequence, type SequenceRow } from '../../history/sequence.ts';
import { readSequenceFilter, withWord } from '../../history/sequence-words.ts';
import { useKeys } from '../../page/keys.ts';
import { count, duration, seconds } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { VirtualList } from '../../page/virtual-list.tsx';
import { JourneyDetail } from './journey-detail.tsx';
import { Lanes, LanesHead, lanesIn } from './lanes.tsx';
import { NoRequests } from './no-requests.tsx';

/** Rows looked at for how many lanes there are. */
const LANE_ROWS = 200;

/** The view. */
export function ConversationView(props: ViewProps) {
  const { model, events, selection, select } = props;
  const journeys = journeysOf(events);
  const filter = readSequenceFilter(selection.filter);
  const { device } = selection;
  const sequence = useMemo(
    () => new Sequence(journeys, { device, ...filter }),
    [journeys, events.generation, device, selection.filter],
  );
  sequence.advance();
  const { rows } = sequence;
  const chosen = journeys.of(selection.event);
  const at = chosen === undefined ? -1 : sequence.indexOf(chosen);
  const lanes = Math.max(1, ...rows.slice(-LANE_ROWS).map(lanesIn));
  const choose = (index: number) => {
    const row = rows[index];
    const journey = row?.asked ?? row?.answered;
    if (journey !== undefined) select({ event: eventOf(journey) });
  };
  useKeys('Conversation', [
    { keys: ['Enter'], doc: 'open the request in the timeline', run: () => at >= 0 && select({ view: 'timeline' }) },
  ]);
  const tallies = model.sessions.latency.tallies.filter((one) => one.device === device);
  return (
    <div class="split">
      <section class="split-main sequence">
        <div class="bar">
          <Choice
            label="Message"
            value={filter.name}
            options={tallies
              .map(({ name }) => name)
              .filter((name) => /^T[a-z]+$/.test(name))
              .sort()}
            onChoose={(name) => select({ filter: withWord(selection.filter, 'name', name) })}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={filter.error !== undefined}
              onChange={({ currentTarget: { checked } }) =>
                select({ filter: withWord(selection.filter, 'error', checked ? ANY_WORD : undefined) })
              }
            />
            errors
          </label>
          <span class="quiet">
            {count(rows.length)} rows
            {journeys.saidForgotten > 0 && `, ${count(journeys.saidForgotten)} messages before them are forgotten`}
          </span>
        </div>
        <div class="list-head row quiet" aria-hidden="true">
          <span class="time-cell">seconds</span>
          <span class="asked">requests</span>
          <LanesHead lanes={lanes} />
          <span class="answered">replies</span>
          <span class="took">took</span>
        </div>
        {rows.length === 0 ? (
          <Empty filter={selection.filter} model={model} device={device} />
        ) : (
          <VirtualList
            label="9P messages"
            count={rows.length}
            chosen={at}
            onChoose={choose}
            gone={sequence.forgotten}
            follow={selection.event === undefined}
            row={(index) => <Row row={rows[index]} lanes={lanes} />}
          />
        )}
      </section>
      {chosen !== undefined && chosen.name !== '' && (
        <section class="split-side">
          <JourneyDetail journey={chosen} {...props} />
        </section>
      )}
    </div>
  );
}

const ANY_WORD = 'error';

function Row({ row, lanes }: { readonly row: SequenceRow | undefined; readonly lanes: number }) {
  if (row === undefined) return null;
  const { asked, answered } = row;
  const journey = asked ?? answered;
  if (journey === undefined) return null;
  const time = asked === undefined ? journey.endTime : (journey.requestTime ?? journey.endTime);
  return (
    <>
      <span class="number quiet time-cell">{seconds(time ?? 0)}</span>
      <span class="mono asked">{asked !== undefined && withoutTag(asked.asked)}</span>
      <Lanes row={row} lanes={lanes} tag={journey.tag === 0xffff ? '–' : String(journey.tag)} />
      <span class={answered?.error === undefined ? 'mono answered' : 'mono answered bad'}>
        {answered !== undefined && endText(answered)}
      </span>
      <span class="number took quiet">
        {answered?.took !== undefined ? duration(answered.took) : asked?.endTime === undefined && '…'}
      </span>
    </>
  );
}

function endText({ takenBack, answered }: Journey): string {
  return takenBack === undefined ? withoutTag(answered) : 'taken back';
}

function eventOf({ request, reply, takenBack }: Journey): EventId | undefined {
  return request ?? reply ?? takenBack;
}

/** The tag has a column of its own. */
function withoutTag(message: string): string {
  return printable(message.replace(/^(\S+) (?:tag \d+|NOTAG)/, '$1'));
}

function Empty({
  filter,
  model,
  device,
}: Pick<ViewProps, 'model'> & { readonly filter: string; readonly device: string }) {
  if (filter !== '') return <p class="quiet">No message is like that.</p>;
  return <NoRequests model={model} device={device} shows="each request is here beside its reply" />;
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly string[];
  readonly onChoose: (value: string | undefined) => void;
}

function Choice({ label, value = '', options, onChoose }: ChoiceProps) {
  const all = value === '' || options.includes(value) ? options : [value, ...options];
  return (
    <label class="choice">
      <span class="quiet">{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value || undefined)}>
        <option value="">all</option>
        {all.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
