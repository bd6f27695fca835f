/** The views, in the order in which they are listed. */
import type { ComponentType } from 'preact';
import { BusView } from '../views/device/bus-view.tsx';
import type { ViewProps } from './view-props.ts';

/** One view. */
export interface ViewRow {
  /** Name in the address of the page. */
  readonly key: string;
  readonly title: string;
  /** The key that shows it; `?`, `/`, `.`, `,`, `n`, `j`, `k`, `p`, space, brackets and `T` are taken. */
  readonly shortcut: string;
  /** One sentence on what there is to see. */
  readonly doc: string;
  readonly component: ComponentType<ViewProps>;
}

/** Every view there is. */
export const VIEWS: readonly ViewRow[] = [
  {
    key: 'bus',
    title: 'Bus',
    shortcut: 'b',
    doc: 'Functions and where their ranges lie, as the guest finds them.',
    component: BusView,
  },
];
