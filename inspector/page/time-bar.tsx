/** Time of a recorded run. */
import { useState } from 'preact/hooks';
import type { InspectedTimeline } from '../inspected.ts';
import type { MachineModel } from '../model/machine-model.ts';
import { count, seconds } from './numbers.ts';

/** How fast a run can be played. */
const RATES: readonly (readonly [rate: number, name: string])[] = [
  [1, 'as it was'],
  [0.1, '10 times slower'],
  [0.01, '100 times slower'],
  [0.001, '1000 times slower'],
];

export interface TimeBarProps {
  readonly timeline: InspectedTimeline;
  readonly model: MachineModel;
  /** Milliseconds since the epoch at the beginning of the run. */
  readonly started: number;
}

/** The slider. */
export function TimeBar({ timeline, model, started }: TimeBarProps) {
  const [rate, setRate] = useState(timeline.rate);
  const now = Math.min(model.time, timeline.duration);
  return (
    <footer class="time">
      <span class="number">{seconds(now)}</span>
      <input
        type="range"
        aria-label="Time"
        aria-valuetext={`${seconds(now)} of ${seconds(timeline.duration)} seconds`}
        min={0}
        max={timeline.duration}
        step="any"
        value={now}
        onInput={({ currentTarget }) => void timeline.seek(Number(currentTarget.value))}
      />
      <span class="number quiet">{seconds(timeline.duration)} s</span>
      <span class="number quiet">
        {count(model.events)} of {count(timeline.count)}
      </span>
      <label>
        <span class="quiet">Run</span>
        <select
          value={rate}
          onChange={({ currentTarget }) => {
            timeline.rate = Number(currentTarget.value);
            setRate(timeline.rate);
          }}
        >
          {RATES.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <time class="quiet" dateTime={new Date(started).toISOString()}>
        {new Date(started).toISOString().slice(0, 19).replace('T', ' ')}
      </time>
    </footer>
  );
}
