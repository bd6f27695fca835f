/** The first line: what this is, whether it runs, how much was seen. */
import type { Inspected } from '../inspected.ts';
import type { MachineModel } from '../model/machine-model.ts';
import type { RunState } from '../protocol.ts';
import { count, seconds } from './numbers.ts';
import type { Theme } from './theme.ts';

const KINDS: { readonly [kind in Inspected['kind']]: string } = {
  machine: 'machine',
  recording: 'recording',
  workbench: 'workbench',
};

export interface TopBarProps {
  readonly inspected: Inspected;
  readonly model: MachineModel;
  readonly run: RunState;
  readonly endedBy: string | undefined;
  readonly theme: Theme;
  readonly onTheme: () => void;
  readonly onHelp: () => void;
}

/** The line. */
export function TopBar({ inspected, model, run, endedBy, theme, onTheme, onHelp }: TopBarProps) {
  const state = endedBy !== undefined ? 'ended' : run.running ? 'runs' : 'stands';
  return (
    <header class="top">
      <h1>
        tsvmm <span class="quiet what">{KINDS[inspected.kind]}</span>
      </h1>
      <span class={`state ${state}`} role="status" title={endedBy}>
        {endedBy !== undefined ? `ended: ${endedBy}` : state}
      </span>
      <span class="number">{seconds(model.time)} s</span>
      <span class="number">{count(model.events)} events</span>
      {model.dropped > 0 && <span class="number bad">{count(model.dropped)} not shown</span>}
      <span class="space" />
      <button type="button" class="plain" onClick={onTheme} title="Light, dark, or as the system (T)">
        {theme}
      </button>
      <button type="button" class="plain" onClick={onHelp} title="Keys (?)">
        keys
      </button>
    </header>
  );
}
