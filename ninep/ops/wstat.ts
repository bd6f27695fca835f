import type { AttributeChange, Attributes, MaybeAsync } from '../backend.ts';
import { MODE, OFFSET_MAX } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Fid } from '../fids.ts';
import type { Handlers } from '../handlers.ts';
import { after, attempt } from '../maybe-async.ts';
import { checkEntryName, ON_RENAME } from '../names.ts';
import { DM } from '../plan9.ts';
import type { Plan9Fid } from '../plan9-fid.ts';
import { knownPermissions, modeTable, otherBits, type PlainVersion, toPermissions } from '../plan9-modes.ts';
import { type Stat, UNTOUCHED } from '../stat.ts';
import { userNumber } from '../users.ts';
import { setAttributes } from './attr.ts';
import { renameInPlace } from './rename-in-place.ts';
import { describe } from './stat.ts';

const EMPTY = {};

/**
 * Changing what a file is, in 9P2000 or 9P2000.u: everything that is asked for, or nothing.
 *
 * @spec Plan 9 stat(5)
 */
export function wstatOps(version: PlainVersion) {
  return {
    Twstat(call, { fid: number, stat: wanted }) {
      const fid = call.hold(number);
      const node = fid.requireNode();
      const plan9 = fid.plan9 ?? fail('EBADF');
      if (isUntouched(wanted)) return after(sync(fid), nothing);
      const { name } = plan9.trail;
      return after(describe(version, node, name), ({ stat, attributes }) => {
        const change = toChange(version, { stat, attributes }, wanted);
        const renames = touches(wanted, 'name') && !isSame(wanted.name, name);
        if (renames) checkEntryName(wanted.name, ON_RENAME);
        if (!renames) return after(apply(fid, change), nothing);
        const to = wanted.name.slice();
        // Linux renames over files and asks for nothing else with it; what is replaced could not be brought back.
        const replace = version === '9P2000.u' && isNone(change);
        return after(renameInPlace(fid, plan9, to, replace), () => {
          return after(applyOrRename(fid, plan9, change, name), nothing);
        });
      });
    },
  } satisfies Pick<Handlers<PlainVersion>, 'Twstat'>;
}

function nothing() {
  return EMPTY;
}

/** A wstat that changes nothing at all asks for the file to be on disk. @spec Plan 9 stat(5): wstat */
function sync(fid: Fid): MaybeAsync<void> {
  if (fid.file !== undefined) return fid.file.fsync(false);
  return after(fid.requireNode().open(0), (file) =>
    attempt(
      () => file.fsync(false),
      () => file.release(),
      (error) =>
        after(file.release(), () => {
          throw error;
        }),
    ),
  );
}

function apply(fid: Fid, change: AttributeChange): MaybeAsync<void> {
  return isNone(change) ? undefined : setAttributes(fid, change);
}

/** After a rename: if the rest cannot be done, the old name comes back. */
function applyOrRename(fid: Fid, plan9: Plan9Fid, change: AttributeChange, oldName: Uint8Array): MaybeAsync<void> {
  return attempt(
    () => apply(fid, change),
    () => undefined,
    (error) =>
      after(renameInPlace(fid, plan9, oldName, false), () => {
        throw error;
      }),
  );
}

function isNone(change: AttributeChange): boolean {
  return Object.keys(change).length === 0;
}

/** What a file is now, as the dialect tells it and as the backend does. */
interface Present {
  readonly stat: Stat;
  readonly attributes: Attributes;
}

/** What is to change but the name. EPERM for what no wstat changes, EINVAL and EISDIR for what cannot be. */
function toChange(version: PlainVersion, present: Present, wanted: Stat): AttributeChange {
  requireFixed(version, present.stat, wanted);
  const { attributes } = present;
  const change: { -readonly [K in keyof AttributeChange]: AttributeChange[K] } = {};
  const mode = wantedMode(version, present, wanted);
  if (mode !== (attributes.mode & MODE.permissions)) change.mode = mode;
  const gid = wantedGroup(wanted) ?? attributes.gid;
  if (gid !== attributes.gid) change.gid = gid;
  if (touches(wanted, 'n_uid') && wanted.n_uid !== attributes.uid) change.uid = wanted.n_uid;
  if (touches(wanted, 'atime')) change.atime = { seconds: BigInt(wanted.atime), nanoseconds: 0 };
  if (touches(wanted, 'mtime')) change.mtime = { seconds: BigInt(wanted.mtime), nanoseconds: 0 };
  if (touches(wanted, 'length')) {
    if (wanted.length > OFFSET_MAX) fail('EINVAL');
    const directory = (present.stat.mode & DM.DMDIR) !== 0;
    if (directory && wanted.length !== 0n) fail('EISDIR');
    if (!directory) change.size = wanted.length;
  }
  return change;
}

/** The type, the numbers of the client's kernel and the owner's name stay. Who changed it last is ours to say. */
function requireFixed(version: PlainVersion, current: Stat, wanted: Stat): void {
  const { type, dev, qid } = wanted;
  if (touches(wanted, 'type') && type !== current.type) fail('EPERM');
  if (touches(wanted, 'dev') && dev !== current.dev) fail('EPERM');
  if (qid.type !== UNTOUCHED.qid.type && qid.type !== current.qid.type) fail('EPERM');
  if (qid.path !== UNTOUCHED.qid.path && qid.path !== current.qid.path) fail('EPERM');
  const numbered = version === '9P2000.u' && touches(wanted, 'n_uid');
  if (touches(wanted, 'uid') && wanted.uid !== current.uid && !numbered) fail('EPERM');
  if (touches(wanted, 'extension') && !isSame(wanted.extension, current.extension)) fail('EPERM');
}

/** The permission bits. Those that the dialect cannot tell of stay; a type that is named has to be the file's. */
function wantedMode(version: PlainVersion, { stat, attributes }: Present, wanted: Stat): number {
  const permissions = attributes.mode & MODE.permissions;
  if (!touches(wanted, 'mode')) return permissions;
  const table = modeTable(version);
  const type = otherBits(table, stat.mode);
  const wantedType = otherBits(table, wanted.mode);
  if ((wantedType & ~type) !== 0 || ((wantedType ^ type) & DM.DMDIR) !== 0) fail('EPERM');
  return toPermissions(table, wanted.mode) | (permissions & ~knownPermissions(table));
}

/** The group, by number or by name; EINVAL for a name that is no number. */
function wantedGroup(wanted: Stat): number | undefined {
  if (touches(wanted, 'n_gid')) return wanted.n_gid;
  if (touches(wanted, 'gid')) return userNumber(wanted.gid) ?? fail('EINVAL');
  return undefined;
}

type Comparable = Exclude<keyof Stat, 'qid'>;

function touches(wanted: Stat, field: Comparable): boolean {
  const value = wanted[field];
  return typeof value === 'object' ? value.length > 0 : value !== UNTOUCHED[field];
}

const COMPARABLE = Object.keys(UNTOUCHED).filter((key): key is Comparable => key !== 'qid');

function isUntouched(wanted: Stat): boolean {
  const { type, version, path } = wanted.qid;
  const { qid } = UNTOUCHED;
  if (type !== qid.type || version !== qid.version || path !== qid.path) return false;
  return !COMPARABLE.some((field) => touches(wanted, field));
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
