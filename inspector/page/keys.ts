/** Keys: each view and the shell bring a table of them; the innermost one that knows a key takes it. */
import { useLayoutEffect, useRef } from 'preact/hooks';

/** One key, or several that do the same. */
export interface KeyRow {
  /** As `KeyboardEvent.key` has them. */
  readonly keys: readonly string[];
  /** What they do, as a verb: for the list that `?` shows. */
  readonly doc: string;
  readonly run: () => void;
}

/** A table of keys that is in force. */
interface KeyTable {
  readonly title: string;
  rows: readonly KeyRow[];
}

/** Outermost first. */
const tables: KeyTable[] = [];

/** Has a component's keys in force while it is shown. */
export function useKeys(title: string, rows: readonly KeyRow[]): void {
  const table = useRef<KeyTable>({ title, rows });
  table.current.rows = rows;
  // Not after the next frame: who sees the component may press a key before that.
  useLayoutEffect(() => {
    const mine = table.current;
    tables.push(mine);
    return () => {
      tables.splice(tables.indexOf(mine), 1);
    };
  }, []);
}

/** Every table in force, outermost first. */
export function keyTables(): readonly { readonly title: string; readonly rows: readonly KeyRow[] }[] {
  return tables;
}

/** Answers the keys of a window; returns what ends that. */
export function answerKeys(window: Window): () => void {
  const answer = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (takesText(event.target) && event.key !== 'Escape') return;
    const row = tables.toReversed().flatMap(({ rows }) => rows.filter(({ keys }) => keys.includes(event.key)))[0];
    if (row === undefined || (pressesButton(event.target) && [' ', 'Enter'].includes(event.key))) return;
    event.preventDefault();
    row.run();
  };
  window.addEventListener('keydown', answer);
  return () => window.removeEventListener('keydown', answer);
}

function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=range]), textarea, select');
}

function pressesButton(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('button, a, summary, input');
}
