/** What surrounds every view: what is inspected, the list of views, what holds and steps the machine, and time. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Inspected } from '../inspected.ts';
import { ControlBar, DEFAULT_STEP, type StepSetting, stepChoice } from './control-bar.tsx';
import { Follower } from './follower.ts';
import { Help } from './help.tsx';
import { answerKeys, type KeyRow, useKeys } from './keys.ts';
import { Navigation } from './navigation.tsx';
import { selectionOf, writeSelection } from './selection.ts';
import { showTheme, storedTheme, THEMES } from './theme.ts';
import { TimeBar } from './time-bar.tsx';
import { TopBar } from './top-bar.tsx';
import type { Selection } from './view-props.ts';
import { VIEWS, type ViewRow } from './views.ts';

export interface ShellProps {
  readonly inspected: Inspected;
  /** Where it is not the usual ones. */
  readonly views?: readonly ViewRow[];
}

/** The page around what is inspected. */
export function Shell({ inspected, views = VIEWS }: ShellProps) {
  const [, draw] = useState(0);
  const follower = useMemo(() => new Follower(() => draw((count) => count + 1)), []);
  const [selection, setSelection] = useState<Selection>(() => selectionOf(window.location.hash));
  const [helps, setHelps] = useState(false);
  const [theme, setTheme] = useState(storedTheme);
  const [step, setStep] = useState<StepSetting>(DEFAULT_STEP);
  const filter = useRef<HTMLInputElement>(null);

  useEffect(() => inspected.listen(follower), [inspected, follower]);
  useLayoutEffect(() => answerKeys(window), []);
  useEffect(() => writeSelection(window, selection), [selection]);
  useEffect(() => showTheme(theme), [theme]);

  const { model, history, run, version, endedBy } = follower;
  const select = (to: Partial<Selection>) => setSelection((before) => ({ ...before, ...to }));
  const devices = model.devices.list;
  const device = devices.some((one) => one.device === selection.device)
    ? selection.device
    : (devices.at(-1)?.device ?? '');
  const turnDevice = (by: number) => {
    const at = devices.findIndex((one) => one.device === device);
    select({ device: devices.at((at + by) % devices.length)?.device ?? device });
  };
  const turnTheme = () => setTheme((before) => THEMES[(THEMES.indexOf(before) + 1) % THEMES.length] ?? 'system');
  const { control, timeline } = inspected;
  const mayHold = control !== undefined && endedBy === undefined;
  const doStep = () => control?.step(stepChoice(step, device));
  const holding: readonly KeyRow[] = [
    { keys: ['.', 'n'], doc: 'step', run: doStep },
    { keys: [' ', 'p'], doc: 'pause, or go on', run: () => (run.running ? control?.pause() : control?.resume()) },
  ];
  const seeking: readonly KeyRow[] = timeline
    ? [
        { keys: [','], doc: 'step back', run: () => void timeline.seekEvent(model.last - 1) },
        { keys: ['Home'], doc: 'to the beginning', run: () => void timeline.seek(0) },
        { keys: ['End'], doc: 'to the end', run: () => void timeline.seek(timeline.duration) },
      ]
    : [];
  useKeys('Everywhere', [
    { keys: ['?'], doc: 'show or hide this list', run: () => setHelps((shown) => !shown) },
    { keys: ['/'], doc: 'filter what the view shows', run: () => filter.current?.focus() },
    {
      keys: ['Escape'],
      doc: 'close, or forget filter and choice',
      run: () => {
        if (!helps) select({ filter: '', event: undefined });
        setHelps(false);
        filter.current?.blur();
      },
    },
    ...(mayHold ? holding : []),
    ...seeking,
    { keys: [']'], doc: 'next device', run: () => turnDevice(1) },
    { keys: ['['], doc: 'device before', run: () => turnDevice(-1) },
    { keys: ['T'], doc: 'light, dark, or as the system', run: turnTheme },
  ]);
  useKeys(
    'Views',
    views.map(({ key, title, shortcut }) => ({ keys: [shortcut], doc: title, run: () => select({ view: key }) })),
  );

  const view = views.find(({ key }) => key === selection.view) ?? views[0];
  const View = view?.component;
  return (
    <div class="shell">
      <TopBar
        inspected={inspected}
        model={model}
        run={run}
        endedBy={endedBy}
        theme={theme}
        onTheme={turnTheme}
        onHelp={() => setHelps(true)}
      />
      {control !== undefined && (
        <ControlBar
          model={model}
          run={run}
          events={history}
          enabled={mayHold}
          step={step}
          device={device}
          setStep={setStep}
          onStep={doStep}
          onBack={timeline && (() => void timeline.seekEvent(model.last - 1))}
          control={control}
        />
      )}
      <Navigation
        views={views}
        view={view?.key ?? ''}
        devices={devices}
        device={device}
        filter={selection.filter}
        filterBox={filter}
        select={select}
      />
      <main class="view" id="view" aria-label={view?.title}>
        {View !== undefined && (
          <View
            key={view?.key}
            model={model}
            events={history}
            run={run}
            inspected={inspected}
            selection={{ ...selection, device }}
            version={version}
            select={select}
          />
        )}
      </main>
      {timeline !== undefined && <TimeBar timeline={timeline} model={model} started={inspected.header.started} />}
      {helps && <Help onClose={() => setHelps(false)} />}
    </div>
  );
}
