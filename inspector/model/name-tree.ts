/**
 * The names of a 9P session as a tree, from each attach down: what walks, creations, renames and removals have shown of it.
 * A name whose fids were all clunked stays for a while; a file that lost its name stays for as long as a fid is on it.
 */
import type { EventId } from '../../devices/events.ts';
import type { CallSeen } from './under-way.ts';

/** Names kept of a session; those without fids go first, the oldest first. */
export const MOST_NAMES = 1024;
/** Fids kept of a session. */
export const MOST_FIDS = 2048;
/** System calls kept of an object. */
const MOST_CALLS = 4;

/** Number of a name in its session. */
export type NameId = number;

/** A qid as events have it. */
export interface QidSeen {
  readonly type: number;
  readonly version: number;
  /** Decimal: on a local share the inode's number. */
  readonly path: string;
}

/** A name and the object it stands for. */
export interface NameModel {
  readonly id: NameId;
  /** Absent for where an attach led, and for what a fid from before the stream is on. */
  parent?: NameId;
  name: string;
  /** What the root is: where an attach led, an authentication, or unknown. */
  readonly root?: 'attach' | 'auth' | 'unknown';
  /** It was removed, or another file took its name, while a fid was on it. */
  gone?: 'removed' | 'replaced';
  qid?: QidSeen;
  /** Of the last Rgetattr or Rstat: mode in octal and size in decimal. */
  mode?: string;
  size?: string;
  /** By `childKey`, so that a name is found at once among thousands, and whatever it is. */
  children: Record<string, NameId>;
  fids: number[];
  /** The last system calls made on it. */
  calls: CallSeen[];
  /** Microseconds of the last request that concerned it, and the request. */
  touched: number;
  by: EventId;
}

/** A fid. */
export interface FidModel {
  readonly fid: number;
  readonly name: NameId;
  /** The request that made it, and when that was. */
  readonly event: EventId;
  readonly since: number;
  /** How it was opened, in the words of the dialect; absent while it is not. */
  opened?: string;
  /** Requests that named it, and the last of them. */
  uses: number;
  last: EventId;
  bytesRead: number;
  bytesWritten: number;
}

/** Names and fids of one session. */
export interface NamesModel {
  names: Record<NameId, NameModel>;
  roots: NameId[];
  count: number;
  next: NameId;
  fids: Record<number, FidModel>;
  fidCount: number;
  /** Fids that are left out. */
  notKept: number;
}

/** No names. */
export function emptyNames(): NamesModel {
  return { names: {}, roots: [], count: 0, next: 1, fids: {}, fidCount: 0, notKept: 0 };
}

/** When something happens in the tree, and for which request. */
export interface Moment {
  readonly time: number;
  readonly event: EventId;
}

/** The root an attach leads to: the same for the same tree. */
export function rootNamed(
  names: NamesModel,
  root: 'attach' | 'auth',
  name: string,
  qid: QidSeen | undefined,
  at: Moment,
) {
  const known = names.roots
    .map((id) => names.names[id])
    .find((one) => one?.root === root && one.name === name && one.qid?.path === qid?.path);
  const found = known ?? newName(names, { name, root }, at);
  if (found !== undefined) seen(found, qid, at);
  return found;
}

/** The name below another, made if it was not known; a file with another qid takes the place of the one it names now. */
export function childNamed(names: NamesModel, parent: NameModel, name: string, qid: QidSeen | undefined, at: Moment) {
  const known = findChild(names, parent, name);
  if (known !== undefined && (qid === undefined || known.qid === undefined || known.qid.path === qid.path)) {
    seen(known, qid, at);
    return known;
  }
  if (known !== undefined) lose(names, known, 'replaced');
  const made = newName(names, { name, parent: parent.id }, at);
  if (made !== undefined) seen(made, qid, at);
  return made;
}

/** A name below another, if it is known and still that file's. */
export function findChild(names: NamesModel, parent: NameModel, name: string): NameModel | undefined {
  return names.names[parent.children[childKey(name)] ?? 0];
}

/** Every name below another. */
export function childrenOf(names: NamesModel, { children }: NameModel): NameModel[] {
  return Object.values(children).flatMap((id) => names.names[id] ?? []);
}

/** A name is no name of a property. */
function childKey(name: string): string {
  return `/${name}`;
}

/** Key of what has lost its name. */
function goneKey(id: NameId): string {
  return `-${id}`;
}

/** Gives a file another name; what had that name loses it. */
export function rename(names: NamesModel, file: NameModel, parent: NameModel, name: string): void {
  const before = findChild(names, parent, name);
  if (before?.id === file.id) return;
  for (let above: NameModel | undefined = parent; above !== undefined; above = names.names[above.parent ?? 0]) {
    if (above.id === file.id) return;
  }
  if (before !== undefined) lose(names, before, 'replaced');
  detach(names, file);
  file.parent = parent.id;
  file.name = name;
  parent.children[childKey(name)] = file.id;
}

/** Takes a file's name away; without fids at or below it it is forgotten. */
export function lose(names: NamesModel, file: NameModel, how: 'removed' | 'replaced'): void {
  const above = names.names[file.parent ?? 0];
  detach(names, file);
  file.gone = how;
  if (above !== undefined) above.children[goneKey(file.id)] = file.id;
  else names.roots.push(file.id);
  forgetIdle(names, file);
}

/** Puts a fid on a name; one of that number before is gone. */
export function bind(names: NamesModel, fid: number, name: NameModel, at: Moment): FidModel | undefined {
  unbind(names, fid);
  if (names.fidCount === MOST_FIDS) {
    names.notKept += 1;
    return undefined;
  }
  const made = {
    fid,
    name: name.id,
    event: at.event,
    since: at.time,
    uses: 0,
    last: at.event,
    bytesRead: 0,
    bytesWritten: 0,
  };
  names.fids[fid] = made;
  names.fidCount += 1;
  name.fids.push(fid);
  return made;
}

/** Takes a fid away. */
export function unbind(names: NamesModel, fid: number): void {
  const known = names.fids[fid];
  if (known === undefined) return;
  delete names.fids[fid];
  names.fidCount -= 1;
  const name = names.names[known.name];
  if (name === undefined) return;
  name.fids = name.fids.filter((other) => other !== fid);
  if (name.gone !== undefined || name.root === 'unknown') forgetIdle(names, name);
}

/** The name a fid is on; for a fid from before the stream one is made. */
export function nameOf(names: NamesModel, fid: number | undefined, at: Moment): NameModel | undefined {
  if (fid === undefined) return undefined;
  const known = names.fids[fid];
  if (known !== undefined) return names.names[known.name];
  if (names.fidCount === MOST_FIDS) return undefined;
  const name = newName(names, { name: '', root: 'unknown' }, at);
  if (name !== undefined) bind(names, fid, name, at);
  return name;
}

/** Notes what was learnt of an object. */
export function seen(name: NameModel, qid: QidSeen | undefined, { time, event }: Moment): void {
  if (qid !== undefined) name.qid = qid;
  name.touched = time;
  name.by = event;
}

/** Notes system calls made on an object. */
export function called(name: NameModel, calls: readonly CallSeen[]): void {
  if (calls.length > 0) name.calls = [...name.calls, ...calls].slice(-MOST_CALLS);
}

function newName(
  names: NamesModel,
  what: { readonly name: string; readonly parent?: NameId; readonly root?: 'attach' | 'auth' | 'unknown' },
  { time, event }: Moment,
): NameModel | undefined {
  if (names.count >= MOST_NAMES) forgetOldest(names);
  if (names.count >= MOST_NAMES) return undefined;
  const parent = what.parent === undefined ? undefined : names.names[what.parent];
  if (what.parent !== undefined && parent === undefined) return undefined;
  const made: NameModel = { id: names.next, ...what, children: {}, fids: [], calls: [], touched: time, by: event };
  names.next += 1;
  names.count += 1;
  names.names[made.id] = made;
  if (parent !== undefined) parent.children[childKey(what.name)] = made.id;
  else names.roots.push(made.id);
  return made;
}

/** Makes room: of the names that have no fids and nothing below them a quarter, the oldest, goes. */
function forgetOldest(names: NamesModel): void {
  const idle = Object.values(names.names).filter(isLeaf);
  idle.sort((a, b) => a.touched - b.touched);
  for (const name of idle.slice(0, Math.ceil(idle.length / 4))) remove(names, name);
}

/** Forgets what is below a name and has no fids, and then the name itself, unless a fid is on it or below it. */
function forgetIdle(names: NamesModel, name: NameModel): void {
  const pending = [name];
  for (const one of pending) {
    pending.push(...childrenOf(names, one));
  }
  // Deepest first.
  for (const one of pending.reverse()) {
    if (isLeaf(one)) remove(names, one);
  }
}

function remove(names: NamesModel, name: NameModel): void {
  detach(names, name);
  delete names.names[name.id];
  names.count -= 1;
}

function detach(names: NamesModel, { id, name, parent, gone }: NameModel): void {
  const above = parent === undefined ? undefined : names.names[parent];
  if (above !== undefined) delete above.children[gone === undefined ? childKey(name) : goneKey(id)];
  else names.roots = names.roots.filter((other) => other !== id);
}

/** No fid is on it and nothing is below it. */
function isLeaf({ fids, children }: NameModel): boolean {
  if (fids.length > 0) return false;
  for (const _ in children) return false;
  return true;
}
