/** What is looked at, in the fragment of the page's address: a page loaded again shows the same. */
import type { Selection } from './view-props.ts';

/** The selection of a fragment; what it does not say is as in the beginning. */
export function selectionOf(hash: string): Selection {
  const said = new URLSearchParams(hash.slice(1));
  const event = Number(said.get('event') ?? Number.NaN);
  return {
    view: said.get('view') ?? '',
    device: said.get('device') ?? '',
    event: Number.isSafeInteger(event) && event > 0 ? event : undefined,
    filter: said.get('filter') ?? '',
  };
}

/** Writes it there, as no step back of the browser's. */
export function writeSelection({ history }: Pick<Window, 'history'>, selection: Selection): void {
  const said = Object.entries(selection).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  history.replaceState(null, '', `#${new URLSearchParams(said)}`);
}
