/** A list of any length of which only the rows in sight exist. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type KeyRow, useKeys } from './keys.ts';

/** Height of a row in pixels; `--row` of the style sheet. */
export const ROW_HEIGHT = 20;

/** Rows made above and below those in sight. */
const MARGIN = 8;

export interface VirtualListProps {
  /** What it is a list of, for those who hear the page. */
  readonly label: string;
  readonly count: number;
  /** What is in a row; one line. */
  readonly row: (index: number) => ComponentChildren;
  /** Name of a row that it keeps when others come before it. */
  readonly keyOf?: (index: number) => string | number;
  /** The chosen row, which is kept in sight when it changes; -1 for none. */
  readonly chosen?: number;
  readonly onChoose?: (index: number) => void;
  /** Rows that went away at the beginning since there is the list: what the reader looks at stays where it is. */
  readonly gone?: number;
  /** Stays at the end when rows are added, until the reader scrolls away from it. */
  readonly follow?: boolean;
}

/** The list. It takes the height its surroundings give it. */
export function VirtualList({
  label,
  count,
  row,
  keyOf,
  chosen = -1,
  onChoose,
  gone = 0,
  follow = false,
}: VirtualListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [{ top, height }, setSight] = useState({ top: 0, height: 600 });
  const atEnd = useRef(true);
  const goneBefore = useRef(gone);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setSight({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    const by = gone - goneBefore.current;
    goneBefore.current = gone;
    if (element === null || by <= 0 || (follow && atEnd.current)) return;
    element.scrollTop -= by * ROW_HEIGHT;
    // Not with the event of that: one frame would show other rows.
    setSight(({ height }) => ({ top: element.scrollTop, height }));
  }, [gone, follow]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && follow && atEnd.current) element.scrollTop = count * ROW_HEIGHT;
  }, [count, follow]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || chosen < 0) return;
    const [from, to] = [chosen * ROW_HEIGHT, (chosen + 1) * ROW_HEIGHT];
    if (from < element.scrollTop) element.scrollTop = from;
    else if (to > element.scrollTop + element.clientHeight) element.scrollTop = to - element.clientHeight;
  }, [chosen]);

  const move = (by: number) => onChoose?.(Math.max(0, Math.min(count - 1, (chosen < 0 ? count - 1 : chosen) + by)));
  const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1);
  const keys: readonly KeyRow[] = [
    { keys: ['j', 'ArrowDown'], doc: 'next row', run: () => move(1) },
    { keys: ['k', 'ArrowUp'], doc: 'row before', run: () => move(-1) },
    { keys: ['PageDown'], doc: 'a page down', run: () => move(page) },
    { keys: ['PageUp'], doc: 'a page up', run: () => move(-page) },
  ];
  useKeys(label, onChoose === undefined || count === 0 ? [] : keys);

  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - MARGIN);
  const last = Math.min(count, Math.ceil((top + height) / ROW_HEIGHT) + MARGIN);
  const rows = [];
  for (let index = first; index < last; index += 1) {
    rows.push(
      <div
        // Rows that go by faster than anybody reads take the place of those before them.
        key={keyOf?.(index) ?? index - first}
        class={index === chosen ? 'row chosen' : 'row'}
        role="option"
        aria-selected={index === chosen}
        aria-posinset={index + 1}
        aria-setsize={count}
        data-index={index}
        tabIndex={-1}
      >
        {row(index)}
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      onClick={({ target }) => {
        const at = target instanceof Element ? target.closest<HTMLElement>('[data-index]')?.dataset.index : undefined;
        if (at !== undefined) onChoose?.(Number(at));
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && chosen >= 0) onChoose?.(chosen);
      }}
      onScroll={({ currentTarget }) => {
        const { scrollTop, clientHeight, scrollHeight } = currentTarget;
        atEnd.current = scrollTop + clientHeight >= scrollHeight - ROW_HEIGHT;
        setSight({ top: scrollTop, height: clientHeight });
      }}
    >
      <div class="list-space" style={{ height: `${count * ROW_HEIGHT}px` }}>
        <div class="list-rows" style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
