/** The views, in the order in which they are listed. */
import type { ComponentType } from 'preact';
import { BusView } from '../views/device/bus-view.tsx';
import { ConversationView } from '../views/traffic/conversation-view.tsx';
import { EventsView } from '../views/traffic/events-view.tsx';
import { FidsView } from '../views/traffic/fids-view.tsx';
import { LatencyView } from '../views/traffic/latency-view.tsx';
import { RingsView } from '../views/traffic/rings-view.tsx';
import { TimelineView } from '../views/traffic/timeline-view.tsx';
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
  {
    key: 'rings',
    title: 'Rings',
    shortcut: 'r',
    doc: 'Each queue as a ring: descriptors, chains in flight, where driver and device are.',
    component: RingsView,
  },
  {
    key: 'conversation',
    title: 'Conversation',
    shortcut: 'c',
    doc: '9P messages as they were said: requests left, replies right.',
    component: ConversationView,
  },
  {
    key: 'fids',
    title: 'Fids',
    shortcut: 'f',
    doc: 'The names a session knows, the fids on them, the objects of the host behind them.',
    component: FidsView,
  },
  {
    key: 'latency',
    title: 'Latencies',
    shortcut: 'l',
    doc: 'How long each message took, and when.',
    component: LatencyView,
  },
  {
    key: 'timeline',
    title: 'Timeline',
    shortcut: 't',
    doc: 'One request from the kick to the interrupt, by the microsecond.',
    component: TimelineView,
  },
  {
    key: 'events',
    title: 'Events',
    shortcut: 'e',
    doc: 'Everything that happened, as it was told.',
    component: EventsView,
  },
];
