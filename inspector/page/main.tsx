/** The page: finds out what it is served for, and shows it. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { eventLine } from '../../trace/event-text.ts';
import type { Inspected } from '../inspected.ts';
import { connectMachine } from '../live/live-machine.ts';
import { placeOf } from '../live/place.ts';
import { describeSession } from '../live/session.ts';

/** Lines shown at most. */
const MOST_LINES = 500;

function Events({ inspected }: { readonly inspected: Inspected }) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [state, setState] = useState('');
  useEffect(
    () =>
      inspected.listen({
        restarted: () => setLines([]),
        events: (events) => setLines((before) => [...before, ...events.map(eventLine)].slice(-MOST_LINES)),
        runState: ({ running, before }) => setState(running ? 'runs' : `stands before ${before ?? 'nothing'}`),
        ended: (why) => setState(`ended: ${why}`),
      }),
    [inspected],
  );
  return (
    <main>
      <p>
        {state}{' '}
        <button type="button" onClick={() => inspected.control?.step({ kinds: [] })}>
          step
        </button>{' '}
        <button type="button" onClick={() => inspected.control?.pause()}>
          pause
        </button>{' '}
        <button type="button" onClick={() => inspected.control?.resume()}>
          resume
        </button>
      </p>
      <pre>{lines.join('\n')}</pre>
    </main>
  );
}

async function open(): Promise<Inspected> {
  const place = placeOf(window);
  if (place === undefined) throw new Error('The address lacks its token: open the address that tsvmm printed.');
  const { kind } = await describeSession(place);
  if (kind !== 'machine') throw new Error('This page shows machines that run.');
  return connectMachine(place);
}

const show = (content: preact.ComponentChild) => render(content, document.body);
open().then(
  (inspected) => show(<Events inspected={inspected} />),
  (error: Error) => show(<p>{error.message}</p>),
);
