/** The fids of each 9P session, on the names they are on, and what the host was asked for their objects. */
import type { TraceEvent } from '../../trace/event.ts';
import { EFFECTS, ENDS_FID, type MessageFields, numberIn, textIn } from './fid-effects.ts';
import { called, emptyNames, type NameModel, type NamesModel, unbind } from './name-tree.ts';
import { isRecord, type RequestSeen } from './under-way.ts';

/** Sessions kept. */
export const MOST_SESSIONS = 16;

/** A session: the conversation of one device, or of one client of a server. */
export interface SessionModel extends NamesModel {
  readonly device: string;
  /** As agreed by Tversion; empty before. */
  version: string;
  msize: number;
}

/** All sessions. */
export interface FidsModel {
  sessions: SessionModel[];
  /** Messages of sessions that are left out. */
  notKept: number;
}

/** No sessions. */
export function emptyFids(): FidsModel {
  return { sessions: [], notKept: 0 };
}

/**
 * Takes one event into the model, which is changed in place.
 *
 * @param request what a reply ends, where that was seen.
 */
export function foldFids(model: FidsModel, event: TraceEvent, request: RequestSeen | undefined): void {
  if (event.kind === 'status' && event.fields.to === 'reset') {
    const session = model.sessions.find(({ device }) => device === event.device);
    if (session !== undefined) restart(session, '', 0);
    return;
  }
  if (request === undefined) return;
  const session = sessionOf(model, request.device);
  if (session === undefined) return;
  const before = objectOf(session, request);
  const succeeded = event.kind === 'reply' && event.fields.error === undefined && !isFailure(event.fields.name);
  if (succeeded) {
    const answered = isRecord(event.fields.fields) ? event.fields.fields : {};
    if (request.name === 'Tversion')
      restart(session, textIn(answered, 'version') ?? '', numberIn(answered, 'msize') ?? 0);
    else apply(session, request, answered);
  }
  const object = objectOf(session, request) ?? before;
  if (object !== undefined) called(object, request.calls);
  use(session, request);
  if (event.kind === 'reply' && ENDS_FID.has(request.name)) unbind(session, numberIn(request.fields, 'fid') ?? -1);
}

function apply(session: SessionModel, request: RequestSeen, answered: MessageFields): void {
  if (!Object.hasOwn(EFFECTS, request.name)) return;
  EFFECTS[request.name]?.(session, request.fields, answered, { time: request.time, event: request.event });
}

/** The object a request is about: what it made a fid for, or what its first fid is on. */
function objectOf(session: SessionModel, { fields, fids }: RequestSeen): NameModel | undefined {
  const made = session.fids[numberIn(fields, 'newfid') ?? -1];
  const used = made ?? session.fids[fids[0] ?? -1];
  return used && session.names[used.name];
}

function use(session: SessionModel, { event, fids }: RequestSeen): void {
  for (const fid of fids) {
    const known = session.fids[fid];
    if (known === undefined) continue;
    known.uses += 1;
    known.last = event;
  }
}

function restart(session: SessionModel, version: string, msize: number): void {
  Object.assign(session, emptyNames(), { version, msize });
}

function isFailure(name: string): boolean {
  return name === 'Rlerror' || name === 'Rerror';
}

function sessionOf(model: FidsModel, device: string): SessionModel | undefined {
  const known = model.sessions.find((one) => one.device === device);
  if (known !== undefined) return known;
  if (model.sessions.length === MOST_SESSIONS) {
    model.notKept += 1;
    return undefined;
  }
  const session: SessionModel = { device, version: '', msize: 0, ...emptyNames() };
  model.sessions.push(session);
  return session;
}
