/** What each message of a 9P session does to fids and names once it has succeeded, in all three dialects. */
import { openFlags, openMode } from '../../ninep/wire-types.ts';
import {
  bind,
  childNamed,
  findChild,
  lose,
  type Moment,
  type NameModel,
  type NamesModel,
  nameOf,
  type QidSeen,
  rename,
  rootNamed,
  seen,
  unbind,
} from './name-tree.ts';
import { isRecord } from './under-way.ts';

/** Fields of a message by name, of which any may be missing or something else. */
export type MessageFields = Readonly<Record<string, unknown>>;

/** Changes the tree as a request that succeeded did. */
type Effect = (names: NamesModel, asked: MessageFields, answered: MessageFields, at: Moment) => void;

/** A field that is a number. */
export function numberIn(fields: MessageFields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

/** A field that is text. */
export function textIn(fields: MessageFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

function qidOf(value: unknown): QidSeen | undefined {
  if (!isRecord(value)) return undefined;
  const { type, version, path } = value;
  return typeof type === 'number' && typeof version === 'number' && typeof path === 'string'
    ? { type, version, path }
    : undefined;
}

/** An effect of a message that names a directory by `dir` and makes `name` in it. */
function makes(dir: string): Effect {
  return (names, asked, answered, at) => {
    const parent = nameOf(names, numberIn(asked, dir), at);
    const name = textIn(asked, 'name');
    if (parent !== undefined && name !== undefined) childNamed(names, parent, name, qidOf(answered.qid), at);
  };
}

/** An effect of opening: the word for how is made of a field. */
function opens(field: string, show: (value: number) => string): Effect {
  return (names, asked, answered, at) => {
    const fid = numberIn(asked, 'fid');
    const name = nameOf(names, fid, at);
    if (fid === undefined || name === undefined) return;
    seen(name, qidOf(answered.qid), at);
    const known = names.fids[fid];
    if (known !== undefined) known.opened = show(numberIn(asked, field) ?? 0);
  };
}

/** An effect of creating: the fid goes on to what was made, and is open. */
function creates(field: string, show: (value: number) => string): Effect {
  return (names, asked, answered, at) => {
    const fid = numberIn(asked, 'fid');
    const parent = nameOf(names, fid, at);
    const name = textIn(asked, 'name');
    if (fid === undefined || parent === undefined || name === undefined) return;
    const made = childNamed(names, parent, name, qidOf(answered.qid), at);
    if (made === undefined) return unbind(names, fid);
    const bound = bind(names, fid, made, at);
    if (bound !== undefined) bound.opened = show(numberIn(asked, field) ?? 0);
  };
}

const openPlan9 = (mode: number) => openMode.show(mode);
const openLinux = (flags: number) => openFlags.show(flags);

/** Looks at the attributes a reply has. */
function shows(names: NamesModel, fid: number | undefined, stat: unknown, at: Moment, sizeField: string): void {
  const name = nameOf(names, fid, at);
  if (name === undefined || !isRecord(stat)) return;
  seen(name, qidOf(stat.qid), at);
  const mode = numberIn(stat, 'mode');
  if (mode !== undefined) name.mode = `0${mode.toString(8)}`;
  const size = textIn(stat, sizeField);
  if (size !== undefined) name.size = size;
}

/** By the name of the request. */
export const EFFECTS: Readonly<Record<string, Effect>> = {
  Tauth(names, asked, answered, at) {
    const fid = numberIn(asked, 'afid');
    const root = rootNamed(names, 'auth', textIn(asked, 'aname') ?? '', qidOf(answered.aqid), at);
    if (fid !== undefined && root !== undefined) bind(names, fid, root, at);
  },
  Tattach(names, asked, answered, at) {
    const fid = numberIn(asked, 'fid');
    const root = rootNamed(names, 'attach', textIn(asked, 'aname') ?? '', qidOf(answered.qid), at);
    if (fid !== undefined && root !== undefined) bind(names, fid, root, at);
  },
  Twalk(names, asked, answered, at) {
    const newfid = numberIn(asked, 'newfid');
    const steps = Array.isArray(asked.wname) ? asked.wname : [];
    const qids = Array.isArray(answered.wqid) ? answered.wqid : [];
    let name = nameOf(names, numberIn(asked, 'fid'), at);
    for (const [index, qid] of qids.entries()) {
      const step: unknown = steps[index];
      if (name === undefined || typeof step !== 'string') return;
      if (step === '..') name = names.names[name.parent ?? name.id];
      else if (step !== '.') name = childNamed(names, name, step, qidOf(qid), at);
    }
    // A walk that gets only part of the way makes no fid.
    if (qids.length < steps.length || newfid === undefined || name === undefined) return;
    bind(names, newfid, name, at);
  },
  Tlopen: opens('flags', openLinux),
  Topen: opens('mode', openPlan9),
  Tlcreate: creates('flags', openLinux),
  Tcreate: creates('mode', openPlan9),
  Tmkdir: makes('dfid'),
  Tsymlink: makes('dfid'),
  Tmknod: makes('dfid'),
  Tlink(names, asked, _answered, at) {
    const [parent, file] = [nameOf(names, numberIn(asked, 'dfid'), at), nameOf(names, numberIn(asked, 'fid'), at)];
    const name = textIn(asked, 'name');
    if (parent !== undefined && name !== undefined) childNamed(names, parent, name, file?.qid, at);
  },
  Trename(names, asked, _answered, at) {
    const [file, parent] = [nameOf(names, numberIn(asked, 'fid'), at), nameOf(names, numberIn(asked, 'dfid'), at)];
    moveTo(names, file, parent, textIn(asked, 'name'), at);
  },
  Trenameat(names, asked, _answered, at) {
    const from = nameOf(names, numberIn(asked, 'olddirfid'), at);
    const to = nameOf(names, numberIn(asked, 'newdirfid'), at);
    const file = from && findChild(names, from, textIn(asked, 'oldname') ?? '');
    moveTo(names, file, to, textIn(asked, 'newname'), at);
  },
  Tunlinkat(names, asked, _answered, at) {
    const parent = nameOf(names, numberIn(asked, 'dirfd'), at);
    const file = parent && findChild(names, parent, textIn(asked, 'name') ?? '');
    if (file !== undefined) lose(names, file, 'removed');
  },
  Tremove(names, asked, _answered, at) {
    const file = nameOf(names, numberIn(asked, 'fid'), at);
    if (file !== undefined) lose(names, file, 'removed');
  },
  Txattrwalk(names, asked, _answered, at) {
    const newfid = numberIn(asked, 'newfid');
    const name = nameOf(names, numberIn(asked, 'fid'), at);
    if (newfid === undefined || name === undefined) return;
    const bound = bind(names, newfid, name, at);
    if (bound !== undefined) bound.opened = `xattr ${textIn(asked, 'name') || 'list'}`;
  },
  Txattrcreate(names, asked, _answered, at) {
    const fid = numberIn(asked, 'fid');
    nameOf(names, fid, at);
    const known = fid === undefined ? undefined : names.fids[fid];
    if (known !== undefined) known.opened = `xattr ${textIn(asked, 'name') ?? ''}, to be written`;
  },
  Tgetattr: (names, asked, answered, at) => shows(names, numberIn(asked, 'fid'), answered, at, 'size'),
  Tstat: (names, asked, answered, at) => shows(names, numberIn(asked, 'fid'), answered.stat, at, 'length'),
  Twstat(names, asked, _answered, at) {
    const file = nameOf(names, numberIn(asked, 'fid'), at);
    const name = isRecord(asked.stat) ? textIn(asked.stat, 'name') : undefined;
    if (name === '' || file?.parent === undefined) return;
    moveTo(names, file, names.names[file.parent], name, at);
  },
  Tread(names, asked, answered, at) {
    nameOf(names, numberIn(asked, 'fid'), at);
    const known = names.fids[numberIn(asked, 'fid') ?? -1];
    if (known !== undefined && isRecord(answered.data)) known.bytesRead += numberIn(answered.data, 'length') ?? 0;
  },
  Twrite(names, asked, answered, at) {
    nameOf(names, numberIn(asked, 'fid'), at);
    const known = names.fids[numberIn(asked, 'fid') ?? -1];
    if (known !== undefined) known.bytesWritten += numberIn(answered, 'count') ?? 0;
  },
};

/** Requests after which their fid is gone, whatever was answered. */
export const ENDS_FID: ReadonlySet<string> = new Set(['Tclunk', 'Tremove']);

function moveTo(
  names: NamesModel,
  file: NameModel | undefined,
  parent: NameModel | undefined,
  name: string | undefined,
  at: Moment,
): void {
  if (file === undefined || parent === undefined || name === undefined) return;
  rename(names, file, parent, name);
  seen(file, undefined, at);
}
