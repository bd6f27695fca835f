/** The page: finds out what it is served for, and shows it. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Inspected } from '../inspected.ts';
import { RecordedRun } from '../recorded/recorded-run.ts';
import { Shell } from './shell.tsx';
import { openSource } from './source.ts';
import { showTheme, storedTheme } from './theme.ts';
import { Welcome } from './welcome.tsx';

function Page() {
  const [inspected, setInspected] = useState<Inspected>();
  const [waitsFor, setWaitsFor] = useState<string | undefined>('Asking the program that serves this page.');
  const [problem, setProblem] = useState<string>();

  const open = (opening: (progress: (part: number) => void) => Promise<Inspected | undefined>) => {
    setProblem(undefined);
    opening((part) => setWaitsFor(`Reading the recording: ${Math.round(100 * part)} %.`))
      .then(setInspected, (error: Error) => setProblem(error.message))
      .finally(() => setWaitsFor(undefined));
  };
  useEffect(() => open((progress) => openSource(window, progress)), []);

  if (inspected !== undefined) return <Shell inspected={inspected} />;
  return (
    <Welcome
      waitsFor={waitsFor}
      problem={problem}
      onFile={(file) => open(async (progress) => RecordedRun.open(new Uint8Array(await file.arrayBuffer()), progress))}
    />
  );
}

showTheme(storedTheme());
render(<Page />, document.body);
