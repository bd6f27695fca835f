/** Which events of a stream somebody wants to see. */
import type { EventId } from '../devices/events.ts';
import type { EventKind, TraceEvent } from './event.ts';
import { EVENT_KINDS } from './event-kinds.ts';
import { EVENT_GROUPS, type EventGroup } from './kinds/kind-row.ts';

/** A choice of events; what is absent chooses all. */
export interface EventChoice {
  readonly kinds?: ReadonlySet<EventKind> | undefined;
  readonly device?: string | undefined;
  readonly tag?: number | undefined;
  readonly fid?: number | undefined;
  /** Names of 9P messages. */
  readonly messages?: ReadonlySet<string> | undefined;
}

/** Kinds that a choice of tag, fid or messages can let pass. */
type OfRequest = 'request' | 'reply' | 'taken-back' | 'host-call';

/** Requests remembered at most, for a peer that never answers. */
const MOST_REQUESTS = 65_536;

/**
 * Whether an event is wanted. Tag, fid and messages choose 9P messages, and with a request the system calls made for it;
 * events of other kinds do not pass then. A reply has the fids of its request. A filter is asked about every event, in order.
 */
export function eventFilter(choice: EventChoice): (event: TraceEvent) => boolean {
  const { kinds, device, tag, fid, messages } = choice;
  const byMessage = tag !== undefined || fid !== undefined || messages !== undefined;
  const chosen = byMessage ? requestFilter(choice) : undefined;
  return (event) => {
    const wanted = chosen === undefined || event.kind === 'dropped' || chosen(event);
    return (
      wanted &&
      (kinds === undefined || kinds.has(event.kind) || event.kind === 'dropped') &&
      (device === undefined || event.device === device || event.kind === 'dropped')
    );
  };
}

function requestFilter({ tag, fid, messages }: EventChoice): (event: TraceEvent) => boolean {
  /** Requests with the tag and the fid, and whether their own message is wanted as well. */
  const requests = new Map<EventId, boolean>();
  const named = (name: string) => messages === undefined || messages.has(name);
  const rules: { readonly [K in OfRequest]: (event: TraceEvent<K>) => boolean } = {
    request({ id, fields }) {
      if (tag !== undefined && fields.tag !== tag) return false;
      if (fid !== undefined && !fields.fids.includes(fid)) return false;
      if (requests.size === MOST_REQUESTS) requests.delete(requests.keys().next().value ?? 0);
      requests.set(id, named(fields.name));
      return named(fields.name);
    },
    reply({ fields }) {
      const known = requests.delete(fields.request);
      return known && named(fields.name);
    },
    'taken-back'({ fields }) {
      const known = requests.delete(fields.request);
      return known && named(fields.name);
    },
    'host-call': ({ fields }) => fields.request !== undefined && requests.get(fields.request) === true,
  };
  return (event) => {
    const rule = (rules as Partial<Record<EventKind, (event: never) => boolean>>)[event.kind];
    return rule?.(event as never) ?? false;
  };
}

/** The kinds a list of names means: kinds, groups of kinds, or `all`. The first name that is none of them comes back as it is. */
export function kindsNamed(names: readonly string[]): ReadonlySet<EventKind> | string {
  const kinds = new Set<EventKind>();
  const all = Object.keys(EVENT_KINDS) as EventKind[];
  for (const name of names) {
    const meant = all.filter((kind) => name === 'all' || kind === name || EVENT_KINDS[kind].group === name);
    if (meant.length === 0) return name;
    for (const kind of meant) kinds.add(kind);
  }
  return kinds;
}

/** Every name that `kindsNamed` takes. */
export const KIND_NAMES: readonly string[] = [
  'all',
  ...(Object.keys(EVENT_GROUPS) as EventGroup[]),
  ...Object.keys(EVENT_KINDS),
];
