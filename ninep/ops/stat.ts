import { utf8 } from '../../bytes/wire.ts';
import { type Attributes, GETATTR, type MaybeAsync, type Node, type Timestamp } from '../backend.ts';
import { MODE } from '../constants.ts';
import { fail } from '../errno.ts';
import type { Handlers } from '../handlers.ts';
import { after } from '../maybe-async.ts';
import { NO_ID } from '../plan9.ts';
import { modeTable, type PlainVersion, toPerm } from '../plan9-modes.ts';
import type { Stat } from '../stat.ts';
import { userName } from '../users.ts';

const NOTHING = new Uint8Array(0);

/** The latest time a stat can tell: all ones are no time. */
const LATEST = 0xffff_fffen;

/** What a file is, in 9P2000 or 9P2000.u. */
export function statOps(version: PlainVersion) {
  return {
    Tstat(call, { fid: number }) {
      const fid = call.hold(number);
      const { trail } = fid.plan9 ?? fail('EBADF');
      return after(statOf(version, fid.requireNode(), trail.name), (stat) => ({ stat }));
    },
  } satisfies Pick<Handlers<PlainVersion>, 'Tstat'>;
}

/** The stat of a node that is called `name`. */
export function statOf(version: PlainVersion, node: Node, name: Uint8Array): MaybeAsync<Stat> {
  return after(describe(version, node, name), ({ stat }) => stat);
}

/** The same, with the attributes it was made of. */
export function describe(
  version: PlainVersion,
  node: Node,
  name: Uint8Array,
): MaybeAsync<{ readonly stat: Stat; readonly attributes: Attributes }> {
  return after(node.getattr(GETATTR.basic), (attributes) =>
    after(version === '9P2000' ? NOTHING : extensionOf(node, attributes), (extension) => {
      return { stat: toStat(version, attributes, name, extension), attributes };
    }),
  );
}

function toStat(version: PlainVersion, a: Attributes, name: Uint8Array, extension: Uint8Array): Stat {
  const directory = (a.mode & MODE.type) === MODE.directory;
  return {
    type: 0,
    dev: 0,
    qid: a.qid,
    mode: toPerm(modeTable(version), a.mode),
    atime: toSeconds(a.atime),
    mtime: toSeconds(a.mtime),
    length: directory ? 0n : a.size,
    name,
    uid: userName(a.uid),
    gid: userName(a.gid),
    muid: '',
    extension,
    n_uid: a.uid,
    n_gid: a.gid,
    n_muid: NO_ID,
  };
}

function toSeconds({ seconds }: Timestamp): number {
  if (seconds < 0n) return 0;
  return Number(seconds < LATEST ? seconds : LATEST);
}

/** What 9P2000.u tells besides, by type: Linux looks for just these words. @spec 9P2000.u stat: extension */
function extensionOf(node: Node, attributes: Attributes): MaybeAsync<Uint8Array> {
  switch (attributes.mode & MODE.type) {
    case MODE.symlink:
      return node.readlink();
    case MODE.character:
      return device('c', attributes.rdev);
    case MODE.block:
      return device('b', attributes.rdev);
    case MODE.file:
    case MODE.directory:
      return utf8(`HARDLINKCOUNT ${attributes.nlink}`);
    default:
      return NOTHING;
  }
}

/** The numbers of a device, put together as glibc's makedev does. */
function device(kind: 'b' | 'c', rdev: bigint): Uint8Array {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n);
  return utf8(`${kind} ${major} ${minor}`);
}
