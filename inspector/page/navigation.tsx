/** The list of views, the device they are about, and the filter. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DeviceModel } from '../model/devices.ts';
import type { Selection } from './view-props.ts';
import type { ViewRow } from './views.ts';

export interface NavigationProps {
  readonly views: readonly ViewRow[];
  readonly view: string;
  readonly devices: readonly DeviceModel[];
  readonly device: string;
  readonly filter: string;
  readonly filterBox: RefObject<HTMLInputElement | null>;
  readonly select: (to: Partial<Selection>) => void;
}

/** Beside the view, or above it in a narrow window. */
export function Navigation({ views, view, devices, device, filter, filterBox, select }: NavigationProps) {
  const list = useRef<HTMLUListElement>(null);
  // In a narrow window the views are one line, of which the current one has to be in sight.
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [view]);
  return (
    <nav class="side" aria-label="Views">
      <ul class="views" ref={list}>
        {views.map(({ key, title, shortcut, doc }) => (
          <li key={key}>
            <button
              type="button"
              class="view-link"
              aria-current={key === view ? 'page' : undefined}
              title={doc}
              onClick={() => select({ view: key })}
            >
              <span>{title}</span>
              <kbd>{shortcut}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <div class="choices">
        <label>
          <span class="quiet">Device</span>
          <select value={device} onChange={({ currentTarget }) => select({ device: currentTarget.value })}>
            {devices.map((one) => (
              <option key={one.device} value={one.device}>
                {one.device}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span class="quiet">Filter</span>
          <input
            ref={filterBox}
            type="search"
            value={filter}
            placeholder="/"
            spellcheck={false}
            onInput={({ currentTarget }) => select({ filter: currentTarget.value })}
          />
        </label>
      </div>
    </nav>
  );
}
