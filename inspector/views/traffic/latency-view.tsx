/** How long 9P requests took: for each message, as a histogram, and over the time of the run. */
import { useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { binStart, type CourseModel, percentile, slicePercentile, type TallyModel } from '../../model/latency.ts';
import { count, duration } from '../../page/numbers.ts';
import type { ViewProps } from '../../page/view-props.ts';
import { EventLink } from './event-link.tsx';
import { NoRequests } from './no-requests.tsx';
import { Plot, type PlotChoice } from './plot.tsx';

/** Milliseconds between two times the plots are drawn anew while the machine runs. */
const PAUSE_MS = 250;
/** Columns of the histogram for each doubling of the time. */
const COLUMNS = 8;

/** The view. */
export function LatencyView(props: ViewProps) {
  const { model, selection, select, version } = props;
  const [chosen, setChosen] = useState<string>();
  const [alone, setAlone] = useState(false);
  const settled = useSettled(version, PAUSE_MS);
  const text = selection.filter.toLowerCase();
  const tallies = model.sessions.latency.tallies
    .filter(({ device, name }) => device === selection.device && name.toLowerCase().includes(text))
    .sort((a, b) => b.count - a.count);
  const tally = tallies.find(({ name }) => name === chosen) ?? tallies[0];
  const { courses, messageCourses } = model.sessions.latency;
  const course = alone
    ? messageCourses.find(({ device, name }) => device === selection.device && name === tally?.name)
    : courses.find(({ device }) => device === selection.device);
  const histogram = useMemo(() => histogramOf(tally), [tally?.name, tally?.device, settled]);
  const overTime = useMemo(() => courseData(course), [course?.device, course?.name, settled]);
  if (tally === undefined) {
    if (text !== '') return <p class="quiet">No message is called like that.</p>;
    return <NoRequests model={model} device={selection.device} shows="it is counted here how long each kind took" />;
  }
  return (
    <div class="latency">
      <div class="scrolls-x">
        <table class="data latencies">
          <thead>
            <tr>
              {['Message', 'Count', 'Errors', 'Taken back', 'p50', 'p90', 'p99', 'Max'].map((head, index) => (
                <th key={head} scope="col" class={index === 0 ? undefined : 'number'}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {tallies.map((one) => (
              <TallyRow key={one.name} tally={one} chosen={one === tally} onChoose={() => setChosen(one.name)} />
            ))}
          </tbody>
        </table>
      </div>
      <div class="latency-plots">
        <h2>
          {tally.name}: {count(tally.count)} requests by the time they took
        </h2>
        <Plot label={`Histogram of ${tally.name}`} height={190} data={histogram} choice={HISTOGRAM} legend={false} />
        <p class="links">
          <span class="quiet">slowest:</span>
          {tally.slowest.map(({ request, took }) => (
            <EventLink key={request} event={request} what={duration(took)} view="timeline" select={select} />
          ))}
        </p>
        <div class="over-time">
          <h2>
            {alone ? tally.name : 'All requests'} of {selection.device} over time
          </h2>
          <label class="check">
            <input type="checkbox" checked={alone} onChange={({ currentTarget: { checked } }) => setAlone(checked)} />{' '}
            {tally.name} alone
          </label>
        </div>
        {course === undefined ? (
          <p class="quiet">Of this message no course over time is kept: there are too many others.</p>
        ) : (
          <Plot
            label={`${alone ? tally.name : 'Requests'} over time`}
            height={220}
            data={overTime}
            choice={OVER_TIME}
            legend
          />
        )}
      </div>
    </div>
  );
}

interface TallyRowProps {
  readonly tally: TallyModel;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function TallyRow({ tally, chosen, onChoose }: TallyRowProps) {
  const { name, count: many, errors, takenBack, most } = tally;
  return (
    <tr class={chosen ? 'chosen' : undefined} onClick={onChoose}>
      <th scope="row">
        <button type="button" class="link" aria-pressed={chosen} onClick={onChoose}>
          {name}
        </button>
      </th>
      <td class="number">{count(many)}</td>
      <td class={errors > 0 ? 'number bad' : 'number quiet'}>{count(errors)}</td>
      <td class="number quiet">{count(takenBack)}</td>
      {[0.5, 0.9, 0.99].map((part) => (
        <td key={part} class="number">
          {duration(percentile(tally, part))}
        </td>
      ))}
      <td class="number">{duration(most)}</td>
    </tr>
  );
}

/** The number, which follows `version` no more often than every so many milliseconds. */
function useSettled(version: number, pause: number): number {
  const state = useRef({ version, at: Number.NEGATIVE_INFINITY });
  const now = performance.now();
  if (now - state.current.at > pause) state.current = { version, at: now };
  return state.current.version;
}

/** Columns of a histogram by the logarithm of the time; from the first that has any to the last. */
function histogramOf(tally: TallyModel | undefined): uPlot.AlignedData {
  const columns = new Map<number, number>();
  for (const [bin, many] of (tally?.bins ?? []).entries()) {
    if (many === 0) continue;
    const column = columnOf(Math.max(1, binStart(bin)));
    columns.set(column, (columns.get(column) ?? 0) + many);
  }
  const [first, last] = [Math.min(...columns.keys()) - 1, Math.max(...columns.keys()) + 1];
  const places = columns.size === 0 ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return [places, places.map((place) => columns.get(place) ?? 0)];
}

function columnOf(micros: number): number {
  return Math.floor(Math.log2(micros) * COLUMNS);
}

/** Steps within each power of ten with which the axis of a histogram is labelled: the most there is room for. */
const LABEL_STEPS: readonly (readonly number[])[] = [[1, 2, 5], [1, 3], [1]];
/** Room a label needs, and what the axis beside the plot takes, in pixels. */
const LABEL_WIDTH = 56;
const BESIDE = 70;

/** Columns at which the axis is labelled. */
function labelled(width: number, low: number, high: number): number[] {
  const perColumn = Math.max(1, width - BESIDE) / (high - low);
  const fits = (steps: readonly number[]) =>
    steps.every((step, at) => Math.log2((steps[at + 1] ?? 10) / step) * COLUMNS * perColumn >= LABEL_WIDTH);
  const steps = LABEL_STEPS.find(fits) ?? [1];
  return Array.from({ length: 10 }, (_, power) => steps.map((step) => Math.log2(step * 10 ** power) * COLUMNS))
    .flat()
    .filter((place) => place >= low && place <= high);
}

const HISTOGRAM: PlotChoice = (colourOf) => ({
  scales: { x: { time: false }, y: { range: (_, _low, high) => [0, Math.max(1, high * 1.05)] } },
  series: [
    {},
    {
      fill: () => colourOf('accent'),
      width: 0,
      points: { show: false },
      ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: [0.9, 60], align: 1 }) }),
    },
  ],
  axes: [
    {
      splits: ({ width }, _, low, high) => labelled(width, low, high),
      values: (_, places) => places.map((place) => duration(2 ** (place / COLUMNS))),
      grid: { show: false },
      size: 26,
      space: 50,
    },
    { size: 56, values: (_, values) => values.map((value) => (Number.isInteger(value) ? count(value) : '')) },
  ],
});

/** Seconds, requests a second, and in microseconds what the slowest, nearly all and half of the requests of each slice took. */
function courseData(course: CourseModel | undefined): uPlot.AlignedData {
  const slices = course?.slices ?? [];
  const { start = 0, width = 1 } = course ?? {};
  const at = (take: (slice: CourseModel['slices'][number]) => number) =>
    slices.map((slice) => (slice.count === 0 ? null : Math.max(1, take(slice))));
  return [
    slices.map((_, index) => (start + index * width) / 1e6),
    slices.map(({ count: many }) => (many * 1e6) / width),
    at(({ most }) => most),
    at((slice) => slicePercentile(slice, 0.99)),
    at((slice) => slicePercentile(slice, 0.5)),
  ];
}

const OVER_TIME: PlotChoice = (colourOf) => ({
  scales: { x: { time: false }, y: { distr: 3 }, rate: { range: (_, _low, high) => [0, Math.max(1, high) * 3] } },
  series: [
    { label: 'seconds', value: (_, value) => value?.toFixed(3) ?? '' },
    {
      label: 'requests a second',
      scale: 'rate',
      width: 0,
      fill: () => colourOf('line'),
      points: { show: false },
      value: (_, value) => (value === null ? '' : count(Math.round(value))),
      ...(uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
    },
    line('max', () => colourOf('bad')),
    line('p99', () => colourOf('warm')),
    line('p50', () => colourOf('accent')),
  ],
  axes: [
    { values: (_, values) => values.map((value) => `${value} s`), grid: { show: false }, size: 26 },
    {
      size: 56,
      values: (_, values) => values.map((value) => (value === null ? '' : duration(value))),
      grid: { filter: (_, values) => values.map((value) => (Number.isInteger(Math.log10(value)) ? value : null)) },
    },
  ],
});

function line(label: string, stroke: () => string): uPlot.Series {
  return {
    label,
    stroke,
    width: 1.5,
    points: { show: false },
    spanGaps: true,
    value: (_, value) => (value === null ? '' : duration(value)),
  };
}
