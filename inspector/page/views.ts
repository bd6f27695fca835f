/** The views, in the order in which they are listed. */
import type { ComponentType } from 'preact';
import { BusView } from '../views/device/bus-view.tsx';
import { ConfigView } from '../views/device/config-view.tsx';
import { FeaturesView } from '../views/device/features-view.tsx';
import { InterruptsView } from '../views/device/interrupts-view.tsx';
import { RegistersView } from '../views/device/registers-view.tsx';
import { StatusView } from '../views/device/status-view.tsx';
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

function view(key: string, title: string, shortcut: string, component: ComponentType<ViewProps>, doc: string): ViewRow {
  return { key, title, shortcut, doc, component };
}

/** Every view there is. */
export const VIEWS: readonly ViewRow[] = [
  view('bus', 'Bus', 'b', BusView, 'Functions and where their ranges lie, as the guest finds them.'),
  view('config', 'Configuration', 'c', ConfigView, 'Configuration space byte by byte, and the chain of capabilities.'),
  view('registers', 'Registers', 'r', RegistersView, 'The registers of the device with value, bits and meaning.'),
  view('status', 'Status', 's', StatusView, 'The life of the device as a state machine, with the way it took.'),
  view('features', 'Features', 'f', FeaturesView, 'What the device offers, the driver accepts, and both agree on.'),
  view('interrupts', 'Interrupts', 'i', InterruptsView, 'MSI-X, the interrupt pin, and notifications.'),
  view(
    'rings',
    'Rings',
    'q',
    RingsView,
    'Each queue as a ring: descriptors, chains in flight, where driver and device are.',
  ),
  view(
    'conversation',
    'Conversation',
    'm',
    ConversationView,
    '9P messages as they were said: requests left, replies right.',
  ),
  view(
    'fids',
    'Fids',
    'd',
    FidsView,
    'The names a session knows, the fids on them, the objects of the host behind them.',
  ),
  view('latency', 'Latencies', 'l', LatencyView, 'How long each message took, and when.'),
  view('timeline', 'Timeline', 't', TimelineView, 'One request from the kick to the interrupt, by the microsecond.'),
  view('events', 'Events', 'e', EventsView, 'Everything that happened, as it was told.'),
];
